"""A client in a process of its own, which waits in one stage of its life to be killed.

Run with an address and the name of a stage; it says ``ready`` once it is there. It knows nothing but sockets,
so that it starts fast.
"""

import json
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

STAGES = (
    "connected",
    "half a handshake",
    "greeted",
    "subscribed",
    "viewing",
    "reading nothing",
    "not acknowledging",
    "half a frame",
    "half a message",
    "closing",
)


def frame(first: int, payload: bytes) -> bytes:
    """Make a short frame, masked with zeros."""
    return struct.pack("!BB", first, 0x80 | len(payload)) + bytes(4) + payload


def handshake(url: str) -> bytes:
    """Make a whole request for an upgrade."""
    parts = urlsplit(url)
    return (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


class Victim:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def say(self, **message: str) -> None:
        self.send(frame(0x81, json.dumps(message).encode()))

    def greet(self) -> None:
        self.send(handshake(self._url))
        while self._file.readline() != b"\r\n":
            pass
        self.until("execution_state")

    def until(self, kind: str) -> None:
        while True:
            opcode, length = self._file.read(2)
            if length >= 126:
                length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
            payload = self._file.read(length)
            if opcode & 0x0F == 1 and json.loads(payload)["type"] == kind:
                return


def main(url: str, stage: str, device: str) -> None:
    victim = Victim(url)
    if stage == "half a handshake":
        victim.send(handshake(url)[:60])
    elif stage != "connected":
        victim.greet()
    match stage:
        case "subscribed":
            victim.say(type="subscribe_device", device_id=device)
            victim.until("device_status")
        case "viewing":
            victim.say(type="start_preview", device_id=device)
            victim.until("preview_frame")
        case "reading nothing":
            victim.say(type="start_preview", device_id=device)
        case "not acknowledging":
            print("greeted", flush=True)
            victim.until("step_completed")
        case "half a frame":
            victim.send(frame(0x81, b'{"type": "subscribe_device"')[:9])
        case "half a message":
            victim.send(frame(0x01, b'{"type": "subscribe_device"'))
        case "closing":
            victim.send(frame(0x88, b"\x03\xe8"))
    print("ready", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
