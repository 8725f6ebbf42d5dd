"""Drawing: anti-aliased shapes, text and icons on a picture, in pixels."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from execmon_lab.phone.screen import text as type_
from execmon_lab.phone.screen.icons import icon_mask
from execmon_lab.phone.screen.theme import Colour, Rect

_FINE = 4  # corners are drawn so many times larger and shrunk


@lru_cache(maxsize=512)
def round_mask(width: int, height: int, radius: int) -> Image.Image:
    """Return the coverage of a rectangle with round corners."""
    radius = max(0, min(radius, width // 2, height // 2))
    picture = Image.new("L", (width, height), 255)
    if radius:
        large = Image.new("L", (radius * 2 * _FINE, radius * 2 * _FINE))
        ImageDraw.Draw(large).ellipse((0, 0, large.width - 1, large.height - 1), fill=255)
        disc = large.resize((radius * 2, radius * 2), Image.Resampling.BOX)
        right, bottom = width - radius, height - radius
        picture.paste(disc.crop((0, 0, radius, radius)), (0, 0))
        picture.paste(disc.crop((radius, 0, 2 * radius, radius)), (right, 0))
        picture.paste(disc.crop((0, radius, radius, 2 * radius)), (0, bottom))
        picture.paste(disc.crop((radius, radius, 2 * radius, 2 * radius)), (right, bottom))
    return picture


@lru_cache(maxsize=64)
def _ring_mask(width: int, height: int, radius: int, line: int) -> Image.Image:
    outer = round_mask(width, height, radius)
    inner = Image.new("L", outer.size)
    inner.paste(round_mask(width - 2 * line, height - 2 * line, radius - line), (line, line))
    return ImageChops.subtract(outer, inner)


@lru_cache(maxsize=32)
def gradient(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    """Return a picture that runs from one colour at the top to another at the bottom."""
    ramp = Image.linear_gradient("L").resize((width, height), Image.Resampling.BILINEAR)
    return Image.composite(
        Image.new("RGBA", ramp.size, (*bottom, 255)), Image.new("RGBA", ramp.size, (*top, 255)), ramp
    )


def _faded(mask: Image.Image, alpha: float) -> Image.Image:
    return mask.point([round(value * alpha) for value in range(256)])


class Canvas:
    """A picture to draw on; coordinates are those of the screen.

    Parameters
    ----------
    image
        An RGBA picture.
    origin
        Where on the screen its top left corner lies.
    """

    def __init__(self, image: Image.Image, origin: tuple[int, int] = (0, 0)) -> None:
        self.image = image
        self.origin = origin

    def reaches(self, top: float, height: float) -> bool:
        """Whether something at a height of the screen would show."""
        return self.origin[1] - height <= top <= self.origin[1] + self.image.height

    def part(self, area: Rect) -> Canvas:
        """Return a canvas for a part of this one; give it back with `merge`."""
        left, top = self.origin
        return Canvas(
            self.image.crop((area[0] - left, area[1] - top, area[2] - left, area[3] - top)), area[:2]
        )

    def merge(self, part: Canvas) -> None:
        """Put a part back."""
        self.image.paste(part.image, (part.origin[0] - self.origin[0], part.origin[1] - self.origin[1]))

    def fill(self, area: Rect, colour: Colour, radius: int = 0, alpha: float = 1.0) -> None:
        """Fill a rectangle, with round corners where `radius` is given."""
        left, top = area[0] - self.origin[0], area[1] - self.origin[1]
        width, height = area[2] - area[0], area[3] - area[1]
        if width <= 0 or height <= 0:
            return
        if not radius and alpha >= 1:
            self.image.paste((*colour, 255), (left, top, left + width, top + height))
            return
        self._stamp(round_mask(width, height, radius), colour, (left, top), alpha)

    def outline(self, area: Rect, colour: Colour, radius: int, line: int) -> None:
        """Draw the rim of a rectangle with round corners."""
        mask = _ring_mask(area[2] - area[0], area[3] - area[1], radius, max(1, line))
        self._stamp(mask, colour, (area[0] - self.origin[0], area[1] - self.origin[1]), 1.0)

    def blend(self, area: Rect, top: Colour, bottom: Colour, radius: int = 0) -> None:
        """Fill a rectangle with a run from one colour to another."""
        width, height = area[2] - area[0], area[3] - area[1]
        place = (area[0] - self.origin[0], area[1] - self.origin[1])
        mask = round_mask(width, height, radius) if radius else None
        self.image.paste(gradient(width, height, top, bottom), place, mask)

    def picture(self, picture: Image.Image, left: int, top: int) -> None:
        """Put an opaque picture down."""
        self.image.paste(picture, (left - self.origin[0], top - self.origin[1]))

    def text(
        self,
        left: float,
        top: float,
        text: str,
        size: float,
        colour: Colour,
        weight: int = 0,
        alpha: float = 1.0,
    ) -> None:
        """Write a line of text whose line box has its top left corner there; `size` in pixels."""
        if text:
            place = (round(left) - self.origin[0], round(top) - self.origin[1])
            self._stamp(type_.mask(text, size, weight), colour, place, alpha)

    def icon(self, name: str, left: int, top: int, size: int, colour: Colour, alpha: float = 1.0) -> None:
        """Draw an icon into a square."""
        place = (left - self.origin[0], top - self.origin[1])
        self._stamp(icon_mask(name, size), colour, place, alpha)

    def _stamp(self, mask: Image.Image, colour: Colour, place: tuple[int, int], alpha: float) -> None:
        if alpha < 1:
            mask = _faded(mask, alpha)
        self.image.paste((*colour, 255), (*place, place[0] + mask.width, place[1] + mask.height), mask)
