"""Files to and from a device: adb's sync protocol (adb, ``docs/dev/sync.md``), one request a function."""

from __future__ import annotations

import stat as modes
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import adbutils

from .wire import Wire

CHUNK = 64 * 1024
"""Most bytes in one packet of a file."""

_WORD = struct.Struct("<I")
_STAT = struct.Struct("<III")
_ENTRY = struct.Struct("<IIII")


@dataclass(frozen=True)
class RemoteFile:
    """A file or directory on the device.

    Attributes
    ----------
    path
        As asked for; of a listed one, its name.
    mode
        Type and permissions, as `stat.S_ISDIR` and its kin read them; 0 when there is nothing there.
    size
        In bytes.
    modified
        UTC.
    """

    path: str
    mode: int
    size: int
    modified: datetime

    @property
    def exists(self) -> bool:
        """Whether there is anything at `path`."""
        return self.mode != 0

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return modes.S_ISDIR(self.mode)


def stat(wire: Wire, path: str) -> RemoteFile:
    """Describe what is at `path`; a missing file has mode 0."""
    _ask(wire, b"STAT", path)
    _expect(wire, b"STAT")
    mode, size, modified = _STAT.unpack(wire.exactly(_STAT.size))
    return RemoteFile(path, mode, size, datetime.fromtimestamp(modified, UTC))


def entries(wire: Wire, path: str) -> list[RemoteFile]:
    """List a directory, without ``.`` and ``..``; a missing one is empty."""
    _ask(wire, b"LIST", path)
    found = []
    while _expect(wire, b"DENT", b"DONE") == b"DENT":
        mode, size, modified, length = _ENTRY.unpack(wire.exactly(_ENTRY.size))
        name = wire.exactly(length).decode(errors="replace")
        if name not in (".", ".."):
            found.append(RemoteFile(name, mode, size, datetime.fromtimestamp(modified, UTC)))
    return found


def send(wire: Wire, path: str, chunks: Iterable[bytes], mode: int) -> None:
    """Write a file; `chunks` are of at most `CHUNK` bytes.

    Raises
    ------
    adbutils.AdbError
        With the device's reason.
    """
    _ask(wire, b"SEND", f"{path},{modes.S_IFREG | mode}")
    for chunk in chunks:
        wire.sendall(b"DATA" + _WORD.pack(len(chunk)) + chunk)
    wire.sendall(b"DONE" + _WORD.pack(int(time.time())))
    _expect(wire, b"OKAY")
    wire.exactly(_WORD.size)


def receive(wire: Wire, path: str) -> Iterator[bytes]:
    """Read a file, piece by piece.

    Raises
    ------
    adbutils.AdbError
        With the device's reason.
    """
    _ask(wire, b"RECV", path)
    while _expect(wire, b"DATA", b"DONE") == b"DATA":
        yield wire.exactly(_length(wire))


def _ask(wire: Wire, request: bytes, path: str) -> None:
    name = path.encode()
    wire.sendall(request + _WORD.pack(len(name)) + name)


def _expect(wire: Wire, *answers: bytes) -> bytes:
    answer = wire.exactly(4)
    if answer not in answers:
        _refused(wire, answer)
    return answer


def _length(wire: Wire) -> int:
    length: int = _WORD.unpack(wire.exactly(_WORD.size))[0]
    return length


def _refused(wire: Wire, answer: bytes) -> NoReturn:
    if answer == b"FAIL":
        raise adbutils.AdbError(wire.exactly(_length(wire)).decode(errors="replace"))
    raise adbutils.AdbError(f"the device answered {answer!r} to a file request")
