"""A file with the pictures of one device: how it is written, thinned out, and read.

A header (which device, how often it was thinned out), then records, each with a header of its own and a JPEG.
Records are only ever appended, so that a file whose writer was killed is good up to its last whole record,
and a file that is being written can be read. To thin one out, a smaller file takes its place.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".frames"
PICTURE, END = 1, 2
"""Kinds of records: a picture, and the time at which the recording ended."""

_MAGIC = b"execmon1"
_FILE = struct.Struct("<8sIH")
_RECORD = struct.Struct("<2sBxHHIId")
_CHECK = struct.Struct("<I")
_MARK = b"\xf1\x7e"
_HEAD = _RECORD.size + _CHECK.size
_FINEST_SECONDS = 0.125


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
        The file.
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


class _Entry(NamedTuple):
    """A record's place in the file, and what its header says."""

    offset: int
    length: int
    kind: int
    width: int
    height: int
    number: int
    at: float


def _header(generation: int, device_id: str) -> bytes:
    name = device_id.encode()
    return _FILE.pack(_MAGIC, generation, len(name)) + name


def _record(kind: int, at: float, number: int, size: tuple[int, int], data: bytes) -> bytes:
    head = _RECORD.pack(_MARK, kind, *size, len(data), number, at)
    return b"".join((head, _CHECK.pack(zlib.crc32(head)), data))


class TrackWriter:
    """Writes the pictures of one device.

    Parameters
    ----------
    path
        The file, which must not exist; its folder must.
    device_id
        The device's serial.
    max_bytes
        What the file may grow to. Then every picture that was on the screen only for a moment gives way, the
        moment chosen so that half of the space is free again: the whole time stays covered, coarser where it
        is older, and what stood still is never lost. While that is done both files exist.

    Raises
    ------
    OSError
        When the file cannot be made, now, or written, later; what was written before stays good.
    """

    def __init__(self, path: Path, device_id: str, max_bytes: int) -> None:
        self._path = path
        self._device_id = device_id
        self._max_bytes = max_bytes
        self._generation = 0
        self._number = 0
        self._entries: list[_Entry] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._size = 0
        self._write(_header(0, device_id))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def append(self, at: float, size: tuple[int, int], jpeg: bytes) -> None:
        """Add a picture that was captured at `at`, seconds since the epoch, never earlier than the last."""
        self._number += 1
        offset = self._size + _HEAD
        self._write(_record(PICTURE, at, self._number, size, jpeg))
        self._entries.append(_Entry(offset, len(jpeg), PICTURE, *size, self._number, at))
        if self._size > self._max_bytes:
            self._thin_out()

    def close(self, at: float | None = None) -> None:
        """Close the file, with a note that the recording ended at `at`; closing twice is no error."""
        if self._fd < 0:
            return
        try:
            if at is not None:
                self._write(_record(END, at, self._number, (0, 0), b""))
        finally:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        try:
            _write_all(self._fd, data)
        except OSError:
            os.ftruncate(self._fd, self._size)  # no half record stays where more might follow
            os.lseek(self._fd, self._size, os.SEEK_SET)
            raise
        self._size += len(data)

    def _thin_out(self) -> None:
        kept = _thinned(self._entries, self._max_bytes // 2)
        if len(kept) == len(self._entries):
            return
        generation = self._generation + 1
        path = self._path.with_suffix(".tmp")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            header = _header(generation, self._device_id)
            _write_all(fd, header)
            size, entries = len(header), []
            for entry in kept:
                _write_all(fd, os.pread(self._fd, _HEAD + entry.length, entry.offset - _HEAD))
                entries.append(entry._replace(offset=size + _HEAD))
                size += _HEAD + entry.length
            path.replace(self._path)
        except BaseException:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        os.close(self._fd)
        self._fd, self._size, self._entries, self._generation = fd, size, entries, generation


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _thinned(entries: Sequence[_Entry], room: int) -> list[_Entry]:
    """Leave out as many as it takes to fit into `room` bytes.

    Time is cut into equal stretches, and each keeps the picture that stood at its end: one that stood
    still through several is always kept, and none is wrong by more than a stretch.
    """
    kept, seconds = list(entries), _FINEST_SECONDS
    while len(kept) > 1 and sum(_HEAD + entry.length for entry in kept) > room:
        last = {entry.at // seconds: entry for entry in kept}
        kept = list(last.values())
        seconds *= 2
    return kept


class Track:
    """Reads the pictures of one device, while they are written and afterwards, from any thread or process.

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
        self._entries: list[_Entry] = []
        self._times: list[float] = []
        self._scanned = 0
        self._end: float | None = None
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
            return [FrameMark(entry.at, entry.number) for entry in self._entries]

    def sizes(self) -> list[tuple[float, tuple[int, int]]]:
        """Return each picture's time and its width and height."""
        with self._file():
            return [(entry.at, (entry.width, entry.height)) for entry in self._entries]

    def frame_at(self, at: float) -> RecordedFrame:
        """Return the picture that was on the screen at a time; before the first, the first.

        Raises
        ------
        LookupError
            When there is no picture at all.
        """
        with self._file() as fd:
            if not self._entries:
                raise LookupError(f"no picture of {self.device_id} was recorded")
            place = max(0, bisect_right(self._times, at) - 1)
            return self._frame(fd, self._entries[place])

    def frames(self) -> Iterator[RecordedFrame]:
        """Yield all pictures that there are by now, the oldest first."""
        with self._file() as fd:
            for entry in list(self._entries):
                yield self._frame(fd, entry)

    def _frame(self, fd: int, entry: _Entry) -> RecordedFrame:
        jpeg = os.pread(fd, entry.length, entry.offset)
        return RecordedFrame(jpeg, entry.width, entry.height, entry.at, entry.number)

    @contextlib.contextmanager
    def _file(self) -> Iterator[int]:
        """Open the file as it is now; the index is then that of the open file, even where it is replaced."""
        fd = os.open(self._path, os.O_RDONLY)
        try:
            self._refresh(fd)
            yield fd
        finally:
            os.close(fd)

    def _refresh(self, fd: int) -> None:
        head = os.pread(fd, _FILE.size, 0)
        if not head:
            return  # it has only just been made
        if len(head) < _FILE.size or not head.startswith(_MAGIC):
            raise ValueError(f"{self._path} is no recording")
        _, generation, length = _FILE.unpack(head)
        if generation != self._generation:
            self.device_id = os.pread(fd, length, _FILE.size).decode(errors="replace")
            self._generation, self._scanned = generation, _FILE.size + length
            self._entries, self._times, self._end = [], [], None
        size = os.fstat(fd).st_size
        while (entry := self._read(fd, size)) is not None:
            self._scanned = entry.offset + entry.length
            if entry.kind == PICTURE:
                self._entries.append(entry)
                self._times.append(entry.at)
            elif entry.kind == END:
                self._end = entry.at

    def _read(self, fd: int, size: int) -> _Entry | None:
        """Read the next record's header; None where it, or its picture, is not there whole."""
        head = os.pread(fd, _HEAD, self._scanned)
        if len(head) < _HEAD or not head.startswith(_MARK):
            return None
        (check,) = _CHECK.unpack_from(head, _RECORD.size)
        if zlib.crc32(head[: _RECORD.size]) != check:
            return None
        _, kind, width, height, length, number, at = _RECORD.unpack_from(head)
        offset = self._scanned + _HEAD
        return _Entry(offset, length, kind, width, height, number, at) if offset + length <= size else None
