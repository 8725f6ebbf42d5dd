"""Which pictures are watched for which pages, and the frames on their way."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from execmon_lab.devices import DeviceDisconnected
from execmon_lab.preview.budget import Budget
from execmon_lab.widgets.audience import EXPECTED_SECONDS, LEASE_SECONDS
from execmon_lab.widgets.commands import Seen
from execmon_lab.widgets.flow import WINDOW
from execmon_lab.widgets.pictures import Pictures
from tests.widgets.conftest import Clock, FakePreview

MEDIUM = ("emulator-5554", "medium")
HIGH = ("emulator-5554", "high")
OTHER = ("R58M", "medium")


class Rig:
    """Pictures with a fake preview and a clock of their own."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.clock = Clock()
        self.preview = FakePreview()
        self.deaf = False
        self.pictures = Pictures(
            self.preview,  # type: ignore[arg-type]
            lambda due: None,
            self.clock,
            lambda: self.deaf,
            budget or Budget(None, None),
        )

    def look(self, page: str, *streams: Any) -> None:
        self.pictures.look(page, streams)

    def frames(self) -> list[tuple[str, bytes]]:
        """Collect what is due: the quality and the bytes of each frame."""
        parcels, _ = self.pictures.collect(self.clock.now)
        return [(p.content["quality"], p.buffers[0]) for p in parcels if p.content["kind"] == "frame"]

    def problems(self) -> list[str]:
        parcels, _ = self.pictures.collect(self.clock.now)
        return [p.content["message"] for p in parcels if p.content["kind"] == "problem"]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_nobody_looks_and_nothing_is_watched(rig: Rig) -> None:
    assert rig.preview.open == []
    rig.look("a", MEDIUM)
    assert rig.preview.open == [MEDIUM]
    rig.look("a")
    assert rig.preview.open == []


