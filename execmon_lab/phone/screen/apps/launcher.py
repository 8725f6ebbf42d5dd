"""The home screen: clock, search, app icons, dock; further apps on the pages to the right."""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from execmon_lab.phone.screen.canvas import Canvas, gradient
from execmon_lab.phone.screen.node import Action, Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import DARK, NAVIGATION_BAR, WHITE, Colour, Palette, mix
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, clock_text, view
from execmon_lab.phone.state.intents import LAUNCHER, MAIN, NEW_TASK, WEB_SEARCH, Intent
from execmon_lab.phone.state.packages import Package

DOCK = ("com.android.dialer", "com.android.messaging", "com.android.chrome", "com.android.settings")
LOOKS: dict[str, tuple[str, Colour, Colour]] = {
    "com.android.dialer": ("call", (0x3C, 0xC9, 0x7A), (0x14, 0x8F, 0x55)),
    "com.android.messaging": ("message", (0x5A, 0xA2, 0xFF), (0x1F, 0x66, 0xD6)),
    "com.android.chrome": ("browser", (0xFF, 0xA9, 0x4D), (0xE8, 0x5D, 0x1F)),
    "com.android.settings": ("settings", (0x8C, 0x97, 0xAB), (0x52, 0x5E, 0x75)),
    "com.android.calculator2": ("calculator", (0x4D, 0xD0, 0xC8), (0x0E, 0x8A, 0x8A)),
    "com.android.contacts": ("contacts", (0xB7, 0x8B, 0xF5), (0x7A, 0x48, 0xC9)),
    "com.android.deskclock": ("clock", (0x5B, 0x6C, 0xC9), (0x2B, 0x36, 0x7F)),
}
_CELL = 92.0
_ICON = 56.0


def app_icon(ui: Ui, parent: Node, x: float, y: float, size: float, package: Package) -> Node:
    """Make an app's icon: a glyph on a coloured disc, or the first letter of its name."""
    glyph, top, bottom = LOOKS.get(package.name, ("", (0x7F, 0x8C, 0xE0), (0x4A, 0x55, 0xB0)))
    if not glyph:
        return ui.avatar(parent, x, y, size, package.label or package.name)
    made = ui.node(parent, "ImageView", x, y, size, size)
    inner = size * 0.56

    def paint(canvas: Canvas) -> None:
        left, high = made.bounds[:2]
        inset = ui.px((size - inner) / 2)
        canvas.blend(made.bounds, top, bottom, ui.px(size / 2))
        canvas.icon(glyph, left + inset, high + inset, ui.px(inner), WHITE)

    made.paint = paint
    return made


