"""A client that does exactly what a test says: it answers no ping and reads nothing by itself."""

import json
import socket
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from tests.server.conftest import DEADLINE


class RawClient:
    """A WebSocket on a bare socket.

    `answers` says whether a ping that is read is answered. `receive_buffer` in bytes makes a slow network.
    """

    def __init__(self, url: str, *, answers: bool = False, receive_buffer: int | None = None) -> None:
        self.answers = answers
        self.pings: list[bytes] = []
        self.response: Response | None = None
        self.close_code: int | None = None
        self._url = parse_uri(url)
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((self._url.host, self._url.port))
        self._protocol = ClientProtocol(self._url, max_size=None)
        self.messages: list[dict[str, Any]] = []
        """Those that have arrived and were not asked for yet."""
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while self.response is None:
            self._read()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()

    def say(self, **message: object) -> None:
        self.send(json.dumps(message).encode())

    def send(self, payload: bytes, opcode: Opcode = Opcode.TEXT) -> None:
        self.socket.sendall(Frame(opcode, payload).serialize(mask=True))

    def pong(self, payload: bytes) -> None:
        self.send(payload, Opcode.PONG)

    def get(self) -> dict[str, Any]:
        while not self.messages:
            if not self._read():
                raise EOFError
        return self.messages.pop(0)

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.get())["type"] != kind:
            pass
        return message

    def rest(self) -> list[dict[str, Any]]:
        """Everything until the connection ends."""
        messages = []
        try:
            while True:
                messages.append(self.get())
        except (EOFError, ConnectionError):
            return messages

    def rest_until(self, kind: str) -> list[dict[str, Any]]:
        """Everything up to a message of a type, that one included."""
        messages = [self.get()]
        while messages[-1]["type"] != kind:
            messages.append(self.get())
        return messages

    def next_ping(self) -> bytes:
        while not self.pings:
            if not self._read():
                raise EOFError
        return self.pings.pop(0)

    def cut(self) -> None:
        """Vanish without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def _read(self) -> bool:
        data = self.socket.recv(65536)
        if not data:
            return False
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.messages.append(json.loads(bytes(event.data)))
            elif isinstance(event, Frame) and event.opcode is Opcode.PING:
                self.pings.append(bytes(event.data))
                if self.answers:
                    self.pong(bytes(event.data))
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.close_code = int.from_bytes(bytes(event.data)[:2], "big")
                self.send(bytes(event.data), Opcode.CLOSE)
        # Its own answers to pings are thrown away: the test decides.
        self._protocol.data_to_send()
        return True

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self.socket.sendall(data)
