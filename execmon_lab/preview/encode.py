"""A picture as JPEG, in the three qualities of the specification ("Request Live Preview")."""

from __future__ import annotations

import io
from functools import cached_property
from importlib.util import find_spec
from typing import NamedTuple, Protocol

import pybase64
from PIL import Image

from ..protocol import Quality


class Preset(NamedTuple):
    """What a quality means.

    Attributes
    ----------
    short_side
        Pixels that the picture's shorter side should come near to; None leaves it as it is.
    jpeg_quality
        Of Pillow's encoder, 1 to 95.
    """

    short_side: int | None
    jpeg_quality: int


PRESETS: dict[Quality, Preset] = {
    "low": Preset(360, 50),
    "medium": Preset(540, 70),
    "high": Preset(None, 80),
}


class Jpeg:
    """An encoded picture, and its text form, which is made when first asked for and then shared.

    Attributes
    ----------
    data : bytes
        The file.
    width, height : int
        In pixels.
    """

    def __init__(self, data: bytes, width: int, height: int) -> None:
        self.data = data
        self.width = width
        self.height = height

    @cached_property
    def data_url(self) -> str:
        """The picture as ``data:image/jpeg;base64,…``."""
        return "data:image/jpeg;base64," + pybase64.b64encode(self.data).decode("ascii")


def reduction(quality: Quality, size: tuple[int, int]) -> int:
    """Return the whole factor by which a picture of `size` is made smaller.

    Whole factors need no resampling, which would cost more than the encoding.
    """
    wanted = PRESETS[quality].short_side
    return 1 if wanted is None else max(1, round(min(size) / wanted))


def reduced(quality: Quality, size: tuple[int, int]) -> tuple[int, int]:
    """Return the size in which a picture of `size` is sent."""
    factor = reduction(quality, size)
    return -(-size[0] // factor), -(-size[1] // factor)


def can_use_planes() -> bool:
    """Whether the quicker way is installed (`planar`), an optional part: the extra ``video``."""
    return find_spec("av") is not None and find_spec("simplejpeg") is not None


GRID = 16
"""Points a side at which a picture is looked at to tell whether it is black."""

_BARS = 2  # rows of them, above and below
_BLACK = 20  # as a video's range has it, with some noise


def is_dark(grid: bytes) -> bool:
    """Tell whether a picture is black, of which these are `GRID` by `GRID` points, a byte each."""
    return max(grid[_BARS * GRID : -_BARS * GRID]) <= _BLACK


class Picture(Protocol):
    """A picture of a screen in its full size, valid until its source gives the next one."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""

    def image(self) -> Image.Image:
        """Return it for Pillow; mode RGB, or RGBX as a screen's pixels come."""

    def is_dark(self) -> bool:
        """Tell whether it is black, but for the bars at its edges."""

    def jpeg(self, quality: Quality) -> Jpeg:
        """Encode it, for ``low``, ``medium`` or ``high``."""


class ImagePicture:
    """A picture that Pillow encodes; the mode is RGB or RGBX, the encoder takes both as they are."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self._image.size

    def image(self) -> Image.Image:
        """Return it."""
        return self._image

    def is_dark(self) -> bool:
        """Tell whether it is black."""
        return is_dark(self._image.resize((GRID, GRID), Image.Resampling.NEAREST).convert("L").tobytes())

    def jpeg(self, quality: Quality) -> Jpeg:
        """Encode it."""
        factor = reduction(quality, self._image.size)
        smaller = self._image.reduce(factor) if factor > 1 else self._image
        file = io.BytesIO()
        smaller.save(file, "JPEG", quality=PRESETS[quality].jpeg_quality)
        return Jpeg(file.getvalue(), *smaller.size)
