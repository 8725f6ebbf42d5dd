"""Frames as JPEG, scaled and coded where they lie, for half of what Pillow takes.

Needs PyAV and simplejpeg, an optional part (the extra ``video``).
"""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
import simplejpeg
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

_ORDERS = {layout: order for order, layout in RAW_FORMATS.items()}


def frame_over(data: bytes | bytearray, start: int, size: tuple[int, int], raw_format: str) -> av.VideoFrame:
    """Return raw pixels of four bytes each as a frame, over the buffer itself."""
    pixels = np.frombuffer(data, np.uint8, offset=start).reshape(size[1], size[0], 4)
    return av.VideoFrame.from_numpy_buffer(pixels, RAW_FORMATS[raw_format])


class Scaler:
    """Scales and encodes the pictures of one stream; what is prepared for a size is kept for the next."""

    def __init__(self) -> None:
        self._reformatters: dict[str, VideoReformatter] = {}

    def jpeg(self, frame: av.VideoFrame, quality: Quality) -> Jpeg:
        """Encode a picture.

        A video's goes by way of RGB, as does a screen's in its full size: from YUV to the YUV of JPEG FFmpeg
        takes several times as long. A screen's that is made smaller goes straight into YUV.
        """
        size = reduced(quality, (frame.width, frame.height))
        raw = frame.format.is_rgb
        if raw and size != (frame.width, frame.height):
            planes = self._yuv(frame, quality, size)
            data = simplejpeg.encode_jpeg_yuv_planes(*planes, quality=PRESETS[quality].jpeg_quality)
        else:
            pixels = frame if raw else self._rgb(frame, quality, size)
            data = simplejpeg.encode_jpeg(
                np.ascontiguousarray(_array(pixels.planes[0], 4)),
                quality=PRESETS[quality].jpeg_quality,
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

    def _yuv(self, frame: av.VideoFrame, use: str, size: tuple[int, int]) -> list[_Bytes]:
        planes = self._scaled(
            frame,
            use,
            size,
            "yuv420p",
            dst_colorspace=Colorspace.ITU601,  # JFIF knows no other
            dst_color_range=ColorRange.JPEG,
            interpolation=_AVERAGED,
        )
        return [_array(plane) for plane in planes.planes]

    def _scaled(
        self, frame: av.VideoFrame, use: str, size: tuple[int, int], layout: str, **how: Any
    ) -> av.VideoFrame:
        """Each use has a reformatter of its own, which remembers one scaling.

        More threads than one would cost more in all, and stay as long as the scaler.
        """
        reformatter = self._reformatters.setdefault(use, VideoReformatter())
        return reformatter.reformat(frame, *size, layout, threads=1, **how)


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
