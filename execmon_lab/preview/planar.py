"""Frames as JPEG, scaled and coded where they lie, for half of what Pillow takes.

Needs PyAV and simplejpeg, an optional part (the extra ``video``).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import simplejpeg
from av.filter import Graph
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

from ..protocol import Quality
from .encode import GRID, PRESETS, Jpeg, is_dark, reduced

_Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

RAW_FORMATS = {"RGBX": "rgba", "BGRX": "bgra"}
"""Pillow's names of pixel layouts that can be scaled from where they lie, and FFmpeg's."""

_AVERAGED = Interpolation.AREA.value | 0x4000 | 0x10000
"""How a screen is made smaller: all of its pixels count for the brightness, every other row for the colour,
whose samples are a fourth of the screen's anyway (FFmpeg's ``SWS_FULL_CHR_H_INP`` and one line of
``SWS_SRC_V_CHR_DROP``). Left to itself FFmpeg takes every other column, by a way that costs twice as much."""

_JFIF = {"dst_colorspace": Colorspace.ITU601, "dst_color_range": ColorRange.JPEG}
"""The only YUV of a JPEG (ITU-T T.871, 6.3)."""

_ORDERS = {layout: order for order, layout in RAW_FORMATS.items()}


def frame_over(data: bytes | bytearray, start: int, size: tuple[int, int], raw_format: str) -> av.VideoFrame:
    """Return raw pixels of four bytes each as a frame, over the buffer itself."""
    pixels = np.frombuffer(data, np.uint8, offset=start).reshape(size[1], size[0], 4)
    return av.VideoFrame.from_numpy_buffer(pixels, RAW_FORMATS[raw_format])


class Scaler:
    """Scales and encodes the pictures of one stream; what is prepared for a size is kept for the next."""

    def __init__(self) -> None:
        self._reformatters: dict[str, VideoReformatter] = {}
        self._recoders: dict[Quality, _Recoder] = {}

    def jpeg(self, frame: av.VideoFrame, quality: Quality) -> Jpeg:
        """Encode a picture.

        A video's stays YUV all the way; a screen's becomes it while it is made smaller. In its full size that
        is left to the encoder, as FFmpeg takes several times as long for it.
        """
        size = reduced(quality, (frame.width, frame.height))
        wanted = PRESETS[quality].jpeg_quality
        planes = self._planes(frame, quality, size)
        if planes is not None:
            return Jpeg(simplejpeg.encode_jpeg_yuv_planes(*planes, quality=wanted), *size)
        pixels = frame if frame.format.name in _ORDERS else self._rgb(frame, quality, size)
        data = simplejpeg.encode_jpeg(
            np.ascontiguousarray(_array(pixels.planes[0], 4)),
            quality=wanted,
            colorspace=_ORDERS[pixels.format.name],
            colorsubsampling="420",
        )
        return Jpeg(data, *size)

    def image(self, frame: av.VideoFrame) -> Image.Image:
        """Return a picture in mode RGBX, over memory of its own."""
        size = frame.width, frame.height
        plane = self._rgb(frame, "image", size).planes[0]
        data = cast(bytes, memoryview(plane))
        return Image.frombuffer("RGBX", size, data, "raw", "RGBX", plane.line_size, 1)

    def grid(self, frame: av.VideoFrame) -> bytes:
        """Return the brightness of `GRID` by `GRID` points of a picture, a byte each."""
        points = self._scaled(frame, "grid", (GRID, GRID), "gray", interpolation=Interpolation.POINT)
        return _array(points.planes[0]).tobytes()

    def _rgb(self, frame: av.VideoFrame, use: str, size: tuple[int, int]) -> av.VideoFrame:
        return self._scaled(frame, use, size, "rgba", interpolation=Interpolation.AREA)

    def _planes(self, frame: av.VideoFrame, quality: Quality, size: tuple[int, int]) -> list[_Bytes] | None:
        """Return a picture as JPEG has it; None where that is better left to the encoder."""
        whole = size == (frame.width, frame.height)
        if frame.format.is_rgb:
            yuv = None if whole else self._yuv(frame, quality, size, **_JFIF)
        elif not _Recoder.can_take(frame, size):
            yuv = None
        else:
            smaller = frame if whole else self._yuv(frame, quality, size)
            recoder = self._recoders.get(quality)
            if recoder is None or not recoder.takes(smaller):
                recoder = self._recoders[quality] = _Recoder(smaller)
            yuv = recoder.recoded(smaller)
        return None if yuv is None else [_array(plane) for plane in yuv.planes]

    def _yuv(self, frame: av.VideoFrame, use: str, size: tuple[int, int], **how: Any) -> av.VideoFrame:
        return self._scaled(frame, use, size, "yuv420p", interpolation=_AVERAGED, **how)

    def _scaled(
        self, frame: av.VideoFrame, use: str, size: tuple[int, int], layout: str, **how: Any
    ) -> av.VideoFrame:
        """Each use has a reformatter of its own, which remembers one scaling.

        More threads than one would cost more in all, and stay as long as the scaler.
        """
        reformatter = self._reformatters.setdefault(use, VideoReformatter())
        return reformatter.reformat(frame, *size, layout, threads=1, **how)


_RECODED = ("yuv420p", "yuvj420p")
_MATRICES = {1: "bt709", 2: "bt470bg", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc"}
"""The filter's names for those of ITU-T H.264, table E-5; none told (2) is taken as by FFmpeg's scaler."""


class _Recoder:
    """Makes a video's YUV that of JPEG, by FFmpeg's filter ``colorspace``: a fourth of what its scaler takes.

    Parameters
    ----------
    frame
        One of those that are to come.
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        self._properties = _properties(frame)
        matrix = _MATRICES[frame.colorspace]
        limits = "pc" if frame.color_range == ColorRange.JPEG else "tv"
        self._graph = Graph()
        self._graph.threads = 1
        self._graph.link_nodes(
            self._graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
            ),
            self._graph.add(
                "colorspace",
                # Fast: what colours the primaries are is left as it is, as everywhere in the preview.
                f"iall=bt709:ispace={matrix}:irange={limits}:all=bt709:space=bt470bg:range=pc:fast=1",
            ),
            self._graph.add("buffersink"),
        ).configure()

    @staticmethod
    def can_take(frame: av.VideoFrame, size: tuple[int, int]) -> bool:
        """Tell whether there can be one for a frame, brought to a size; the filter needs even sides."""
        even = not any(side % 2 for side in size)
        return even and frame.format.name in _RECODED and frame.colorspace in _MATRICES

    def takes(self, frame: av.VideoFrame) -> bool:
        """Tell whether a frame is of the kind that it was made for."""
        return _properties(frame) == self._properties

    def recoded(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return it as JPEG has it, in the same size."""
        self._graph.vpush(frame)
        return self._graph.vpull()


def _properties(frame: av.VideoFrame) -> tuple[object, ...]:
    return frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range


class FramePicture:
    """A picture that is a video's frame."""

    def __init__(self, frame: av.VideoFrame, scaler: Scaler) -> None:
        self._frame = frame
        self._scaler = scaler

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self._frame.width, self._frame.height

    def image(self) -> Image.Image:
        """Return it for Pillow; mode RGBX."""
        return self._scaler.image(self._frame)

    def is_dark(self) -> bool:
        """Tell whether it is black."""
        return is_dark(self._scaler.grid(self._frame))

    def jpeg(self, quality: Quality) -> Jpeg:
        """Encode it."""
        return self._scaler.jpeg(self._frame, quality)


def _array(plane: VideoPlane, channels: int = 1) -> _Bytes:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    pixels = rows[:, : plane.width * channels]
    return pixels if channels == 1 else pixels.reshape(plane.height, plane.width, channels)
