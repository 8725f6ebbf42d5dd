"""Keeps the pictures of a run's devices: one more who watches, in a thread that may take its time."""

from __future__ import annotations

import errno
import functools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...devices import DeviceDisconnected, DeviceError, NoDevice
from ...protocol import Level, Quality, limits
from ..encode import Jpeg
from ..frame import Frame
from ..service import PreviewService
from ..stream import EitherWatch, Watch
from ..video import VideoPacket
from .recording import track_path
from .writer import TrackWriter

log = logging.getLogger(__name__)

LAST_SECONDS = 1.0
"""How long the picture is awaited that shows how an execution left the screen."""

WAITING = 64
"""Pictures that may wait for a slow disk; then some are lost."""

KEY_SECONDS = 10.0
"""After which a device that sends no key frame by itself is asked for one: that is how much must be decoded,
at most, to see one picture."""

NOTE_SECONDS = 15.0
"""How long what was written may wait to be told of: so much of it is not known where the process dies."""

AWAY = "the device was away"

Tell = Callable[[str, Level, str], None]
"""Takes a device's serial, a level and a line for the log."""


@dataclass(frozen=True)
class Keep:
    """How a run is recorded.

    Attributes
    ----------
    fps
        Pictures a second while nobody else watches the device; whatever else is shown is kept too. Only
        those that differ are.
    quality
        ``low``, ``medium`` or ``high``. One that others watch costs no encoding.
    max_bytes
        Of each device, on disk. When it is reached, pictures that were on the screen only for a moment give
        way, so that the whole run stays covered (`TrackWriter`).
    h264
        Whether video that a device sends anyway (its source is scrcpy) is kept as it came, which costs the
        least; `fps` and `quality` are for all else. To look at it takes the `video` extra.

    Raises
    ------
    ValueError
        When `fps` is not above 0 and at most 15, or `max_bytes` is below a megabyte.
    """

    fps: float = 4.0
    quality: Quality = "medium"
    max_bytes: int = 128 << 20
    h264: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.fps <= limits.PREVIEW_FPS_MAX:
            raise ValueError(f"fps is {self.fps:g}; give more than 0, and {limits.PREVIEW_FPS_MAX} at most")
        if self.max_bytes < 1 << 20:
            raise ValueError(f"max_bytes is {self.max_bytes}; a recording needs {1 << 20} or more")


class _Gap(NamedTuple):
    device_id: str
    at: float
    reason: str


_Shown = Frame | VideoPacket | _Gap


class _Course:
    """The course of a device's video: whether it is whole, and when its pictures were shown.

    The device's clock is even, while what comes is early or late; this machine's clock is that of all else.
    """

    def __init__(self) -> None:
        self._number = 0  # of the last packet that was followed
        self._session = 0
        self._offset = math.inf  # from the device's clock to this machine's
        self._key_at = 0.0

    def wants_key(self, packet: VideoPacket) -> bool:
        """Whether it is time to ask for a key frame."""
        wanted = not packet.key and (
            packet.number != self._number + 1 or packet.at - self._key_at > KEY_SECONDS
        )
        if packet.key or wanted:
            self._key_at = packet.at
        return wanted

    def goes_on(self, packet: VideoPacket) -> bool:
        """Whether it can be decoded after those before: packets may have been lost here."""
        follows = packet.key or packet.number == self._number + 1
        self._number = packet.number if follows else -1
        return follows

    def at(self, packet: VideoPacket) -> float:
        """Return when a picture was shown, seconds since the epoch."""
        if packet.session != self._session:
            self._session, self._offset = packet.session, math.inf
        self._offset = min(self._offset, packet.at - packet.pts / 1e6)
        return packet.pts / 1e6 + self._offset


