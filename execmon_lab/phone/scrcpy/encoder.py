"""The phone's video encoder: pictures of the screen as H.264 in Annex B, by PyAV."""

from __future__ import annotations

from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

from execmon_lab.phone.scrcpy.framing import Packet
from execmon_lab.phone.scrcpy.options import KEY_SECONDS
from execmon_lab.phone.screen.screen import Frame

BT709 = 1  # ITU-T H.264, table E-5
_MICROSECONDS = Fraction(1, 1_000_000)


class Encoder:
    """Encodes pictures of one size, each into a packet of its own, without delay.

    Parameters
    ----------
    size
        Pixels of the video; pictures of another size are scaled.
    bit_rate
        Bits a second, on average; a second's worth may be spent at once.
    fps
        Frames a second at most; for the rate control.
    key_seconds
        Between key frames that nobody asked for.

    Attributes
    ----------
    config : Packet
        SPS and PPS.
    """

    def __init__(
        self, size: tuple[int, int], bit_rate: int, fps: float, key_seconds: float = KEY_SECONDS
    ) -> None:
        self.size = size
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = _MICROSECONDS
        context.framerate = Fraction(round(fps))
        context.bit_rate = bit_rate
        context.gop_size = max(1, round(key_seconds * fps))
        context.thread_count = 1
        context.color_range = ColorRange.MPEG
        context.colorspace = BT709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.flags |= Flags.global_header  # SPS and PPS apart from the key frame, as Android has them
        rate = str(bit_rate)
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "maxrate": rate,
            "bufsize": rate,
        }
        context.open()
        self._context = context
        self._reformatter = VideoReformatter()
        self.config = Packet(bytes(context.extradata or b""), config=True)

    def encode(self, frame: Frame, pts: int) -> list[Packet]:
        """Encode a picture; `pts` in microseconds, rising."""
        picture = av.VideoFrame.from_bytes(frame.data, frame.width, frame.height, "rgba")
        scaled = (frame.width, frame.height) != self.size
        yuv = self._reformatter.reformat(
            picture,
            *self.size,
            "yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA if scaled else Interpolation.FAST_BILINEAR,
            threads=1,  # more would cost more in all
        )
        yuv.pts, yuv.time_base = pts, _MICROSECONDS
        return [Packet(bytes(out), pts, key=out.is_keyframe) for out in self._context.encode(yuv)]
