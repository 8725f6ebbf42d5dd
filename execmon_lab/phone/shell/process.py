"""What a command of the phone's shell sees of the world."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from execmon_lab.phone.files import FileSystem
    from execmon_lab.phone.system.system import System


class Reader(Protocol):
    """A stream of bytes that ends."""

    async def read(self, n: int = -1) -> bytes:
        """Up to ``n`` bytes, or all until the end when negative; empty at the end."""
        ...


class Writer(Protocol):
    """A stream of bytes towards somebody else."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand on ``data`` and wait while the reader lags; ``BrokenPipeError`` when it has gone."""
        ...


class Kernel(Protocol):
    """What starts and ends the processes of the shell."""

    async def run(self, parent: Process, argv: list[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command to its end: (status, standard output, standard error)."""
        ...

    async def call(self, process: Process) -> int:
        """Run ``process`` to its end on its own streams and return its status."""
        ...


@dataclass
class Process:
    """One running command: arguments, streams and the phone around it.

    Attributes
    ----------
    argv
        Name of the command and its arguments.
    uid
        0 for root, 2000 for the shell.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: str
    uid: int
    pid: int
    stdin: Reader
    stdout: Writer
    stderr: Writer
    files: FileSystem
    system: System
    kernel: Kernel
    tty: bool = False

    @property
    def name(self) -> str:
        """The command's name without its folder."""
        return posixpath.basename(self.argv[0])

    def path(self, name: str) -> str:
        """Absolute form of a file name given by the user; an empty one stays empty."""
        return posixpath.join(self.cwd, name) if name else ""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write bytes to the standard output."""
        await self.stdout.write(data)

    async def print(self, text: str) -> None:
        """Write ``text`` and a newline to the standard output."""
        await self.stdout.write(encode(text) + b"\n")

    async def fail(self, text: str, status: int = 1) -> int:
        """Write ``text`` and a newline to the standard error and return ``status``."""
        await self.stderr.write(encode(text) + b"\n")
        return status

    async def run(self, argv: list[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run another command to its end: (status, standard output, standard error)."""
        return await self.kernel.run(self, argv, stdin)

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines of the standard input, each with its newline, as they arrive."""
        async for line in lines(self.stdin):
            yield line


async def lines(reader: Reader) -> AsyncIterator[bytes]:
    """Split a stream into lines that keep their newline; the last may have none."""
    rest = bytearray()
    while data := await reader.read(65536):
        rest += data
        if b"\n" in data:
            *whole, last = rest.split(b"\n")
            rest = last
            for line in whole:
                yield bytes(line) + b"\n"
    if rest:
        yield bytes(rest)


def encode(text: str) -> bytes:
    """Text as the bytes it came from: UTF-8, with undecodable bytes kept."""
    return text.encode(errors="surrogateescape")


def decode(data: bytes | bytearray) -> str:
    """Inverse of `encode`."""
    return data.decode(errors="surrogateescape")
