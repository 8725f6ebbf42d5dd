"""Which source a device's pictures come from: the best that device and machine can do, told to the user."""

from __future__ import annotations

import logging
import threading

from ..devices import Device, SessionClosed
from .scrcpy import ScrcpyFailed, ScrcpySource, Wanted, can_decode
from .source import Capture, ScreencapSource, Source

log = logging.getLogger(__name__)


class BestSource:
    """scrcpy where it works, else screencap, which always does.

    It is decided with the first picture, and once more when scrcpy fails later on. Which one it is stands in
    `name`, in `StreamStats.source`, and, with the reason, in the log.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What scrcpy is asked to send.
    """

    def __init__(self, device: Device, wanted: Wanted | None = None) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._closed = False
        self._source: Source
        if can_decode():
            self._source = ScrcpySource(device, wanted)
        else:
            self._source = ScreencapSource(device)
            self._tell("PyAV is missing here (pip install 'execmon-lab[video]')")

    @property
    def name(self) -> str:
        """What the pictures come from now."""
        return self._source.name

    def capture(self) -> Capture:
        """Return the present picture; see `Source.capture`."""
        try:
            return self._source.capture()
        except ScrcpyFailed as error:
            self._replace(ScreencapSource(self._device))
            self._tell(str(error))
            return self._source.capture()

    def close(self) -> None:
        """Let go of the device; a `capture` under way ends."""
        with self._lock:
            self._closed = True
            self._source.close()

    def _replace(self, source: Source) -> None:
        with self._lock:
            self._source.close()
            self._source = source
            if self._closed:
                source.close()
                raise SessionClosed(f"the preview of {self._device.serial} has ended")

    def _tell(self, reason: str) -> None:
        log.warning("%s is shown by screencap, not by scrcpy: %s", self._device.serial, reason)