class Recorder:
    """Records devices, from `start` to `finish`, into a folder that `Recording` reads.

    What goes wrong is told, and stops nothing but the recording.

    Parameters
    ----------
    preview
        Where the pictures come from.
    serials
        The devices.
    folder
        Where the pictures are kept; made when it is needed.
    keep
        In which rate, quality and size.
    tell
        Told of what is not recorded, and why.
    name
        Of the thread.
    written
        Called now and then (`NOTE_SECONDS`), and when all is written, in the recorder's thread.
    """

    def __init__(
        self,
        preview: PreviewService,
        serials: Sequence[str],
        folder: Path,
        keep: Keep,
        tell: Tell,
        name: str = "recorder",
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self._preview = preview
        self._serials = tuple(serials)
        self._folder = folder
        self._keep = keep
        self._tell = tell
        self._written = written
        self._changed = threading.Condition()
        self._waiting: deque[_Shown] = deque()
        self._watches: dict[str, Watch] = {}
        self._courses: dict[str, _Course] = {}
        self._lost = 0
        self._finish_by: float | None = None  # monotonic
        self._finished_at: float | None = None  # since the epoch
        self._shown: dict[str, float] = {}
        self._newest: dict[str, Jpeg] = {}
        self._tracks: dict[str, TrackWriter] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def finish(self, within: float = LAST_SECONDS) -> None:
        """End after one more picture of each device, or `within` seconds; returns at once."""
        with self._changed:
            if self._finish_by is None:
                self._finished_at = time.time()
            self._finish_by = min(self._finish_by or float("inf"), time.monotonic() + within)
            self._changed.notify_all()
            watches = list(self._watches.values())
        for watch in watches:
            _ask(watch)  # a video of a screen that stands still would send nothing more

    def close(self) -> None:
        """End at once, and wait until all is written; twice is no error."""
        self.finish(0)
        self.wait(5)

    def wait(self, timeout: float) -> bool:
        """Wait until it has ended, where it was begun; tell whether it has."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for serial in self._serials:
                self._watch(serial)
            noted = time.monotonic()
            while (waited := self._next()) is not None:
                for shown in waited:
                    self._write(shown)
                if time.monotonic() - noted >= NOTE_SECONDS:
                    self._written()
                    noted = time.monotonic()
        except OSError as error:
            self._complain(f"Nothing more is recorded: {_reason(error)}")
        finally:
            for watch in self._watches.values():
                watch.close()
            self._end()
            self._written()

    def _watch(self, serial: str) -> None:
        failed = functools.partial(self._fail, serial)
        quality = self._keep.quality
        watch: Watch
        try:
            if self._keep.h264:
                watch = self._preview.watch_either(serial, quality, self._take, self._take_packet, failed)
            else:
                watch = self._preview.watch(serial, quality, self._take, failed)
        except (NoDevice, RuntimeError) as error:
            self._tell(serial, "WARN", f"Not recorded: {error}")
            return
        watch.pace(self._keep.fps)
        with self._changed:
            self._watches[serial] = watch

    # In the preview's threads

    def _take(self, frame: Frame) -> None:
        with self._changed:
            self._shown[frame.device_id] = time.monotonic()
            newest = self._newest.get(frame.device_id)
            # To one who joins, what is there counts as changed.
            if newest is None or (frame.changed and newest is not frame.picture):
                self._newest[frame.device_id] = frame.picture
                self._await_writing(frame)
            elif self._finish_by is not None:
                self._changed.notify_all()

    def _take_packet(self, packet: VideoPacket) -> None:
        with self._changed:
            self._shown[packet.device_id] = time.monotonic()
            self._newest.pop(packet.device_id, None)
            self._await_writing(packet)

    def _fail(self, serial: str, error: DeviceError) -> None:
        reason = AWAY if isinstance(error, DeviceDisconnected) else str(error)
        with self._changed:
            self._newest.pop(serial, None)
            self._await_writing(_Gap(serial, time.time(), reason))

    def _await_writing(self, shown: _Shown) -> None:
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(shown)
        self._changed.notify_all()

    # In its own

    def _next(self) -> list[_Shown] | None:
        """Wait for pictures; None when it has ended."""
        with self._changed:
            while not self._waiting and not self._over():
                left = None if self._finish_by is None else max(0.0, self._finish_by - time.monotonic())
                self._changed.wait(left)
            shown = list(self._waiting)
            self._waiting.clear()
            return shown or None

    def _over(self) -> bool:
        if self._finish_by is None:
            return False
        if time.monotonic() >= self._finish_by:
            return True
        asked = self._finish_by - LAST_SECONDS
        return all(self._shown.get(serial, 0.0) > asked for serial in self._serials)

    def _write(self, shown: _Shown) -> None:
        serial = shown.device_id
        track = self._tracks.get(serial)
        if track is None:
            track = TrackWriter(track_path(self._folder, serial), serial, self._keep.max_bytes)
            self._tracks[serial] = track
        match shown:
            case Frame():
                track.append(shown.timestamp.timestamp(), (shown.width, shown.height), shown.jpeg)
            case VideoPacket():
                self._write_video(track, shown)
            case _Gap():
                track.append_gap(shown.at, shown.reason)

    def _write_video(self, track: TrackWriter, packet: VideoPacket) -> None:
        course = self._courses.setdefault(packet.device_id, _Course())
        if course.wants_key(packet):
            _ask(self._watches[packet.device_id])
        if course.goes_on(packet):
            size = packet.width, packet.height
            track.append_video(course.at(packet), size, packet.data, key=packet.key)

    def _end(self) -> None:
        at = self._finished_at or time.time()
        for track in self._tracks.values():
            try:
                track.close(at)
            except OSError as error:
                log.warning("the end of a recording could not be noted: %s", error)
        if self._lost:
            self._complain(f"The disk was too slow: {self._lost} pictures were not recorded")

    def _complain(self, text: str) -> None:
        for serial in self._serials:
            self._tell(serial, "WARN", text)


def _ask(watch: Watch) -> None:
    """Have a device that sends video send a key frame."""
    if isinstance(watch, EitherWatch):
        watch.video.ask()


def _reason(error: OSError) -> str:
    advice = {
        errno.ENOSPC: "make room there",
        errno.EACCES: "allow to write there, or choose another folder: Lab(history=…)",
        errno.EROFS: "choose another folder: Lab(history=…)",
    }
    said = advice.get(error.errno or 0)
    return f"{error}; {said}" if said else str(error)
