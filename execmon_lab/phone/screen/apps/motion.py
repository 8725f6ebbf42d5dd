"""A moving picture to measure with: each carries its number and the time when it was drawn."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable
from functools import lru_cache

from PIL import Image

from execmon_lab.phone.screen import code
from execmon_lab.phone.screen.canvas import Canvas, gradient
from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import BLACK, WHITE, Colour
from execmon_lab.phone.screen.ui import Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.intents import Intent

FPS = 30.0
MAX_FPS = 120.0
SECONDS_ACROSS = 4.0
_COLOURS: tuple[Colour, ...] = (
    (0xF2, 0x5F, 0x5C),
    (0xFF, 0xE0, 0x66),
    (0x24, 0x7B, 0xA0),
    (0x70, 0xC1, 0xB3),
)


@lru_cache(maxsize=2)
def _scenery(width: int, height: int) -> Image.Image:
    """Return what passes by, twice as wide as the screen, so that any part of it is one crop."""
    half = gradient(width, height, (0x1D, 0x2B, 0x53), (0x7E, 0x25, 0x53)).copy()
    canvas = Canvas(half)
    step = width // 8
    for column in range(8):
        for row in range(height // step):
            place = (column * step + step // 4, row * step + step // 4)
            area = (*place, place[0] + step // 2, place[1] + step // 2)
            canvas.fill(area, _COLOURS[(column + row) % len(_COLOURS)], step // (4 if row % 2 else 16))
    whole = Image.new("RGBA", (width * 2, height))
    whole.paste(half, (0, 0))
    whole.paste(half, (width, 0))
    return whole


@view("motion")
class Motion(View):
    """Scenery that passes by, a ball that bounces, and the mark; `fps` of the intent sets the pace."""

    def new_intent(self, intent: Intent) -> None:
        """Start to count at 0."""
        try:
            self.fps = min(MAX_FPS, max(1.0, float(str(intent.extras.get("fps", FPS)))))
        except ValueError:
            self.fps = FPS
        self._began = time.monotonic()
        self._number = 0

    @property
    def bars(self) -> Colour:
        """White letters on the dark scenery."""
        return WHITE

    def stamp(self) -> Hashable:
        """Take the number of the picture that is due, which is built next: each is a picture of its own."""
        self._number = int((time.monotonic() - self._began) * self.fps)
        return self._number

    def build(self, ui: Ui) -> Node:
        """Return the picture of now."""
        root, content = ui.window()
        mark = code.Mark(self._number, code.now())
        at = mark.number / self.fps / SECONDS_ACROSS
        width, height = ui.size
        root.paint = lambda canvas: _paint(canvas, width, height, at, mark)
        ui.label(content, 24, ui.top + 24, ui.w - 48, f"{mark.number}", 44, WHITE, MEDIUM, id="number")
        return root


def _paint(canvas: Canvas, width: int, height: int, at: float, mark: code.Mark) -> None:
    shift = round(at % 1 * width)
    canvas.picture(_scenery(width, height).crop((shift, 0, shift + width, height)), 0, 0)
    radius = width // 8
    x = round((width - 2 * radius) * abs(at * 1.7 % 2 - 1))
    y = round((height - 2 * radius) * (1 - 0.5 * abs(math.sin(at * 5))))
    canvas.fill((x, y, x + 2 * radius, y + 2 * radius), WHITE, radius)
    high = round(code.HEIGHT * height)
    for row, cells in enumerate(code.rows(mark)):
        top = round(code.TOP * height) + row * high
        for cell, white in enumerate(cells):
            left, right = round(cell * width / code.CELLS), round((cell + 1) * width / code.CELLS)
            canvas.fill((left, top, right, top + high), WHITE if white else BLACK)
