"""A WebSocket connection on an asyncio transport: a thin shell around the Sans-I/O layer of `websockets`."""

import asyncio
import contextlib
import logging
import os
import socket
import struct
import sys
from typing import cast

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from .settings import Settings

# What a ping of ours carries, and the pong that answers it: head, mask, payload (RFC 6455, section 5.2).
_NUMBER = struct.Struct("!I")
_PONG = struct.Struct("!HII")
_PONG_HEAD = 0x8A80 | _NUMBER.size

_NO_FD = -1
"""In place of a socket's number where only the transport may write to it; to write to it fails."""

PONG_SIZE = _PONG.size
"""Bytes of the pong that answers a ping of ours."""

# Requests carry tokens; the library's log of what passes on the wire is therefore switched off.
_silent = logging.getLogger(f"{__name__}.silent")
_silent.disabled = True


class Wire(asyncio.BufferedProtocol):
    """Handshake, messages, pings and the closing handshake; what they mean is the subclass's.

    Parameters
    ----------
    settings
        Sizes and deadlines.
    loop
        The loop that the transport belongs to.
    buffer
        Where the kernel puts what arrives; all connections share it, since each takes its data at once.
    """

    transport: asyncio.Transport

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self.settings = settings
        self.loop = loop
        self.ready = False
        """True while messages may be sent, and the kernel has taken all that were."""
        self.active = False
        """Set when a message passes in either direction."""
        self._writable = True
        self._alive = False
        self._fd = _NO_FD
        self._wire = ServerProtocol(max_size=settings.message_bytes, logger=_silent)
        self._buffer = buffer
        self._whole = False
        self._fragments: list[bytes] | None = None
        self._fragments_opcode = Opcode.TEXT
        self._closing: asyncio.TimerHandle | None = None

    # What the subclass makes of it

    def on_request(self, request: Request) -> str | None:
        """Answer a handshake; a text refuses it with 403."""
        raise NotImplementedError

    def on_open(self) -> None:
        """Begin: the handshake is done."""
        raise NotImplementedError

    def on_message(self, payload: bytes, *, text: bool) -> None:
        """Take a whole message."""
        raise NotImplementedError

    def on_ping(self) -> None:
        """Note a ping; the answer has been sent."""
        raise NotImplementedError

    def on_pong(self, number: int) -> None:
        """Take the answer to the ping of a number; -1 for one that answers no ping of ours."""
        raise NotImplementedError

    def on_writable(self) -> None:
        """Go on writing."""
        raise NotImplementedError

    def on_lost(self) -> None:
        """Clear up: the connection is gone."""
        raise NotImplementedError

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin on a transport whose first bytes `data_received` will be given."""
        self.transport = cast(asyncio.Transport, transport)
        # Zero: "writable" then means that the kernel took everything, and what waits, waits in the outbox.
        self.transport.set_write_buffer_limits(high=0)
        sock = self.transport.get_extra_info("socket")
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, self.settings.unsent_bytes)
        if isinstance(self.loop, asyncio.SelectorEventLoop) and sys.platform != "win32":
            self._fd = sock.fileno()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where the next data goes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has arrived."""
        if nbytes == PONG_SIZE and self._whole and self._alive:
            # Preview frames are answered so: a tenth of the cost of going through the parser.
            number = pong_number(self._buffer)
            if number >= 0:
                self.on_pong(number)
                return
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Feed the protocol, send what it answers, and hand on what it read."""
        if self._whole:
            self._whole = ends_whole(data)
        self._wire.receive_data(data)
        events = self._wire.events_received()
        self._send_answers()
        for event in events:
            if isinstance(event, Frame):
                self._take_frame(event)
            elif isinstance(event, Request):
                self._take_request(event)
                self._whole = self.is_open and data.find(b"\r\n\r\n") == len(data) - 4

    def eof_received(self) -> bool:
        """Answer the end of the client's stream; the transport then closes itself."""
        self._wire.receive_eof()
        self._send_answers()
        return False

    def pause_writing(self) -> None:
        """Note that the kernel is full."""
        self._writable = False
        self._look()

    def resume_writing(self) -> None:
        """Note that the kernel took everything."""
        self._writable = True
        self._look()
        self.on_writable()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the transport is gone."""
        self._look()
        if self._closing is not None:
            self._closing.cancel()
        self.on_lost()

    # What the subclass may do

    @property
    def is_open(self) -> bool:
        """True while messages may be sent."""
        return self._alive and not self.transport.is_closing()

    def write(self, frames: bytes | memoryview, file: int | None = None) -> bool:
        """Send ready-made frames if the kernel took everything before them; tell whether it was so.

        Parameters
        ----------
        frames
            What to send.
        file
            A file that begins with the same bytes: the kernel then refers to its pages, and copies nothing.
        """
        if not self.ready:
            return False
        self.active = True
        out, size = self._fd, len(frames)
        # The transport holds nothing back while `ready`, and what it adds to a write can be done without.
        try:
            sent = os.write(out, frames) if file is None else os.sendfile(out, file, 0, size)
        except OSError:
            sent = 0  # The transport meets the same, and knows what follows from it.
        if sent < size:
            self.transport.write(memoryview(frames)[sent:])
            self._look()
        return True

    def write_frame(self, frame: bytes) -> None:
        """Send a ready-made frame, behind what the kernel has not taken yet."""
        if not self.write(frame):
            self.transport.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; doing so twice is no error."""
        with contextlib.suppress(InvalidState):
            self._wire.send_close(code, reason)
        self._send_answers()

    def abort(self) -> None:
        """Drop the connection at once, with whatever waits to be written."""
        self.transport.abort()
        self._look()

    def _look(self) -> None:
        self.ready = self._writable and self.is_open

    def _send_answers(self) -> None:
        self._alive = self._wire.state is State.OPEN
        self._look()
        for data in self._wire.data_to_send():
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                self.transport.write_eof()
        if self._closing is None and self._wire.close_expected():
            self._closing = self.loop.call_later(self.settings.close_seconds, self.abort)

    def _take_request(self, request: Request) -> None:
        refusal = self.on_request(request)
        wire = self._wire
        response = wire.accept(request) if refusal is None else wire.reject(403, refusal + "\n")
        self._wire.send_response(response)
        self._send_answers()
        if self._wire.state is State.OPEN:
            self.on_open()

    def _take_frame(self, frame: Frame) -> None:
        if not self.is_open:
            return
        match frame.opcode:
            case Opcode.PING:
                self.on_ping()
            case Opcode.PONG:
                whole = len(frame.data) == _NUMBER.size
                self.on_pong(_NUMBER.unpack(frame.data)[0] if whole else -1)
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self.on_message(bytes(frame.data), text=frame.opcode is Opcode.TEXT)
            case Opcode.TEXT | Opcode.BINARY:
                self._fragments, self._fragments_opcode = [bytes(frame.data)], frame.opcode
            case Opcode.CONT if self._fragments is not None:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    payload, self._fragments = b"".join(self._fragments), None
                    self.on_message(payload, text=self._fragments_opcode is Opcode.TEXT)


def ping_frame(number: int) -> bytes:
    """Frame a ping as a server sends it; its pong brings back the number."""
    return Frame(Opcode.PING, _NUMBER.pack(number)).serialize(mask=False)


def pong_number(data: bytes | memoryview) -> int:
    """Return the number in a frame of `PONG_SIZE` bytes; -1 if it is no pong that answers a ping of ours."""
    head, mask, payload = _PONG.unpack_from(data)
    return payload ^ mask if head == _PONG_HEAD else -1


def ends_whole(data: bytes) -> bool:
    """Tell whether data that begins with a frame ends with the end of one."""
    at, end = 0, len(data)
    while at < end:
        length = data[at + 1] & 0x7F if at + 1 < end else end
        size = 2 if length == 126 else 8 if length == 127 else 0
        if size:
            length = int.from_bytes(data[at + 2 : at + 2 + size], "big")
        masked = 4 if at + 1 < end and data[at + 1] & 0x80 else 0
        at += 2 + size + masked + length
    return at == end
