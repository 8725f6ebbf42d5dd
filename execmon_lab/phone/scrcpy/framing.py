"""How the server's packets go over the video socket, in version 3 and in version 4.

Source: ``Streamer.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from execmon_lab.phone.scrcpy.options import Options

H264 = 0x68323634
DISABLED = bytes(4)
"""In place of a codec: this stream does not exist, go on without it."""

DEVICE_NAME_LENGTH = 64
SESSION = 1 << 63
_HEADER = struct.Struct(">QI")
_SIZE = struct.Struct(">III")
# (configuration, key frame)
_FLAGS_V3 = (1 << 63, 1 << 62)
_FLAGS_V4 = (1 << 62, 1 << 61)


class Packet(NamedTuple):
    """A piece of the encoder's output; `pts` in microseconds."""

    data: bytes
    pts: int = 0
    config: bool = False
    key: bool = False


def device_name(name: str) -> bytes:
    """Return the field of 64 bytes that opens the first socket; a long name is cut between characters."""
    data = name.encode()[: DEVICE_NAME_LENGTH - 1].decode(errors="ignore").encode()
    return data.ljust(DEVICE_NAME_LENGTH, b"\0")


class Framing:
    """Makes what a client of one version expects on the video socket."""

    def __init__(self, options: Options) -> None:
        self._stream_meta = options.send_stream_meta
        self._frame_meta = options.send_frame_meta
        self._version = options.major
        self._begun = False

    def session(self, size: tuple[int, int]) -> bytes:
        """Return what comes before a stream in a new size: its header at first, then what tells a change."""
        first, self._begun = not self._begun, True
        if not self._stream_meta:
            return b""
        if self._version == 3:
            return _SIZE.pack(H264, *size) if first else b""
        return (H264.to_bytes(4, "big") if first else b"") + _SIZE.pack(SESSION >> 32, *size)

    def packet(self, packet: Packet) -> bytes:
        """Return a packet with its header."""
        if not self._frame_meta:
            return packet.data
        config, key = _FLAGS_V3 if self._version == 3 else _FLAGS_V4
        head = config if packet.config else packet.pts | (key if packet.key else 0)
        return _HEADER.pack(head, len(packet.data)) + packet.data
