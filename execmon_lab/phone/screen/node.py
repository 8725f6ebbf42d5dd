"""A node of the screen's tree: what is drawn, tapped and dumped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from execmon_lab.phone.screen.canvas import Canvas
from execmon_lab.phone.screen.theme import Rect

Paint = Callable[[Canvas], None]
Action = Callable[[], object]


class Scroller:
    """How far a list is scrolled, in dp; `limit` is set by who lays the list out."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.limit = 0.0

    def move(self, distance: float) -> bool:
        """Scroll by a distance in dp; False when the end was reached already."""
        before = self.offset
        self.offset = min(max(0.0, self.offset + distance), self.limit)
        return self.offset != before


@dataclass(eq=False)
class Node:
    """A widget as accessibility sees it, with its picture and its actions.

    Attributes
    ----------
    bounds : Rect
        Pixels on the screen: left, top, right, bottom.
    visible : Rect
        The part of the bounds that its scrolling parents let through.
    paint : callable or None
        Draws the node itself, not its children.
    """

    kind: str
    bounds: Rect
    package: str
    identifier: str = ""
    text: str = ""
    description: str = ""
    hint: str = ""
    paint: Paint | None = None
    tap: Action | None = None
    long_press: Action | None = None
    drag: Callable[[float, float], bool] | None = None  # dx, dy in pixels
    set_text: Callable[[str], None] | None = None
    checkable: bool = False
    checked: bool = False
    enabled: bool = True
    focused: bool = False
    selected: bool = False
    password: bool = False
    clips: bool = False
    scroller: Scroller | None = None
    children: list[Node] = field(default_factory=list)
    visible: Rect = (0, 0, 0, 0)

    @property
    def clickable(self) -> bool:
        """Whether a tap does something."""
        return self.tap is not None

    @property
    def focusable(self) -> bool:
        """Whether the node can take the focus."""
        return self.clickable or self.scroller is not None

    @property
    def scrollable(self) -> bool:
        """Whether there is more than what shows."""
        return self.scroller is not None and self.scroller.limit > 0

    @property
    def centre(self) -> tuple[int, int]:
        """Middle of what is visible."""
        left, top, right, bottom = self.visible
        return (left + right) // 2, (top + bottom) // 2

    def walk(self) -> Iterator[Node]:
        """Yield the node and all below it, in order of the dump."""
        yield self
        for child in self.children:
            yield from child.walk()

    def settle(self, clip: Rect) -> bool:
        """Work out what is visible within `clip`, dropping children that are not; False when nothing is."""
        self.visible = intersect(self.bounds, clip)
        if empty(self.visible):
            return False
        inner = self.visible if self.clips else clip
        self.children = [child for child in self.children if child.settle(inner)]
        return True

    def draw(self, canvas: Canvas) -> None:
        """Draw the node and all below it."""
        if self.paint is not None:
            self.paint(canvas)
        if not self.children:
            return
        if self.clips:
            part = canvas.part(self.visible)
            for child in self.children:
                child.draw(part)
            canvas.merge(part)
        else:
            for child in self.children:
                child.draw(canvas)

    def hit(self, x: int, y: int, wanted: Callable[[Node], bool]) -> Node | None:
        """Return the topmost node under a point that fits."""
        if not inside(self.visible, x, y) and self.clips:
            return None
        for child in reversed(self.children):
            found = child.hit(x, y, wanted)
            if found is not None:
                return found
        return self if inside(self.visible, x, y) and wanted(self) else None


def intersect(one: Rect, other: Rect) -> Rect:
    """Return what two rectangles have in common."""
    return (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))


def empty(area: Rect) -> bool:
    """Whether a rectangle has no inside."""
    return area[2] <= area[0] or area[3] <= area[1]


def inside(area: Rect, x: float, y: float) -> bool:
    """Whether a point lies in a rectangle."""
    return area[0] <= x < area[2] and area[1] <= y < area[3]
