"""Redirections: files of the phone as streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.pipe import Null, Source
from execmon_lab.phone.shell import expand
from execmon_lab.phone.shell.process import Reader, Writer, encode
from execmon_lab.phone.shell.syntax import Redirect


class Redirectable(expand.Scope, Protocol):
    """Whose streams are redirected."""

    fds: dict[int, Reader | Writer]


class RedirectError(Exception):
    """A file could not be opened; the command is not run."""


class FileWriter:
    """A file as a Writer; each write appends."""

    def __init__(self, files: FileSystem, path: str) -> None:
        self._files = files
        self._path = path

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append ``data``; `OSError` when the phone is full."""
        self._files.write(self._path, bytes(data), append=True)
        if len(data) > 4096:
            await asyncio.sleep(0)


class DeviceReader:
    """A character device such as ``/dev/zero`` as a Reader."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source

    async def read(self, n: int = -1) -> bytes:
        """What the device gives; all of an endless device is a `MemoryError`."""
        await asyncio.sleep(0)
        data = self._source(n if n > 0 else 65536)
        if n < 0 and data:
            raise MemoryError("the device has no end")
        return data


def open_reader(files: FileSystem, path: str) -> Reader:
    """A file or device of the phone as a Reader; `OSError` when there is none."""
    source = files.source(path)
    return Source(files.read(path)) if source is None else DeviceReader(source)


def open_writer(files: FileSystem, path: str, *, append: bool) -> Writer:
    """A file or device of the phone as a Writer; an existing file is emptied unless ``append``."""
    files.write(path, b"", append=append)
    return FileWriter(files, path)


@contextlib.asynccontextmanager
async def opened(
    shell: Redirectable, redirects: Sequence[Redirect], *, keep: bool = False
) -> AsyncIterator[None]:
    """Apply redirections to the shell's streams, and with ``keep`` false take them back at the end.

    Raises
    ------
    RedirectError
        When a file cannot be opened.
    """
    if not redirects:
        yield
        return
    saved = dict(shell.fds)
    try:
        for redirect in redirects:
            await _apply(shell, redirect)
        yield
    finally:
        if not keep:
            shell.fds = saved


async def _apply(shell: Redirectable, redirect: Redirect) -> None:
    target = await expand.text(shell, redirect.target)
    fd, operator = redirect.fd, redirect.op
    if operator == "<<":
        shell.fds[fd] = Source(encode(target))
    elif operator == "<<<":
        shell.fds[fd] = Source(encode(target + "\n"))
    elif operator in ("<&", ">&"):
        _duplicate(shell, fd, target)
    else:
        path = target if target.startswith("/") else f"{shell.cwd.rstrip('/')}/{target}"
        verb = "open" if operator == "<" else "create"
        try:
            if not target:
                raise FileNotFoundError(2, "No such file or directory")
            if operator == "<":
                shell.fds[fd] = open_reader(shell.files, path)
            else:
                append = operator in (">>", "<>")
                shell.fds[fd] = open_writer(shell.files, path, append=append)
        except OSError as error:
            raise RedirectError(f"can't {verb} {target}: {error.strerror}") from None
        if operator == "&>":
            shell.fds[2] = shell.fds[1]


def _duplicate(shell: Redirectable, fd: int, target: str) -> None:
    if target == "-":
        shell.fds[fd] = Null()
        return
    if not target.isdecimal() or int(target) not in shell.fds:
        raise RedirectError(f"{target}: bad file descriptor")
    shell.fds[fd] = shell.fds[int(target)]
