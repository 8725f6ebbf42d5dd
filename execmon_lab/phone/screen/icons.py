"""The icons, drawn from simple shapes on a grid of 24 by 24."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw

_FINE = 4
Point = tuple[float, float]


class Pen:
    """Draws in the units of the grid; `ink` 255 draws, 0 cuts out."""

    def __init__(self, size: int) -> None:
        self.scale = size * _FINE / 24
        self.image = Image.new("L", (size * _FINE, size * _FINE))
        self._draw = ImageDraw.Draw(self.image)

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        k = self.scale
        return (left * k, top * k, right * k - 1, bottom * k - 1)

    def disc(self, x: float, y: float, radius: float, ink: int = 255) -> None:
        """Fill a circle."""
        self._draw.ellipse(self._box(x - radius, y - radius, x + radius, y + radius), fill=ink)

    def ring(self, x: float, y: float, radius: float, line: float = 2) -> None:
        """Draw a circle's rim, `radius` to its middle."""
        half = line / 2
        box = self._box(x - radius - half, y - radius - half, x + radius + half, y + radius + half)
        self._draw.ellipse(box, outline=255, width=round(line * self.scale))

    def box(
        self, left: float, top: float, right: float, bottom: float, radius: float = 0, ink: int = 255
    ) -> None:
        """Fill a rectangle."""
        self._draw.rounded_rectangle(self._box(left, top, right, bottom), radius * self.scale, fill=ink)

    def frame(
        self, left: float, top: float, right: float, bottom: float, radius: float = 2, line: float = 2
    ) -> None:
        """Draw a rectangle's rim."""
        box = self._box(left, top, right, bottom)
        self._draw.rounded_rectangle(box, radius * self.scale, outline=255, width=round(line * self.scale))

    def shape(self, *points: Point, ink: int = 255) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=ink)

    def line(self, *points: Point, line: float = 2, ink: int = 255) -> None:
        """Draw a line through points with round ends and joints."""
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self._draw.line(scaled, fill=ink, width=round(line * self.scale))
        for x, y in points:
            self.disc(x, y, line / 2, ink)

    def arc(self, x: float, y: float, radius: float, start: float, end: float, line: float = 2) -> None:
        """Draw a part of a circle's rim; degrees run clockwise from three o'clock."""
        half = line / 2
        box = self._box(x - radius - half, y - radius - half, x + radius + half, y + radius + half)
        self._draw.arc(box, start, end, fill=255, width=round(line * self.scale))

    def around(self, x: float, y: float, radius: float, degrees: float) -> Point:
        """Return the point of a circle at an angle."""
        angle = math.radians(degrees)
        return (x + radius * math.cos(angle), y + radius * math.sin(angle))


def _call(pen: Pen) -> None:
    points = [
        (5.4, 3),
        (8.2, 3),
        (9.6, 8),
        (7.6, 10),
        (9.2, 12.6),
        (11.4, 14.8),
        (14, 16.4),
        (16, 14.4),
        (21, 15.8),
        (21, 18.6),
        (19, 21),
        (12.6, 18.8),
        (7.6, 15.2),
        (4.4, 10.4),
        (3, 5.4),
    ]
    pen.shape(*points)
    pen.line(*points, points[0], line=1.6)


def _call_end(pen: Pen) -> None:
    pen.arc(12, 19.5, 9.6, 205, 335, 4.4)
    pen.line((3.4, 12.9), (4.6, 15.6), line=3.6)
    pen.line((20.6, 12.9), (19.4, 15.6), line=3.6)


def _message(pen: Pen) -> None:
    pen.box(2.5, 3.5, 21.5, 17.5, 3)
    pen.shape((4, 15), (4, 22), (10.5, 16))
    for y, end in ((8, 17.5), (12.5, 14)):
        pen.line((6.5, y), (end, y), line=1.7, ink=0)


def _gear(pen: Pen) -> None:
    for degrees in range(0, 360, 45):
        one, other = pen.around(12, 12, 7, degrees), pen.around(12, 12, 9.2, degrees)
        pen.line(one, other, line=3.4)
    pen.disc(12, 12, 7.6)
    pen.disc(12, 12, 3.2, 0)


def _globe(pen: Pen) -> None:
    pen.ring(12, 12, 8.8, 1.9)
    pen.line((3.5, 12), (20.5, 12), line=1.7)
    k = pen.scale
    pen._draw.ellipse((8 * k, 3.2 * k, 16 * k, 20.8 * k), outline=255, width=round(1.8 * k))
    pen.line((5, 7.5), (19, 7.5), line=1.4)
    pen.line((5, 16.5), (19, 16.5), line=1.4)


