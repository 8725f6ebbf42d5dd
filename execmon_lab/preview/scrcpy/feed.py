"""One device's video without an end: the session is watched over, and started anew when it breaks."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from ...devices import Device, DeviceDisconnected, SessionClosed
from ..source import PreviewUnavailable
from .jar import NoServer, install
from .packets import Packet, StreamBroken
from .session import Session, Wanted

log = logging.getLogger(__name__)

FIRST_SECONDS = 5.0
"""Within which the first picture must come."""

REST_SECONDS = 0.75
"""Within which the rest of a packet must come, and a picture that was asked for."""

QUIET_SECONDS = 0.5
"""A stream that moved and is silent for so long is asked for a key frame: a sign of life, and a picture as
good as it can be. Then less and less often."""

QUIET_FACTOR, QUIET_SECONDS_MAX = 4, 30.0
MAX_FAULTS, FAULTS_WITHIN = 3, 30.0
"""So many restarts in so many seconds are enough."""


class ScrcpyFailed(PreviewUnavailable):
    """scrcpy does not work with this device and this machine; screencap still may."""


class Feed:
    """The packets of a device's screen, from one session after the other; used by one thread.

    A session is started when it is needed. When it breaks (the server dies, a packet is cut off or damaged,
    nothing comes although it was asked for) another takes its place, within two seconds.

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
        self._faults: deque[float] = deque(maxlen=MAX_FAULTS)
        self._due: float | None = None  # until when a key frame must come
        self._late = False  # whether it was overdue already when the last packets came
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
        if self._due is None and self._session is not None:
            self._due = time.monotonic() + REST_SECONDS
            try:
                self._session.reset_video()
            except StreamBroken as fault:
                self._due = 0.0  # the next to receive finds it broken
                log.info("%s: %s", self._device.serial, fault)

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

    def served(self) -> None:
        """Note that the key frame that was awaited came, whole."""
        self._due, self._late = None, False

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
        while True:
            self._lane.check()
            try:
                session = self._session or self._begin()
                packets = session.receive(timeout)
                if packets and self._due is None:
                    self._quiet = QUIET_SECONDS
                if not packets or self._late:
                    self._look_after(session)
                self._late = self._due is not None and time.monotonic() > self._due
            except StreamBroken as fault:
                self._end()
                self._lane.check()
                self._restart(fault)
            except BaseException:
                self._end()
                raise
            else:
                return packets

    def _restart(self, fault: StreamBroken) -> None:
        """Take note of a fault; raise where restarting helps no more."""
        serial = self._device.serial
        if not self._device.answers():
            self._device.doubt()
            raise DeviceDisconnected(serial) from fault
        self._faults.append(time.monotonic())
        if len(self._faults) == MAX_FAULTS and self._faults[-1] - self._faults[0] < FAULTS_WITHIN:
            self._faults.clear()
            raise ScrcpyFailed(serial, f"scrcpy's stream breaks again and again: {fault}") from fault
        log.warning("%s: scrcpy's stream is started anew: %s", serial, fault)

    def _begin(self) -> Session:
        try:
            server = install(self._lane)
        except NoServer as error:
            raise ScrcpyFailed(self._device.serial, str(error)) from error
        self._session = Session(self._device, self._lane, server, self._wanted)
        log.info("%s: started scrcpy's server %s", self._device.serial, server.version)
        self.number += 1
        self._due, self._quiet = time.monotonic() + FIRST_SECONDS, QUIET_SECONDS
        return self._session

    def _look_after(self, session: Session) -> None:
        """Find out whether a stream that is silent has stalled, or the screen just stands still."""
        now = time.monotonic()
        if session.waiting and now - session.heard_at > REST_SECONDS:
            raise StreamBroken("the rest of a packet did not come")
        if self._due is not None:
            if now > self._due:
                raise StreamBroken("a key frame was awaited and did not come")
        elif now - session.heard_at > self._quiet:
            self._quiet = min(self._quiet * QUIET_FACTOR, QUIET_SECONDS_MAX)
            self.ask()

    def _end(self) -> None:
        session, self._session = self._session, None
        self.served()
        if session is not None:
            session.close()
