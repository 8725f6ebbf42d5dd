"""What a user does to a picture of the screen, and what that is on the screen itself.

Positions are fractions of the picture, from its upper left corner: whoever sends them need not know the
screen's size, and they hold at every scale and quality.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

Size = tuple[int, int]
"""Width and height, in pixels."""

Fraction = Annotated[float, Meta(ge=0, le=1)]
Shift = Annotated[float, Meta(ge=-1, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=10)]

KEYS = {
    "back": "KEYCODE_BACK",
    "home": "KEYCODE_HOME",
    "recents": "KEYCODE_APP_SWITCH",
    "enter": "KEYCODE_ENTER",
    "backspace": "KEYCODE_DEL",
    "delete": "KEYCODE_FORWARD_DEL",
    "tab": "KEYCODE_TAB",
    "up": "KEYCODE_DPAD_UP",
    "down": "KEYCODE_DPAD_DOWN",
    "left": "KEYCODE_DPAD_LEFT",
    "right": "KEYCODE_DPAD_RIGHT",
}
"""The keys that can be sent, and what Android calls them."""

KeyName = Literal[
    "back", "home", "recents", "enter", "backspace", "delete", "tab", "up", "down", "left", "right"
]

PRESS_SECONDS = 0.6
"""A long press: Android's own is 0.4 s, and some vendors' 0.5 s."""

TEXT_LENGTH = 10_000
"""Characters of the longest text; one that is longer is refused as a whole."""

SCROLL_SECONDS = 0.25
_LEAST = 0.05  # of the shorter side; Android takes what is under 8 dp of some 400 for a tap
_NEAR = 0.05  # turns of the wheel this near to each other are over the same thing
_SHOWN = 200  # characters of a text in a line of the log
_PIECE = 500  # characters of a line that a device is given at once
_MARGIN = 0.08  # what is nearer to an edge belongs to the system's gestures
_ASPECT_TOLERANCE = 0.04  # scaled pictures are rounded to whole pixels, a stream's to multiples of 8


class Misfit(ValueError):
    """The picture is not one of the screen as it is now."""


class Gesture(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=str.lower):
    """What all have in common."""


class Tap(Gesture, frozen=True, kw_only=True):
    """A short touch."""

    x: Fraction
    y: Fraction


class Pick(Gesture, frozen=True, kw_only=True):
    """No touch: what lies at a point shall be named in code."""

    x: Fraction
    y: Fraction


class Press(Gesture, frozen=True, kw_only=True):
    """A long touch."""

    x: Fraction
    y: Fraction
    seconds: Seconds = PRESS_SECONDS


class Swipe(Gesture, frozen=True, kw_only=True):
    """A finger drawn from one point to another."""

    x1: Fraction
    y1: Fraction
    x2: Fraction
    y2: Fraction
    seconds: Seconds = 0.3


class Scroll(Gesture, frozen=True, kw_only=True):
    """A turn of the wheel over a point: positive shows what lies further right, or further down."""

    x: Fraction
    y: Fraction
    dx: Shift = 0.0
    dy: Shift = 0.0


class Text(Gesture, frozen=True, kw_only=True):
    """Characters typed; the end of a line is the enter key."""

    text: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH)]


class Key(Gesture, frozen=True, kw_only=True):
    """A key that is no character."""

    key: KeyName


AnyGesture = Tap | Pick | Press | Swipe | Scroll | Text | Key
Pointing = (Tap, Pick, Press, Swipe, Scroll)
"""The gestures that have a place on the picture."""


class Touches(Protocol):
    """What carries gestures out, in pixels of the screen as it is turned now: a `DeviceSession`."""

    def tap(self, x: int, y: int) -> None:
        """Touch a pixel."""

    def swipe(self, x1: int, y1: int, x2: int, y2: int, duration: float = 0.3) -> None:
        """Draw a finger from one pixel to another in `duration` seconds."""

    def text(self, text: str) -> None:
        """Type."""

    def key(self, key: str | int) -> None:
        """Press a key."""


@runtime_checkable
class Wheel(Protocol):
    """Touches that have a wheel; where there is none, a finger scrolls."""

    def scroll(self, x: int, y: int, dx: int, dy: int) -> None:
        """Turn the wheel over a pixel, to show what lies so many pixels further right, and further down."""


Reach = Callable[[str, Size | None, Callable[[float], bool]], Touches | None]
"""Finds a quicker way to touch a device than its own commands; see `PreviewService.touches`."""


class Action(NamedTuple):
    """A gesture on the screen: what the log says of it, and how it is done."""

    words: str
    run: Callable[[Touches], None]


def turned(screen: Size, picture: Size) -> Size:
    """Return the screen's size as it is turned on the picture.

    Parameters
    ----------
    screen
        As the device is held upright, as ``wm size`` has it, or in any other way.
    picture
        The picture's, in any scale.

    Raises
    ------
    Misfit
        When the picture has other proportions in both ways of turning the screen.
    """
    width, height = sorted(screen) if picture[0] <= picture[1] else sorted(screen, reverse=True)
    if abs(width * picture[1] / (height * picture[0]) - 1) > _ASPECT_TOLERANCE:
        raise Misfit(
            f"the picture is {picture[0]}x{picture[1]}, the screen {width}x{height}: "
            "nothing was sent, wait for the next picture"
        )
    return width, height


def resolve(gesture: AnyGesture, screen: Size) -> Action:
    """Find a gesture's place on the screen.

    Parameters
    ----------
    gesture
        In fractions of a picture.
    screen
        The size of what the picture shows, in pixels, as it is turned; of no matter for text and keys.
    """

    match gesture:
        case Pick():
            return Action("", lambda touches: None)
        case Tap(x=x, y=y):
            at = pixel(x, y, screen)
            return Action(f"tap {at[0]} {at[1]}", lambda touches: touches.tap(*at))
        case Press(x=x, y=y, seconds=seconds):
            at = pixel(x, y, screen)
            held = max(seconds, PRESS_SECONDS)
            words = f"long press {at[0]} {at[1]} for {held:.1f} s"
            return Action(words, lambda touches: touches.swipe(*at, *at, held))
        case Swipe(x1=x1, y1=y1, x2=x2, y2=y2, seconds=seconds):
            return _swipe(pixel(x1, y1, screen), pixel(x2, y2, screen), seconds)
        case Scroll():
            return _scroll(gesture, screen)
        case Text(text=text):
            shown = repr(text[:_SHOWN]) + (f"… ({len(text)} characters)" if len(text) > _SHOWN else "")
            return Action(f"text {shown}", lambda touches: touches.text(text))
        case Key(key=key):
            return Action(f"key {KEYS[key]}", lambda touches: touches.key(KEYS[key]))


def pixel(x: float, y: float, screen: Size) -> tuple[int, int]:
    """Find the pixel at a place of the picture."""
    width, height = screen
    return min(int(x * width), width - 1), min(int(y * height), height - 1)


def stroke(scroll: Scroll, screen: Size) -> tuple[tuple[int, int], tuple[int, int], float]:
    """Find where the finger of a scroll begins and ends, and how many seconds it takes.

    It goes far enough not to be a tap.
    """
    length = math.hypot(scroll.dx * screen[0], scroll.dy * screen[1])
    more = max(1.0, _LEAST * min(screen) / length) if length else 1.0
    (x1, x2), (y1, y2) = _stroke(scroll.x, scroll.dx * more), _stroke(scroll.y, scroll.dy * more)
    return pixel(x1, y1, screen), pixel(x2, y2, screen), SCROLL_SECONDS


def joined(first: AnyGesture, second: AnyGesture) -> AnyGesture | None:
    """Make one gesture of two that follow each other; None where they are two things."""
    match first, second:
        case Text(), Text() if len(first.text + second.text) <= TEXT_LENGTH:
            return Text(text=first.text + second.text)
        case Scroll(), Scroll() if abs(first.x - second.x) <= _NEAR and abs(first.y - second.y) <= _NEAR:
            dx, dy = first.dx + second.dx, first.dy + second.dy
            if 0 < max(abs(dx), abs(dy)) <= 1:
                return Scroll(x=second.x, y=second.y, dx=dx, dy=dy)
    return None


def parts(gesture: AnyGesture) -> list[AnyGesture]:
    """Return what a gesture is done by, one after the other: a text by its lines, a long line by pieces.

    What a device is given at once must be typed within the time of one command.
    """
    if not isinstance(gesture, Text):
        return [gesture]
    done: list[AnyGesture] = []
    for number, line in enumerate(gesture.text.replace("\r\n", "\n").split("\n")):
        if number:
            done.append(Key(key="enter"))
        done += [Text(text=line[at : at + _PIECE]) for at in range(0, len(line), _PIECE)]
    return done


def key_code(key: KeyName) -> str:
    """Return Android's name of a key."""
    return KEYS[key]


def _swipe(start: tuple[int, int], end: tuple[int, int], seconds: float) -> Action:
    words = f"swipe {start[0]} {start[1]} to {end[0]} {end[1]} in {seconds:.2f} s"
    return Action(words, lambda touches: touches.swipe(*start, *end, seconds))


def _scroll(scroll: Scroll, screen: Size) -> Action:
    at = pixel(scroll.x, scroll.y, screen)
    by = round(scroll.dx * screen[0]), round(scroll.dy * screen[1])
    start, end, seconds = stroke(scroll, screen)

    def run(touches: Touches) -> None:
        if isinstance(touches, Wheel):
            touches.scroll(*at, *by)
        elif start != end:
            touches.swipe(*start, *end, seconds)

    return Action(f"scroll {at[0]} {at[1]} by {by[0]} {by[1]}", run)


def _stroke(at: float, shift: float) -> tuple[float, float]:
    """Where a finger begins and ends to move the content by `-shift`, moved off the edges where need be."""
    if not shift:
        return at, at
    room = 1 - 2 * _MARGIN
    shift = max(-room, min(room, shift))
    low, high = _MARGIN + max(0.0, shift), 1 - _MARGIN + min(0.0, shift)
    begin = max(low, min(high, at))
    return begin, begin - shift
