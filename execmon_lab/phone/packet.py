"""The packets of the adb protocol: a header of 24 bytes and a payload.

Source: ``docs/dev/protocol.md`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass

HEADER = struct.Struct("<6I")

CNXN = 0x4E584E43
AUTH = 0x48545541
OPEN = 0x4E45504F
OKAY = 0x59414B4F
WRTE = 0x45545257
CLSE = 0x45534C43
STLS = 0x534C5453
SYNC = 0x434E5953
COMMANDS = frozenset((CNXN, AUTH, OPEN, OKAY, WRTE, CLSE, STLS, SYNC))

VERSION = 0x01000001
"""Our protocol version; from this one on checksums are not checked."""

VERSION_MIN = 0x01000000
MAX_PAYLOAD = 1024 * 1024
MAX_PAYLOAD_V1 = 4096
"""Limit of a payload before the connection is established."""

AUTH_TOKEN, AUTH_SIGNATURE, AUTH_RSAPUBLICKEY = 1, 2, 3

Bytes = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """The peer broke the protocol; the connection must end."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before each payload.

    Attributes
    ----------
    command
        One of the four-letter words, little endian.
    length
        Bytes of payload.
    checksum
        Sum of the payload's bytes; 0 where the peers agreed to leave it out.
    """

    command: int
    arg0: int
    arg1: int
    length: int
    checksum: int

    @property
    def name(self) -> str:
        """The command as text."""
        return self.command.to_bytes(4, "little").decode()


def checksum(payload: Bytes) -> int:
    """Sum of all bytes, modulo 2**32."""
    return sum(payload) & 0xFFFFFFFF


def encode(command: int, arg0: int, arg1: int, payload: Bytes = b"", *, checked: bool = False) -> bytes:
    """A packet's header for this payload; with ``checked`` its checksum is filled in."""
    return header(command, arg0, arg1, len(payload), checksum(payload) if checked else 0)


def header(command: int, arg0: int, arg1: int, length: int, total: int = 0) -> bytes:
    """The 24 bytes that go before a payload of ``length`` bytes."""
    return HEADER.pack(command, arg0, arg1, length, total, command ^ 0xFFFFFFFF)


def decode(data: Bytes, *, limit: int = MAX_PAYLOAD) -> Header:
    """Read a header of exactly 24 bytes.

    Raises
    ------
    ProtocolError
        When the magic is wrong, the command unknown, or the payload longer than ``limit`` bytes.
    """
    command, arg0, arg1, length, total, magic = HEADER.unpack(data)
    if command ^ magic != 0xFFFFFFFF:
        raise ProtocolError(f"wrong magic {magic:08x} for command {command:08x}")
    if command not in COMMANDS:
        raise ProtocolError(f"unknown command {command:08x}")
    if length > limit:
        raise ProtocolError(f"payload of {length} bytes, {limit} are allowed")
    return Header(command, arg0, arg1, length, total)


class PacketSocket:
    """A connected, non-blocking socket that carries packets. It copies large payloads nowhere.

    One task may receive; any number may send.

    Attributes
    ----------
    version
        The lower of both sides' protocol versions; checksums are verified and sent below `VERSION`.
    limit
        Bytes of payload that are accepted.
    """

    def __init__(self, sock: socket.socket, *, stall: float = 60.0) -> None:
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.version = VERSION_MIN
        self.limit = MAX_PAYLOAD_V1
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._stall = stall
        self._buffer = bytearray(64 * 1024)
        self._start = self._end = 0
        self._sending = asyncio.Lock()
        self._rest: asyncio.Task[None] | None = None

    async def receive(self) -> tuple[Header, bytearray] | None:
        """Wait for the next packet: None when the peer closed between two packets.

        Raises
        ------
        ProtocolError
            For what `decode` refuses, a wrong checksum, or an end within a packet.
        TimeoutError
            When a packet that has begun does not go on.
        OSError
            When the connection breaks.
        """
        if self._end == self._start and not await self._fill():
            return None
        async with asyncio.timeout(self._stall):
            while self._end - self._start < HEADER.size:
                if not await self._fill():
                    raise ProtocolError("the connection ended within a header")
            head = decode(self._buffer[self._start : self._start + HEADER.size], limit=self.limit)
            self._start += HEADER.size
            payload = await self._payload(head.length)
        must = self.version < VERSION and (head.checksum or self.limit > MAX_PAYLOAD_V1)
        if must and checksum(payload) != head.checksum:
            raise ProtocolError(f"wrong checksum in {head.name}")
        return head, payload

    async def send(self, command: int, arg0: int, arg1: int, *parts: Bytes) -> None:
        """Send one packet whose payload is the concatenation of ``parts``."""
        total = 0
        if self.version < VERSION:
            total = sum(checksum(part) for part in parts) & 0xFFFFFFFF
        head = header(command, arg0, arg1, sum(map(len, parts)), total)
        await self._sending.acquire()
        try:
            sent = self._sock.sendmsg((head, *parts))
        except BlockingIOError:
            sent = 0
        except OSError:
            self._sending.release()
            raise
        rest = []
        for part in (head, *parts):
            if sent < len(part):
                rest.append(memoryview(part)[sent:])
            sent = max(0, sent - len(part))
        if not rest:
            self._sending.release()
            return
        # Whoever sends may be cancelled, yet the packet must go out whole.
        self._rest = asyncio.create_task(self._send_rest(rest))
        await asyncio.shield(self._rest)

    def close(self) -> None:
        """End the connection; a task inside `receive` must have ended or be cancelled."""
        if self._rest is not None:
            self._rest.cancel()
        self._sock.close()

    async def _send_rest(self, parts: list[memoryview]) -> None:
        try:
            for part in parts:
                await self._loop.sock_sendall(self._sock, part)
        finally:
            self._sending.release()

    async def _payload(self, length: int) -> bytearray:
        payload = bytearray(length)
        have = min(length, self._end - self._start)
        payload[:have] = self._buffer[self._start : self._start + have]
        self._start += have
        view = memoryview(payload)
        while have < length:
            n = await self._loop.sock_recv_into(self._sock, view[have:])
            if not n:
                raise ProtocolError("the connection ended within a payload")
            have += n
        return payload

    async def _fill(self) -> int:
        left = self._end - self._start
        if self._start:
            self._buffer[:left] = self._buffer[self._start : self._end]
            self._start, self._end = 0, left
        n = await self._loop.sock_recv_into(self._sock, memoryview(self._buffer)[left:])
        self._end += n
        return n
