"""Pictures of a recording's H.264, decoded from the key frame before; needs PyAV and simplejpeg."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import av
import av.error

from ...protocol import Quality
from ..encode import Jpeg
from ..planar import Scaler

KEPT_BYTES = 24 << 20
"""Of decoded pictures that are kept: who scrubs goes back and forth by little steps."""


class GroupDecoder:
    """Decodes single pictures, from the key frame before each, or on from the one that was decoded last."""

    def __init__(self) -> None:
        self._scaler = Scaler()
        self._context: av.VideoCodecContext | None = None
        self._decoded: tuple[int, int] | None = None  # number of the key frame and of the last picture
        self._kept: OrderedDict[int, av.VideoFrame] = OrderedDict()
        self._bytes = 0

    def jpeg(
        self,
        numbers: Sequence[int],
        read: Callable[[int], bytes],
        quality: Quality,
        within: float = math.inf,
    ) -> tuple[int, Jpeg] | None:
        """Return the last picture of a group as JPEG, and its place; None when it is damaged.

        Parameters
        ----------
        numbers
            The pictures' numbers, from the key frame on.
        read
            Gives the H.264 of one of them, by its place among the numbers.
        quality
            How large, and how good.
        within
            Seconds after which it is the picture that was reached by then, an earlier one, at most of medium
            quality, where more are left than were decoded; the next call goes on from there.
        """
        kept = self._kept.get(numbers[-1])
        found = self._decode(numbers, read, within) if kept is None else (len(numbers) - 1, kept)
        if found is None:
            return None
        place, frame = found
        hurried = place < len(numbers) - 1 and quality == "high"
        return place, self._scaler.jpeg(frame, "medium" if hurried else quality)

    def _decode(
        self, numbers: Sequence[int], read: Callable[[int], bytes], within: float
    ) -> tuple[int, av.VideoFrame] | None:
        start, deadline = 0, time.monotonic() + within
        if self._decoded is not None and self._decoded[0] == numbers[0] and self._decoded[1] in numbers[:-1]:
            start = numbers.index(self._decoded[1]) + 1
        for place in range(start, len(numbers)):
            frame = self._picture(read(place), key=place == 0)
            if frame is None:
                self._decoded = None
                return None
            self._decoded = numbers[0], numbers[place]
            self._keep(numbers[place], frame)
            left = len(numbers) - 1 - place
            if left == 0 or (left > place - start + 1 and time.monotonic() >= deadline):
                return place, frame
        return None

    def _picture(self, data: bytes, *, key: bool) -> av.VideoFrame | None:
        if key or self._context is None:
            self._context = av.CodecContext.create("h264", "r")
            self._context.thread_count = 1  # more of them hold pictures back
            self._context.flags |= av.codec.context.Flags.low_delay
        try:
            frames = self._context.decode(av.Packet(data))
        except av.error.FFmpegError:
            return None
        return frames[-1] if frames and not frames[-1].is_corrupt else None

    def _keep(self, number: int, frame: av.VideoFrame) -> None:
        self._kept[number] = frame
        self._bytes += _size(frame)
        while self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(frame: av.VideoFrame) -> int:
    return frame.width * frame.height * 3 // 2
