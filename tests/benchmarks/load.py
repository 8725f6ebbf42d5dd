"""A cheap WebSocket load: many consumers in one epoll loop that parses frame headers and discards the rest.

Pings are answered, as every conforming client does. What a benchmark wants to read (a frame's stamp, a whole
small message) is handed on; everything else is only counted.
"""

import base64
import json
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

BIG = 100_000
"""Messages of so many bytes are preview frames."""

_BUFFER = 512 * 1024
_PREFIX = 128
_PACE = 0.02
_GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_CLOSE, _PING = 8, 9


class Reader:
    """One consumer.

    Parameters
    ----------
    port, path
        Where to connect.
    on_frame
        Given the first bytes of every preview frame, and when its last byte came (monotonic, nanoseconds).
    on_small
        Given every other message, whole.
    bytes_per_second
        Reads no faster; with a small receive buffer, as a slow network has.
    deflate
        Offers compression, as every browser does; what comes compressed is only counted.
    """

    def __init__(
        self,
        port: int,
        path: str = "/",
        *,
        on_frame: Callable[[bytes, int], None] | None = None,
        on_small: Callable[[bytes], None] | None = None,
        bytes_per_second: int | None = None,
        deflate: bool = False,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self.frames = 0
        self.small = 0
        self.open = True
        self._on_frame = on_frame
        self._on_small = on_small
        self._left = 0
        self._big = False
        self._prefix = b""
        self._pending = b""
        self._paced_at = time.monotonic()
        self.socket = socket.socket()
        if bytes_per_second is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self._handshake(port, path, deflate)
        self.socket.setblocking(False)

    def say(self, **message: object) -> None:
        """Send a JSON message."""
        self._send(0x81, json.dumps(message).encode())

    def read(self, buffer: memoryview, most: int = _BUFFER) -> int:
        """Take what the socket holds, up to `most` bytes; returns how many there were."""
        kept = len(self._pending)
        buffer[:kept] = self._pending
        try:
            count = self.socket.recv_into(buffer[kept:], min(most, len(buffer) - kept))
        except BlockingIOError:
            return 0
        except ConnectionError:
            count = 0
        if count == 0:
            self.open = False
            return 0
        self._parse(buffer, kept + count)
        return count

    def read_paced(self, buffer: memoryview) -> int:
        """Take as much as the pace allows by now."""
        assert self.bytes_per_second is not None
        now = time.monotonic()
        allowed = int((now - self._paced_at) * self.bytes_per_second)
        if allowed < 1:
            return 0
        # What was not there to be read is not saved up.
        self._paced_at = now
        return self.read(buffer, allowed)

    def _parse(self, buffer: memoryview, end: int) -> None:
        at = 0
        while at < end:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
                at += step
                if not self._left:
                    self._count()
                continue
            begun = self._begin(buffer, at, end)
            if begun is None:
                break
            at = begun
        self._pending = bytes(buffer[at:end])

    def _begin(self, buffer: memoryview, at: int, end: int) -> int | None:
        """Take a header, and what is wanted of its message; None while that is not here yet."""
        if end - at < 2:
            return None
        opcode, length, head = buffer[at] & 15, buffer[at + 1], 2
        if length >= 126:
            head = 4 if length == 126 else 10
            if end - at < head:
                return None
            length = int.from_bytes(buffer[at + 2 : at + head], "big")
        at += head
        whole = opcode >= _CLOSE or (self._on_small is not None and length < BIG)
        wanted = length if whole else min(length, _PREFIX)
        if end - at < wanted:
            return None
        if opcode >= _CLOSE:
            self._control(opcode, bytes(buffer[at : at + length]))
            return at + length
        self._big = length >= BIG
        if self._on_frame is not None or whole:
            self._prefix = bytes(buffer[at : at + wanted])
        self._left = length - wanted
        if not self._left:
            self._count()
        return at + wanted

    def _count(self) -> None:
        if self._big:
            self.frames += 1
            if self._on_frame is not None:
                self._on_frame(self._prefix, time.monotonic_ns())
        else:
            self.small += 1
            if self._on_small is not None:
                self._on_small(self._prefix)

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self._send(0x8A, payload)
        elif opcode == _CLOSE:
            self._send(0x88, payload)

    def _send(self, first: int, payload: bytes) -> None:
        # A mask of zeros is a mask (RFC 6455, section 5.3), and costs the load nothing.
        size = len(payload)
        length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0xFE, size)
        self.socket.send(bytes([first]) + length + bytes(4) + payload)

    def _handshake(self, port: int, path: str, deflate: bool) -> None:
        offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if deflate else ""
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            f"Sec-WebSocket-Version: 13\r\n{offer}\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self.socket.recv(4096)
            if not data:
                raise ConnectionError(f"no handshake from port {port}")
            answer += data
        head, _, self._pending = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())


