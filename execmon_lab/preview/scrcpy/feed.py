"""One device's video without an end: the session is watched over, and started anew when it breaks."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from ...devices import Device, SessionClosed
from .packets import Packet, StreamBroken
from .session import Session, Wanted
from .start import ScrcpyFailed, Start

log = logging.getLogger(__name__)

FIRST_SECONDS = 5.0
"""Within which the first picture must come."""

REST_SECONDS = 0.75
"""Within which the rest of a packet must come, and a key frame that was asked for. A device for which that
was too short is given twice the time from then on; where other packets come meanwhile, it is asked again."""

QUIET_SECONDS = 0.5
"""A stream that moved and is silent for so long is asked for a key frame: a sign of life, and a picture as
good as it can be. Then less and less often."""

QUIET_FACTOR, QUIET_SECONDS_MAX = 4, 30.0
MAX_FAULTS, FAULTS_WITHIN = 3, 30.0
"""So many restarts in so many seconds are enough."""


class Feed:
    """The packets of a device's screen, from one session after the other; used by one thread.

    A session is started when it is needed, and nobody is kept waiting by that. When it breaks (the server
    dies, a packet is cut off or damaged, nothing comes although it was asked for) another takes its place,
    within two seconds. Only what has worked is started again.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What the device shall send.

    Attributes
    ----------
    number : int
        Counts the sessions.
    """

    def __init__(self, device: Device, wanted: Wanted) -> None:
        self._device = device
        self._wanted = wanted
        self._lane = device.lane()
        self._lock = threading.Lock()  # held while packets are received
        self._session: Session | None = None
        self._start: Start | None = None
        self._works = False  # whether there ever was a picture
        self._faults: deque[float] = deque(maxlen=MAX_FAULTS)
        self._patience = REST_SECONDS
        self._asked_at: float | None = None  # since when a key frame is awaited
        self._due = 0.0  # until when it, or another packet, must come
        self._late = False  # whether it was overdue already when the last packets came
        self._owes_since: float | None = None  # since when nothing comes although something should
        self._quiet = QUIET_SECONDS
        self.number = 0

    def receive(self, timeout: float) -> list[Packet]:
        """Return the packets that have come, after at most `timeout` seconds where none has.

        They are of one session: that which `number` tells afterwards.

        Raises
        ------
        ScrcpyFailed
            When scrcpy does not work here.
        DeviceDisconnected, SessionClosed
            As `Source.capture` raises them.
        """
        try:
            with self._lock:
                return self._received(timeout)
        finally:
            self._tidy()

    def want(self, wanted: Wanted) -> None:
        """Have the device send something else from now on: another session begins, where one runs."""
        if wanted != self._wanted:
            self._wanted = wanted
            with self._lock:
                self._end()

    def ask(self) -> None:
        """Ask for a key frame, unless one is awaited already."""
        if self._asked_at is None and self._session is not None:
            # A stream that is silent is asked, too: it has owed something since it fell silent.
            silent_since = max(self._session.heard_at, time.monotonic() - QUIET_SECONDS)
            self._await_key(self._patience, silent_since)
            self._reset(self._session)

    def send(self, message: bytes) -> None:
        """Send a control message, from any thread.

        Raises
        ------
        StreamBroken
            When no session runs, or this one has ended.
        DeviceDisconnected, SessionClosed
            When the device went, or the feed was closed.
        """
        session = self._session
        if session is None:
            raise StreamBroken("scrcpy's server does not run")
        session.send(message)

    @property
    def acknowledged(self) -> int:
        """The number of the last clipboard that the present session has set; 0 before the first."""
        session = self._session
        return session.acknowledged if session is not None else 0

    @property
    def live(self) -> bool:
        """Whether a session runs."""
        return self._session is not None

    @property
    def owes(self) -> float:
        """Seconds for which nothing has come although something should have; 0 while all is well."""
        return 0.0 if self._owes_since is None else time.monotonic() - self._owes_since

    def served(self) -> None:
        """Note that the key frame that was awaited came, whole."""
        self._asked_at, self._late = None, False

    def close(self) -> None:
        """Let go of the device; a `receive` under way raises `SessionClosed`."""
        self._lane.close(SessionClosed(f"the preview of {self._device.serial} has ended"))
        self._tidy()

    def _tidy(self) -> None:
        """After `close`, end the session: here, or where it is in use."""
        if self._lane.closed and self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def _received(self, timeout: float) -> list[Packet]:
        self._lane.check()
        try:
            session = self._session or self._begin(timeout)
            if session is None:
                return []
            packets = session.receive(timeout)
            if any(not packet.config for packet in packets):
                self._works, self._owes_since = True, None
                if self._asked_at is None:
                    self._quiet = QUIET_SECONDS
            if not packets or self._late:
                self._look_after(session)
            self._late = self._asked_at is not None and time.monotonic() > self._due
        except StreamBroken as fault:
            self._end()
            self._lane.check()
            self._note(fault)
            return []
        except BaseException:
            self._end()
            self._owes_since = None
            raise
        return packets

    def _note(self, fault: StreamBroken) -> None:
        """Take note of a fault; raise where starting anew helps no more."""
        serial = self._device.serial
        if not self._works:
            raise ScrcpyFailed(serial, f"scrcpy's stream does not begin: {fault}") from fault
        self._faults.append(time.monotonic())
        if len(self._faults) == MAX_FAULTS and self._faults[-1] - self._faults[0] < FAULTS_WITHIN:
            self._faults.clear()
            raise ScrcpyFailed(serial, f"scrcpy's stream breaks again and again: {fault}") from fault
        log.warning("%s: scrcpy's stream is started anew: %s", serial, fault)

    def _begin(self, timeout: float) -> Session | None:
        """Return a new session once it runs; None where it does not yet after `timeout` seconds."""
        if self._start is None:
            self._start = Start(self._device, self._lane, self._wanted)
            self._owes_since = self._owes_since or time.monotonic()
        self._session = self._start.session(timeout)
        if self._session is not None:
            self._start, self._quiet = None, QUIET_SECONDS
            self.number += 1
            self._await_key(FIRST_SECONDS, time.monotonic())
        return self._session

    def _await_key(self, within: float, since: float) -> None:
        self._asked_at = time.monotonic()
        self._due = self._asked_at + within
        self._owes_since = self._owes_since or since

    def _look_after(self, session: Session) -> None:
        """Find out whether a stream that is silent has stalled, or the screen just stands still."""
        now = time.monotonic()
        if session.waiting and now - session.begun_at > self._patience:
            raise self._impatient("the rest of a packet did not come")
        if self._asked_at is not None:
            if now > self._due:
                self._ask_again(session, self._asked_at)
        elif now - session.heard_at > self._quiet:
            self._quiet = min(self._quiet * QUIET_FACTOR, QUIET_SECONDS_MAX)
            self.ask()

    def _ask_again(self, session: Session, asked_at: float) -> None:
        """Ask once more for a key frame that is overdue, where the stream goes on without it."""
        now = time.monotonic()
        if session.heard_at <= self._due - self._patience or now - asked_at > FIRST_SECONDS:
            raise self._impatient("a key frame was awaited and did not come")
        self._due = now + self._patience
        self._reset(session)

    def _impatient(self, what: str) -> StreamBroken:
        self._patience = min(self._patience * 2, FIRST_SECONDS)
        return StreamBroken(what)

    def _reset(self, session: Session) -> None:
        try:
            session.reset_video()
        except StreamBroken as fault:
            self._asked_at = self._due = 0.0  # the next to receive finds it broken
            log.info("%s: %s", self._device.serial, fault)

    def _end(self) -> None:
        start, self._start = self._start, None
        session, self._session = self._session, None
        self.served()
        if start is not None:
            start.abandon()
        if session is not None:
            session.close()
