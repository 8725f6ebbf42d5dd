"""A preview's pictures by scrcpy's server."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from importlib.util import find_spec
from typing import TYPE_CHECKING

from PIL import Image

from ...devices import Device, DeviceDisconnected, SessionClosed
from ..source import Capture, PreviewUnavailable
from .jar import NoServer, install
from .packets import StreamBroken
from .session import Session, Wanted

if TYPE_CHECKING:
    from .decoder import Decoder

log = logging.getLogger(__name__)

FIRST_SECONDS = 5.0
"""Within which the first picture must come."""

REST_SECONDS = 0.75
"""Within which the rest of a packet must come, and a picture that was asked for."""

QUIET_SECONDS = 0.75
"""A stream that moved and is silent for so long is asked for a key frame: a sign of life, and a picture as
good as it can be. Then less and less often."""

QUIET_FACTOR, QUIET_SECONDS_MAX = 4, 30.0
MAX_FAULTS, FAULTS_WITHIN = 3, 30.0
"""So many restarts in so many seconds are enough."""


class ScrcpyFailed(PreviewUnavailable):
    """scrcpy does not work with this device and this machine; screencap still may."""


def can_decode() -> bool:
    """Whether this machine can decode H.264: PyAV is an optional part (the extra ``video``)."""
    return find_spec("av") is not None


class ScrcpySource:
    """Pictures by scrcpy's server, decoded in the thread that asks; the newest wins.

    The stream is started with the first picture. When it breaks (the server dies, a packet is cut off or
    damaged, nothing comes although it was asked for) it is started anew, within two seconds. Between two
    calls what comes waits in the sockets, whose bound makes the device wait.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What the device shall send.

    Raises
    ------
    RuntimeError
        Without PyAV.
    """

    name = "scrcpy"

    def __init__(self, device: Device, wanted: Wanted | None = None) -> None:
        if not can_decode():
            raise RuntimeError("scrcpy's video needs PyAV: pip install 'execmon-lab[video]'")
        self._device = device
        self._wanted = wanted or Wanted()
        self._lane = device.lane()
        self._lock = threading.Lock()  # held while a picture is captured
        self._session: Session | None = None
        self._decoder: Decoder | None = None
        self._image: Image.Image | None = None
        self._faults: deque[float] = deque(maxlen=MAX_FAULTS)
        self._asked_at: float | None = None  # since when a key frame is awaited
        self._quiet = QUIET_SECONDS

    def capture(self) -> Capture:
        """Return the newest picture; see `Source.capture`."""
        try:
            with self._lock:
                return self._captured()
        finally:
            self._tidy()

    def close(self) -> None:
        """Let go of the device; a `capture` under way raises `SessionClosed`."""
        self._lane.close(SessionClosed(f"the preview of {self._device.serial} has ended"))
        self._tidy()

    def _tidy(self) -> None:
        """After `close`, end the session: here, or where it is in use."""
        if self._lane.closed and self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def _captured(self) -> Capture:
        while True:
            self._lane.check()
            try:
                if self._session is None:
                    return self._begin()
                return self._next(self._session)
            except StreamBroken as fault:
                self._end()
                self._lane.check()
                self._restart(fault)
            except BaseException:
                self._end()
                raise

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

    # The stream

    def _begin(self) -> Capture:
        """Start the stream and wait for its first picture."""
        from .decoder import Decoder  # needs PyAV, an optional part

        try:
            server = install(self._lane)
        except NoServer as error:
            raise ScrcpyFailed(self._device.serial, str(error)) from error
        self._session = session = Session(self._device, self._lane, server, self._wanted)
        log.info("%s: started scrcpy's server %s", self._device.serial, server.version)
        self._decoder = Decoder()
        self._image = None
        self._asked_at, self._quiet = None, QUIET_SECONDS
        deadline = time.monotonic() + FIRST_SECONDS
        while (remaining := deadline - time.monotonic()) > 0:
            if self._take(session, min(remaining, 0.25)):
                assert self._image is not None
                return Capture(self._image, True)
        raise StreamBroken(f"no picture came within {FIRST_SECONDS:g} seconds")

    def _next(self, session: Session) -> Capture:
        changed = self._take(session, 0.0)
        self._watch(session)
        assert self._image is not None
        return Capture(self._image, changed)

    def _take(self, session: Session, timeout: float) -> bool:
        """Decode what has come, and keep the newest picture; tell whether there is one."""
        from .decoder import NeedsKey

        assert self._decoder is not None
        newest = None
        for packet in session.receive(timeout):
            if self._asked_at is None:
                self._quiet = QUIET_SECONDS
            try:
                frame = self._decoder.decode(packet)
            except NeedsKey as error:
                log.warning("%s: a key frame is asked for: %s", self._device.serial, error)
                self._ask(session)
                continue
            if frame is not None:
                newest, self._asked_at = frame, None
        if newest is None:
            return False
        self._image = self._decoder.image(newest)
        return True

    def _watch(self, session: Session) -> None:
        """Find out whether a stream that is silent has stalled, or the screen just stands still."""
        now = time.monotonic()
        if session.waiting and now - session.heard_at > REST_SECONDS:
            raise StreamBroken("the rest of a packet did not come")
        if self._asked_at is not None:
            if now - self._asked_at > REST_SECONDS:
                raise StreamBroken("a key frame was asked for and did not come")
        elif now - session.heard_at > self._quiet:
            self._quiet = min(self._quiet * QUIET_FACTOR, QUIET_SECONDS_MAX)
            self._ask(session)

    def _ask(self, session: Session) -> None:
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            session.reset_video()

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
