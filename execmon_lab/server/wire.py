"""A WebSocket connection on an asyncio transport: a thin shell around the Sans-I/O layer of `websockets`."""

import asyncio
import contextlib
import logging
import socket
from typing import cast

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from .settings import Settings

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
        self.writable = True
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

    def on_pong(self, payload: bytes) -> None:
        """Take the answer to a ping."""
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
        if sock is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, self.settings.unsent_bytes)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where the next data goes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has arrived."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Feed the protocol, send what it answers, and hand on what it read."""
        if self._whole:
            if is_pong(data) and self.is_open:
                # Every preview frame is answered with one: a tenth of the cost of going through the parser.
                self.on_pong(unmasked(data))
                return
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
        self.writable = False

    def resume_writing(self) -> None:
        """Note that the kernel took everything."""
        self.writable = True
        self.on_writable()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the transport is gone."""
        if self._closing is not None:
            self._closing.cancel()
        self.on_lost()

    # What the subclass may do

    @property
    def is_open(self) -> bool:
        """True while messages may be sent."""
        return self._wire.state is State.OPEN and not self.transport.is_closing()

    def write_frame(self, frame: bytes) -> None:
        """Send a ready-made frame."""
        self.transport.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; doing so twice is no error."""
        with contextlib.suppress(InvalidState):
            self._wire.send_close(code, reason)
        self._send_answers()

    def abort(self) -> None:
        """Drop the connection at once, with whatever waits to be written."""
        self.transport.abort()

    def _send_answers(self) -> None:
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
                self.on_pong(bytes(frame.data))
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self.on_message(bytes(frame.data), text=frame.opcode is Opcode.TEXT)
            case Opcode.TEXT | Opcode.BINARY:
                self._fragments, self._fragments_opcode = [bytes(frame.data)], frame.opcode
            case Opcode.CONT if self._fragments is not None:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    payload, self._fragments = b"".join(self._fragments), None
                    self.on_message(payload, text=self._fragments_opcode is Opcode.TEXT)


def is_pong(data: bytes) -> bool:
    """Tell whether data that begins with a frame is one whole masked pong (RFC 6455, section 5.2)."""
    return len(data) >= 6 and data[0] == 0x8A and data[1] == 0x80 | (len(data) - 6) and len(data) <= 131


def unmasked(pong: bytes) -> bytes:
    """Return the payload of a pong."""
    return bytes(byte ^ pong[2 + (at & 3)] for at, byte in enumerate(pong[6:]))


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
