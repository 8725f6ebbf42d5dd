"""The ways between two scenes: which one, how long, what it is made of, and that nothing waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageChops

from execmon_lab.phone.screen.overlays import Dialog
from execmon_lab.phone.screen.transition import RATE, Scene, Stage, kind
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.system.system import System

SIZE = (72, 128)
HOME = Scene(SIZE, 1, 1, True, False, None, False, 0, "", "")
LIST = Scene(SIZE, 2, 2, False, False, None, False, 0, "", "")
PAGE = LIST._replace(activity=3)
WAYS = {
    "an app opens": (HOME, LIST),
    "home": (LIST, HOME),
    "recent apps": (LIST, LIST._replace(recents=True)),
    "an activity opens": (LIST, PAGE),
    "an activity closes": (PAGE, LIST),
    "the shade opens": (LIST, LIST._replace(shade=True)),
    "the shade closes": (LIST._replace(shade=True), LIST),
    "a dialog comes": (LIST, LIST._replace(dialog=7)),
    "the keyboard comes": (LIST, LIST._replace(keyboard=80)),
    "the keyboard goes": (LIST._replace(keyboard=80), LIST),
    "a toast comes": (LIST, LIST._replace(toast="hello")),
    "a notice goes": (LIST._replace(heads_up="sms"), LIST),
}
RED, BLUE = (Image.new("RGBA", SIZE, colour) for colour in ((255, 0, 0, 255), (0, 0, 255, 255)))


def share_of_blue(picture: Image.Image) -> float:
    """How much of a picture is already the one after."""
    red, _, blue, alpha = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert alpha == 255
    return blue / max(1, red + blue)


@pytest.mark.parametrize(("old", "new"), WAYS.values(), ids=WAYS)
def test_a_way_leads_from_the_old_picture_to_the_new_and_never_back(old: Scene, new: Scene) -> None:
    way = kind(old, new)
    assert way is not None
    shares = [share_of_blue(way.compose(RED, BLUE, step / 20)) for step in range(21)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert ImageChops.difference(way.compose(RED, BLUE, 1.0), BLUE).getbbox() is None
    assert len(set(shares)) > 8


@pytest.mark.parametrize(("old", "new"), WAYS.values(), ids=WAYS)
def test_a_way_slows_down_towards_its_end(old: Scene, new: Scene) -> None:
    way = kind(old, new)
    assert way is not None
    if new != LIST or not old.shade:  # the shade is drawn up as a finger would
        half = share_of_blue(way.compose(RED, BLUE, 0.5)) - share_of_blue(way.compose(RED, BLUE, 0.0))
        whole = 1.0 - share_of_blue(way.compose(RED, BLUE, 0.0))
        assert half > 0.7 * whole


def test_an_activity_comes_from_the_right_and_a_keyboard_from_below() -> None:
    push = kind(LIST, PAGE)
    keys = kind(LIST, LIST._replace(keyboard=80))
    assert push is not None
    assert keys is not None
    half = push.compose(RED, BLUE, 0.3)
    assert half.getpixel((0, 0)) == (255, 0, 0, 255)
    assert half.getpixel((71, 0)) == (0, 0, 255, 255)
    half = keys.compose(RED, BLUE, 0.3)
    assert half.getpixel((10, 81)) == (255, 0, 0, 255)
    assert half.getpixel((10, 127)) == (0, 0, 255, 255)


def test_a_dialog_over_a_keyboard_is_not_there_at_once() -> None:
    way = kind(LIST._replace(keyboard=80), LIST._replace(dialog=7))
    assert way is not None
    assert 0 < share_of_blue(way.compose(RED, BLUE, 0.1)) < 0.5


def test_a_turned_screen_has_no_way() -> None:
    assert kind(LIST, LIST._replace(size=(128, 72))) is None


class Clock:
    """A clock that stands until it is moved, and the scale of all animations."""

    def __init__(self) -> None:
        self.now, self.scale = 100.0, 1.0
        self.stage = Stage(lambda _: self.scale, lambda: self.now)

    def show(self, scene: Scene, picture: Image.Image) -> Image.Image:
        return self.stage.picture(scene, self.stage.step(scene), picture)


def test_each_picture_of_a_way_has_a_number_and_the_last_is_the_new_one() -> None:
    clock = Clock()
    assert clock.show(LIST, RED) is RED
    clock.now += 10
    steps = []
    for _ in range(40):
        steps.append(clock.stage.step(PAGE))
        clock.stage.picture(PAGE, steps[-1], BLUE)
        clock.now += 1 / RATE
    assert steps[:17] == sorted(steps[:17])
    assert len(set(steps[:17])) > 15
    assert max(steps) <= 0.3 * RATE
    assert set(steps[19:]) == {0}
    assert clock.show(PAGE, BLUE) is BLUE


def test_a_way_that_nobody_looked_at_has_passed() -> None:
    clock = Clock()
    clock.show(LIST, RED)
    clock.now += 10
    clock.stage.note(PAGE)
    clock.now += 1
    assert clock.show(PAGE, BLUE) is BLUE


def test_no_way_begins_at_a_picture_of_long_ago() -> None:
    clock = Clock()
    clock.show(HOME, RED)
    clock.now += 10
    clock.stage.note(LIST)
    clock.now += 10
    assert clock.show(PAGE, BLUE) is BLUE


def test_the_next_way_begins_where_the_last_was_left() -> None:
    clock = Clock()
    clock.show(LIST, RED)
    clock.now += 10
    clock.show(PAGE, BLUE)
    clock.now += 0.15
    left = clock.show(PAGE, BLUE)
    assert 0 < share_of_blue(left) < 1
    back = clock.show(LIST, RED)
    assert abs(share_of_blue(back) - share_of_blue(left)) < 0.2
    clock.now += 1
    assert clock.show(LIST, RED) is RED


def test_changes_that_follow_closely_are_one() -> None:
    clock = Clock()
    shaded = LIST._replace(shade=True)
    clock.show(shaded, RED)
    clock.now += 10
    clock.stage.note(LIST)
    clock.now += 0.01
    assert 0 < share_of_blue(clock.show(HOME, BLUE)) < 1


def test_a_scale_stretches_it_and_nought_is_none() -> None:
    clock = Clock()
    clock.show(LIST, RED)
    clock.scale = 0.0
    clock.now += 10
    assert clock.show(PAGE, BLUE) is BLUE
    clock.scale = 10.0
    clock.now += 10
    clock.show(LIST, RED)
    clock.now += 2
    assert clock.stage.step(LIST) > 0


# On a phone


@pytest.fixture
def system() -> Iterator[System]:
    with asyncio.Runner() as runner:
        made = System(serial="VP0001")
        runner.run(made.start())
        yield made
        runner.run(made.stop())


ASKED = Dialog("Really?", "It cannot be undone.", ("Yes", lambda: None))
CHANGES: dict[str, Callable[[System], object]] = {
    "transition_animation_scale": lambda system: system.activities.start(Intent("android.settings.SETTINGS")),
    "window_animation_scale": lambda system: system.screen.ask(ASKED),
}


@pytest.mark.parametrize("scale", CHANGES)
def test_the_tree_is_the_new_one_at_once_and_the_picture_follows(system: System, scale: str) -> None:
    system.settings.put("global", scale, "20")
    before = system.frame()
    CHANGES[scale](system)
    texts = [node.text for node in system.screen.active.root.walk()]
    assert "Network & internet" in texts or "Really?" in texts
    way = [system.frame()]
    while len(way) < 5:
        if (frame := system.frame()) is not way[-1]:
            way.append(frame)
    assert len({frame.data for frame in [before, *way]}) == 6
    system.settings.put("global", scale, "0")
    there = system.frame()
    assert there.data not in [frame.data for frame in way]
    system.screen.reset()


@pytest.mark.parametrize("scale", CHANGES)
def test_a_farms_phone_has_no_animations(system: System, scale: str) -> None:
    for name in ("window_animation_scale", "transition_animation_scale", "animator_duration_scale"):
        system.settings.put("global", name, "0")
    system.frame()
    CHANGES[scale](system)
    there = system.frame()
    system.screen.reset()
    if scale == "window_animation_scale":
        system.screen.ask(ASKED)
    body = 28 * 2 * 720 * 4  # below the clock
    assert system.frame().data[body:] == there.data[body:]


def test_a_display_that_comes_on_shows_what_is_there(system: System) -> None:
    system.settings.put("global", "transition_animation_scale", "20")
    system.frame()
    system.display.power(False)
    system.frame()
    system.activities.start(Intent("android.settings.SETTINGS"))
    system.display.power(True)
    there = system.frame()
    system.settings.put("global", "transition_animation_scale", "0")
    body = 28 * 2 * 720 * 4
    assert system.frame().data[body:] == there.data[body:]
