"""A list that goes on after the finger has left it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from execmon_lab.phone.screen.fling import FASTEST, Fling
from execmon_lab.phone.screen.node import Scroller
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.system.system import System
from execmon_lab.phone.uiautomator.methods import Methods


class Way:
    """A list of a length in dp, and a clock that stands until it is moved."""

    def __init__(self, limit: float = 100_000.0, offset: float = 0.0) -> None:
        self.now = 0.0
        self.scroller = Scroller()
        self.scroller.limit, self.scroller.offset = limit, offset

    def fling(self, speed: float, scale: float = 1.0) -> Fling:
        return Fling(self.scroller, speed, scale, lambda: self.now)

    def places(self, fling: Fling) -> list[float]:
        """Where the list is at each sixtieth of a second until it stands still."""
        found = [self.scroller.offset]
        while fling.go():
            self.now += 1 / 60
            found.append(self.scroller.offset)
        return found


def test_it_goes_on_at_the_fingers_speed_and_slows_down() -> None:
    way = Way()
    places = way.places(way.fling(2000))
    steps = [after - before for before, after in itertools.pairwise(places[1:])]
    assert steps[0] == pytest.approx(2000 / 60, rel=0.05)
    assert steps == sorted(steps, reverse=True)
    assert 0.5 < way.now < 1.5


@pytest.mark.parametrize("speed", [-3000.0, 3000.0])
def test_it_goes_the_way_the_finger_went(speed: float) -> None:
    way = Way(offset=50_000.0)
    way.places(way.fling(speed))
    assert (way.scroller.offset > 50_000) == (speed > 0)


def test_the_faster_the_farther_up_to_a_bound() -> None:
    ends = []
    for speed in (500.0, 2000.0, FASTEST, 5 * FASTEST):
        way = Way()
        way.places(way.fling(speed))
        ends.append(way.scroller.offset)
    assert ends[0] < ends[1] < ends[2] == ends[3]


@pytest.mark.parametrize(("speed", "end"), [(5000.0, 300.0), (-5000.0, 0.0)])
def test_the_list_stops_at_its_ends(speed: float, end: float) -> None:
    way = Way(limit=300.0, offset=150.0)
    assert way.places(way.fling(speed))[-1] == end
    assert way.now < 0.3


def test_a_scale_stretches_its_time_and_nought_is_none() -> None:
    ends = []
    for scale in (0.0, 1.0, 3.0):
        way = Way()
        way.places(way.fling(2000, scale))
        ends.append((way.now, way.scroller.offset))
    assert ends[0][0] == 0
    assert ends[2][0] == pytest.approx(3 * ends[1][0], rel=0.05)
    assert ends[0][1] == pytest.approx(ends[1][1]) == pytest.approx(ends[2][1])


# On a phone


class Contacts:
    """A phone that shows a list longer than its screen."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.system = System(serial="VP0001", size=(720, 800))
        self.runner.run(self.system.start())
        self.system.activities.start(Intent("android.settings.DEVICE_INFO_SETTINGS"))
        self.system.frame()

    def offset(self) -> float:
        """How far the list is scrolled, in dp."""
        nodes = [node for window in self.system.screen.windows() for node in window.root.walk()]
        return next(node.scroller.offset for node in nodes if node.scroller is not None)

    def flick(self) -> None:
        """Draw a finger up by 40 dp and lift it in its course."""
        self.runner.run(self.system.touch.swipe(360, 500, 360, 420, 0.08))


@pytest.fixture
def contacts() -> Iterator[Contacts]:
    made = Contacts()
    yield made
    made.runner.run(made.system.stop())
    made.runner.close()


def test_a_list_goes_on_after_a_flick_and_each_picture_shows_it(contacts: Contacts) -> None:
    contacts.system.settings.put("global", "animator_duration_scale", "20")
    contacts.flick()
    left = contacts.offset()
    first = contacts.system.frame()
    contacts.runner.run(asyncio.sleep(0.2))
    assert contacts.offset() > left
    assert contacts.system.frame().data != first.data
    contacts.runner.run(contacts.system.touch.swipe(360, 500, 360, 500, 0.01))
    caught = contacts.offset()
    contacts.runner.run(asyncio.sleep(0.1))
    assert contacts.offset() == caught, "a finger stops it"


def test_a_finger_that_rests_before_it_is_lifted_leaves_the_list_there(contacts: Contacts) -> None:
    touch = contacts.system.touch
    touch.down(360, 500)
    touch.move(360, 460)
    touch.move(360, 420)
    contacts.runner.run(asyncio.sleep(0.15))
    touch.up(360, 420)
    assert contacts.offset() == 40
    contacts.runner.run(asyncio.sleep(0.05))
    assert contacts.offset() == 40


def test_who_looks_through_accessibility_waits_until_it_stands_still(contacts: Contacts) -> None:
    contacts.flick()
    tree = contacts.runner.run(Methods(contacts.system).dumpWindowHierarchy(active=True))
    there = contacts.offset()
    contacts.runner.run(asyncio.sleep(0.1))
    assert contacts.offset() == there
    assert contacts.runner.run(Methods(contacts.system).dumpWindowHierarchy(active=True)) == tree


def test_what_is_left_behind_moves_no_more_and_costs_nothing(contacts: Contacts) -> None:
    contacts.system.settings.put("global", "animator_duration_scale", "20")
    contacts.flick()
    contacts.system.screen.back()
    contacts.system.screen.windows()
    version = contacts.system.core.version
    for _ in range(3):
        contacts.system.screen.windows()
    assert contacts.system.core.version == version


def test_a_farms_phone_is_there_at_once(contacts: Contacts) -> None:
    contacts.system.settings.put("global", "animator_duration_scale", "0")
    contacts.flick()
    there = contacts.offset()
    assert there > 40
    contacts.runner.run(asyncio.sleep(0.1))
    assert contacts.offset() == there