def _calculator(pen: Pen) -> None:
    pen.line((4, 7), (10, 7))
    pen.line((7, 4), (7, 10))
    pen.line((14, 7), (20, 7))
    pen.line((4.8, 14.8), (9.2, 19.2))
    pen.line((9.2, 14.8), (4.8, 19.2))
    pen.line((14, 15.6), (20, 15.6))
    pen.line((14, 18.8), (20, 18.8))


def _person(pen: Pen) -> None:
    pen.disc(12, 8, 4.4)
    pen.box(3.6, 14, 20.4, 28, 7.6)
    pen.box(0, 21, 24, 24, ink=0)


def _clock(pen: Pen) -> None:
    pen.ring(12, 12, 8.6)
    pen.line((12, 6.8), (12, 12), (15.6, 14.2), line=1.9)


def _backspace(pen: Pen) -> None:
    pen.shape((1.5, 12), (7.5, 4.5), (7.5, 19.5))
    pen.box(6.6, 4.5, 22.5, 19.5, 2)
    pen.line((11.5, 9), (17.5, 15), ink=0)
    pen.line((17.5, 9), (11.5, 15), ink=0)


def _refresh(pen: Pen) -> None:
    pen.arc(12, 12, 7, 20, 320)
    pen.shape((13.2, 9.6), (20.2, 9.6), (20.2, 2.8))


def _sun(pen: Pen) -> None:
    pen.disc(12, 12, 4.6)
    for degrees in range(0, 360, 45):
        pen.line(pen.around(12, 12, 7.6, degrees), pen.around(12, 12, 9.8, degrees), line=1.9)


def _sound(pen: Pen) -> None:
    pen.shape((3, 9), (7.5, 9), (12.5, 4.2), (12.5, 19.8), (7.5, 15), (3, 15))
    pen.arc(12.5, 12, 4, -60, 60)
    pen.arc(12.5, 12, 8, -60, 60)


def _wifi(pen: Pen) -> None:
    pen.disc(12, 19, 2.2)
    for radius in (6.2, 10.6, 15):
        pen.arc(12, 19.4, radius, 226, 314, 2.3)


def _signal(pen: Pen) -> None:
    for step in range(4):
        pen.box(2.5 + 5 * step, 17 - 4.2 * step, 6 + 5 * step, 21.5, 1)


def _airplane(pen: Pen) -> None:
    pen.line((12, 3.5), (12, 20), line=2.8)
    pen.shape((12, 7.8), (22, 14), (22, 16.4), (12, 13.4), (2, 16.4), (2, 14))
    pen.shape((12, 17), (16, 20), (16, 21.8), (12, 20.6), (8, 21.8), (8, 20))


def _keypad(pen: Pen) -> None:
    for row in range(3):
        for column in range(3):
            pen.disc(5.5 + 6.5 * column, 5.5 + 6.5 * row, 1.9)


def _apps(pen: Pen) -> None:
    for left in (3.5, 13.5):
        for top in (3.5, 13.5):
            pen.box(left, top, left + 7, top + 7, 2)


def _send(pen: Pen) -> None:
    pen.shape((3, 3.5), (22, 12), (3, 20.5), (3, 14), (14, 12), (3, 10))


def _info(pen: Pen) -> None:
    pen.ring(12, 12, 8.8)
    pen.disc(12, 7.9, 1.3)
    pen.line((12, 11.4), (12, 16.6))


def _microphone(pen: Pen, *, off: bool = False) -> None:
    pen.box(9, 2.5, 15, 14, 3)
    pen.arc(12, 11, 6.2, 0, 180)
    pen.line((12, 17.5), (12, 21))
    if off:
        pen.line((3.5, 4), (20.5, 21), line=4.4, ink=0)
        pen.line((3.5, 3), (20.5, 20), line=1.9)


def _lock(pen: Pen) -> None:
    pen.box(5, 10.5, 19, 21, 2.2)
    pen.arc(12, 9, 4.4, 180, 360)
    pen.line((7.6, 9), (7.6, 11))
    pen.line((16.4, 9), (16.4, 11))


def _cloud_off(pen: Pen) -> None:
    pen.disc(8, 15, 4.6)
    pen.disc(13, 11.5, 5.8)
    pen.disc(18, 15.2, 4.2)
    pen.box(8, 13, 18, 19.6, 2)
    pen.line((3.5, 4.5), (20.5, 21.5), line=4.6, ink=0)
    pen.line((3.5, 3.5), (20.5, 20.5), line=1.9)


