"""Which source a device's pictures come from: the best that device and machine can do, told to the user."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections.abc import Callable
from typing import Literal

from ..devices import Device, SessionClosed
from ..protocol import Level, limits
from .darkness import Darkness, Tell
from .scrcpy import MISSING_DECODER, ScrcpyFailed, ScrcpySource, ScrcpyTouches, Wanted, can_decode
from .source import Capture, ScreencapSource
from .video import NoVideo, VideoPacket

log = logging.getLogger(__name__)

SLOW_SECONDS = 1 / limits.PREVIEW_FPS_MIN
"""A picture that takes longer cannot hold the pace (specification, "During Execution": 10 to 15 a second)."""

TRIALS = 5
"""Pictures by screencap after which it is decided."""

Preference = Literal["auto", "screencap", "scrcpy"]
"""What pictures come from: ``auto`` lets the first of them tell."""


class BestSource:
    """screencap where it is quick enough, else scrcpy where that works; scrcpy for who wants video.

    It begins with screencap, which works on every device, changes nothing on it, loses nothing, and gives its
    first picture at once. On a phone on a cable it is too slow, which the first pictures tell; then scrcpy's
    server is started. It is also started when somebody wants video, and then gives the pictures, too: one
    stream for all. What is in use stands in `name`, in `StreamStats.source` and `Frame.source`; a change
    of it, and the reason, is told, each reason once.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What scrcpy is asked to send.
    prefer
        ``screencap`` is left only while somebody wants video, ``scrcpy`` only where it does not work.
    tell
        Told of changes; Python's log, when absent.
    """

    def __init__(
        self,
        device: Device,
        wanted: Wanted | None = None,
        *,
        prefer: Preference = "auto",
        tell: Tell | None = None,
    ) -> None:
        self._device = device
        self._wanted = wanted
        self._tell = tell or _log
        self._darkness = Darkness(device, self._tell)
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._seconds: list[float] = []
        self._trials = TRIALS if prefer == "auto" else 0
        self._failed = ""  # why scrcpy was given up
        self._for_video = False  # scrcpy runs for the sake of video alone
        self._source: ScreencapSource | ScrcpySource = ScreencapSource(device)
        if prefer == "scrcpy" and self._can_scrcpy("scrcpy is preferred"):
            self._source = ScrcpySource(device, wanted)

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
            self._fall_back(error)
            capture = self._source.capture()
        if capture.changed:
            self._darkness.look(capture.picture)
        if len(self._seconds) < self._trials and isinstance(self._source, ScreencapSource):
            self._seconds.append(time.monotonic() - began)
            if len(self._seconds) == self._trials:
                self._decide(statistics.median(self._seconds))
        return capture

    def want_video(self, wanted: bool) -> None:
        """Start scrcpy for who wants video, where it does not run; see `VideoSource.want_video`."""
        if wanted and isinstance(self._source, ScreencapSource):
            self._for_video = True
            self._replace(ScrcpySource(self._device, self._wanted))
        elif not wanted and self._for_video:
            self._for_video = False
            self._replace(ScreencapSource(self._device))
        if isinstance(self._source, ScrcpySource):
            self._source.want_video(wanted)

    def tap(self, wanted: bool) -> bool:
        """Have `packets` give what comes anyway, while scrcpy runs; see `VideoSource.tap`."""
        return isinstance(self._source, ScrcpySource) and self._source.tap(wanted)

    def packets(self, timeout: float, *, decode: bool) -> list[VideoPacket]:
        """Return the packets that have come; see `VideoSource.packets`."""
        source = self._source
        if not isinstance(source, ScrcpySource):
            raise NoVideo(self._device.serial, self._failed)
        try:
            return source.packets(timeout, decode=decode)
        except ScrcpyFailed as error:
            self._fall_back(error)
            raise NoVideo(self._device.serial, error.reason) from error

    def refresh(self) -> None:
        """Ask the device for a key frame."""
        if isinstance(self._source, ScrcpySource):
            self._source.refresh()

    def touches(self, screen: tuple[int, int] | None, wait: Callable[[float], bool]) -> ScrcpyTouches | None:
        """Return a way to touch the device while scrcpy's stream runs; see `PreviewService.touches`."""
        source = self._source
        return source.touches(screen, wait) if isinstance(source, ScrcpySource) else None

    def close(self) -> None:
        """Let go of the device; a `capture` under way ends."""
        with self._lock:
            self._closed = True
            self._source.close()

    def _decide(self, seconds: float) -> None:
        if seconds <= SLOW_SECONDS:
            return
        slow = f"a picture by screencap takes {seconds:.2f} s"
        if self._can_scrcpy(slow):
            self._say("INFO", f"{slow}, so scrcpy is tried")
            self._replace(ScrcpySource(self._device, self._wanted))

    def _can_scrcpy(self, why: str) -> bool:
        if not can_decode():
            self._say("WARN", f"{why}, but {MISSING_DECODER}")
            return False
        return True

    def _fall_back(self, error: ScrcpyFailed) -> None:
        self._for_video, self._failed = False, error.reason
        self._replace(ScreencapSource(self._device))
        self._say("WARN", f"the screen is shown by screencap, which may be slow: {error.reason}")

    def _replace(self, source: ScreencapSource | ScrcpySource) -> None:
        with self._lock:
            self._source.close()
            self._source = source
            if self._closed:
                source.close()
                raise SessionClosed(f"the preview of {self._device.serial} has ended")

    def _say(self, level: Level, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(self._device.serial, level, text)


def _log(serial: str, level: Level, text: str) -> None:
    log.log(logging.getLevelNamesMapping().get(level, logging.INFO), "%s: %s", serial, text)
