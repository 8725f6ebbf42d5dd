"""What a user does by hand, as lines of a module: elements by name, pixels only where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..devices.hierarchy import Bounds, Node, Selector
from .gestures import AnyGesture, Key, Pick, Press, Scroll, Size, Swipe, Tap, Text, key_code, pixel, stroke

DEVICE = "ctx.device"
_TEXT_LENGTH = 80
_DOUBTFUL = "  # perhaps by hand alone: `input` types ASCII"
_VERBS = {"back": "back()", "home": "home()"}


def line(gesture: AnyGesture, screen: Size, nodes: Sequence[Node] = ()) -> str:
    """Write a gesture as a line of code.

    Parameters
    ----------
    gesture
        In fractions of the picture.
    screen
        What the picture shows, in pixels; of no matter for text and keys.
    nodes
        What was on the screen, as `DeviceSession.nodes` gives it; a tap is then told by what it hit.
    """
    return f"{DEVICE}.{_call(gesture, screen, nodes)}"


def _call(gesture: AnyGesture, screen: Size, nodes: Sequence[Node]) -> str:
    match gesture:
        case Tap(x=x, y=y) | Pick(x=x, y=y):
            at = pixel(x, y, screen)
            named = name_of(nodes, *at)
            return f"tap_on({named})" if named else f"tap({at[0]}, {at[1]})"
        case Press(x=x, y=y, seconds=seconds):
            at = pixel(x, y, screen)
            return _swipe(at, at, seconds)
        case Swipe(x1=x1, y1=y1, x2=x2, y2=y2, seconds=seconds):
            return _swipe(pixel(x1, y1, screen), pixel(x2, y2, screen), seconds)
        case Scroll():
            return _swipe(*stroke(gesture, screen))
        case Text(text=text):
            return f"text({quoted(text)})" + ("" if text.isascii() else _DOUBTFUL)
        case Key(key=key):
            return _VERBS.get(key) or f"key({quoted(key_code(key))})"


def quoted(text: str) -> str:
    """Write a text as a literal, in double quotes where that needs no more escapes."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if '"' not in literal else literal


def _swipe(start: tuple[int, int], end: tuple[int, int], seconds: float) -> str:
    return f"swipe({start[0]}, {start[1]}, {end[0]}, {end[1]}, duration={seconds:.2g})"


def name_of(nodes: Sequence[Node], x: int, y: int) -> str | None:
    """Find how `tap_on` is told of what lies at a pixel: its arguments, or None where it has no name.

    What names an element must name no other before it. An element that takes taps and has no name of its own
    is told by one inside it.
    """
    # The smallest is what a finger means; of equals the one in front, which comes later.
    hit = [node for node in reversed(nodes) if _holds(node.bounds, (x, y))]
    for node in sorted(hit, key=lambda node: _area(node.bounds)):
        named = _own_name(node, nodes)
        if named:
            return named
        if node.clickable:
            inner = (other for other in nodes if other is not node and _within(other.bounds, node.bounds))
            return next(filter(None, (_own_name(other, nodes) for other in inner)), None)
    return None


def _own_name(node: Node, nodes: Sequence[Node]) -> str | None:
    for selector in _selectors(node):
        if Selector(**selector).first(nodes) is node:
            first, *more = [f"{name}={quoted(value)}" for name, value in selector.items()]
            return ", ".join([first.removeprefix("text="), *more])
    return None


def _selectors(node: Node) -> Iterator[dict[str, str]]:
    """Say in which ways a node may be told, what a reader understands best first."""
    text, description = _plain(node.text), _plain(node.description)
    own = {"text": text, "description": description, "resource_id": node.resource_id.rpartition("/")[2]}
    known = {name: value for name, value in own.items() if value}
    yield from ({name: value} for name, value in known.items())
    if len(known) > 1:
        yield known
    if known and node.cls:
        yield {**known, "cls": node.cls.rpartition(".")[2]}


def _plain(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH and text.isprintable() else ""


def _holds(bounds: Bounds, at: tuple[int, int]) -> bool:
    return bounds.left <= at[0] < bounds.right and bounds.top <= at[1] < bounds.bottom


def _within(inner: Bounds, outer: Bounds) -> bool:
    return _holds(outer, inner.center) and _area(inner) <= _area(outer)


def _area(bounds: Bounds) -> int:
    return (bounds.right - bounds.left) * (bounds.bottom - bounds.top)