@lru_cache(maxsize=4)
def wallpaper(width: int, height: int) -> Image.Image:
    """Return the picture behind the home screen: a dusk sky with soft hills."""
    sky = gradient(width, height, (0x1B, 0x2A, 0x5E), (0xE9, 0x8A, 0x7B)).copy()
    small = (max(1, width // 4), max(1, height // 4))
    glow = Image.new("L", small)
    draw = ImageDraw.Draw(glow)
    reach = small[0] * 0.55
    x, y = small[0] * 0.72, small[1] * 0.62
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=120)
    glow = glow.filter(ImageFilter.GaussianBlur(small[0] / 5)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    sky.paste((0xFF, 0xC4, 0x8F, 255), (0, 0), glow)
    fine = Image.new("L", (width * 2, height * 2))
    for level, (share, colour) in enumerate(
        ((0.70, (0x6E, 0x4A, 0x80)), (0.78, (0x48, 0x36, 0x6B)), (0.87, (0x25, 0x20, 0x4A)))
    ):
        fine.paste(0, (0, 0, *fine.size))
        pen = ImageDraw.Draw(fine)
        base = fine.height * share
        swing = fine.height * 0.045
        spots = [(fine.width * n / 8, base + swing * _WAVE[(n * 3 + level * 2) % 8]) for n in range(9)]
        pen.polygon([(0, fine.height), *_smooth(spots), (fine.width, fine.height)], fill=255)
        sky.paste((*colour, 255), (0, 0), fine.resize((width, height), Image.Resampling.BOX))
    return sky


_WAVE = (0.2, -0.7, 0.5, -0.2, 0.9, -0.4, 0.1, -0.9)


def _smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a curve through the middles of the given corners (Chaikin's corner cutting)."""
    for _ in range(4):
        cut = [points[0]]
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            cut.append((0.75 * x1 + 0.25 * x2, 0.75 * y1 + 0.25 * y2))
            cut.append((0.25 * x1 + 0.75 * x2, 0.25 * y1 + 0.75 * y2))
        points = [*cut, points[-1]]
    return points


@view("launcher")
class Launcher(View):
    """The home screen."""

    page = 0

    @property
    def palette(self) -> Palette:
        """The home screen is dark."""
        return DARK

    @property
    def bars(self) -> Colour:
        """White on the picture."""
        return WHITE

    def stamp(self) -> Hashable:
        """The clock shows minutes."""
        return clock_text()

    def back(self) -> bool:
        """Go back to the first page; the home screen itself stays."""
        self.page = 0
        self.changed()
        return True

    def build(self, ui: Ui) -> Node:
        """Return the page that shows."""
        root, content = ui.window()
        root.paint = lambda canvas: canvas.picture(wallpaper(*ui.size), 0, 0)
        workspace = ui.node(
            content, "android.view.ViewGroup", 0, ui.top, ui.w, ui.bottom - ui.top, id="workspace"
        )
        workspace.drag = self._drag
        dock = [package for name in DOCK if (package := self.phone.packages.get(name)) is not None]
        others = [package for package in self.phone.packages.launchable() if package.name not in DOCK]
        dock_top = ui.h - NAVIGATION_BAR - 84
        columns = max(4, int(ui.w // 110))
        grid_bottom = dock_top - 26
        head = self._head(ui, workspace) if self.page == 0 else ui.top + 24
        first_rows = max(1, int((grid_bottom - self._head_bottom(ui)) // _CELL))
        rows = max(1, int((grid_bottom - ui.top - 24) // _CELL))
        pages = [others[: columns * first_rows]]
        rest = others[columns * first_rows :]
        while rest:
            pages.append(rest[: columns * rows])
            rest = rest[columns * rows :]
        self.page = min(self.page, len(pages) - 1)
        self._last = len(pages) - 1
        shown = pages[self.page]
        start = grid_bottom - _CELL * max(1, -(-len(shown) // columns)) if self.page == 0 else head
        for index, package in enumerate(shown):
            x = 12 + (ui.w - 24) / columns * (index % columns)
            self._app(ui, workspace, x, start + _CELL * (index // columns), (ui.w - 24) / columns, package)
        self._dots(ui, workspace, dock_top - 14, max(len(pages), 1))
        shelf = ui.box(
            content, 12, dock_top, ui.w - 24, 80, WHITE, 28, 0.16, "android.view.ViewGroup", id="hotseat"
        )
        for index, package in enumerate(dock):
            wide = (ui.w - 24) / len(dock)
            x = 12 + wide * index
            self._app(ui, shelf, x, dock_top + 4, wide, package, labelled=False)
        return root

    def _head_bottom(self, ui: Ui) -> float:
        return ui.top + (236 if ui.h > 480 else 96)

    def _head(self, ui: Ui, parent: Node) -> float:
        """Make the clock, the date and the search pill."""
        tall = ui.h > 480
        size = 68 if tall else 36
        y = ui.top + (34 if tall else 4)
        clock = ui.node(
            parent, "android.view.ViewGroup", 24, y, ui.w - 48, size * 1.32 + 28, id="clock_widget"
        )
        clock.tap = self._launch("com.android.deskclock")
        clock.description = "Clock"
        ui.label(clock, 24, y, ui.w - 48, clock_text(), size, WHITE, align=CENTRE, id="clock")
        date = time.strftime("%A, %B ") + str(time.localtime().tm_mday)
        ui.label(clock, 24, y + size * 1.3, ui.w - 48, date, 16, WHITE, align=CENTRE, alpha=0.92, id="date")
        if tall:
            top = y + size * 1.32 + 48
            pill = ui.box(
                parent,
                24,
                top,
                ui.w - 48,
                48,
                WHITE,
                24,
                0.92,
                id="search_container",
                tap=self._launch("com.android.chrome", WEB_SEARCH),
                description="Search",
            )
            ink = (0x4A, 0x4F, 0x5A)
            ui.icon(pill, 40, top + 13, 22, "search", ink)
            ui.label(pill, 74, top + 13, ui.w - 140, "Search the web", 16, ink)
            ui.icon(pill, ui.w - 62, top + 13, 22, "mic", ink)
        return self._head_bottom(ui)

    def _app(
        self, ui: Ui, parent: Node, x: float, y: float, w: float, package: Package, labelled: bool = True
    ) -> None:
        cell = ui.node(
            parent,
            "TextView",
            x,
            y,
            w,
            _CELL - 8 if labelled else 72,
            text=package.label if labelled else "",
            description=package.label,
            tap=self._launch(package.name),
            id="icon",
        )
        app_icon(ui, cell, x + (w - _ICON) / 2, y + (4 if labelled else 8), _ICON, package)
        if labelled:
            area = (x + 2, y + _ICON + 10, w - 4)
            drawn = ui.label(Node("", (0, 0, 0, 0), ""), *area, package.label, 12.5, WHITE, MEDIUM, CENTRE)
            if drawn.paint is not None:
                ui.shape(cell, drawn.paint)

    def _dots(self, ui: Ui, parent: Node, y: float, count: int) -> None:
        colours = [
            mix(WHITE, (0x25, 0x20, 0x4A), 0.0 if index == self.page else 0.45) for index in range(count)
        ]

        def paint(canvas: Canvas) -> None:
            for index, colour in enumerate(colours):
                x = ui.w / 2 + (index - (count - 1) / 2) * 14
                canvas.fill(ui.rect(x - 3.5, y - 3.5, 7, 7), colour, ui.px(3.5))

        ui.shape(parent, paint)

    def _launch(self, name: str, action: str = MAIN) -> Action:
        def launch() -> None:
            package = self.phone.packages.get(name)
            if package is None or package.launcher is None:
                return
            component = (name, package.launcher.name)
            self.phone.launch(Intent(action, categories=[LAUNCHER], component=component, flags=NEW_TASK))

        return launch

    def _drag(self, dx: float, dy: float) -> bool:
        if abs(dx) < abs(dy):
            return False
        self.page = min(max(0, self.page + (1 if dx < 0 else -1)), self._last)
        self.changed()
        return True
