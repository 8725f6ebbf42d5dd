"""A number and a time in a picture, as rows of black and white cells that survive scaling and compression."""

from __future__ import annotations

import time
from typing import NamedTuple

from PIL import Image

TOP, HEIGHT = 0.30, 0.05
"""Where the first row begins, and how high a row is, in parts of the picture's height."""

BITS = 32
CELLS = BITS + 8  # a start, the bits, their sum, a stop
_START, _STOP = (True, False), (False, True)


class Mark(NamedTuple):
    """What a picture says of itself.

    Attributes
    ----------
    number : int
        Of the picture, rising.
    milliseconds : int
        When it was drawn: wall clock in milliseconds, the lowest 32 bits.
    """

    number: int
    milliseconds: int

    def age(self) -> float:
        """Return the seconds since it was drawn."""
        passed = (now() - self.milliseconds) & 0xFFFFFFFF
        return (passed if passed < 1 << 31 else passed - (1 << 32)) / 1000


def now() -> int:
    """Return the wall clock as a `Mark` has it."""
    return time.time_ns() // 1_000_000 & 0xFFFFFFFF


def rows(mark: Mark) -> list[list[bool]]:
    """Return the rows of cells, True for white."""
    return [_row(value) for value in mark]


def read(image: Image.Image) -> Mark:
    """Read what `rows` put into a picture, whatever the picture's size is now.

    Raises
    ------
    ValueError
        When there is nothing to read, or it is damaged.
    """
    width, height = image.size
    values = []
    for row in range(2):
        middle = round((TOP + HEIGHT * (row + 0.5)) * height)
        strip = image.crop((0, middle - 1, width, middle + 2)).convert("L")
        small = strip.resize((CELLS * 3, 1), Image.Resampling.BOX).tobytes()
        values.append(_value([level > 127 for level in small[1::3]]))
    return Mark(*values)


def _row(value: int) -> list[bool]:
    bits = [bool(value >> shift & 1) for shift in reversed(range(BITS))]
    total = [bool(sum(bits) >> shift & 1) for shift in reversed(range(4))]
    return [*_START, *bits, *total, *_STOP]


def _value(cells: list[bool]) -> int:
    value = sum(cell << shift for cell, shift in zip(cells[2 : 2 + BITS], reversed(range(BITS)), strict=True))
    if _row(value) != cells:
        raise ValueError("the picture carries no mark that can be read")
    return value
