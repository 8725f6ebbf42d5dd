"""The keyboard on the screen: letters, symbols and a number pad."""

from __future__ import annotations

from collections.abc import Callable

from execmon_lab.phone.screen.canvas import Canvas
from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.theme import Colour, Palette
from execmon_lab.phone.screen.ui import Ui

PACKAGE = "com.android.inputmethod.latin"
_LETTERS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SYMBOLS = ("1234567890", "@#$_&-+()/", "*\"':;!?")
_PAD = ("123", "456", "789", "*0#")


def height(window: float) -> float:
    """Return the keyboard's height in dp for a window's height in dp."""
    return 222.0 if window > 480 else 150.0


class Keyboard:
    """The state of the keyboard: capitals and which page shows."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.shift = False
        self.symbols = False

    def build(self, ui: Ui, field: Field, palette: Palette) -> Node:
        """Return the keyboard's window for a field."""
        top = ui.bottom
        tall = ui.h - top
        root = ui.node(None, "FrameLayout", 0, top, ui.w, tall, id="keyboard_area")
        root.paint = lambda canvas: canvas.fill(root.bounds, palette.surface_high)
        rows_height = height(ui.h) - 10
        if field.kind == "phone":
            self._pad(ui, root, field, top + 6, rows_height, palette)
        else:
            self._letters(ui, root, field, top + 6, rows_height, palette)
        return root

    def _pad(self, ui: Ui, root: Node, field: Field, top: float, tall: float, look: Palette) -> None:
        step, wide = tall / 4, (ui.w - 12) / 4
        for row, signs in enumerate(_PAD):
            for column, sign in enumerate(signs):
                self._key(
                    ui,
                    root,
                    6 + wide * column,
                    top + step * row,
                    wide,
                    step,
                    sign,
                    field,
                    look.background,
                    look,
                )
        x = 6 + wide * 3
        self._special(
            ui, root, x, top, wide, step, "backspace", "Delete", field.delete, look.surface_highest, look
        )
        self._key(ui, root, x, top + step, wide, step, "+", field, look.surface_highest, look)
        self._key(ui, root, x, top + step * 2, wide, step, ",", field, look.surface_highest, look)
        self._enter(ui, root, x, top + step * 3, wide, step, field, look)

    def _letters(self, ui: Ui, root: Node, field: Field, top: float, tall: float, look: Palette) -> None:
        rows = _SYMBOLS if self.symbols else _LETTERS
        step, wide = tall / 4, (ui.w - 6) / 10
        for row, signs in enumerate(rows):
            left = 3 + wide * (10 - len(signs)) / 2
            for column, sign in enumerate(signs):
                shown = sign.upper() if self.shift and not self.symbols else sign
                self._key(
                    ui,
                    root,
                    left + wide * column,
                    top + step * row,
                    wide,
                    step,
                    shown,
                    field,
                    look.background,
                    look,
                )
        y = top + step * 2
        if not self.symbols:
            fill = look.primary_container if self.shift else look.surface_highest
            self._special(ui, root, 3, y, wide * 1.5, step, "shift", "Shift", self._flip_shift, fill, look)
        self._special(
            ui,
            root,
            ui.w - 3 - wide * 1.5,
            y,
            wide * 1.5,
            step,
            "backspace",
            "Delete",
            field.delete,
            look.surface_highest,
            look,
        )
        y = top + step * 3
        self._word(
            ui, root, 3, y, wide * 1.5, step, "ABC" if self.symbols else "?123", self._flip_symbols, look
        )
        second = "/" if field.kind == "url" else ","
        self._key(ui, root, 3 + wide * 1.5, y, wide, step, second, field, look.surface_highest, look)
        self._key(ui, root, 3 + wide * 2.5, y, wide * 5, step, " ", field, look.background, look)
        self._key(ui, root, 3 + wide * 7.5, y, wide, step, ".", field, look.surface_highest, look)
        self._enter(ui, root, 3 + wide * 8.5, y, wide * 1.5, step, field, look)

    def _key(
        self,
        ui: Ui,
        root: Node,
        x: float,
        y: float,
        w: float,
        h: float,
        sign: str,
        field: Field,
        fill: Colour,
        look: Palette,
    ) -> None:
        def press() -> None:
            field.insert(sign)
            self.shift = False
            self._changed()

        ui.button(
            root,
            x + 2.5,
            y + 3,
            w - 5,
            sign,
            press,
            h=h - 6,
            size=19,
            fill=fill,
            colour=look.on_surface,
            radius=7,
            weight=0,
            description="space" if sign == " " else sign,
        )

    def _word(
        self,
        ui: Ui,
        root: Node,
        x: float,
        y: float,
        w: float,
        h: float,
        word: str,
        tap: Callable[[], None],
        look: Palette,
    ) -> None:
        ui.button(
            root,
            x + 2.5,
            y + 3,
            w - 5,
            word,
            tap,
            h=h - 6,
            size=13,
            fill=look.surface_highest,
            colour=look.on_surface,
            radius=7,
        )

    def _special(
        self,
        ui: Ui,
        root: Node,
        x: float,
        y: float,
        w: float,
        h: float,
        icon: str,
        description: str,
        action: Callable[[], None],
        fill: Colour,
        look: Palette,
        ink: Colour | None = None,
    ) -> None:
        def press() -> None:
            action()
            self._changed()

        made = ui.node(root, "ImageButton", x + 2.5, y + 3, w - 5, h - 6, tap=press, description=description)
        glyph = ui.px(21)
        colour = ink or look.on_surface

        def paint(canvas: Canvas) -> None:
            left, top, right, bottom = made.bounds
            canvas.fill(made.bounds, fill, ui.px(7))
            canvas.icon(icon, (left + right - glyph) // 2, (top + bottom - glyph) // 2, glyph, colour)

        made.paint = paint

    def _enter(
        self, ui: Ui, root: Node, x: float, y: float, w: float, h: float, field: Field, look: Palette
    ) -> None:
        icon = {"Send": "send", "Go": "enter", "Search": "search"}.get(field.action, "check")
        self._special(
            ui, root, x, y, w, h, icon, field.action, field.enter, look.primary, look, look.on_primary
        )

    def _flip_shift(self) -> None:
        self.shift = not self.shift

    def _flip_symbols(self) -> None:
        self.symbols = not self.symbols
        self._changed()
