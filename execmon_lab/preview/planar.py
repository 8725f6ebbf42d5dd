"""Pictures as JPEG by way of YUV planes: scaled and coded in one go each, for half of what Pillow takes.

Needs PyAV and simplejpeg, an optional part (the extra ``video``).
"""

from __future__ import annotations

from typing import cast

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


def frame_over(data: bytes | bytearray, start: int, size: tuple[int, int], raw_format: str) -> av.VideoFrame:
    """Return raw pixels of four bytes each as a frame, over the buffer itself."""
    pixels = np.frombuffer(data, np.uint8, offset=start).reshape(size[1], size[0], 4)
    return av.VideoFrame.from_numpy_buffer(pixels, RAW_FORMATS[raw_format])


class Scaler:
    """Scales and encodes the pictures of one stream; what is prepared for a size is kept for the next."""

    def __init__(self) -> None:
        self._reformatters: dict[str, VideoReformatter] = {}

    def jpeg(self, frame: av.VideoFrame, quality: Quality) -> Jpeg:
        """Encode a picture."""
        width, height = reduced(quality, (frame.width, frame.height))
        planes = self._reformatter(quality).reformat(
            frame,
            width,
            height,
            "yuv420p",
            dst_colorspace=Colorspace.ITU601,  # JFIF knows no other
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA,
        )
        y, u, v = (_array(plane) for plane in planes.planes)
        data: bytes = simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=PRESETS[quality].jpeg_quality)
        return Jpeg(data, width, height)

    def image(self, frame: av.VideoFrame) -> Image.Image:
        """Return a picture in mode RGBX, over memory of its own."""
        pixels = self._reformatter("image").reformat(frame, format="rgba", interpolation="BILINEAR")
        plane = pixels.planes[0]
        size = frame.width, frame.height
        data = cast(bytes, memoryview(plane))
        return Image.frombuffer("RGBX", size, data, "raw", "RGBX", plane.line_size, 1)

    def grid(self, frame: av.VideoFrame) -> bytes:
        """Return the brightness of `GRID` by `GRID` points of a picture, a byte each."""
        points = self._reformatter("grid").reformat(
            frame, GRID, GRID, "gray", interpolation=Interpolation.POINT
        )
        return _array(points.planes[0]).tobytes()

    def _reformatter(self, use: str) -> VideoReformatter:
        """Each remembers one scaling, so that each quality has its own."""
        return self._reformatters.setdefault(use, VideoReformatter())


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


def _array(plane: VideoPlane) -> _Bytes:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
