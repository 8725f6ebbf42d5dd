"""The records of a device's file, as bytes.

A header (which device, how often it was thinned out), then records, each with a header of its own and its
data. Records are only ever appended, so that a file whose writer was killed is good up to its last whole
record, and a file that is being written can be read. To thin one out, a smaller file takes its place.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import NamedTuple

SUFFIX = ".frames"
PICTURE, END, KEY, DELTA, GAP = range(1, 6)
"""Kinds of records: a JPEG; the time at which the recording ended; an access unit of H.264 in Annex B that is
a key frame, with its configuration before it, and one that leans on the record before; the time from which on
there was no picture, with the reason in UTF-8."""

PICTURES = frozenset((PICTURE, KEY, DELTA))

_MAGIC = b"execmon1"
_FILE = struct.Struct("<8sIH")
_RECORD = struct.Struct("<2sBxHHIId")
_CHECK = struct.Struct("<I")
_MARK = b"\xf1\x7e"
HEAD = _RECORD.size + _CHECK.size
"""Bytes of a record before its data."""


class Entry(NamedTuple):
    """A record's place in the file, and what its header says."""

    offset: int
    length: int
    kind: int
    width: int
    height: int
    number: int
    at: float

    @property
    def size(self) -> int:
        """Bytes of the whole record."""
        return HEAD + self.length


def header(generation: int, device_id: str) -> bytes:
    """Return the beginning of a file; `generation` counts how often it was thinned out."""
    name = device_id.encode()
    return _FILE.pack(_MAGIC, generation, len(name)) + name


def record(kind: int, at: float, number: int, size: tuple[int, int], data: bytes) -> bytes:
    """Return a record."""
    head = _RECORD.pack(_MARK, kind, *size, len(data), number, at)
    return b"".join((head, _CHECK.pack(zlib.crc32(head)), data))


def read_header(fd: int) -> tuple[int, str, int] | None:
    """Return a file's generation, its device, and where the records begin; None of an empty file.

    Raises
    ------
    ValueError
        When it is no such file.
    """
    head = os.pread(fd, _FILE.size, 0)
    if not head:
        return None  # it has only just been made
    if len(head) < _FILE.size or not head.startswith(_MAGIC):
        raise ValueError("is no recording")
    _, generation, length = _FILE.unpack(head)
    return generation, os.pread(fd, length, _FILE.size).decode(errors="replace"), _FILE.size + length


def read_entry(fd: int, start: int, size: int) -> Entry | None:
    """Read a record's header; None where it, or its data, is not there whole in a file of `size` bytes."""
    head = os.pread(fd, HEAD, start)
    if len(head) < HEAD or not head.startswith(_MARK):
        return None
    (check,) = _CHECK.unpack_from(head, _RECORD.size)
    if zlib.crc32(head[: _RECORD.size]) != check:
        return None
    _, kind, width, height, length, number, at = _RECORD.unpack_from(head)
    offset = start + HEAD
    return Entry(offset, length, kind, width, height, number, at) if offset + length <= size else None
