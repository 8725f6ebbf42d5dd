"""scrcpy's video socket taken apart: bytes in, packets out, in the framing of version 3 or 4.

Source: ``app/src/demuxer.c`` and ``Streamer.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_PACKET = 16 << 20
"""Bytes of one packet; a key frame of a large screen is a tenth of it."""

MAX_SIDE = 16384
_PREFACE = 1 + 64  # the dummy byte and the device's name
_H264 = 0x68323634
_CODEC = struct.Struct(">I")
_SIZE = struct.Struct(">II")
_HEADER = struct.Struct(">QI")
_START_CODES = (b"\0\0\1", b"\0\0\0\1")
_SESSION = 1 << 63


class _Flags(NamedTuple):
    config: int
    key: int


_FLAGS = {3: _Flags(1 << 63, 1 << 62), 4: _Flags(1 << 62, 1 << 61)}


class StreamBroken(Exception):
    """The stream cannot go on; the text says why."""


class Packet(NamedTuple):
    """A piece of H.264 in Annex B.

    Attributes
    ----------
    data : bytes
        SPS and PPS where `config`, else one picture.
    pts : int
        When the picture was shown, microseconds of the device's clock.
    config, key : bool
        Whether it configures the decoder, and whether it can be decoded without those before.
    """

    data: bytes
    pts: int
    config: bool
    key: bool


class Demuxer:
    """Takes the stream of one session apart.

    Parameters
    ----------
    major
        First number of the server's version: 3 or 4.

    Attributes
    ----------
    device_name : str
        As the device calls itself; empty until it is told.
    size : tuple or None
        Pixels of the video as the server tells them; version 3 tells them once, not again on rotation.
    """

    def __init__(self, major: int) -> None:
        self.device_name = ""
        self.size: tuple[int, int] | None = None
        self._flags = _FLAGS[major]
        self._sessions = major >= 4
        self._begun = False
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether a part of a packet has come, and the rest has not."""
        return self._begun and bool(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> list[Packet]:
        """Take bytes as they come, and return the packets that are whole by now.

        Raises
        ------
        StreamBroken
            When they are not what a server sends, or tell that there is no video.
        """
        self._buffer += data
        return list(self._packets())

    def _packets(self) -> Iterator[Packet]:
        if not self._begun and not self._begin():
            return
        while len(self._buffer) >= _HEADER.size:
            head, length = _HEADER.unpack_from(self._buffer)
            if self._sessions and head & _SESSION:
                self._resize(4)
                del self._buffer[: _HEADER.size]
                continue
            pts = head & ~(self._flags.config | self._flags.key)
            if not 0 < length <= MAX_PACKET or pts >> 60:
                raise StreamBroken(f"a packet claims {length} bytes at {pts}")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            data = bytes(memoryview(self._buffer)[_HEADER.size : end])
            del self._buffer[:end]
            if not data.startswith(_START_CODES):
                raise StreamBroken(f"a packet begins with {data[:4].hex()}, which is no H.264")
            yield Packet(data, pts, bool(head & self._flags.config), bool(head & self._flags.key))

    def _begin(self) -> bool:
        """Read what comes once; False while it has not come whole."""
        length = _PREFACE + _CODEC.size + (0 if self._sessions else _SIZE.size)
        if len(self._buffer) < length:
            return False
        self.device_name = bytes(self._buffer[1:_PREFACE]).rstrip(b"\0").decode(errors="replace")
        (codec,) = _CODEC.unpack_from(self._buffer, _PREFACE)
        if codec != _H264:
            told = {0: "the device gives no video", 1: "the device could not configure its encoder"}
            raise StreamBroken(told.get(codec, f"the video is {codec:#x}, not H.264"))
        if not self._sessions:
            self._resize(_PREFACE + _CODEC.size)
        del self._buffer[:length]
        self._begun = True
        return True

    def _resize(self, at: int) -> None:
        width, height = _SIZE.unpack_from(self._buffer, at)
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise StreamBroken(f"the video is {width}x{height} pixels")
        self.size = width, height
