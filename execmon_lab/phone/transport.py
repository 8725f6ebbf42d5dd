"""One connection of a host to the phone: handshake, and the streams that share it.

Source: ``docs/dev/protocol.md`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from execmon_lab.phone import packet
from execmon_lab.phone.auth import KeyStore, PublicKey, token
from execmon_lab.phone.packet import Bytes, PacketSocket, ProtocolError
from execmon_lab.phone.pipe import Inbox

logger = logging.getLogger(__name__)

HANDSHAKE = 10.0
"""Seconds a host may take to say the next thing before it is connected."""

PATIENCE = 300.0
"""Seconds a host without an accepted key may stay."""

MAX_STREAMS = 512
"""Streams open at once on one connection."""

MAX_PENDING = 64 * 1024
"""Small writes are gathered up to this size while the host has not acknowledged the one before."""

MAX_SIGNATURES = 64
"""Wrong signatures after which a host is dropped."""


class Refused(Exception):
    """A service does not want to be opened."""


class Stream(Inbox):
    """One service on a connection: a Reader and a Writer with a single write under way.

    Attributes
    ----------
    accepted
        Whether the host has been told that the stream is open.
    """

    def __init__(self, connection: Connection, local: int, remote: int) -> None:
        super().__init__(self._drain)
        self.connection = connection
        self.local = local
        self.remote = remote
        self.accepted = False
        self.closed = asyncio.Event()
        self._owes_okay = False
        self._okay_due = False
        self._ready = asyncio.Event()
        self._pending = bytearray()
        self._flushing = False
        self._flushed = asyncio.Event()

    async def accept(self) -> None:
        """Tell the host that its OPEN succeeded."""
        self.accepted = True
        self._ready.set()
        await self.connection.send(packet.OKAY, self.local, self.remote)

    async def write(self, data: Bytes, *more: Bytes) -> None:
        """Send the concatenation of the arguments, in as few packets as may be.

        Raises
        ------
        BrokenPipeError
            When the stream was closed by either side.
        """
        if self.closed.is_set():
            raise BrokenPipeError
        parts = [part for part in (data, *more) if len(part)]
        total = sum(map(len, parts))
        if (self._flushing or not self._ready.is_set()) and len(self._pending) + total <= MAX_PENDING:
            self._pending += b"".join(parts)
            if not self._flushing:
                self._flushing = True
                self.connection.spawn(self._flush_pending)
            return
        await self.flush()
        limit = self.connection.max_payload
        while parts:
            batch, parts = _split(parts, limit)
            await self._write_now(*batch)

    async def flush(self) -> None:
        """Wait until all gathered writes are on their way."""
        while self._flushing and not self.closed.is_set():
            self._flushed.clear()
            await self._flushed.wait()

    async def drain(self) -> None:
        """Send what is gathered, and wait until the host has it."""
        await self.flush()
        if self.accepted and not self.closed.is_set():
            await self._ready.wait()

    async def close(self) -> None:
        """Drain, then close."""
        await self.drain()
        await self.abort()

    async def abort(self) -> None:
        """Close at once."""
        if not self.closed.is_set():
            self.shut()
            await self.connection.send(packet.CLSE, self.local if self.accepted else 0, self.remote)

    def shut(self) -> None:
        """Everything on our side ends; nothing is sent."""
        self.closed.set()
        self._ready.set()
        self._flushed.set()
        self.end()
        self.connection.streams.pop(self.local, None)

    # What the connection tells

    def on_okay(self, remote: int) -> None:
        """The host has taken our last write, or accepted our OPEN."""
        self.remote = self.remote or remote
        self.accepted = True
        self._ready.set()

    async def on_write(self, payload: bytearray) -> None:
        """The host wrote; it may write again when it has our OKAY."""
        if self._owes_okay:
            logger.warning("stream %d: the host wrote twice without an acknowledgement", self.local)
            await self.abort()
            return
        # What waits is bounded by the high-water mark and one payload.
        self._owes_okay = self.full
        self.feed(payload)
        if not self._owes_okay:
            await self.connection.send(packet.OKAY, self.local, self.remote)

    # Inside

    def _drain(self) -> None:
        if self._owes_okay and not self.closed.is_set():
            self._owes_okay, self._okay_due = False, True
            self.connection.spawn(self._send_okay)

    async def _send_okay(self) -> None:
        if self._okay_due:
            self._okay_due = False
            await self.connection.send(packet.OKAY, self.local, self.remote)

    async def _flush_pending(self) -> None:
        try:
            while self._pending:
                await self._ready.wait()
                batch, self._pending = self._pending, bytearray()
                await self._write_now(batch)
        finally:
            self._flushing = False
            self._flushed.set()

    async def _write_now(self, *parts: Bytes) -> None:
        await self._ready.wait()
        if self.closed.is_set():
            raise BrokenPipeError
        self._ready.clear()
        await self._send_okay()  # some hosts expect it before an answer to what they wrote
        await self.connection.send(packet.WRTE, self.local, self.remote, *parts)


def _split(parts: list[Bytes], limit: int) -> tuple[list[Bytes], list[Bytes]]:
    """The first ``limit`` bytes of ``parts``, and the rest."""
    batch: list[Bytes] = []
    for index, part in enumerate(parts):
        if len(part) > limit:
            view = memoryview(part)
            return [*batch, view[:limit]], [view[limit:], *parts[index + 1 :]]
        batch.append(part)
        limit -= len(part)
        if not limit:
            return batch, parts[index + 1 :]
    return batch, []


class Daemon(Protocol):
    """What a connection needs to know of the phone behind it."""

    secure: bool
    keys: KeyStore

    def banner(self) -> bytes:
        """The payload of CNXN."""
        ...

    async def authorize(self, key: PublicKey) -> bool:
        """Ask the person who holds the phone."""
        ...

    async def serve(self, stream: Stream, service: str) -> None:
        """Run a service to its end; `Refused` when it does not open."""
        ...


class Connection:
    """A host's connection from its first byte to its last."""

    def __init__(self, sock: PacketSocket, daemon: Daemon, name: str) -> None:
        self.name = name
        self.streams: dict[int, Stream] = {}
        self.max_payload = packet.MAX_PAYLOAD_V1
        self.online = False
        self.features: frozenset[str] = frozenset()
        self._sock = sock
        self._daemon = daemon
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until either side closes; a broken protocol is logged and ends the connection."""
        try:
            if await self._handshake():
                await self._serve()
        except ProtocolError as error:
            logger.warning("%s: %s; connection dropped", self.name, error)
        except TimeoutError:
            logger.warning("%s: silent for too long; connection dropped", self.name)
        except OSError as error:
            logger.info("%s: %s", self.name, error)
        finally:
            await self.close()

    async def close(self) -> None:
        """End all streams and services, then the connection."""
        self.online = False
        for stream in list(self.streams.values()):
            stream.shut()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sock.close()

    async def send(self, command: int, arg0: int, arg1: int, *parts: Bytes) -> None:
        """Send a packet; `BrokenPipeError` when the connection is gone."""
        try:
            await self._sock.send(command, arg0, arg1, *parts)
        except OSError as error:
            raise BrokenPipeError(str(error)) from error

    def spawn(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run ``work(*arguments)`` beside the connection; it is cancelled when the connection ends."""
        task = asyncio.create_task(self._quiet(work, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self, service: str) -> Stream:
        """Open a service of the host, such as ``tcp:8000`` for a reverse forward.

        Raises
        ------
        ConnectionRefusedError
            When the host does not open it.
        """
        stream = self._new_stream(0)
        await self.send(packet.OPEN, stream.local, 0, service.encode() + b"\0")
        await stream._ready.wait()
        if stream.closed.is_set():
            raise ConnectionRefusedError(f"the host refused {service}")
        return stream

    # Handshake

    async def _receive(self) -> tuple[packet.Header, bytearray] | None:
        async with asyncio.timeout(HANDSHAKE):
            return await self._sock.receive()

    async def _handshake(self) -> bool:
        received = await self._receive()
        if received is None:
            return False
        head, _banner = received
        if head.command != packet.CNXN:
            raise ProtocolError(f"{head.name} before CNXN")
        self._greet(head, _banner)
        if self._daemon.secure and not await self._authenticate():
            return False
        await self._connected()
        return True

    def _greet(self, head: packet.Header, banner: bytearray) -> None:
        if head.arg0 < packet.VERSION_MIN or head.arg1 < 256:
            raise ProtocolError(f"version {head.arg0:#x} with payloads of {head.arg1} bytes is not supported")
        self._version = min(head.arg0, packet.VERSION)
        self.max_payload = min(head.arg1, packet.MAX_PAYLOAD)
        text = banner.decode(errors="replace").rstrip("\0")
        for entry in text.split("::", 1)[-1].split(";"):
            if entry.startswith("features="):
                self.features = frozenset(entry[9:].split(","))

    async def _connected(self) -> None:
        banner = self._daemon.banner()
        await self.send(packet.CNXN, packet.VERSION, packet.MAX_PAYLOAD, banner)
        self._sock.version = self._version
        self._sock.limit = packet.MAX_PAYLOAD
        self.online = True

    async def _authenticate(self) -> bool:
        """Challenge until a known key signs, or the person accepts a new one."""
        for _ in range(MAX_SIGNATURES):
            challenge = token()
            await self.send(packet.AUTH, packet.AUTH_TOKEN, 0, challenge)
            async with asyncio.timeout(PATIENCE):
                received = await self._sock.receive()
            if received is None:
                return False
            head, payload = received
            if head.command == packet.CNXN:
                self._greet(head, payload)
            elif head.command != packet.AUTH:
                raise ProtocolError(f"{head.name} before the host is authorized")
            elif head.arg0 == packet.AUTH_SIGNATURE:
                key = self._daemon.keys.verify(challenge, payload)
                if key is not None:
                    logger.info("%s: authorized as %s", self.name, key.name)
                    return True
            elif head.arg0 == packet.AUTH_RSAPUBLICKEY:
                accepted = await self._offer(payload)
                if accepted is not None:
                    return accepted
            else:
                raise ProtocolError(f"AUTH of unknown type {head.arg0}")
        raise ProtocolError("too many wrong signatures")

    async def _offer(self, payload: bytearray) -> bool | None:
        """Ask the person about a key: True accepted, False the host left, None refused."""
        try:
            key = PublicKey.parse(payload)
        except ValueError as error:
            raise ProtocolError(str(error)) from None
        asked = asyncio.create_task(self._daemon.authorize(key))
        more = asyncio.create_task(self._sock.receive())
        try:
            await asyncio.wait((asked, more), return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                if more.result() is None:
                    return False
                raise ProtocolError("the host spoke before its key was accepted")
            if not asked.result():
                logger.info("%s: %s was refused", self.name, key.name)
                async with asyncio.timeout(PATIENCE):
                    await more
                return False
            self._daemon.keys.remember(key)
            return True
        finally:
            await _cancel(asked, more)

    # Streams

    async def _serve(self) -> None:
        handlers: dict[int, Callable[[packet.Header, bytearray], Awaitable[None]]] = {
            packet.OPEN: self._on_open,
            packet.OKAY: self._on_okay,
            packet.WRTE: self._on_write,
            packet.CLSE: self._on_close,
        }
        while (received := await self._sock.receive()) is not None:
            head, payload = received
            handler = handlers.get(head.command)
            if handler is None:
                logger.warning("%s: %s ignored", self.name, head.name)
                continue
            await handler(head, payload)

    def _new_stream(self, remote: int) -> Stream:
        self._last += 1
        stream = self.streams[self._last] = Stream(self, self._last, remote)
        return stream

    async def _on_open(self, head: packet.Header, payload: bytearray) -> None:
        service = payload.rstrip(b"\0").decode(errors="surrogateescape")
        if not head.arg0:
            logger.warning("%s: OPEN without a stream id", self.name)
            return
        if len(self.streams) >= MAX_STREAMS:
            logger.warning("%s: more than %d streams; %s refused", self.name, MAX_STREAMS, service[:80])
            await self.send(packet.CLSE, 0, head.arg0)
            return
        self.spawn(self._run_service, self._new_stream(head.arg0), service)

    async def _run_service(self, stream: Stream, service: str) -> None:
        try:
            await self._daemon.serve(stream, service)
            await stream.close()
        except Refused as reason:
            logger.info("%s: %s refused: %s", self.name, service[:80], reason)
        except (BrokenPipeError, asyncio.IncompleteReadError):
            logger.debug("%s: the host left %s", self.name, service[:80])
        finally:
            await stream.abort()

    def _stream(self, head: packet.Header) -> Stream | None:
        stream = self.streams.get(head.arg1)
        if stream is not None and stream.remote in (0, head.arg0):
            return stream
        return None

    async def _on_okay(self, head: packet.Header, payload: bytearray) -> None:
        stream = self._stream(head)
        if stream is not None:
            stream.on_okay(head.arg0)

    async def _on_write(self, head: packet.Header, payload: bytearray) -> None:
        stream = self._stream(head)
        if stream is not None:
            await stream.on_write(payload)
        elif head.arg1 > self._last:
            await self.send(packet.CLSE, 0, head.arg0)

    async def _on_close(self, head: packet.Header, payload: bytearray) -> None:
        stream = self.streams.get(head.arg1)
        # A refused OPEN is answered with the stream id 0.
        if stream is not None and (stream.remote == head.arg0 or not head.arg0 or not stream.remote):
            accepted = stream.accepted
            stream.shut()
            if accepted:
                await self.send(packet.CLSE, stream.local, head.arg0)

    async def _quiet(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run ``work``; what it raises is logged and ends nothing else."""
        try:
            await work(*arguments)
        except BrokenPipeError:
            pass
        except Exception:
            logger.exception("%s: a service failed", self.name)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
