"""The commands of a session that move files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import overload

from . import sync
from .shell import Shell
from .sync import RemoteFile

TRANSFER_TIMEOUT = 120.0
"""Seconds that a file may take where nothing else is said."""


class Files(Shell):
    """Moves files to and from the device."""

    def push(
        self, source: str | Path | bytes, remote: str, mode: int = 0o644, timeout: float = TRANSFER_TIMEOUT
    ) -> None:
        """Write a file on the device.

        Parameters
        ----------
        source
            A local path, or the content itself as bytes.
        remote
            The file's path on the device; directories on the way are made.
        mode
            Its permissions; the device gives group and others what the owner has.
        timeout
            Seconds that it may take.
        """
        local = "-" if isinstance(source, bytes) else shlex.quote(str(source))
        chunks = _slices(source) if isinstance(source, bytes) else _pieces(Path(source))
        with self._lane.service("sync:", f"adb push {local} {shlex.quote(remote)}", timeout) as (wire, _):
            sync.send(wire, remote, chunks, mode)

    @overload
    def pull(self, remote: str, *, timeout: float = TRANSFER_TIMEOUT) -> bytes: ...

    @overload
    def pull(self, remote: str, to: str | Path, *, timeout: float = TRANSFER_TIMEOUT) -> None: ...

    def pull(
        self, remote: str, to: str | Path | None = None, *, timeout: float = TRANSFER_TIMEOUT
    ) -> bytes | None:
        """Read a file of the device.

        Parameters
        ----------
        remote
            Its path on the device.
        to
            A local path to write it to; without one its content is returned.
        timeout
            Seconds that it may take.

        Raises
        ------
        AdbError
            When there is no such file, or it must not be read. No local file is left then.
        """
        local = "-" if to is None else shlex.quote(str(to))
        text = f"adb pull {shlex.quote(remote)} {local}"
        with self._lane.service("sync:", text, timeout) as (wire, _):
            if to is None:
                return b"".join(sync.receive(wire, remote))
            _write(Path(to), sync.receive(wire, remote))
        return None

    def stat(self, remote: str) -> RemoteFile:
        """Describe a file of the device; of a missing one, `exists` is False."""
        with self._lane.service("sync:", f"adb shell stat {shlex.quote(remote)}", 30.0) as (wire, _):
            return sync.stat(wire, remote)

    def list(self, remote: str) -> list[RemoteFile]:
        """List a directory of the device; a missing one is empty."""
        with self._lane.service("sync:", f"adb ls {shlex.quote(remote)}", 30.0) as (wire, _):
            return sync.entries(wire, remote)


def _slices(content: bytes) -> Iterator[bytes]:
    return (content[i : i + sync.CHUNK] for i in range(0, len(content), sync.CHUNK))


def _pieces(path: Path) -> Iterator[bytes]:
    """Open at once, so that a missing file is told before the device is asked; read as it goes out."""
    file = path.open("rb")

    def pieces() -> Iterator[bytes]:
        with file:
            while chunk := file.read(sync.CHUNK):
                yield chunk

    return pieces()


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
