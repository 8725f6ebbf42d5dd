"""What plays when one scene of the screen gives way to the next: pictures between two finished pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from PIL import Image

RATE = 60
"""Pictures a second that differ, at most; who asks for fewer gets fewer."""

TOGETHER_SECONDS = 0.1
"""Changes that follow so closely are one: a tap that closes the shade and opens an app."""

RISE = 0.12
"""The part of the height by which an app comes up, or goes."""

Compose = Callable[[Image.Image, Image.Image, float], Image.Image]
"""Makes a picture of the one before, the one after, and how far it is, 0 to 1."""


class Scene(NamedTuple):
    """What is on the screen, as far as its coming and going is animated.

    Attributes
    ----------
    size : tuple
        Width and height in pixels.
    task, activity : int
        In front; of two activities the later has the greater number.
    home, recents : bool
        Whether the launcher, or the overview of recent apps, shows.
    dialog : hashable
        The question over everything, or None.
    shade : bool
        Whether the notification shade is open.
    keyboard : int
        Where the keyboard begins, pixels from the top; 0 without one.
    heads_up, toast : str
        What shows for a moment.
    """

    size: tuple[int, int]
    task: int
    activity: int
    home: bool
    recents: bool
    dialog: Hashable
    shade: bool
    keyboard: int
    heads_up: str
    toast: str


class Kind(NamedTuple):
    """A way to play: how the pictures are made, its length in seconds, the setting that stretches it."""

    compose: Compose
    seconds: float
    scale: str


WINDOW, TRANSITION = "window_animation_scale", "transition_animation_scale"


def kind(old: Scene, new: Scene) -> Kind | None:
    """Return how a scene gives way to another; None when it does so at once."""
    if old.size != new.size:
        return None
    if old.recents != new.recents or old.task != new.task:
        if new.home and not new.recents:
            return Kind(_leave, 0.3, TRANSITION)
        return Kind(_rise, 0.3, TRANSITION)
    if old.activity != new.activity:
        return Kind(_push if new.activity > old.activity else _pull, 0.3, TRANSITION)
    if old.shade != new.shade:
        return Kind(_unroll if new.shade else _roll_up, 0.25, WINDOW)
    if old.keyboard != new.keyboard and old.dialog == new.dialog:
        return Kind(_slide(old.keyboard, new.keyboard), 0.2, WINDOW)
    if old != new:
        return Kind(_fade, 0.2, WINDOW)  # a dialog, a notice or a toast
    return None


def _come(share: float) -> float:
    """Return how far something has come that begins fast and slows down, as Android's windows do."""
    return 1 - (1 - share) ** 3


def _push(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The new activity comes over the old from the right, which gives way by a quarter."""
    return _beside(before, after, 1 - _come(share))


def _pull(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The old activity goes to the right, and the one below comes from under it."""
    return _beside(after, before, _come(share))


def _beside(below: Image.Image, above: Image.Image, share: float) -> Image.Image:
    """Put a picture down that is pushed to the right by a share of the width, over one that makes room."""
    at = round(below.width * share)
    made = Image.new("RGBA", below.size, (0, 0, 0, 255))
    made.paste(below, ((at - below.width) // 4, 0))
    made.paste(above, (at, 0))
    return made


def _rise(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The new app comes up from a little below and appears."""
    come = _come(share)
    made = before.copy()
    made.paste(after, (0, round(before.height * RISE * (1 - come))))
    return Image.blend(before, made, come)


def _leave(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The old app goes up a little and disappears; home is there below."""
    come = _come(share)
    made = after.copy()
    made.paste(before, (0, -round(before.height * RISE * come)))
    return Image.blend(made, after, come)


def _fade(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """What is new appears, what is gone disappears; of what stays nothing is seen to change."""
    return Image.blend(before, after, _come(share))


def _unroll(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The shade comes down."""
    tall = round(before.height * _come(share))
    made = before.copy()
    made.paste(after.crop((0, before.height - tall, *before.size)), (0, 0))
    return made


def _roll_up(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The shade goes up."""
    return _unroll(after, before, 1 - share)


def _slide(old: int, new: int) -> Compose:
    """Return the keyboard's way from below, or back there."""

    def compose(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
        width, height = after.size
        top = new or old
        keys, behind, come = (after, before, _come(share)) if new else (before, after, 1 - _come(share))
        shown = round((height - top) * come)
        made = after.copy()
        made.paste(behind.crop((0, top, width, height)), (0, top))
        made.paste(keys.crop((0, top, width, top + shown)), (0, height - shown))
        return made

    return compose


class Stage:
    """Plays the way from the picture that was shown last to the one that is due.

    Nothing is drawn for it but what is asked for: a way that nobody looked at has passed all the same.

    Parameters
    ----------
    scale
        Returns the factor of an animation setting, by its name; 0 for no animation.
    clock
        Returns the seconds of a clock that only rises.
    """

    def __init__(self, scale: Callable[[str], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._scale = scale
        self._clock = clock
        self._scene: Scene | None = None
        self._left: list[Scene] = []  # the scenes that the last change left behind
        self._since = 0.0
        self._shown: tuple[Scene, Image.Image] | None = None
        self._playing: tuple[Kind, Image.Image] | None = None

    def note(self, scene: Scene) -> None:
        """Take the scene that is there after a change."""
        if scene == self._scene:
            return
        now = self._clock()
        if now - self._since > TOGETHER_SECONDS:
            self._left = []
        if self._scene is not None:
            self._left.append(self._scene)
        self._scene, self._since = scene, now

    def cut(self) -> None:
        """Forget what was shown: the next picture comes at once."""
        self._shown = self._playing = None

    def step(self, scene: Scene) -> int:
        """Return the number of the picture that is due on the way to a scene; 0 when it is reached."""
        self.note(scene)
        if self._shown is None or self._shown[0] != scene:
            self._playing = self._begin(scene)
        passed = self._clock() - self._since
        if self._playing is None or passed >= self._seconds(self._playing[0]):
            self._playing = None
            return 0
        return 1 + int(passed * RATE)

    def picture(self, scene: Scene, step: int, due: Image.Image) -> Image.Image:
        """Return the picture with a number that `step` gave, on the way to the one that is due in the end."""
        if step and self._playing is not None:
            way, before = self._playing
            due = way.compose(before, due, min(1.0, step / RATE / self._seconds(way)))
        self._shown = (scene, due)
        return due

    def _seconds(self, way: Kind) -> float:
        return way.seconds * self._scale(way.scale)

    def _begin(self, scene: Scene) -> tuple[Kind, Image.Image] | None:
        if self._shown is None or self._shown[0] not in self._left:
            return None  # what was shown is long gone
        way = kind(self._shown[0], scene)
        return (way, self._shown[1]) if way is not None else None
