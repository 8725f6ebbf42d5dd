"""Gestures as code: elements are told by what names them alone, and by pixels where nothing does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.control import AnyGesture, Key, Pick, Press, Scroll, Swipe, Tap, Text
from execmon_lab.control.code import line, name_of
from execmon_lab.devices import Bounds, Node
from execmon_lab.devices.hierarchy import Selector

SCREEN = (720, 1280)


def node(
    bounds: tuple[int, int, int, int],
    text: str = "",
    description: str = "",
    resource_id: str = "",
    cls: str = "android.widget.TextView",
    clickable: bool = False,
) -> Node:
    where = Bounds(*bounds)
    return Node(text, resource_id, description, cls, "com.example", where, clickable, False, True)


@pytest.mark.parametrize(
    ("gesture", "code"),
    [
        (Tap(x=0.5, y=0.25), "tap(360, 320)"),
        (Pick(x=0.5, y=0.25), "tap(360, 320)"),
        (Press(x=0.5, y=0.25, seconds=0.6), "swipe(360, 320, 360, 320, duration=0.6)"),
        (Swipe(x1=0.5, y1=0.5, x2=0.5, y2=0.25, seconds=0.3), "swipe(360, 640, 360, 320, duration=0.3)"),
        (Scroll(x=0.5, y=0.5, dy=0.25), "swipe(360, 640, 360, 320, duration=0.25)"),
        (Text(text="It's"), 'text("It\'s")'),
        (Text(text="日本"), 'text("日本")  # perhaps by hand alone: `input` types ASCII'),
        (Key(key="back"), "back()"),
        (Key(key="home"), "home()"),
        (Key(key="enter"), 'key("KEYCODE_ENTER")'),
        (Text(text="5\" and 6'"), "text('5\" and 6\\'')"),
    ],
)
def test_each_gesture_has_its_line(gesture: AnyGesture, code: str) -> None:
    assert line(gesture, SCREEN) == f"ctx.device.{code}"


WINDOW = node((0, 0, 720, 1280), cls="android.widget.FrameLayout")


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([WINDOW, node((300, 300, 400, 400), "Send")], '"Send"'),
        ([WINDOW, node((300, 300, 400, 400), description="Send SMS")], 'description="Send SMS"'),
        ([WINDOW, node((300, 300, 400, 400), resource_id="com.example:id/send")], 'resource_id="send"'),
        (
            [WINDOW, node((0, 0, 100, 100), "Send"), node((300, 300, 400, 400), "Send", "by SMS")],
            'description="by SMS"',
        ),
        (
            [
                node((0, 0, 100, 100), "Send", cls="android.widget.TextView"),
                node((300, 300, 400, 400), "Send", cls="android.widget.Button"),
            ],
            '"Send", cls="Button"',
        ),
        ([WINDOW, node((0, 0, 100, 100), "Send"), node((300, 300, 400, 400), "Send")], None),
        (
            [node((0, 300, 720, 400), clickable=True), node((20, 320, 120, 380), "Wi-Fi")],
            '"Wi-Fi"',
        ),
        ([node((0, 300, 720, 400), clickable=True), node((300, 310, 400, 390))], None),
        ([node((0, 0, 720, 1280), "Behind"), node((0, 300, 720, 400), clickable=True)], None),
        ([WINDOW, node((300, 300, 400, 400), "two\nlines")], None),
        ([], None),
    ],
)
def test_a_tap_is_told_by_what_it_hit(nodes: list[Node], named: str | None) -> None:
    assert name_of(nodes, 360, 320) == named


numbers = st.integers(0, 8)
nodes = st.lists(
    st.builds(
        lambda x, y, w, h, *rest: node((x * 10, y * 10, (x + w + 1) * 10, (y + h + 1) * 10), *rest),
        numbers,
        numbers,
        numbers,
        numbers,
        st.sampled_from(["", "Send", 'It\'s "it"']),
        st.sampled_from(["", "Send", "Open"]),
        st.sampled_from(["", "com.example:id/send", "com.example:id/open"]),
        st.sampled_from(["android.widget.Button", "android.view.View"]),
        st.booleans(),
    ),
    max_size=6,
)


@given(nodes, st.integers(0, 179), st.integers(0, 179))
def test_what_is_named_is_under_the_finger_or_inside_what_is(found: list[Node], x: int, y: int) -> None:
    named = name_of(found, x, y)
    if named is None:
        return
    given = eval(f"dict({named})" if "=" in named.partition(",")[0] else f"dict(text={named})")
    first = Selector(**given).first(found)
    assert first is not None
    under = [n for n in found if n.bounds.left <= x < n.bounds.right and n.bounds.top <= y < n.bounds.bottom]
    middle = first.bounds.center
    holding = [
        n
        for n in under
        if n.bounds.left <= middle[0] < n.bounds.right and n.bounds.top <= middle[1] < n.bounds.bottom
    ]
    assert first in under or any(n.clickable for n in holding)
