"""One tree for the picture, the taps and the dump; a picture drawn only when something changed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from execmon_lab.phone.screen.node import Node, inside
from execmon_lab.phone.screen.theme import STATUS_BAR
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.system.system import System

SIZES = [((720, 1280), 320), ((1080, 1920), 480), ((540, 960), 240), ((720, 1280), 240)]
KEYS = [3, 4, 19, 20, 23, 26, 61, 66, 67, 82, 83, 187, 224]
STARTS = {
    "home": None,
    "dialer": Intent("android.intent.action.DIAL", "tel:5550103"),
    "conversation": Intent("android.intent.action.SENDTO", "smsto:5550103"),
    "new conversation": Intent("android.intent.action.SENDTO", "smsto:"),
    "messages": Intent(component=("com.android.messaging",
                                  "com.android.messaging.ui.conversationlist.ConversationListActivity")),
    "settings": Intent("android.settings.SETTINGS"),
    "network": Intent("android.settings.WIRELESS_SETTINGS"),
    "display": Intent("android.settings.DISPLAY_SETTINGS"),
    "security": Intent("android.settings.SECURITY_SETTINGS"),
    "about": Intent("android.settings.DEVICE_INFO_SETTINGS"),
    "browser": Intent(component=("com.android.chrome", "com.google.android.apps.chrome.Main")),
    "calculator": Intent(component=("com.android.calculator2", "com.android.calculator2.Calculator")),
    "contacts": Intent("com.android.contacts.action.LIST_CONTACTS"),
    "clock": Intent(component=("com.android.deskclock", "com.android.deskclock.DeskClock")),
}  # fmt: skip


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def shown(runner: asyncio.Runner, name: str, size=(720, 1280), density=320, rotation=0) -> System:
    system = System(serial="VP0001", size=size, density=density)

    async def start() -> None:
        await system.start()
        system.display.rotate(rotation)
        intent = STARTS[name]
        if intent is not None:
            system.activities.start(Intent(**vars(intent)))

    runner.run(start())
    return system


def clickable(system: System) -> list[Node]:
    return [node for window in system.screen.windows() for node in window.root.walk() if node.clickable]


def looks(node: Node) -> tuple[object, ...]:
    """What tells a node from others, also when all are made anew (when the clock goes on)."""
    return node.kind, node.bounds, node.identifier, node.description, node.text


@pytest.mark.parametrize("rotation", [0, 1])
@pytest.mark.parametrize(("size", "density"), SIZES)
@pytest.mark.parametrize("name", STARTS)
def test_a_tap_on_the_centre_of_a_node_reaches_it(runner, name, size, density, rotation):
    system = shown(runner, name, size, density, rotation)
    nodes = clickable(system)
    assert nodes or name in ("about",)
    for node in nodes:
        reached = system.touch.find(*node.centre)
        assert reached is not None, f"nothing takes a tap on {looks(node)}"
        assert looks(reached) == looks(node), "it is covered"
    runner.run(system.stop())


@pytest.mark.parametrize("rotation", [0, 1])
@pytest.mark.parametrize("name", STARTS)
def test_nodes_lie_inside_of_the_screen_and_of_their_window(runner, name, rotation):
    system = shown(runner, name, rotation=rotation)
    width, height = system.display.rotated_size
    for window in system.screen.windows():
        for node in window.root.walk():
            left, top, right, bottom = node.visible
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
    runner.run(system.stop())


@pytest.mark.parametrize("name", STARTS)
def test_every_picture_has_its_size_and_something_on_it(runner, name):
    for size, density in SIZES[:3]:
        system = shown(runner, name, size, density)
        frame = system.frame()
        assert (frame.width, frame.height) == size
        assert len(frame.data) == size[0] * size[1] * 4
        picture = Image.frombytes("RGBA", size, frame.data)
        assert len(picture.resize((36, 64)).getcolors(2304)) > 8
        assert set(frame.data[3::4]) == {255}
        runner.run(system.stop())


@pytest.fixture
def still(monkeypatch) -> None:
    """Stop the clocks of the screen."""
    for module in ("statusbar", "apps.launcher", "view"):
        monkeypatch.setattr(f"execmon_lab.phone.screen.{module}.clock_text",
                            lambda seconds=False: "12:34:56" if seconds else "12:34")  # fmt: skip


@pytest.mark.usefixtures("still")
def test_the_frame_is_the_same_object_while_nothing_changes(runner):
    system = shown(runner, "home")
    first = system.frame()
    assert system.frame() is first
    system.battery.set("level", "50")
    second = system.frame()
    assert second.version == first.version + 1
    assert second.data != first.data


def test_a_tick_of_the_clock_changes_the_status_bar_alone(runner, monkeypatch):
    system = shown(runner, "settings")
    first = system.frame()
    body = system.screen._body[1]
    monkeypatch.setattr("execmon_lab.phone.screen.statusbar.clock_text", lambda seconds=False: "23:59:59")
    second = system.frame()
    assert system.screen._body[1] is body
    strip = STATUS_BAR * 2 * 720 * 4
    assert second.data[:strip] != first.data[:strip]
    assert second.data[strip:] == first.data[strip:]


def test_the_frame_is_black_while_the_display_is_off(runner):
    system = shown(runner, "home")
    system.display.power(False)
    assert set(system.frame().data[0::4]) == {0}
    assert system.touch.tap(360, 1100) is None
    system.display.power(True)
    assert set(system.frame().data[0::4]) != {0}


def test_what_is_drawn_follows_the_state(runner):
    system = shown(runner, "network")
    before = system.frame().data
    node = next(
        node for node in clickable(system) if any(child.text == "Mobile data" for child in node.children)
    )

    async def tap() -> None:
        system.touch.tap(*node.centre)

    runner.run(tap())
    assert not system.connectivity.mobile_enabled
    assert system.frame().data != before
    runner.run(system.stop())


def test_a_swipe_scrolls_what_is_under_the_finger(runner):
    system = shown(runner, "about")

    def top(words: str) -> int:
        nodes = (node for node in system.screen.active.root.walk() if node.text == words)
        return next((node.bounds[1] for node in nodes), -1)

    before = top("Model")
    system.touch.down(360, 900)
    system.touch.move(360, 800)
    assert top("Model") == before - 100
    system.touch.cancel()
    runner.run(system.touch.swipe(360, 300, 360, 1200, 0.05))
    assert top("Model") == before


def test_taps_are_shown_where_asked_for(runner):
    system = shown(runner, "contacts")

    async def tap() -> None:
        system.touch.tap(360, 1200)

    before = system.frame()
    runner.run(tap())
    at = (1200 * 720 + 360) * 4
    assert system.frame().data[at : at + 4] == before.data[at : at + 4]
    system.settings.put("system", "show_touches", "1")
    system.settings.put("secure", "ui_night_mode", "2")
    before = system.frame()
    runner.run(tap())
    assert system.frame().data[at : at + 4] != before.data[at : at + 4]
    runner.run(system.stop())


def test_gestures_of_the_edges(runner):
    system = shown(runner, "settings")
    runner.run(system.touch.swipe(360, 5, 360, 700, 0.02))
    assert system.notifications.shade_open
    system.screen.back()
    runner.run(system.touch.swipe(360, 1275, 360, 700, 0.02))
    assert system.activities.front.activity.screen == "launcher"


def test_recent_apps_are_cards_that_open(runner):
    system = shown(runner, "settings")
    system.frame()
    system.keys.press(3)
    system.keys.press(187)
    card = next(node for node in clickable(system) if node.description == "Settings")
    system.touch.tap(*card.centre)
    assert system.activities.front.activity.screen == "settings"
    assert not system.screen.recents


def test_the_question_for_a_computer_is_answered_on_the_screen(runner):
    system = shown(runner, "home")

    async def ask(button: str) -> bool:
        asked = asyncio.create_task(system.authorize("me@laptop", "AB:CD"))
        await asyncio.sleep(0)
        texts = [node.text for node in system.screen.active.root.walk()]
        assert "Allow USB debugging?" in texts
        assert any("AB:CD" in text for text in texts)
        assert system.touch.find(360, 1100) is None, "the dialog keeps taps from what is behind it"
        node = next(node for node in clickable(system) if node.text == button)
        system.touch.tap(*node.centre)
        return await asked

    assert runner.run(ask("Allow")) is True
    assert runner.run(ask("Deny")) is False
    assert system.screen.dialogs == []


def test_a_reboot_starts_over(runner):
    system = shown(runner, "settings")

    async def reboot() -> None:
        system.messaging.send("5550103", "hello")
        system.telephony.dial("5550103")
        reasons: list[str] = []
        system.on_reboot.append(reasons.append)
        await system.reboot("recovery")
        assert reasons == ["recovery"]

    runner.run(reboot())
    assert system.activities.front.activity.screen == "launcher"
    assert system.telephony.state == 0
    assert [message.body for message in system.messaging.messages] == ["hello"]
    assert system.properties.get("sys.boot_completed") == "1"


@pytest.fixture(scope="module")
def monkey() -> Iterator[tuple[asyncio.Runner, System]]:
    with asyncio.Runner() as runner:
        system = shown(runner, "home")
        yield runner, system
        runner.run(system.stop())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(
    st.tuples(st.just("tap"), st.integers(0, 719), st.integers(0, 1279)),
    st.tuples(st.just("key"), st.sampled_from(KEYS), st.just(0)),
    st.tuples(st.just("text"), st.text(max_size=8), st.just(0)),
    st.tuples(st.just("turn"), st.integers(0, 3), st.just(0)),
), max_size=12))  # fmt: skip
def test_nothing_that_is_put_in_breaks_the_screen(monkey, events):
    runner, system = monkey

    async def put() -> None:
        for kind, value, y in events:
            if kind == "tap":
                node = system.touch.find(value, y)
                assert node is None or inside(node.visible, value, y)
                system.touch.tap(value, y)
            elif kind == "key":
                system.keys.press(value)
            elif kind == "text":
                system.keys.text(value)
            else:
                system.display.rotate(value)
            frame = system.frame()
            assert len(frame.data) == frame.width * frame.height * 4
        assert system.activities.tasks

    runner.run(put())


@pytest.mark.usefixtures("still")
def test_no_picture_to_measure_with_is_drawn_twice(runner, monkeypatch):
    system = shown(runner, "home")
    looks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) * 0.003)
    monkeypatch.setattr("execmon_lab.phone.screen.apps.motion.time", clock)
    intent = Intent(
        component=("com.execmon.motion", "com.execmon.motion.MotionActivity"), extras={"fps": "60"}
    )

    async def start() -> None:
        system.activities.start(intent)

    runner.run(start())
    numbers = {id(frame): (frame, number(system)) for frame in (system.frame() for _ in range(100))}
    seen = [number for _, number in numbers.values()]
    assert len(seen) > 10
    assert len(set(seen)) == len(seen)
    runner.run(system.stop())


def number(system: System) -> str:
    """Return the number that the picture last drawn carries."""
    windows = system.screen._windows[1]
    return next(node.text for window in windows for node in window.root.walk() if node.text.isdigit())
