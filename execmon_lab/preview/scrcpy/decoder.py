"""H.264 to pictures, by PyAV."""

from __future__ import annotations

import av
import av.error
from av.codec.context import Flags

from .packets import Packet


class NeedsKey(Exception):
    """What came cannot be decoded; the next key frame can."""


class Decoder:
    """Decodes one stream, a packet a picture, without delay; `config` is what is known of it already."""

    def __init__(self, config: bytes = b"") -> None:
        self._config = config
        self.restart()

    def restart(self) -> None:
        """Forget the pictures so far; the next that can be decoded is a key frame."""
        context = av.CodecContext.create("h264", "r")
        context.thread_count = 1  # more of them hold pictures back
        context.flags |= Flags.low_delay
        self._context = context
        self._lost = True

    def decode(self, packet: Packet) -> av.VideoFrame | None:
        """Decode a packet; None where it holds no picture, or one that leans on pictures that were lost.

        Raises
        ------
        NeedsKey
            When it is damaged; a `restart` has been made.
        """
        if packet.config:
            self._config = packet.data
            return None
        if self._lost and not packet.key:
            return None
        config, self._config = self._config, b""
        try:
            frames = self._context.decode(av.Packet(config + packet.data))
        except av.error.FFmpegError as error:
            self.restart()
            raise NeedsKey(str(error)) from error
        if not frames or frames[-1].is_corrupt:
            self.restart()
            raise NeedsKey("a picture came damaged")
        self._lost = False
        return frames[-1]
