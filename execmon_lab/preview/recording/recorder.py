"""Keeps the pictures of a run's devices: one more who watches, in a thread that may take its time."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...devices import NoDevice
from ...protocol import Level, Quality, limits
from ..encode import Jpeg
from ..frame import Frame
from ..service import PreviewService
from ..stream import Watch
from .recording import track_path
from .track import TrackWriter

log = logging.getLogger(__name__)

LAST_SECONDS = 1.0
"""How long the picture is awaited that shows how an execution left the screen."""

WAITING = 64
"""Pictures that may wait for a slow disk; then the oldest of them are lost."""

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

    Raises
    ------
    ValueError
        When `fps` is not above 0 and at most 15, or `max_bytes` is below a megabyte.
    """

    fps: float = 4.0
    quality: Quality = "medium"
    max_bytes: int = 128 << 20

    def __post_init__(self) -> None:
        if not 0 < self.fps <= limits.PREVIEW_FPS_MAX:
            raise ValueError(f"fps is {self.fps:g}; give more than 0, and {limits.PREVIEW_FPS_MAX} at most")
        if self.max_bytes < 1 << 20:
            raise ValueError(f"max_bytes is {self.max_bytes}; a recording needs {1 << 20} or more")


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
    """

    def __init__(
        self,
        preview: PreviewService,
        serials: Sequence[str],
        folder: Path,
        keep: Keep,
        tell: Tell,
        name: str = "recorder",
    ) -> None:
        self._preview = preview
        self._serials = tuple(serials)
        self._folder = folder
        self._keep = keep
        self._tell = tell
        self._changed = threading.Condition()
        self._waiting: deque[Frame] = deque()
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
        watches: list[Watch] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for serial in self._serials:
                watches += self._watch(serial)
            while (frames := self._next()) is not None:
                for frame in frames:
                    self._write(frame)
        except OSError as error:
            self._complain(f"Nothing more is recorded: {_reason(error)}")
        finally:
            for watch in watches:
                watch.close()
            self._end()

    def _watch(self, serial: str) -> list[Watch]:
        try:
            watch = self._preview.watch(serial, self._keep.quality, self._take)
        except (NoDevice, RuntimeError) as error:
            self._tell(serial, "WARN", f"Not recorded: {error}")
            return []
        watch.pace(self._keep.fps)
        return [watch]

    def _take(self, frame: Frame) -> None:
        """Take a frame, in the preview's thread."""
        with self._changed:
            self._shown[frame.device_id] = time.monotonic()
            # To one who joins, what is there counts as changed.
            if frame.changed and self._newest.get(frame.device_id) is not frame.picture:
                self._newest[frame.device_id] = frame.picture
                if len(self._waiting) >= WAITING:
                    self._waiting.popleft()
                    self._lost += 1
                self._waiting.append(frame)
            if self._waiting or self._finish_by is not None:
                self._changed.notify_all()

    def _next(self) -> list[Frame] | None:
        """Wait for pictures; None when it has ended."""
        with self._changed:
            while not self._waiting and not self._over():
                left = None if self._finish_by is None else max(0.0, self._finish_by - time.monotonic())
                self._changed.wait(left)
            frames = list(self._waiting)
            self._waiting.clear()
            return frames or None

    def _over(self) -> bool:
        if self._finish_by is None:
            return False
        if time.monotonic() >= self._finish_by:
            return True
        asked = self._finish_by - LAST_SECONDS
        return all(self._shown.get(serial, 0.0) > asked for serial in self._serials)

    def _write(self, frame: Frame) -> None:
        track = self._tracks.get(frame.device_id)
        if track is None:
            path = track_path(self._folder, frame.device_id)
            track = TrackWriter(path, frame.device_id, self._keep.max_bytes)
            self._tracks[frame.device_id] = track
        track.append(frame.timestamp.timestamp(), (frame.width, frame.height), frame.jpeg)

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


def _reason(error: OSError) -> str:
    advice = {
        errno.ENOSPC: "make room there",
        errno.EACCES: "allow to write there, or choose another folder: Lab(history=…)",
        errno.EROFS: "choose another folder: Lab(history=…)",
    }
    said = advice.get(error.errno or 0)
    return f"{error}; {said}" if said else str(error)