def _battery(pen: Pen) -> None:
    pen.box(7, 4, 17, 22, 2)
    pen.box(10, 2, 14, 5, 1)


def _phone(pen: Pen) -> None:
    pen.frame(6, 2, 18, 22, 3)
    pen.line((10.6, 18.8), (13.4, 18.8), line=1.6)


def _strokes(*lines: tuple[Point, ...], line: float = 2) -> Callable[[Pen], None]:
    def draw(pen: Pen) -> None:
        for points in lines:
            pen.line(*points, line=line)

    return draw


def _dots(*points: Point) -> Callable[[Pen], None]:
    def draw(pen: Pen) -> None:
        for x, y in points:
            pen.disc(x, y, 2)

    return draw


def _search(pen: Pen) -> None:
    pen.ring(10, 10, 6)
    pen.line((14.6, 14.6), (20, 20), line=2.3)


def _star(pen: Pen) -> None:
    pen.shape(*(pen.around(12, 12.6, 10 if n % 2 == 0 else 4.3, -90 + 36 * n) for n in range(10)))


def _data(pen: Pen) -> None:
    pen.line((8, 19), (8, 5.5))
    pen.line((4.4, 9), (8, 5.2), (11.6, 9))
    pen.line((16, 5), (16, 18.5))
    pen.line((12.4, 15), (16, 18.8), (19.6, 15))


ICONS: dict[str, Callable[[Pen], None]] = {
    "call": _call,
    "call_end": _call_end,
    "message": _message,
    "settings": _gear,
    "browser": _globe,
    "calculator": _calculator,
    "contacts": _person,
    "clock": _clock,
    "backspace": _backspace,
    "refresh": _refresh,
    "display": _sun,
    "sound": _sound,
    "wifi": _wifi,
    "signal": _signal,
    "airplane": _airplane,
    "keypad": _keypad,
    "apps": _apps,
    "send": _send,
    "info": _info,
    "mic": _microphone,
    "mic_off": lambda pen: _microphone(pen, off=True),
    "lock": _lock,
    "cloud_off": _cloud_off,
    "battery": _battery,
    "phone": _phone,
    "search": _search,
    "star": _star,
    "data": _data,
    "back": _strokes(((19.5, 12), (5, 12)), ((11, 5.5), (4.6, 12), (11, 18.5))),
    "chevron": _strokes(((9, 6), (15, 12), (9, 18))),
    "down": _strokes(((6, 9), (12, 15), (18, 9))),
    "up": _strokes(((12, 19.5), (12, 5)), ((5.5, 11), (12, 4.6), (18.5, 11))),
    "plus": _strokes(((12, 5), (12, 19)), ((5, 12), (19, 12))),
    "close": _strokes(((6, 6), (18, 18)), ((18, 6), (6, 18))),
    "check": _strokes(((4.5, 12.5), (9.8, 17.8), (19.5, 7))),
    "pause": _strokes(((8.5, 6), (8.5, 18)), ((15.5, 6), (15.5, 18)), line=3.4),
    "enter": _strokes(((19, 6), (19, 13), (6, 13)), ((10, 8.5), (5.4, 13), (10, 17.5))),
    "made": _strokes(((6, 18), (17, 7)), ((9, 6.6), (17.4, 6.6), (17.4, 15))),
    "received": _strokes(((18, 6), (7, 17)), ((15, 17.4), (6.6, 17.4), (6.6, 9))),
    "missed": _strokes(((4, 8), (12, 16), (20, 8)), ((4, 13.5), (4, 8), (9.5, 8))),
    "more": _dots((12, 5.5), (12, 12), (12, 18.5)),
    "shift": lambda pen: pen.shape(
        (12, 3.5), (20.5, 12.5), (16, 12.5), (16, 19.5), (8, 19.5), (8, 12.5), (3.5, 12.5)
    ),
    "bolt": lambda pen: pen.shape((13.5, 2), (5, 13.5), (11, 13.5), (9.8, 22), (19, 9.8), (12.6, 9.8)),
}


@lru_cache(maxsize=512)
def icon_mask(name: str, size: int) -> Image.Image:
    """Return an icon's coverage in a square of `size` pixels.

    Raises
    ------
    KeyError
        There is no such icon.
    """
    pen = Pen(size)
    ICONS[name](pen)
    return pen.image.resize((size, size), Image.Resampling.BOX)