def test_two_pages_cost_one_stream(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.look("b", MEDIUM)
    rig.look("a", MEDIUM)
    assert len(rig.preview.watches) == 1
    rig.look("a")
    assert rig.preview.open == [MEDIUM]
    rig.look("b")
    assert rig.preview.open == []


def test_a_page_may_look_at_several_and_change_its_mind(rig: Rig) -> None:
    rig.look("a", MEDIUM, OTHER)
    assert set(rig.preview.open) == {MEDIUM, OTHER}
    rig.look("a", HIGH)
    assert rig.preview.open == [HIGH]


def test_only_the_newest_frame_is_sent_and_none_twice(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    watch = rig.preview.watches[0]
    watch.show(b"one")
    watch.show(b"two")
    assert rig.frames() == [("medium", b"two")]
    watch.show(b"two", changed=False)
    assert rig.frames() == []


def test_a_page_that_comes_later_is_sent_the_last_frame(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.preview.watches[0].show(b"one")
    assert rig.frames() == [("medium", b"one")]
    rig.look("a", MEDIUM)
    assert rig.frames() == [], "it has that already"
    rig.look("b", MEDIUM)
    assert rig.frames() == [("medium", b"one")]


def test_the_expected_page_gives_way_to_the_first_that_speaks(rig: Rig) -> None:
    rig.pictures.expect(MEDIUM)  # type: ignore[arg-type]
    assert rig.preview.open == [MEDIUM]
    rig.look("a", MEDIUM)
    assert len(rig.preview.watches) == 1, "without an interruption"
    rig.look("a")
    assert rig.preview.open == []


def test_an_expected_page_that_does_not_come_is_not_waited_for_long(rig: Rig) -> None:
    rig.pictures.expect(MEDIUM)  # type: ignore[arg-type]
    rig.clock.now += EXPECTED_SECONDS - 1
    rig.frames()
    assert rig.preview.open == [MEDIUM]
    rig.clock.now += 2
    rig.frames()
    assert rig.preview.open == []


def test_unless_the_kernel_could_not_hear_it_come(rig: Rig) -> None:
    rig.pictures.expect(MEDIUM)  # type: ignore[arg-type]
    rig.deaf = True
    rig.clock.now += 10 * EXPECTED_SECONDS
    rig.frames()
    assert rig.preview.open == [MEDIUM]
    rig.deaf = False
    rig.clock.now += EXPECTED_SECONDS
    rig.frames()
    assert rig.preview.open == []


def test_a_page_that_says_nothing_for_long_is_forgotten(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.clock.now += LEASE_SECONDS - 1
    rig.frames()
    assert rig.preview.open == [MEDIUM]
    rig.clock.now += 2
    rig.frames()
    assert rig.preview.open == []


def test_an_acknowledgement_tells_that_a_page_looks_on(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    for _ in range(5):
        rig.clock.now += LEASE_SECONDS - 1
        rig.pictures.drawn("a", 0)
        rig.frames()
    assert rig.preview.open == [MEDIUM]


def test_but_not_while_the_kernel_could_not_have_heard_it(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.deaf = True
    for _ in range(5):
        rig.clock.now += LEASE_SECONDS
        rig.frames()
    rig.deaf = False
    rig.frames()
    assert rig.preview.open == [MEDIUM]


def test_pages_that_come_and_go_at_once_leave_nothing_open(rig: Rig) -> None:
    def come_and_go(page: str) -> None:
        for _ in range(200):
            rig.look(page, MEDIUM, OTHER)
            rig.look(page)

    threads = [threading.Thread(target=come_and_go, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rig.preview.open == []
    rig.look("a", MEDIUM)
    assert rig.preview.open == [MEDIUM]


def test_the_window_holds_frames_back_and_keeps_the_newest(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.pictures.drawn("a", 0)
    watch = rig.preview.watches[0]
    sent = []
    for number in range(WINDOW + 5):
        watch.show(str(number).encode())
        sent += rig.frames()
    assert len(sent) == WINDOW
    rig.pictures.drawn("a", 4)
    assert rig.frames() == [("medium", str(WINDOW + 4).encode())]


def test_a_device_that_is_away_is_told_and_so_is_its_return(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    watch = rig.preview.watches[0]
    watch.show(b"one")
    rig.frames()
    watch.on_error(DeviceDisconnected("emulator-5554"))
    assert rig.problems() == ["Device emulator-5554 disconnected during execution"]
    watch.show(b"one", changed=False)
    assert rig.frames() == [("medium", b"one")], "the page must learn that it is back"


def test_a_page_that_comes_while_there_are_no_pictures_is_told_why(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    watch = rig.preview.watches[0]
    watch.show(b"last")
    rig.frames()
    watch.on_error(DeviceDisconnected("emulator-5554"))
    rig.frames()
    rig.look("b", MEDIUM)
    parcels, _ = rig.pictures.collect(rig.clock.now)
    assert [parcel.content["kind"] for parcel in parcels] == ["frame", "problem"], (
        "in this order: a picture that comes after it would hide it"
    )
    watch.show(b"new")
    rig.frames()
    rig.look("c", MEDIUM)
    assert rig.problems() == []


def test_a_picture_from_before_a_problem_is_not_sent_after_it(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    watch = rig.preview.watches[0]
    watch.show(b"last")
    watch.on_error(DeviceDisconnected("emulator-5554"))
    parcels, _ = rig.pictures.collect(rig.clock.now)
    assert [parcel.content["kind"] for parcel in parcels] == ["frame", "problem"]


def test_a_watch_that_cannot_begin_is_told(rig: Rig) -> None:
    rig.preview.refuse = True
    rig.look("a", MEDIUM)
    assert rig.problems() == ["Device emulator-5554 disconnected during execution"]
    rig.preview.refuse = False
    rig.look("a", MEDIUM)
    assert rig.preview.open == [MEDIUM]


def test_closed_pictures_watch_nothing_and_still_have_the_last(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.preview.watches[0].show(b"last")
    rig.frames()
    rig.pictures.close()
    assert rig.preview.open == []
    rig.look("b", MEDIUM)
    assert rig.preview.open == []
    assert rig.frames() == [("medium", b"last")]
    last = rig.pictures.last()
    assert last is not None
    assert last.jpeg == b"last"


def shown(rig: Rig, seconds: float, step: float = 0.02) -> list[str]:
    """Have every watched device change its picture all the time; tell whose were sent."""
    sent = []
    for number in range(round(seconds / step)):
        for watch in rig.preview.watches:
            if not watch.closed:
                watch.show(b"%09d" % number)
        parcels, _ = rig.pictures.collect(rig.clock.now)
        for parcel in parcels:
            sent.append(parcel.content["device_id"])
            rig.pictures.drawn("a", parcel.content["number"])
        rig.clock.now += step
    return sent


def test_streams_share_the_budget_of_frames_evenly() -> None:
    rig = Rig(Budget(frames_per_second=10))
    streams = [(f"device-{number}", "low") for number in range(5)]
    rig.look("a", *streams)
    sent = shown(rig, 10)
    assert 80 <= len(sent) <= 105
    for device, _ in streams:
        assert sent.count(device) == pytest.approx(20, abs=3)
    assert [watch.fps for watch in rig.preview.watches] == pytest.approx([2.5] * 5), (
        "captured not much faster"
    )
    rig.look("a", streams[0])
    assert len(shown(rig, 10)) >= 80, "the one that is left gets all of it"


def test_and_the_budget_of_bytes() -> None:
    rig = Rig(Budget(frames_per_second=None, bytes_per_second=90))
    rig.look("a", MEDIUM, OTHER)
    assert 80 <= len(shown(rig, 10)) <= 102, "10 frames of 9 bytes a second, and no more"
    rig.pictures.limit(Budget(None, None))
    assert len(shown(rig, 1)) == 100
    assert rig.preview.watches[0].fps is None


def test_a_full_window_favours_none() -> None:
    rig = Rig()
    rig.look("a", MEDIUM, OTHER)
    rig.pictures.drawn("a", 0)
    sent = []
    for _ in range(40):
        for watch in rig.preview.watches:
            watch.show()
        parcels, _ = rig.pictures.collect(rig.clock.now)
        sent += [parcel.content["device_id"] for parcel in parcels]
        rig.pictures.drawn("a", len(sent) - WINDOW + 1)
        rig.clock.now += 0.01
    assert sent.count("R58M") == pytest.approx(len(sent) / 2, abs=WINDOW)


def test_a_picture_that_is_sent_again_is_told_as_such_and_waits_for_no_budget() -> None:
    rig = Rig(Budget(frames_per_second=0.1))
    rig.look("a", MEDIUM)
    rig.preview.watches[0].show(b"one")
    parcels, _ = rig.pictures.collect(rig.clock.now)
    assert [parcel.content["again"] for parcel in parcels] == [False]
    rig.look("b", MEDIUM)
    parcels, _ = rig.pictures.collect(rig.clock.now)
    assert [parcel.content["again"] for parcel in parcels] == [True]


def test_the_numbers_tell_what_was_sent_and_what_pages_drew(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    for _ in range(10):
        rig.preview.watches[0].show(b"jpeg")
        rig.frames()
        rig.clock.now += 0.1
    for page, latency in (("a", 20.0), ("b", 30.0), ("b", 90.0)):
        seen = Seen(device_id="emulator-5554", quality="medium", frames=4, latency_ms=latency, clock="same")
        rig.pictures.drawn(page, 8, [seen])
    numbers = rig.pictures.numbers()[MEDIUM]  # type: ignore[index]
    assert (numbers.sent_per_second, numbers.bytes_per_second) == (2.0, 8.0), "10 frames in 5 s"
    assert numbers.drawn_per_second == 1.6, "the quickest page drew 8"
    assert (numbers.latency_ms, numbers.clock) == (30.0, "same")
    assert (numbers.width, numbers.height, numbers.source) == (2, 3, "fake")
    rig.clock.now += 60
    later = rig.pictures.numbers()[MEDIUM]  # type: ignore[index]
    assert (later.sent_per_second, later.latency_ms, later.clock) == (0.0, None, None)


@pytest.mark.parametrize("bounds", [{"frames_per_second": 0}, {"bytes_per_second": -1.0}])
def test_a_budget_of_nothing_is_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Budget(**bounds)
