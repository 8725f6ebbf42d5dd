"""How the pictures of a device are written into their file, and thinned out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .record import DELTA, END, GAP, HEAD, KEY, PICTURE, Entry, header, record

_FINEST_SECONDS = 0.125


class TrackWriter:
    """Writes the pictures of one device: as JPEG, as H.264, or now one and now the other.

    A time that is earlier than the last counts as the last: clocks are set back at times.

    Parameters
    ----------
    path
        The file, which must not exist; its folder must.
    device_id
        The device's serial.
    max_bytes
        What the file may grow to. Then half of it is made free, so that the whole time stays covered: of
        H.264 the oldest key frames stay alone; where that is not enough, every picture that was on the screen
        only for a moment gives way, the moment chosen to suit, and what stood still is never lost. While that
        is done both files exist.

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
        self._at = 0.0
        self._follows = False  # whether a packet that is no key frame has what it leans on
        self._entries: list[Entry] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._size = 0
        self._write(header(0, device_id))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def append(self, at: float, size: tuple[int, int], jpeg: bytes) -> None:
        """Add a picture that was captured at `at`, seconds since the epoch."""
        self._follows = False
        self._number += 1
        self._add(PICTURE, at, size, jpeg)

    def append_video(self, at: float, size: tuple[int, int], data: bytes, *, key: bool) -> None:
        """Add a picture as H.264 in Annex B, a key frame with its configuration before it.

        One that leans on what is not there is left out: there is none to be seen until the next key frame.
        """
        if not (key or self._follows):
            return
        self._follows = True
        self._number += 1
        self._add(KEY if key else DELTA, at, size, data)

    def append_gap(self, at: float, reason: str) -> None:
        """Note that from `at` on there is no picture, until the next comes; and why."""
        self._follows = False
        self._add(GAP, at, (0, 0), reason.encode())

    def close(self, at: float | None = None) -> None:
        """Close the file, with a note that the recording ended at `at`; closing twice is no error."""
        if self._fd < 0:
            return
        try:
            if at is not None:
                self._write(record(END, at, self._number, (0, 0), b""))
        finally:
            os.close(self._fd)
            self._fd = -1

    def _add(self, kind: int, at: float, size: tuple[int, int], data: bytes) -> None:
        self._at = at = max(at, self._at)
        offset = self._size + HEAD
        try:
            self._write(record(kind, at, self._number, size, data))
        except OSError:
            self._follows = False
            raise
        self._entries.append(Entry(offset, len(data), kind, *size, self._number, at))
        if self._size > self._max_bytes:
            self._thin_out()

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
        self._follows = self._follows and kept[-1] is self._entries[-1]
        generation = self._generation + 1
        path = self._path.with_suffix(".tmp")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            beginning = header(generation, self._device_id)
            _write_all(fd, beginning)
            size, entries = len(beginning), []
            for entry in kept:
                _write_all(fd, os.pread(self._fd, entry.size, entry.offset - HEAD))
                entries.append(entry._replace(offset=size + HEAD))
                size += entry.size
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


def _thinned(entries: Sequence[Entry], room: int) -> list[Entry]:
    """Leave out as many as it takes to fit into `room` bytes.

    First what leans on the oldest key frames. Then time is cut into equal stretches, and each keeps the
    picture that stood at its end: one that stood still through several is always kept, and none is wrong by
    more than a stretch.
    """
    kept = _without_deltas(entries, _bytes(entries) - room)
    seconds = _FINEST_SECONDS
    while len(kept) > 1 and _bytes(kept) > room:
        last = {(entry.at // seconds, entry.kind == GAP): entry for entry in kept}
        kept = sorted(last.values(), key=lambda entry: entry.offset)
        seconds *= 2
    return kept


def _without_deltas(entries: Sequence[Entry], excess: int) -> list[Entry]:
    """Cut the oldest groups down to their key frames, each as a whole, until so many bytes are gone."""
    kept, cut = [], False
    for entry in entries:
        if entry.kind == KEY:
            cut = excess > 0
        if entry.kind == DELTA and cut:
            excess -= entry.size
        else:
            kept.append(entry)
    return kept


def _bytes(entries: Sequence[Entry]) -> int:
    return sum(entry.size for entry in entries)
