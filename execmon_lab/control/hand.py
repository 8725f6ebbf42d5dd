"""One device's worker: it carries gestures out, one after the other, and lets nobody wait."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..devices import (
    AdbError,
    AdbTimeout,
    Device,
    DeviceDisconnected,
    DeviceError,
    ScreenTurned,
    SessionClosed,
    hierarchy,
)
from ..devices.hierarchy import Node
from ..protocol import Level
from .gestures import (
    Action,
    AnyGesture,
    Misfit,
    Pick,
    Pointing,
    Reach,
    Size,
    Tap,
    joined,
    parts,
    resolve,
    turned,
)
from .script import Script

log = logging.getLogger(__name__)

QUEUE = 16
"""Gestures that may wait; a device that is slower than that must not be made to do them all later."""

IDLE_SECONDS = 20.0
"""After this long without a gesture the thread ends."""

SIZE_SECONDS = 2.0
"""How long the screen's size is believed: it changes when a device is unfolded."""

LOOK_SECONDS = 5.0
"""How long a look at what is on the screen may take; later a tap is told by its pixel."""
SLOW_SECONDS = 1.0
"""Where the last look took longer than this, a tap no longer waits for one; a pick always does."""

NOT_IDLE = "a step is running: pick when the device is paused"

OnDone = Callable[[str | None], None]
"""Called once for each gesture: with None when it was carried out, else with the reason why not."""


@dataclass
class Order:
    """A gesture to carry out, the size of the picture that it was made on, and who is to be told."""

    gesture: AnyGesture
    picture: Size
    done: OnDone


class Hand:
    """Carries gestures out on one device, over a session and in a thread of its own.

    Parameters
    ----------
    device
        Which.
    tell
        Called with a level and a line for the log.
    script
        Has what was done become code.
    idle
        Tells whether no step is at work on the device: only then is its screen looked at.
    reach
        Finds a quicker way to the device than the session's, where there is one.
    """

    def __init__(
        self,
        device: Device,
        tell: Callable[[Level, str], None],
        script: Script,
        idle: Callable[[], bool],
        reach: Reach = lambda *_: None,
    ) -> None:
        self._device = device
        self._tell = tell
        self._script = script
        self._idle = idle
        self._reach = reach
        self._ending = threading.Event()
        self._looked_for = 0.0
        self._session = device.session()
        self._changed = threading.Condition()
        self._orders: deque[Order] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._size: Size | None = None
        self._sized_at = float("-inf")

    def put(self, order: Order) -> None:
        """Take a gesture on; returns at once. Turns of the wheel that wait add up, as does what is typed."""
        with self._changed:
            whole = self._joined(order)
            refusal = self._refusal(room=whole is not None)
            if refusal is None:
                if whole is not None:
                    self._orders.pop()
                self._orders.append(whole or order)
                if self._thread is None:
                    name = f"control-{self._device.serial}"
                    self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                    self._thread.start()
                self._changed.notify_all()
        if refusal is not None:
            _done(order, refusal)

    def close(self) -> None:
        """Cut off what is under way, refuse what waits, and end the thread; twice is no error."""
        with self._changed:
            self._closed = True
            self._ending.set()
            self._changed.notify_all()
            thread = self._thread
        self._session.interrupt("control was switched off")
        self._drop("control was switched off")
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)

    def _refusal(self, *, room: bool) -> str | None:
        if self._closed:
            return "control was switched off"
        if not self._device.online:
            return "the device is offline"
        if len(self._orders) >= QUEUE and not room:
            return f"the device is slow: {QUEUE} touches wait already"
        return None

    def _joined(self, order: Order) -> Order | None:
        """Make one of the newest that waits and this one, where they can be."""
        last = self._orders[-1] if self._orders else None
        if last is None or last.picture != order.picture:
            return None
        whole = joined(last.gesture, order.gesture)
        return Order(whole, order.picture, _both(last.done, order.done)) if whole is not None else None

    def _run(self) -> None:
        while (order := self._next()) is not None:
            _done(order, self._carry_out(order))

    def _next(self) -> Order | None:
        with self._changed:
            self._changed.wait_for(lambda: self._orders or self._closed, IDLE_SECONDS)
            if self._closed or not self._orders:
                self._thread = None
                return None
            return self._orders.popleft()

    def _carry_out(self, order: Order) -> str | None:
        """Do it, part by part; return why it was not done."""
        gestures = parts(order.gesture)
        for number, gesture in enumerate(gestures):
            reason = self._do(gesture, order.picture)
            if reason is not None:
                typed = f"of {len(gestures)} parts the first {number} were typed: " if number else ""
                return typed + reason
        return None

    def _do(self, gesture: AnyGesture, picture: Size) -> str | None:
        words = ""
        try:
            pointing = isinstance(gesture, Pointing)
            screen = self._screen(picture) if pointing else (1, 1)
            action = resolve(gesture, screen)
            idle = self._idle()
            if isinstance(gesture, Pick):
                if not idle:
                    return NOT_IDLE
            else:
                words = f"Manual: {action.words}"
                self._tell("INFO", words)
            nodes = self._look(gesture) if idle else []  # before the touch changes the screen
            self._touch(action, screen if pointing else None)
            self._script.add(self._device.serial, gesture, screen, nodes)
        except Misfit as error:
            return str(error)
        except DeviceError as error:
            if isinstance(error, DeviceDisconnected):
                self._size = None
                self._drop("the device went offline")
            reason = _first_line(error)
            if words and not self._closed:
                self._tell("WARN", f"{words} failed: {reason}")
            return reason
        return None

    def _touch(self, action: Action, screen: Size | None) -> None:
        """Carry it out in the quickest way that works, unless the device has turned since."""
        quick = self._reach(self._device.serial, screen, self._ending.wait)
        if quick is not None:
            try:
                action.run(quick)
            except ConnectionError as error:
                log.info("%s is touched by input: %s", self._device.serial, error)
            else:
                if self._ending.is_set():
                    raise SessionClosed("control was switched off")
                return
        if screen is not None and self._session.rotated_size != screen:
            self._size = None
            raise ScreenTurned
        action.run(self._session)

    def _look(self, gesture: AnyGesture) -> list[Node]:
        """See what is on the screen, where that makes better code; nothing where that takes too long."""
        if not isinstance(gesture, Pick if self._looked_for > SLOW_SECONDS else Tap | Pick):
            return []
        began = time.monotonic()
        try:
            return hierarchy.nodes(self._session.hierarchy(timeout=LOOK_SECONDS))
        except (AdbError, AdbTimeout) as error:
            log.info("the screen of %s could not be read: %s", self._device.serial, error)
            return []
        finally:
            self._looked_for = time.monotonic() - began

    def _screen(self, picture: Size) -> Size:
        """The screen's size as it is turned on the picture."""
        if self._size is None or time.monotonic() - self._sized_at > SIZE_SECONDS:
            self._size, self._sized_at = self._session.size, time.monotonic()
        return turned(self._size, picture)

    def _drop(self, reason: str) -> None:
        with self._changed:
            dropped = list(self._orders)
            self._orders.clear()
        for order in dropped:
            _done(order, reason)


def _done(order: Order, refusal: str | None) -> None:
    try:
        order.done(refusal)
    except Exception:
        log.exception("nobody could be told of a gesture")


def _both(first: OnDone, second: OnDone) -> OnDone:
    def tell(refusal: str | None) -> None:
        first(refusal)
        second(refusal)

    return tell


def _first_line(error: Exception) -> str:
    """What a device prints may be a whole Java stack."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
