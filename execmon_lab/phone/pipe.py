"""Bounded streams of bytes inside the phone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

HIGH_WATER = 256 * 1024
"""Bytes that may wait in a stream before its writer has to."""

MAX_WHOLE = 64 * 1024 * 1024
"""Bytes that ``read()`` without a bound will gather."""


class Inbox:
    """Bytes that have arrived and wait to be read, in order.

    Parameters
    ----------
    drained
        Called when the waiting bytes have fallen below the high-water mark again, or the reader has left.
    """

    def __init__(self, drained: Callable[[], None] | None = None) -> None:
        self._chunks: deque[bytes | bytearray | memoryview] = deque()
        self._size = 0
        self._ended = False
        self._left = False
        self._wake: asyncio.Future[None] | None = None
        self._drained = drained

    @property
    def full(self) -> bool:
        """Whether the writer should wait."""
        return self._size >= HIGH_WATER

    @property
    def ended(self) -> bool:
        """Whether nothing more will be fed."""
        return self._ended

    def at_eof(self) -> bool:
        """Whether everything has been read."""
        return self._ended and not self._chunks

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes over; the caller must not change them any more."""
        if data and not self._ended and not self._left:
            self._chunks.append(data)
            self._size += len(data)
            self._notify()

    def end(self) -> None:
        """Nothing more will come; what waits can still be read."""
        self._ended = True
        self._notify()

    def leave(self) -> None:
        """The reader goes: what waits is dropped."""
        self._left = True
        self._chunks.clear()
        self._size = 0
        self.end()
        if self._drained is not None:
            self._drained()

    @property
    def left(self) -> bool:
        """Whether the reader has gone."""
        return self._left

    async def read(self, n: int = -1) -> bytes:
        """Up to ``n`` bytes, or all until the end when negative; empty at the end.

        Raises
        ------
        MemoryError
            When an unbounded read passes `MAX_WHOLE`.
        """
        if n < 0:
            parts: list[bytes] = []
            total = 0
            while part := await self.read(HIGH_WATER):
                parts.append(part)
                total += len(part)
                if total > MAX_WHOLE:
                    raise MemoryError(f"more than {MAX_WHOLE} bytes to read at once")
            return b"".join(parts)
        if n == 0:
            return b""
        while not self._chunks:
            if self._ended:
                return b""
            await self._wait()
        first = self._chunks[0]
        if len(first) <= n:
            self._chunks.popleft()
            self._taken(len(first))
            return first if isinstance(first, bytes) else bytes(first)
        view = memoryview(first)
        self._chunks[0] = view[n:]
        self._taken(n)
        return bytes(view[:n])

    async def readexactly(self, n: int) -> bytes:
        """Exactly ``n`` bytes.

        Raises
        ------
        asyncio.IncompleteReadError
            When the stream ends before.
        """
        first = await self.read(n)
        if len(first) == n:
            return first
        parts = [first]
        missing = n - len(first)
        while missing:
            part = await self.read(missing)
            if not part:
                raise asyncio.IncompleteReadError(b"".join(parts), n)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Bytes up to and with ``separator``.

        Raises
        ------
        asyncio.IncompleteReadError
            When the stream ends before; ``partial`` has the rest.
        asyncio.LimitOverrunError
            When `HIGH_WATER` bytes hold no separator.
        """
        found = bytearray()
        while (at := found.find(separator)) < 0:
            if len(found) > HIGH_WATER:
                raise asyncio.LimitOverrunError("the separator is not found", len(found))
            part = await self.read(4096)
            if not part:
                raise asyncio.IncompleteReadError(bytes(found), None)
            found += part
        self._put_back(found[at + len(separator) :])
        return bytes(found[: at + len(separator)])

    async def readline(self) -> bytes:
        """One line with its newline; what is left at the end; empty after that."""
        try:
            return await self.readuntil(b"\n")
        except asyncio.IncompleteReadError as stop:
            return stop.partial

    def _put_back(self, data: bytearray) -> None:
        if data:
            self._chunks.appendleft(data)
            self._size += len(data)

    def _taken(self, n: int) -> None:
        was_full = self.full
        self._size -= n
        if was_full and not self.full and self._drained is not None:
            self._drained()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _wait(self) -> None:
        if self._wake is not None and not self._wake.done():
            raise RuntimeError("a stream has one reader at a time")
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        finally:
            self._wake = None


class Pipe(Inbox):
    """A bounded pipe: both a Reader and a Writer."""

    def __init__(self) -> None:
        super().__init__(self._resume)
        self._room = asyncio.Event()
        self._room.set()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand on ``data`` and wait while the reader lags.

        Raises
        ------
        BrokenPipeError
            When the reader has gone or the pipe was closed.
        """
        if self.ended:
            raise BrokenPipeError
        self.feed(bytes(data))
        if self.full:
            self._room.clear()
            await self._room.wait()
            if self.left:
                raise BrokenPipeError

    def close(self) -> None:
        """End of the stream for the reader."""
        self.end()

    def _resume(self) -> None:
        self._room.set()


class Sink:
    """A Writer that keeps everything, up to a bound."""

    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep ``data``.

        Raises
        ------
        MemoryError
            Beyond `MAX_WHOLE`.
        """
        if len(self.data) + len(data) > MAX_WHOLE:
            raise MemoryError(f"more than {MAX_WHOLE} bytes of output to keep")
        self.data += data


class Null:
    """``/dev/null`` as a Reader and a Writer."""

    async def read(self, n: int = -1) -> bytes:
        """Nothing."""
        return b""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Forget ``data``, and let others run."""
        await asyncio.sleep(0)


class Source(Inbox):
    """A Reader of bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.feed(data)
        self.end()
