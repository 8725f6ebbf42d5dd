"""Building blocks of the screens: each makes a node with its picture; places and sizes are in dp."""

from __future__ import annotations

from typing import Any

from execmon_lab.phone.screen import text as type_
from execmon_lab.phone.screen.canvas import Canvas
from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Action, Node, Paint, Scroller
from execmon_lab.phone.screen.text import BOLD, MEDIUM, REGULAR
from execmon_lab.phone.screen.theme import NAVIGATION_BAR, STATUS_BAR, TOOLBAR, Colour, Palette, Rect, mix

_TAIL = 160  # characters of a field on either side of the cursor that may show
LEFT, CENTRE, RIGHT = "left", "centre", "right"
AVATARS: tuple[Colour, ...] = (
    (0x2B, 0x5E, 0xA7),
    (0x8E, 0x4A, 0x9E),
    (0x00, 0x7A, 0x6E),
    (0xB4, 0x53, 0x09),
    (0xA8, 0x32, 0x5A),
    (0x4A, 0x63, 0x2B),
)


class Ui:
    """Makes the nodes of one window.

    Parameters
    ----------
    size
        Pixels of the window.
    density
        Dots per inch.
    package
        Owner of the window: the `package` of every node and of its resource ids.
    keyboard
        Height of the keyboard that covers the bottom, dp.

    Attributes
    ----------
    w, h : float
        Size of the window in dp.
    top, bottom : float
        The part between the bars and the keyboard, dp.
    """

    def __init__(
        self, size: tuple[int, int], density: int, palette: Palette, package: str, keyboard: float = 0
    ) -> None:
        self.size = size
        self.scale = density / 160
        self.palette = palette
        self.package = package
        self.w, self.h = size[0] / self.scale, size[1] / self.scale
        self.top = STATUS_BAR
        self.bottom = self.h - NAVIGATION_BAR - keyboard

    def px(self, value: float) -> int:
        """Return dp as pixels."""
        return round(value * self.scale)

    def rect(self, x: float, y: float, w: float, h: float) -> Rect:
        """Return a place as pixels."""
        return (self.px(x), self.px(y), self.px(x + w), self.px(y + h))

    def node(
        self, parent: Node | None, kind: str, x: float, y: float, w: float, h: float, **values: Any
    ) -> Node:
        """Make a node; short class names are those of android.widget, short ids those of the package."""
        identifier = values.pop("id", "")
        if identifier and ":" not in identifier:
            identifier = f"{self.package}:id/{identifier}"
        name = kind if "." in kind else f"android.widget.{kind}"
        made = Node(name, self.rect(x, y, w, h), self.package, identifier, **values)
        if parent is not None:
            parent.children.append(made)
        return made

    def window(self, colour: Colour | None = None) -> tuple[Node, Node]:
        """Make a window's root; returns it and the node that takes the content."""
        root = self.node(None, "FrameLayout", 0, 0, self.w, self.h)
        content = self.node(root, "FrameLayout", 0, 0, self.w, self.h, id="android:id/content")
        if colour is not None:
            root.paint = lambda canvas: canvas.fill(root.bounds, colour)
        return root, content

    def box(
        self,
        parent: Node,
        x: float,
        y: float,
        w: float,
        h: float,
        colour: Colour | None = None,
        radius: float = 0,
        alpha: float = 1.0,
        kind: str = "FrameLayout",
        **values: Any,
    ) -> Node:
        """Make a container, filled where a colour is given."""
        made = self.node(parent, kind, x, y, w, h, **values)
        if colour is not None:
            made.paint = lambda canvas: canvas.fill(made.bounds, colour, self.px(radius), alpha)
        return made

    def shape(self, parent: Node, paint: Paint) -> None:
        """Draw something over the node's own picture, below its children."""
        before = parent.paint

        def both(canvas: Canvas) -> None:
            if before is not None:
                before(canvas)
            paint(canvas)

        parent.paint = both

    def label(
        self,
        parent: Node,
        x: float,
        y: float,
        w: float,
        text: str,
        size: float = 14,
        colour: Colour | None = None,
        weight: int = REGULAR,
        align: str = LEFT,
        lines: int = 1,
        alpha: float = 1.0,
        **values: Any,
    ) -> Node:
        """Make a text, `size` in dp; it is cut to its lines (0: as many as it takes). Its height follows."""
        ink = colour or self.palette.on_surface
        pixels = size * self.scale
        limit = w * self.scale
        rows = (
            (type_.shorten(text, pixels, weight, limit),)
            if lines == 1
            else type_.wrap(text, pixels, weight, limit, lines)
        )
        step = type_.line_height(pixels)
        height = step * len(rows) / self.scale
        made = self.node(parent, "TextView", x, y, w, height, text=text, **values)

        def paint(canvas: Canvas) -> None:
            for index, row in enumerate(rows):
                if not canvas.reaches(made.bounds[1] + index * step, step):
                    continue
                spare = limit - type_.width(row, pixels, weight)
                left = made.bounds[0] + spare * {LEFT: 0.0, CENTRE: 0.5, RIGHT: 1.0}[align]
                canvas.text(left, made.bounds[1] + index * step, row, pixels, ink, weight, alpha)

        made.paint = paint
        return made

    def text_height(self, text: str, w: float, size: float, weight: int = REGULAR, lines: int = 0) -> float:
        """Return the height in dp that a text takes at a width."""
        rows = type_.wrap(text, size * self.scale, weight, w * self.scale, lines)
        return type_.line_height(size * self.scale) * len(rows) / self.scale

    def text_width(self, text: str, size: float, weight: int = REGULAR) -> float:
        """Return the width in dp of a line of text."""
        return type_.width(text, size * self.scale, weight) / self.scale

    def icon(
        self,
        parent: Node,
        x: float,
        y: float,
        size: float,
        name: str,
        colour: Colour | None = None,
        **values: Any,
    ) -> Node:
        """Make an icon."""
        ink = colour or self.palette.on_variant
        made = self.node(parent, "ImageView", x, y, size, size, **values)
        made.paint = lambda canvas: canvas.icon(name, made.bounds[0], made.bounds[1], self.px(size), ink)
        return made

    def icon_button(
        self,
        parent: Node,
        x: float,
        y: float,
        name: str,
        tap: Action,
        *,
        description: str,
        size: float = 48,
        glyph: float = 24,
        colour: Colour | None = None,
        fill: Colour | None = None,
        radius: float | None = None,
        **values: Any,
    ) -> Node:
        """Make a button that is an icon, with a round back where `fill` is given."""
        ink = colour or self.palette.on_surface
        made = self.node(parent, "ImageButton", x, y, size, size, tap=tap, description=description, **values)
        corner = self.px(size / 2 if radius is None else radius)
        inset = self.px((size - glyph) / 2)

        def paint(canvas: Canvas) -> None:
            if fill is not None:
                canvas.fill(made.bounds, fill, corner)
            canvas.icon(name, made.bounds[0] + inset, made.bounds[1] + inset, self.px(glyph), ink)

        made.paint = paint
        return made

    def button(
        self,
        parent: Node,
        x: float,
        y: float,
        w: float,
        text: str,
        tap: Action,
        *,
        h: float = 40,
        size: float = 14,
        fill: Colour | None = None,
        colour: Colour | None = None,
        radius: float | None = None,
        weight: int = MEDIUM,
        enabled: bool = True,
        icon: str = "",
        **values: Any,
    ) -> Node:
        """Make a button with a word, and an icon before it where asked for."""
        ink = colour or (self.palette.on_primary if fill else self.palette.primary)
        made = self.node(
            parent, "Button", x, y, w, h, text=text, tap=tap if enabled else None, enabled=enabled, **values
        )
        pixels = size * self.scale
        corner = self.px(h / 2 if radius is None else radius)
        glyph = self.px(size * 1.35) if icon else 0

        def paint(canvas: Canvas) -> None:
            alpha = 1.0 if enabled else 0.38
            if fill is not None:
                canvas.fill(made.bounds, fill, corner, alpha)
            left, top, right, bottom = made.bounds
            wide = type_.width(text, pixels, weight) + (glyph + self.px(8) if glyph else 0)
            start = (left + right - wide) / 2
            if glyph:
                canvas.icon(icon, round(start), (top + bottom - glyph) // 2, glyph, ink, alpha)
                start += glyph + self.px(8)
            canvas.text(
                start, (top + bottom - type_.line_height(pixels)) / 2, text, pixels, ink, weight, alpha
            )

        made.paint = paint
        return made

    def switch(
        self, parent: Node, x: float, y: float, checked: bool, tap: Action | None = None, **values: Any
    ) -> Node:
        """Make a switch, 52 by 32."""
        look = self.palette
        made = self.node(parent, "Switch", x, y, 52, 32, tap=tap, checkable=True, checked=checked, **values)

        def paint(canvas: Canvas) -> None:
            left, top, right, bottom = made.bounds
            middle = (top + bottom) // 2
            if checked:
                canvas.fill(made.bounds, look.primary, self.px(16))
                radius, centre, ink = self.px(12), right - self.px(16), look.on_primary
            else:
                canvas.fill(made.bounds, look.surface_highest, self.px(16))
                canvas.outline(made.bounds, look.on_variant, self.px(16), self.px(2))
                radius, centre, ink = self.px(8), left + self.px(16), look.on_variant
            canvas.fill((centre - radius, middle - radius, centre + radius, middle + radius), ink, radius)
            if checked:
                glyph = self.px(16)
                canvas.icon("check", centre - glyph // 2, middle - glyph // 2, glyph, look.primary)

        made.paint = paint
        return made

    def field(
        self,
        parent: Node,
        x: float,
        y: float,
        w: float,
        h: float,
        field: Field,
        *,
        focused: bool,
        tap: Action,
        fill: Colour | None = None,
        radius: float = 12,
        size: float = 16,
        padding: float = 16,
        align: str = LEFT,
        weight: int = REGULAR,
        **values: Any,
    ) -> Node:
        """Make a text field on one line that shows its end."""
        look = self.palette
        made = self.node(
            parent,
            "EditText",
            x,
            y,
            w,
            h,
            text=field.value or field.hint,
            hint=field.hint,
            tap=tap,
            focused=focused,
            set_text=field.set,
            **values,
        )
        pixels = size * self.scale
        limit = (w - 2 * padding) * self.scale

        def paint(canvas: Canvas) -> None:
            if fill is not None:
                canvas.fill(made.bounds, fill, self.px(radius))
            top = (made.bounds[1] + made.bounds[3] - type_.line_height(pixels)) / 2
            shown = field.value.replace("\n", " ")[: field.cursor + _TAIL]
            start = max(0, field.cursor - _TAIL)
            while start < field.cursor and type_.width(shown[start : field.cursor], pixels, weight) > limit:
                start += 1
            line = shown[start:] or field.hint
            ink = look.on_surface if field.value else look.on_variant
            wide = type_.width(line, pixels, weight)
            spare = max(0.0, limit - wide) * {LEFT: 0.0, CENTRE: 0.5, RIGHT: 1.0}[align]
            left = made.bounds[0] + self.px(padding) + spare
            canvas.text(left, top, type_.shorten(line, pixels, weight, limit + 2), pixels, ink, weight)
            if focused:
                at = round(
                    left + (type_.width(shown[start : field.cursor], pixels, weight) if field.value else 0)
                )
                low = round(top + type_.line_height(pixels) * 0.92)
                canvas.fill((at, round(top), at + max(2, self.px(1.5)), low), look.primary)

        made.paint = paint
        return made

    def scroll(
        self,
        parent: Node,
        y: float,
        bottom: float,
        scroller: Scroller,
        height: float,
        *,
        x: float = 0,
        w: float | None = None,
        kind: str = "ScrollView",
        **values: Any,
    ) -> tuple[Node, float]:
        """Make a list that scrolls; returns it and the y where its content of `height` starts."""
        view = max(1.0, bottom - y)
        scroller.limit = max(0.0, height - view)
        scroller.offset = min(scroller.offset, scroller.limit)
        made = self.node(
            parent, kind, x, y, self.w - x if w is None else w, view, scroller=scroller, clips=True, **values
        )
        return made, y - scroller.offset

    def toolbar(self, parent: Node, title: str, back: Action | None = None, *, size: float = 22) -> Node:
        """Make the bar at the top with a title and, where asked for, the way back."""
        bar = self.node(parent, "android.view.ViewGroup", 0, self.top, self.w, TOOLBAR, id="toolbar")
        left = 20.0
        if back is not None:
            self.icon_button(bar, 4, self.top + 6, "back", back, description="Navigate up")
            left = 60.0
        self.label(
            bar, left, self.top + 15, self.w - left - (62 if back else 110), title, size, weight=MEDIUM
        )
        return bar

    def row(
        self,
        parent: Node,
        y: float,
        title: str,
        summary: str = "",
        *,
        tap: Action | None = None,
        icon: str = "",
        checked: bool | None = None,
        h: float = 72,
        trailing: str = "",
        accent: Colour | None = None,
        enabled: bool = True,
        x: float = 0,
        w: float | None = None,
        **values: Any,
    ) -> Node:
        """Make a row of a list: icon, title, summary, and a switch or a word at its end."""
        look = self.palette
        wide = self.w if w is None else w
        made = self.node(
            parent, "LinearLayout", x, y, wide, h, tap=tap if enabled else None, enabled=enabled, **values
        )
        left = x + 20.0
        if icon:
            tint = accent or look.primary
            disc = self.box(made, left, y + h / 2 - 20, 40, 40, mix(look.background, tint, 0.14), 20)
            self.icon(disc, left + 10, y + h / 2 - 10, 20, icon, tint, id="android:id/icon")
            left += 56
        room = wide - (left - x) - (84 if checked is not None else 20)
        if trailing:
            room -= 64
            self.label(made, x + wide - 84, y + h / 2 - 8, 64, trailing, 12, look.on_variant, align=RIGHT)
        top = y + h / 2 - (20 if summary else 11)
        ink = look.on_surface if enabled else look.on_variant
        self.label(made, left, top, room, title, 16, ink, enabled=enabled, id="android:id/title")
        if summary:
            self.label(
                made,
                left,
                top + 22,
                room,
                summary,
                13,
                look.on_variant,
                enabled=enabled,
                id="android:id/summary",
            )
        if checked is not None:
            self.switch(
                made, x + wide - 72, y + h / 2 - 16, checked, id="android:id/switch_widget", enabled=enabled
            )
        return made

    def avatar(self, parent: Node, x: float, y: float, size: float, name: str) -> Node:
        """Make a round badge with a letter, or a figure where the name is a number."""
        colour = AVATARS[sum(map(ord, name)) % len(AVATARS)]
        made = self.box(parent, x, y, size, size, colour, size / 2)
        if name[:1].isalpha():
            letters = size * 0.42
            self.shape(made, lambda canvas: self._letter(canvas, made, name[0].upper(), letters))
        else:
            glyph = size * 0.6
            inset = self.px((size - glyph) / 2)
            self.shape(
                made,
                lambda canvas: canvas.icon(
                    "contacts",
                    made.bounds[0] + inset,
                    made.bounds[1] + inset,
                    self.px(glyph),
                    (255, 255, 255),
                ),
            )
        return made

    def _letter(self, canvas: Canvas, node: Node, letter: str, size: float) -> None:
        pixels = size * self.scale
        left, top, right, bottom = node.bounds
        start = (left + right - type_.width(letter, pixels, BOLD)) / 2
        canvas.text(
            start, (top + bottom - type_.line_height(pixels)) / 2, letter, pixels, (255, 255, 255), BOLD
        )

    def line(self, parent: Node, x: float, y: float, w: float) -> None:
        """Draw a thin line; it is no node."""
        area = self.rect(x, y, w, 0)
        colour = self.palette.outline
        self.shape(
            parent,
            lambda canvas: canvas.fill((area[0], area[1], area[2], area[1] + max(1, self.px(0.8))), colour),
        )
