"""How the pictures of a device are read from their file."""

from __future__ import annotations

import contextlib
import functools
import math
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...protocol import Quality
from ..encode import can_use_planes
from .record import DELTA, END, GAP, KEY, PICTURE, PICTURES, Entry, read_entry, read_header

if TYPE_CHECKING:
    from .decoding import GroupDecoder

MISSING_DECODER = (
    "this recording is video, which PyAV and simplejpeg make pictures of: pip install 'execmon-lab[video]'"
)
DAMAGED = "the video is damaged here"


class NoRecording(LookupError):
    """There is no picture of that device, or of that execution; the text says of which there are some."""


class NoPicture(NoRecording):
    """There are pictures of the device, but at that moment there was none; the text says why.

    Attributes
    ----------
    gap : Gap
        From when until when there is none.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"no picture: {gap.reason}")
        self.gap = gap


class Gap(NamedTuple):
    """A time without pictures.

    Attributes
    ----------
    begin : float
        Seconds since the epoch.
    end : float or None
        When there was a picture again, or the recording ended; None while it lasts.
    reason : str
        Why there is none: ``the device was away``.
    """

    begin: float
    end: float | None
    reason: str


class FrameMark(NamedTuple):
    """A picture's place in a recording.

    Attributes
    ----------
    at : float
        When it was captured, seconds since the epoch by the clock of the recording machine.
    number : int
        Counts the device's pictures from 1; some are missing where a recording was thinned out.
    """

    at: float
    number: int


@dataclass(frozen=True)
class RecordedFrame:
    """A picture of a device's screen, as it was recorded.

    Attributes
    ----------
    jpeg
        The file; of H.264, the picture as it was decoded.
    width, height
        In pixels.
    at
        When it was captured, seconds since the epoch.
    number
        As in `FrameMark`.
    """

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    at: float
    number: int

    def _repr_jpeg_(self) -> bytes:
        """Show the picture in a notebook."""
        return self.jpeg


class Packet(NamedTuple):
    """A picture as H.264 in Annex B; a key frame has its configuration before it."""

    at: float
    key: bool
    data: bytes


class Track:
    """Reads the pictures of one device, while they are written and afterwards; used by one thread at a time.

    Nothing is held open between two calls.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        When it is no such file.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._generation = -1
        self._scanned = 0
        self._forget()
        self.device_id = ""
        with self._file():
            pass

    @property
    def end(self) -> float | None:
        """When the recording ended, seconds since the epoch; None while it goes on, or its writer died."""
        with self._file():
            return self._end

    def index(self) -> list[FrameMark]:
        """Return the pictures' times, the oldest first."""
        with self._file():
            return self._marks.copy()

    def gaps(self) -> list[Gap]:
        """Return when there was no picture, and why, the oldest first."""
        with self._file() as fd:
            return [self._gap(fd, gap) for gap in self._gaps]

    def sizes(self) -> list[tuple[float, tuple[int, int]]]:
        """Return each picture's time and its width and height."""
        with self._file():
            return [(entry.at, (entry.width, entry.height)) for entry in self._entries]

    def frame_at(self, at: float, quality: Quality = "high", within: float = math.inf) -> RecordedFrame:
        """Return the picture that was on the screen at a time; before the first, the first.

        Of H.264 it is a JPEG of this quality; what was recorded as JPEG is as it was. Where decoding takes
        longer than `within` seconds it is an earlier picture, and the next call goes on from there.

        Raises
        ------
        NoRecording
            When there is no picture at all; when there was none then, it is `NoPicture`.
        ModuleNotFoundError
            When it is H.264 and what decodes that is not installed; the text says how to.
        """
        with self._file() as fd:
            place = bisect_right(self._marks, at, key=lambda mark: mark.at) - 1
            since = self._entries[place].offset if place >= 0 else 0
            for gap in self._gaps:
                if gap.offset > since and gap.at <= at:
                    raise NoPicture(self._gap(fd, gap))
            if not self._entries:
                raise NoRecording(f"no picture of {self.device_id} was recorded")
            return self._frame(fd, max(0, place), quality, within)

    def frames(self) -> Iterator[RecordedFrame]:
        """Yield all pictures that there are by now and that can be read, the oldest first."""
        with self._file() as fd:
            for place in range(len(self._entries)):
                with contextlib.suppress(NoPicture):
                    yield self._frame(fd, place)

    def packets(self, begin: float, end: float) -> Iterator[Packet]:
        """Yield the H.264 that it takes to see what was on the screen from `begin` to `end`."""
        with self._file() as fd:
            first = bisect_right(self._marks, begin, key=lambda mark: mark.at) - 1
            for entry in self._entries[self._key_place(max(0, first)) :]:
                if entry.at > end:
                    break
                if entry.kind != PICTURE:
                    yield Packet(entry.at, entry.kind == KEY, _data(fd, entry))

    def kinds(self, begin: float, end: float) -> set[str]:
        """Return as what the pictures from `begin` to `end` were recorded: ``jpeg``, ``h264``."""
        with self._file():
            first = max(0, bisect_right(self._marks, begin, key=lambda mark: mark.at) - 1)
            entries = [entry for entry in self._entries[first:] if entry.at <= end]
        return {"jpeg" if entry.kind == PICTURE else "h264" for entry in entries}

    def _gap(self, fd: int, entry: Entry) -> Gap:
        following = bisect_right(self._entries, entry.offset, key=lambda picture: picture.offset)
        end = self._marks[following].at if following < len(self._marks) else self._end
        return Gap(entry.at, end, _data(fd, entry).decode(errors="replace"))

    def _frame(
        self, fd: int, place: int, quality: Quality = "high", within: float = math.inf
    ) -> RecordedFrame:
        entry = self._entries[place]
        if entry.kind == PICTURE:
            return RecordedFrame(_data(fd, entry), entry.width, entry.height, entry.at, entry.number)
        group = self._entries[self._key_place(place) : place + 1]
        numbers = [part.number for part in group]
        found = self._decoder.jpeg(numbers, lambda n: _data(fd, group[n]), quality, within)
        if found is None:
            raise NoPicture(self._damage(place))
        reached, jpeg = group[found[0]], found[1]
        return RecordedFrame(jpeg.data, jpeg.width, jpeg.height, reached.at, reached.number)

    @functools.cached_property
    def _decoder(self) -> GroupDecoder:
        if not can_use_planes():
            raise ModuleNotFoundError(MISSING_DECODER, name="av")
        from .decoding import GroupDecoder  # needs PyAV, an optional part

        return GroupDecoder()

    def _key_place(self, place: int) -> int:
        """Return where the picture is that one can be decoded from."""
        while place > 0 and self._entries[place].kind == DELTA:
            place -= 1
        return place

    def _damage(self, place: int) -> Gap:
        later = (entry.at for entry in self._entries[place + 1 :] if entry.kind != DELTA)
        return Gap(self._entries[place].at, next(later, self._end), DAMAGED)

    @contextlib.contextmanager
    def _file(self) -> Iterator[int]:
        """Open the file as it is now; the index is then that of the open file, even where it is replaced."""
        fd = os.open(self._path, os.O_RDONLY)
        try:
            self._refresh(fd)
            yield fd
        finally:
            os.close(fd)

    def _forget(self) -> None:
        self._entries: list[Entry] = []
        self._marks: list[FrameMark] = []
        self._gaps: list[Entry] = []
        self._end: float | None = None

    def _refresh(self, fd: int) -> None:
        try:
            found = read_header(fd)
        except ValueError as error:
            raise ValueError(f"{self._path} {error}") from None
        if found is None:
            return
        if found[0] != self._generation:
            self._forget()
            self._generation, self.device_id, self._scanned = found
        size = os.fstat(fd).st_size
        while (entry := read_entry(fd, self._scanned, size)) is not None:
            self._scanned = entry.offset + entry.length
            if entry.kind in PICTURES:
                self._entries.append(entry)
                self._marks.append(FrameMark(entry.at, entry.number))
            elif entry.kind == GAP:
                self._gaps.append(entry)
            elif entry.kind == END:
                self._end = entry.at


def _data(fd: int, entry: Entry) -> bytes:
    return os.pread(fd, entry.length, entry.offset)
