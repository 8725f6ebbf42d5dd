"""Which source a device's pictures come from: the best that device and machine can do, told to the user."""

from __future__ import annotations

import logging
import statistics
import threading
import time

from ..devices import Device, SessionClosed
from ..protocol import limits
from .scrcpy import ScrcpyFailed, ScrcpySource, Wanted, can_decode
from .source import Capture, ScreencapSource, Source

log = logging.getLogger(__name__)

SLOW_SECONDS = 1 / limits.PREVIEW_FPS_MIN
"""A picture that takes longer cannot hold the pace (specification, "During Execution": 10 to 15 a second)."""

TRIALS = 5
"""Pictures by screencap after which it is decided."""


class BestSource:
    """screencap where it is quick enough, else scrcpy where that works.

    It begins with screencap, which works on every device, changes nothing on it, loses nothing, and gives its
    first picture at once. On a phone on a cable it is too slow, which the first pictures tell; then scrcpy's
    server is started. What is in use stands in `name`, in `StreamStats.source` and `Frame.source`; a change
    of it, and the reason, in the log.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What scrcpy is asked to send.
    """

    def __init__(self, device: Device, wanted: Wanted | None = None) -> None:
        self._device = device
        self._wanted = wanted
        self._lock = threading.Lock()
        self._closed = False
        self._source: Source = ScreencapSource(device)
        self._seconds: list[float] = []

    @property
    def name(self) -> str:
        """What the pictures come from now."""
        return self._source.name

    def capture(self) -> Capture:
        """Return the present picture; see `Source.capture`."""
        began = time.monotonic()
        try:
            capture = self._source.capture()
        except ScrcpyFailed as error:
            self._replace(ScreencapSource(self._device))
            log.warning("%s is shown by screencap, which is slow: %s", self._device.serial, error)
            return self._source.capture()
        if len(self._seconds) < TRIALS:
            self._seconds.append(time.monotonic() - began)
            if len(self._seconds) == TRIALS:
                self._decide(statistics.median(self._seconds))
        return capture

    def close(self) -> None:
        """Let go of the device; a `capture` under way ends."""
        with self._lock:
            self._closed = True
            self._source.close()

    def _decide(self, seconds: float) -> None:
        if seconds <= SLOW_SECONDS:
            return
        serial, slow = self._device.serial, f"a picture by screencap takes {seconds:.2f} s"
        if not can_decode():
            log.warning("%s: %s; for scrcpy install PyAV: pip install 'execmon-lab[video]'", serial, slow)
            return
        log.info("%s: %s, so scrcpy is tried", serial, slow)
        self._replace(ScrcpySource(self._device, self._wanted))

    def _replace(self, source: Source) -> None:
        with self._lock:
            self._source.close()
            self._source = source
            if self._closed:
                source.close()
                raise SessionClosed(f"the preview of {self._device.serial} has ended")
