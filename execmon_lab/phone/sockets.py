"""Sockets of programs on the phone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from execmon_lab.phone.pipe import Inbox, Pipe

Handler = Callable[[Any, Any], Awaitable[None]]
"""A service of the phone itself: takes a reader and a writer in asyncio's manner."""

BACKLOG = 16
Bytes = bytes | bytearray | memoryview


class Target(Protocol):
    """What takes the bytes that are written to a socket."""

    async def write(self, data: Bytes) -> None:
        """Take ``data``."""
        ...


class SocketWriter:
    """The writing half of a connection, with the methods of `asyncio.StreamWriter`.

    Parameters
    ----------
    target
        Stream or pipe that takes the bytes.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._buffer = bytearray()
        self._closing = False

    def write(self, data: Bytes) -> None:
        """Keep ``data`` until `drain`."""
        self._buffer += data

    def writelines(self, lines: list[bytes]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    async def drain(self) -> None:
        """Send what was written; `BrokenPipeError` when the other side has gone."""
        if self._buffer:
            data, self._buffer = self._buffer, bytearray()
            await self._target.write(data)

    def close(self) -> None:
        """End the connection once everything is sent."""
        self._closing = True

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._closing

    async def wait_closed(self) -> None:
        """Send what is left."""
        with contextlib.suppress(BrokenPipeError):
            await self.drain()

    def can_write_eof(self) -> bool:
        """Whether half of the connection can be closed: adb knows no such thing."""
        return False

    def get_extra_info(self, name: str, default: object = None) -> object:
        """What `asyncio.StreamWriter` tells of a socket; only a name of the peer is known."""
        return ("127.0.0.1", 0) if name == "peername" else default


class Listener:
    """A listening socket of a program on the phone; connections wait in a backlog.

    It is a `Handler`, so that it can stand in the table of services.
    """

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[Any, SocketWriter, asyncio.Event]] = asyncio.Queue(BACKLOG)

    async def __call__(self, reader: Any, writer: SocketWriter) -> None:
        """Wait to be accepted, and until the program has done with the connection."""
        done = asyncio.Event()
        try:
            self._waiting.put_nowait((reader, writer, done))
        except asyncio.QueueFull:
            raise ConnectionRefusedError("the backlog is full") from None
        await done.wait()

    async def accept(self) -> tuple[Any, SocketWriter, asyncio.Event]:
        """The next connection; the program sets the event when it has done with it."""
        return await self._waiting.get()

    def close(self) -> None:
        """Turn away who still waits to be accepted."""
        while not self._waiting.empty():
            _, _, done = self._waiting.get_nowait()
            done.set()


def address(text: str) -> str:
    """The key of a socket in the phone's table: ``tcp:8000``, ``localabstract:name``."""
    kind, _, name = text.partition(":")
    if kind == "tcp":
        host, _, port = name.rpartition(":")
        if host not in ("", "localhost", "127.0.0.1", "0.0.0.0", "::1") and not host.isdecimal():
            return text
        return f"tcp:{host if host.isdecimal() else port}"
    return text


async def connect(network: dict[str, Handler], target: str) -> tuple[Inbox, Pipe, asyncio.Task[None]]:
    """Connect to a socket of the phone from a program on it.

    Returns
    -------
    tuple
        What to read from, what to write to (close it in the end), and the service's task.

    Raises
    ------
    ConnectionRefusedError
        When nothing listens there.
    """
    handler = network.get(address(target))
    if handler is None:
        raise ConnectionRefusedError(111, "Connection refused")
    there, back = Pipe(), Pipe()

    async def serve() -> None:
        writer = SocketWriter(back)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await handler(there, writer)
            await writer.wait_closed()
        finally:
            there.leave()
            back.close()

    return back, there, asyncio.create_task(serve())
