"""What many commands share: their input files, and faults in toybox's words."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable

from execmon_lab.phone.shell.process import Process, Reader
from execmon_lab.phone.shell.redirect import open_reader
from execmon_lab.phone.shell.toybox.options import UsageError

Body = Callable[[Process], Awaitable[int]]


def tool(function: Body) -> Body:
    """Report a wrong command line the way toybox does, with status 1."""

    @functools.wraps(function)
    async def run(process: Process) -> int:
        try:
            return await function(process)
        except UsageError as error:
            return await process.fail(f'{process.name}: {error} (see "{process.name} --help")')

    return run


async def failed(process: Process, path: str, error: OSError) -> int:
    """Say that ``path`` gave an error; status 1."""
    return await process.fail(f"{process.name}: {path}: {error.strerror}")


class Inputs:
    """The files a filter reads: those named, or the standard input.

    Attributes
    ----------
    status
        1 once a file could not be read; that was reported.
    """

    def __init__(self, process: Process, names: list[str]) -> None:
        self._process = process
        self._names = names or ["-"]
        self.status = 0

    async def __aiter__(self) -> AsyncIterator[tuple[str, Reader]]:
        for name in self._names:
            if name == "-":
                yield name, self._process.stdin
                continue
            path = self._process.path(name)
            try:
                if self._process.files.stat(path).is_dir:
                    raise IsADirectoryError(21, "Is a directory")
                reader = open_reader(self._process.files, path)
            except OSError as error:
                self.status = await failed(self._process, name, error)
                continue
            yield name, reader


async def read_all(process: Process, names: list[str]) -> tuple[bytes, int]:
    """The whole of the inputs, one after the other, and the status."""
    inputs = Inputs(process, names)
    parts = [await reader.read() async for _, reader in inputs]
    return b"".join(parts), inputs.status
