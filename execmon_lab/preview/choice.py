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

GLIMPSE_SECONDS = 0.5
"""From one key frame to the next that is looked at in a video that nobody here decodes. One costs some
milliseconds, and they are rare: one in `KEY_SECONDS`, and one when the screen has come to rest."""

Preference = Literal["auto", "screencap", "scrcpy"]
"""What pictures come from: ``auto`` lets the first of them tell."""


class BestSource:
    """screencap where it is quick enough, else scrcpy where that works; scrcpy for who wants video.

    It begins with screencap, which works on every device, changes nothing on it, loses nothing, and gives its
    first picture at once. On a phone on a cable it is too slow, which the first pictures tell; then scrcpy's
    server is started. It is also started when somebody wants video, and then gives the pictures, too: one
    stream for all. While that stream begins, or begins anew, the pictures go on by screencap. What is in use
    stands in `name`, in `StreamStats.source` and `Frame.source`; a change of it, and the reason, is told,
    each reason once.

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
        self._screencap = ScreencapSource(device)
        self._scrcpy: ScrcpySource | None = None
        self._captured: ScreencapSource | ScrcpySource = self._screencap  # what the newest picture came from
        self._name = self._screencap.name
        self._glimpsed_at = float("-inf")
        if prefer == "scrcpy" and self._can_scrcpy("scrcpy is preferred"):
            self._scrcpy = ScrcpySource(device, wanted)

    @property
    def name(self) -> str:
        """What the pictures come from now."""
        return self._name

    def capture(self) -> Capture:
        """Return the present picture; see `Source.capture`."""
        before = self._captured
        picture, changed = self._from_scrcpy() or self._from_screencap()
        changed = changed or self._captured is not before
        self._name = self._captured.name
        if changed:
            self._darkness.look(picture)
        return Capture(picture, changed)

    def want_video(self, wanted: bool) -> None:
        """Start scrcpy for who wants video, where it does not run; see `VideoSource.want_video`."""
        if wanted and self._scrcpy is None:
            self._for_video = True
            self._begin_scrcpy()
        elif not wanted and self._for_video:
            self._end_scrcpy()
        if self._scrcpy is not None:
            self._scrcpy.want_video(wanted)

    def tap(self, wanted: bool) -> bool:
        """Have `packets` give what comes anyway, while scrcpy runs; see `VideoSource.tap`.

        Where it was started for those alone who want video, the pictures go on until it has begun.
        """
        scrcpy = self._scrcpy
        return scrcpy is not None and scrcpy.tap(wanted) and (scrcpy.begun or not self._for_video)

    @property
    def owes(self) -> float:
        """Seconds for which no packet has come although one should have; see `VideoSource.owes`."""
        return 0.0 if self._scrcpy is None else self._scrcpy.owes

    def packets(self, timeout: float, *, decode: bool) -> list[VideoPacket]:
        """Return the packets that have come; see `VideoSource.packets`."""
        scrcpy = self._scrcpy
        if scrcpy is None:
            raise NoVideo(self._device.serial, self._failed)
        try:
            packets = scrcpy.packets(timeout, decode=decode)
        except ScrcpyFailed as error:
            self._fall_back(error)
            raise NoVideo(self._device.serial, error.reason) from error
        if packets:
            self._name = scrcpy.name
        if not decode:
            self._glimpse(scrcpy, packets)
        return packets

    def refresh(self) -> None:
        """Ask the device for a key frame."""
        if self._scrcpy is not None:
            self._scrcpy.refresh()

    def touches(self, screen: tuple[int, int] | None, wait: Callable[[float], bool]) -> ScrcpyTouches | None:
        """Return a way to touch the device while scrcpy's stream runs; see `PreviewService.touches`."""
        source = self._scrcpy
        return None if source is None else source.touches(screen, wait)

    def close(self) -> None:
        """Let go of the device; a `capture` under way ends."""
        with self._lock:
            self._closed = True
            sources = self._screencap, self._scrcpy
        for source in sources:
            if source is not None:
                source.close()

    def _glimpse(self, scrcpy: ScrcpySource, packets: list[VideoPacket]) -> None:
        """Look now and then whether a video is black that is only handed on."""
        now = time.monotonic()
        key = next((packet for packet in reversed(packets) if packet.key), None)
        if key is None or now - self._glimpsed_at < GLIMPSE_SECONDS:
            return
        self._glimpsed_at = now
        picture = scrcpy.glimpse(key)
        if picture is not None:
            self._darkness.look(picture)

    def _from_scrcpy(self) -> Capture | None:
        """Return scrcpy's picture, where it has one by now."""
        if self._scrcpy is None:
            return None
        try:
            capture = self._scrcpy.newest(0.0)
        except ScrcpyFailed as error:
            self._fall_back(error)
            return None
        if capture is not None:
            self._captured = self._scrcpy
        return capture

    def _from_screencap(self) -> Capture:
        began = time.monotonic()
        capture = self._screencap.capture()
        self._captured = self._screencap
        if self._scrcpy is None and len(self._seconds) < self._trials:
            self._seconds.append(time.monotonic() - began)
            if len(self._seconds) == self._trials:
                self._decide(statistics.median(self._seconds))
        return capture

    def _decide(self, seconds: float) -> None:
        if seconds <= SLOW_SECONDS:
            return
        slow = f"a picture by screencap takes {seconds:.2f} s"
        if self._can_scrcpy(slow):
            self._say("INFO", f"{slow}, so scrcpy is tried")
            self._begin_scrcpy()

    def _can_scrcpy(self, why: str) -> bool:
        if not can_decode():
            self._say("WARN", f"{why}, but {MISSING_DECODER}")
            return False
        return True

    def _fall_back(self, error: ScrcpyFailed) -> None:
        self._failed = error.reason
        self._end_scrcpy()
        self._say("WARN", f"the screen is shown by screencap, which may be slow: {error.reason}")

    def _begin_scrcpy(self) -> None:
        with self._lock:
            if self._closed:
                raise SessionClosed(f"the preview of {self._device.serial} has ended")
            self._scrcpy = ScrcpySource(self._device, self._wanted)

    def _end_scrcpy(self) -> None:
        self._for_video, self._name = False, self._screencap.name
        scrcpy, self._scrcpy = self._scrcpy, None
        if scrcpy is not None:
            scrcpy.close()

    def _say(self, level: Level, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(self._device.serial, level, text)


def _log(serial: str, level: Level, text: str) -> None:
    log.log(logging.getLevelNamesMapping().get(level, logging.INFO), "%s: %s", serial, text)
