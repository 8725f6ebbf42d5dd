"""A run's pictures, as they are looked at later: by time, from any process, also while they are recorded."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from ...protocol import Instant, Quality
from ...protocol.clock import epoch
from .record import SUFFIX
from .track import FrameMark, Gap, NoPicture, NoRecording, RecordedFrame, Track
from .video import make_video


@dataclass(frozen=True)
class Moment:
    """What a device showed at a time.

    Attributes
    ----------
    frame
        The picture.
    until
        When it gave way to the next, or to none, or the recording ended: seconds since the epoch. None for
        the newest picture of a recording that goes on.
    final
        Whether the recording has ended, so that the same question is always answered with the same picture.
    glimpse
        Whether it is a picture from before, since the wanted one was not decoded in time.
    """

    frame: RecordedFrame
    until: float | None
    final: bool
    glimpse: bool = False


def track_path(folder: Path, device_id: str) -> Path:
    """Return the file of a device's pictures; a serial may hold what a file's name may not."""
    return folder / (quote(device_id, safe="") + SUFFIX)


class Recording:
    """The pictures of an execution's devices; it needs only the path, and holds nothing open.

    Parameters
    ----------
    path
        The folder that the execution was recorded into. It need not exist yet.

    Examples
    --------
    >>> recording = Recording(run.recording.path)
    >>> marks = recording.index("emulator-5554")
    >>> recording.frame_at("emulator-5554", marks[0].at + 12.5).jpeg
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._tracks: dict[str, Track] = {}

    def __repr__(self) -> str:
        return f"<Recording of {', '.join(self.devices()) or 'nothing'}>"

    def devices(self) -> list[str]:
        """Return the serials of the devices of which there are pictures."""
        if not self.path.is_dir():
            return []
        return sorted(unquote(path.stem) for path in self.path.iterdir() if path.suffix == SUFFIX)

    def index(self, device_id: str) -> list[FrameMark]:
        """Return the time of every picture of a device, the oldest first; none of an unknown one."""
        try:
            with self._lock:
                return self._track(device_id).index()
        except NoRecording:
            return []

    def gaps(self, device_id: str) -> list[Gap]:
        """Return when there was no picture of a device, and why, the oldest first; none of an unknown one."""
        try:
            with self._lock:
                return self._track(device_id).gaps()
        except NoRecording:
            return []

    def span(self, device_id: str) -> tuple[float, float]:
        """Return when the pictures of a device begin and end, seconds since the epoch.

        While it is recorded, and where the writer died, they end with the newest picture.

        Raises
        ------
        NoRecording
            When there is none.
        """
        with self._lock:
            track = self._track(device_id)
            marks = track.index()
            if not marks:
                raise NoRecording(self._none(device_id))
            return marks[0].at, max(marks[-1].at, track.end or 0.0)

    def frame_at(
        self,
        device_id: str,
        at: Instant,
        quality: Quality = "high",
        *,
        within: float = math.inf,
    ) -> RecordedFrame:
        """Return the picture that was on a device's screen at a time; before the first, the first.

        What was kept as H.264 is decoded, from the key frame before.

        Parameters
        ----------
        device_id
            The device's serial.
        at
            Seconds since the epoch, or a UTC time (a text as messages have it), by the clock of the machine
            that recorded it.
        quality
            ``low``, ``medium`` or ``high`` (its full size), where it is decoded; what was kept as JPEG stays
            as it was.
        within
            Seconds after which decoding is broken off, unless it is half done by then: it is then a picture
            from a little before, and who asks again is given the right one the sooner.

        Raises
        ------
        NoRecording
            When there is none of this device; `NoPicture`, when there was none at that time: the device was
            away.
        ModuleNotFoundError
            When it is H.264, and the `video` extra is not installed; the text says how to.
        """
        with self._lock:
            try:
                return self._track(device_id).frame_at(epoch(at), quality, within)
            except NoPicture:
                raise
            except NoRecording:
                raise NoRecording(self._none(device_id)) from None

    def moment(
        self, device_id: str, at: Instant, quality: Quality = "high", *, within: float = math.inf
    ) -> Moment:
        """Return the picture that was on a device's screen at a time, and for how long it was.

        Parameters and errors are those of `frame_at`.
        """
        frame = self.frame_at(device_id, at, quality, within=within)
        with self._lock:
            track = self._track(device_id)
            marks, gaps, end = track.index(), track.gaps(), track.end
        following = bisect_right(marks, frame.at, key=lambda mark: mark.at)
        ends = [mark.at for mark in marks[following : following + 1]]
        ends += [gap.begin for gap in gaps if gap.begin >= frame.at][:1]
        right = max(0, bisect_right(marks, epoch(at), key=lambda mark: mark.at) - 1)
        return Moment(
            frame,
            min(ends, default=end),
            final=end is not None,
            glimpse=within < math.inf and frame.number < marks[right].number,
        )

    def video(
        self,
        path: str | Path | None = None,
        device_id: str | None = None,
        *,
        begin: Instant | None = None,
        end: Instant | None = None,
    ) -> Path:
        """Make an MP4 (H.264) of what a device showed, in its own time; needs the `video` extra.

        What was kept as H.264 goes into it as it is; only where one MP4 cannot hold it (the screen was
        turned, or part of it was kept as JPEG) it is made anew. Where there was no picture the last stays.

        Parameters
        ----------
        path
            The file; beside the recording, when absent. One that exists is replaced.
        device_id
            The device's serial; may be left out where there is only one.
        begin, end
            Only this part: seconds since the epoch, or UTC times.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ModuleNotFoundError
            Without PyAV; the text says how to install it.
        NoRecording
            When there are no pictures of that device.
        OSError
            When the file cannot be written.
        ValueError
            When there are several devices and none is named, or nothing lies between `begin` and `end`.
        """
        device_id = device_id or self._only()
        first, last = self.span(device_id)
        start = first if begin is None else max(first, epoch(begin))
        stop = last if end is None else min(last, epoch(end))
        if start > stop:
            raise ValueError(
                f"nothing was recorded from {start:.3f} to {stop:.3f}: it is {first:.3f} to {last:.3f}"
            )
        source = track_path(self.path, device_id)
        target = source.with_suffix(".mp4") if path is None else Path(path)
        make_video(Track(source), target, start, stop)
        return target

    def _only(self) -> str:
        devices = self.devices()
        if len(devices) > 1:
            raise ValueError(f"there are several devices, name one as device_id: {', '.join(devices)}")
        if not devices:
            raise NoRecording(f"there are no pictures in {self.path}")
        return devices[0]

    def _track(self, device_id: str) -> Track:
        track = self._tracks.get(device_id)
        if track is None:
            try:
                track = self._tracks[device_id] = Track(track_path(self.path, device_id))
            except FileNotFoundError:
                raise NoRecording(self._none(device_id)) from None
        return track

    def _none(self, device_id: str) -> str:
        known = ", ".join(self.devices()) or "none"
        return f"no pictures of {device_id} in {self.path}; there are those of: {known}"
