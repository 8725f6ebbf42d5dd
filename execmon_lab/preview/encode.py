"""A picture as JPEG, in the three qualities of the specification ("Request Live Preview")."""

from __future__ import annotations

import io
from functools import cached_property
from typing import NamedTuple

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


def encode(image: Image.Image, quality: Quality) -> Jpeg:
    """Encode a picture.

    Parameters
    ----------
    image
        Mode RGB, or RGBX as a screen's pixels come; it is not converted first, the encoder takes both.
    quality
        ``low``, ``medium`` or ``high``.
    """
    factor = reduction(quality, image.size)
    smaller = image.reduce(factor) if factor > 1 else image
    file = io.BytesIO()
    smaller.save(file, "JPEG", quality=PRESETS[quality].jpeg_quality)
    return Jpeg(file.getvalue(), *smaller.size)
