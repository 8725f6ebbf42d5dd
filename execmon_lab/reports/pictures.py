"""Screenshots for a report: small, and each kept once."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from .facts import Picture
from .material import Material

WIDTH = 360
"""Pixels: 15 screenshots of a phone are then under a megabyte, and still read well."""

QUALITY = 80
_JPEG_END = b"\xff\xd9"


class PictureBook:
    """Collects the screenshots that a report shows.

    Parameters
    ----------
    material
        Where their files come from.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self._pictures: dict[str, Picture | None] = {}

    def add(self, url: str | None, caption: str) -> str:
        """Take a screenshot in, and return the name by which the report has it; empty when it is gone."""
        if url is None:
            return ""
        if url not in self._pictures:
            self._pictures[url] = self._read(url, f"picture-{len(self._pictures) + 1}.jpg", caption)
        picture = self._pictures[url]
        return "" if picture is None else picture.name

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All of them, in the order in which they were added."""
        return tuple(picture for picture in self._pictures.values() if picture is not None)

    def _read(self, url: str, name: str, caption: str) -> Picture | None:
        data = self._material.screenshot(url)
        if data is None:
            return None
        try:
            jpeg, width, height = scaled(data)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            return None
        return Picture(name=name, caption=caption, jpeg=jpeg, width=width, height=height)


def scaled(data: bytes, width: int = WIDTH, quality: int = QUALITY) -> tuple[bytes, int, int]:
    """Make a JPEG of at most `width` pixels of a picture's file; return it with its width and height.

    A whole JPEG that is no wider is left as it is.

    Raises
    ------
    OSError
        When it is no picture, or a damaged one.
    """
    with Image.open(io.BytesIO(data)) as image:
        if image.format == "JPEG" and image.width <= width and data.endswith(_JPEG_END):
            return data, image.width, image.height
        # A JPEG is decoded no larger than it takes.
        image.draft("RGB", (width, image.height * width // image.width))
        small = image.convert("RGB").reduce(max(1, image.width // width))
    small.thumbnail((width, width * 4))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), small.width, small.height