class Load:
    """All consumers of one server.

    Parameters
    ----------
    nap
        Seconds between two looks at the sockets. Zero reads at once; otherwise the server is not charged with
        waking a consumer that happens to sleep on the same machine.
    """

    def __init__(self, nap: float = 0.0) -> None:
        self.nap = nap
        self.readers: list[Reader] = []
        self._buffer = memoryview(bytearray(_BUFFER))
        self._epoll = select.epoll()
        self._by_number: dict[int, Reader] = {}
        self._paced: list[Reader] = []

    def add(self, reader: Reader) -> Reader:
        """Have a consumer served, by its pace if it has one."""
        self.readers.append(reader)
        if reader.bytes_per_second is None:
            number = reader.socket.fileno()
            self._by_number[number] = reader
            self._epoll.register(number, select.EPOLLIN | _GONE)
        else:
            self._paced.append(reader)
        return reader

    def unpace(self, reader: Reader) -> None:
        """Let a slow consumer read freely."""
        self._paced.remove(reader)
        self.readers.remove(reader)
        reader.bytes_per_second = None
        self.add(reader)

    def stop_reading(self, reader: Reader) -> None:
        """Make a consumer a dead one: connected, and never heard of again."""
        self._epoll.unregister(reader.socket.fileno())
        del self._by_number[reader.socket.fileno()]

    def ask(self, pipe: Connection, order: Any) -> Any:
        """Send the serving process an order, and read until its answer is there."""
        pipe.send(order)
        self._epoll.register(pipe.fileno(), select.EPOLLIN)
        try:
            while not pipe.poll(0):
                self._turn(0.5)
        finally:
            self._epoll.unregister(pipe.fileno())
        answer = pipe.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def settle(self, quiet: float = 0.2, most: float = 20.0) -> None:
        """Read until nothing has come for `quiet` seconds."""
        last = began = time.monotonic()
        while (now := time.monotonic()) - last < quiet and now - began < most:
            if self._turn(quiet / 2):
                last = time.monotonic()

    def close(self) -> None:
        """Leave, all at once."""
        for reader in self.readers:
            reader.socket.close()
        self._epoll.close()

    def _turn(self, timeout: float) -> int:
        if self._paced:
            timeout = min(timeout, _PACE)
        if self.nap:
            time.sleep(self.nap)
            timeout = 0
        count = 0
        for number, _ in self._epoll.poll(timeout):
            reader = self._by_number.get(number)
            if reader is None:
                continue
            count += reader.read(self._buffer)
            if not reader.open:
                self._epoll.unregister(number)
                del self._by_number[number]
        for reader in self._paced:
            count += reader.read_paced(self._buffer)
        return count

    @property
    def frames(self) -> int:
        """Preview frames that came, in all."""
        return sum(reader.frames for reader in self.readers)

    @property
    def small(self) -> int:
        """Other messages that came, in all."""
        return sum(reader.small for reader in self.readers)
