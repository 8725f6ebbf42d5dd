"""Where a gesture on a picture lands on the screen."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from execmon_lab.control import AnyGesture, Key, Misfit, Press, Scroll, Swipe, Tap, Text, resolve
from execmon_lab.control.gestures import KEYS, TEXT_LENGTH, KeyName, joined, parts, turned


class Recorder:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def tap(self, *place: int) -> None:
        self.done.append(("tap", *place))

    def swipe(self, x1: int, y1: int, x2: int, y2: int, duration: float = 0.3) -> None:
        self.done.append(("swipe", x1, y1, x2, y2, duration))

    def text(self, text: str) -> None:
        self.done.append(("text", text))

    def key(self, key: str | int) -> None:
        self.done.append(("key", key))


def carried_out(gesture: AnyGesture, screen: tuple[int, int] = (1000, 2000)) -> tuple[object, ...]:
    recorder = Recorder()
    resolve(gesture, screen).run(recorder)
    (done,) = recorder.done
    return done


@pytest.mark.parametrize(
    ("gesture", "words", "done"),
    [
        (Tap(x=0.5, y=0.4), "tap 500 800", ("tap", 500, 800)),
        (Press(x=0.1, y=0.1), "long press 100 200 for 0.6 s", ("swipe", 100, 200, 100, 200, 0.6)),
        (
            Swipe(x1=0.5, y1=0.75, x2=0.5, y2=0.25, seconds=0.4),
            "swipe 500 1500 to 500 500 in 0.40 s",
            ("swipe", 500, 1500, 500, 500, 0.4),
        ),
        (Scroll(x=0.5, y=0.5, dy=0.25), "scroll 500 1000 by 0 500", ("swipe", 500, 1000, 500, 500, 0.25)),
        (Text(text="it's 5 %"), 'text "it\'s 5 %"', ("text", "it's 5 %")),
        (Key(key="back"), "key KEYCODE_BACK", ("key", "KEYCODE_BACK")),
    ],
)
def test_each_gesture_is_told_and_done(gesture: AnyGesture, words: str, done: tuple[object, ...]) -> None:
    assert resolve(gesture, (1000, 2000)).words == words
    assert carried_out(gesture) == done


def test_what_has_a_wheel_is_scrolled_by_it() -> None:
    class Wheeled(Recorder):
        def scroll(self, *values: int) -> None:
            self.done.append(("scroll", *values))

    recorder = Wheeled()
    resolve(Scroll(x=0.5, y=0.5, dx=-0.1, dy=0.25), (1000, 2000)).run(recorder)
    assert recorder.done == [("scroll", 500, 1000, -100, 500)]


def test_a_long_text_is_told_in_short() -> None:
    words = resolve(Text(text="x" * 450), (1, 1)).words
    assert words.endswith("… (450 characters)")
    assert len(words) < 250


sizes = st.tuples(st.integers(240, 4000), st.integers(240, 4000))
fractions = st.floats(0, 1)


@given(sizes, fractions, fractions)
def test_every_place_on_the_picture_is_a_pixel_of_the_screen(
    screen: tuple[int, int], x: float, y: float
) -> None:
    _, px, py = carried_out(Tap(x=x, y=y), screen)
    assert isinstance(px, int)
    assert isinstance(py, int)
    assert 0 <= px < screen[0]
    assert 0 <= py < screen[1]
    assert abs(px - x * screen[0]) <= 1
    assert abs(py - y * screen[1]) <= 1


shifts = st.floats(-1, 1).filter(lambda shift: shift == 0 or abs(shift) > 1e-9)


@given(fractions, fractions, shifts, shifts)
def test_a_scroll_keeps_off_the_edges_and_goes_against_the_wheel(
    x: float, y: float, dx: float, dy: float
) -> None:
    assume(dx or dy)
    _, x1, y1, x2, y2, _ = carried_out(Scroll(x=x, y=y, dx=dx, dy=dy))
    more = max(1.0, 50 / math.hypot(dx * 1000, dy * 2000))
    for start, end, shift, extent in ((x1, x2, dx, 1000), (y1, y2, dy, 2000)):
        assert isinstance(start, int)
        assert isinstance(end, int)
        wanted = -max(-0.84, min(0.84, shift * more)) * extent
        assert end - start == pytest.approx(wanted, abs=1.5)
        if shift:
            assert 0.079 * extent <= min(start, end) <= max(start, end) <= 0.921 * extent
    assert math.dist((x1, y1), (x2, y2)) > 45, "Android takes a shorter one for a tap"  # type: ignore[arg-type]


def test_a_scroll_by_nothing_touches_nothing() -> None:
    recorder = Recorder()
    resolve(Scroll(x=0.5, y=0.5), (1000, 2000)).run(recorder)
    assert recorder.done == []


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        ((540, 1200), (1080, 2400)),  # scaled by a whole factor
        ((1200, 540), (2400, 1080)),  # turned
        ((432, 960), (1080, 2400)),  # a stream of at most 960
        ((360, 804), (1080, 2400)),  # rounded
    ],
)
def test_the_screen_is_turned_as_the_picture_is(picture: tuple[int, int], size: tuple[int, int]) -> None:
    assert turned((1080, 2400), picture) == size
    assert turned((2400, 1080), picture) == size, "however the device says its size"


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(Misfit, match=r"480x800.*1080x2400"):
        turned((1080, 2400), (480, 800))


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (Text(text="a"), Text(text="b"), Text(text="ab")),
        (Text(text="a"), Text(text="b" * TEXT_LENGTH), None),
        (Text(text="a"), Key(key="enter"), None),
        (
            Scroll(x=0.5, y=0.5, dy=0.25),
            Scroll(x=0.51, y=0.5, dx=0.5, dy=0.5),
            Scroll(x=0.51, y=0.5, dx=0.5, dy=0.75),
        ),
        (Scroll(x=0.5, y=0.5, dy=0.25), Scroll(x=0.5, y=0.5, dy=-0.25), None),  # no turn would be a tap
        (Scroll(x=0.5, y=0.5, dy=0.7), Scroll(x=0.5, y=0.5, dy=0.7), None),  # no one gesture is as long
        (Scroll(x=0.5, y=0.5, dy=0.25), Scroll(x=0.5, y=0.9, dy=0.25), None),  # over something else
        (Swipe(x1=0, y1=0, x2=1, y2=1), Scroll(x=0.5, y=0.5, dy=0.25), None),
        (Swipe(x1=0, y1=0, x2=1, y2=1), Swipe(x1=0, y1=0, x2=1, y2=1), None),
    ],
)
def test_typing_and_turns_of_the_wheel_add_up(
    first: AnyGesture, second: AnyGesture, whole: AnyGesture | None
) -> None:
    assert joined(first, second) == whole


@given(st.text(st.characters(exclude_characters="\r"), min_size=1, max_size=3000))
def test_a_text_is_typed_by_its_lines_and_in_pieces_that_a_command_can_take(text: str) -> None:
    done = parts(Text(text=text))
    assert "".join(part.text if isinstance(part, Text) else "\n" for part in done) == text
    assert all(part == Key(key="enter") for part in done if not isinstance(part, Text))
    assert all(1 <= len(part.text) <= 500 for part in done if isinstance(part, Text))


def test_other_gestures_have_one_part() -> None:
    assert parts(Tap(x=0, y=0)) == [Tap(x=0, y=0)]


def test_what_comes_from_a_page_is_checked() -> None:
    read = {"do": "tap", "x": 0.5, "y": 0.25}
    assert msgspec.convert(read, AnyGesture) == Tap(x=0.5, y=0.25)
    for wrong in (
        read | {"x": 1.01},
        read | {"do": "reboot"},
        {"do": "key", "key": "power; reboot"},
        {"do": "text", "text": ""},
        {"do": "text", "text": "x" * (TEXT_LENGTH + 1)},
        {"do": "press", "x": 0, "y": 0, "seconds": 3600},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, AnyGesture)
    assert set(KEYS) == set(KeyName.__args__)  # type: ignore[attr-defined]
