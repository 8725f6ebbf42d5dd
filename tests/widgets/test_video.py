"""Devices' own video on its way to pages that decode it, and JPEG where that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from execmon_lab.devices import DeviceDisconnected, DeviceError
from execmon_lab.preview import PreviewUnavailable
from execmon_lab.preview.budget import Budget
from execmon_lab.preview.video import NoVideo, VideoPacket
from execmon_lab.widgets.commands import Seen
from execmon_lab.widgets.flow import WINDOW
from execmon_lab.widgets.parcel import Parcel
from execmon_lab.widgets.pictures import Pictures
from execmon_lab.widgets.video import (
    ASK_SECONDS,
    MAX_PENDING,
    RETRY_SECONDS,
    UNHEARD_BURST_SECONDS,
    UNHEARD_BYTES_PER_SECOND,
    UNHEARD_KEY_SECONDS,
)
from tests.widgets.conftest import Clock, FakePreview

DEVICE = "emulator-5554"
LOW, MEDIUM, HIGH = (DEVICE, "low"), (DEVICE, "medium"), (DEVICE, "high")
OTHER = ("R58M", "medium")


def packet(data: bytes, **changes: Any) -> VideoPacket:
    fields: dict[str, Any] = {"key": False, "codec": "avc1.42c01f", "width": 64, "height": 96, **changes}
    moment = {"pts": 0, "at": 1_700_000_000.5, "session": 1, "number": 1}
    return VideoPacket(device_id=DEVICE, data=data, **fields, **moment)


@dataclass
class FakeVideoWatch:
    """A video whose packets a test makes."""

    device_id: str
    on_packet: Callable[[VideoPacket], None]
    on_error: Callable[[DeviceError], None]
    asked: int = 0
    closed: bool = False
    made: int = 0

    def refresh(self) -> None:
        self.asked += 1

    def close(self) -> None:
        self.closed = True

    def key(self, **changes: Any) -> None:
        self.made += 1
        self.on_packet(packet(b"key %d" % self.made, key=True, **changes))

    def delta(self) -> None:
        self.made += 1
        self.on_packet(packet(b"delta %d" % self.made))


@dataclass
class FakeVideo:
    """Gives videos, and remembers them."""

    watches: list[FakeVideoWatch] = field(default_factory=list)
    refusal: DeviceError | None = None

    def watch_video(self, device_id: str, on_packet: Any, on_error: Any) -> FakeVideoWatch:
        if self.refusal is not None:
            raise self.refusal
        self.watches.append(FakeVideoWatch(device_id, on_packet, on_error))
        return self.watches[-1]

    @property
    def open(self) -> list[str]:
        return [watch.device_id for watch in self.watches if not watch.closed]


class Rig:
    """Pictures with a fake preview, a fake video and a clock of their own."""

    def __init__(
        self, budget: Budget | None = None, wake: Callable[[Pictures, float], object] = lambda *_: None
    ) -> None:
        self.clock, self.preview, self.video = Clock(), FakePreview(), FakeVideo()
        self.deaf = False
        self.pictures = Pictures(
            self.preview,  # type: ignore[arg-type]
            lambda due: wake(self.pictures, due),
            self.clock,
            lambda: self.deaf,
            budget or Budget(None, None),
            self.video,
        )

    def look(self, page: str, *streams: Any, decodes: bool = True) -> None:
        self.pictures.look(page, streams, {device_id for device_id, _ in streams} if decodes else ())

    def collect(self) -> list[Parcel]:
        return self.pictures.collect(self.clock.now)[0]

    def sent(self) -> list[bytes]:
        """The packets that are sent now."""
        return [parcel.buffers[0] for parcel in self.collect() if parcel.content["kind"] == "video"]

    @property
    def watch(self) -> FakeVideoWatch:
        return self.video.watches[-1]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def live(rig: Rig) -> Rig:
    """One page is shown a device's video; acknowledgements come."""
    rig.look("a", MEDIUM)
    rig.watch.key()
    rig.collect()
    rig.collect()  # JPEG ends with the first key frame
    rig.pictures.drawn("a", 1)
    return rig


def test_a_page_that_decodes_is_shown_the_video_and_no_jpeg(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    assert rig.video.open == [DEVICE]
    assert rig.preview.open == [MEDIUM], "JPEG bridges the time to the first key frame"
    rig.watch.key()
    rig.watch.delta()
    assert rig.sent() == [b"key 1", b"delta 2"]
    rig.collect()
    assert rig.preview.open == []
    rig.look("a")
    assert rig.video.open == []


def test_a_page_that_does_not_decode_is_shown_jpeg(rig: Rig) -> None:
    rig.look("a", MEDIUM, decodes=False)
    assert rig.video.open == []
    assert rig.preview.open == [MEDIUM]


def test_a_page_that_wants_it_small_is_shown_jpeg_unless_another_has_the_video(rig: Rig) -> None:
    rig.look("a", LOW)
    assert (rig.video.open, rig.preview.open) == ([], [LOW])
    rig.look("b", MEDIUM)
    rig.watch.key()
    rig.collect()
    rig.collect()
    assert (rig.video.open, rig.preview.open) == ([DEVICE], []), "one stream for both"


def test_pages_share_one_stream_which_all_of_them_can_show(live: Rig) -> None:
    live.look("b", HIGH)
    assert live.video.open == [DEVICE]
    assert live.preview.open == []
    live.look("c", MEDIUM, decodes=False)
    assert live.video.open == []
    assert set(live.preview.open) == {MEDIUM, HIGH}
    live.look("c")
    assert live.video.open == [DEVICE], "by itself, both ways"


def test_what_a_page_cannot_decode_of_one_device_it_may_of_another(rig: Rig) -> None:
    rig.pictures.look("a", [MEDIUM, OTHER], ["R58M"])  # type: ignore[list-item]
    assert rig.video.open == ["R58M"]
    assert MEDIUM in rig.preview.open


def test_a_key_frame_carries_what_a_decoder_needs(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.watch.key()
    rig.watch.delta()
    rig.watch.key(codec="avc1.640028", width=96, height=64)
    (key,) = rig.collect()
    assert key.content == {
        "kind": "video",
        "device_id": DEVICE,
        "sequence": 1,
        "number": 1,
        "key": True,
        "timestamp": "2023-11-14T22:13:20.500Z",
        "source": "scrcpy",
        "codec": "h264",
        "format": "avc1.640028",
    }, "and what a newer one makes needless is not sent"
    assert key.buffers == (b"key 3",)
    rig.watch.delta()
    (delta,) = rig.collect()
    assert (delta.content["sequence"], delta.content["key"], "format" in delta.content) == (2, False, False)


def test_the_size_is_that_of_what_was_sent_last(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    assert rig.pictures.size(DEVICE) is None
    rig.preview.watches[0].show()
    for turned in (None, {"width": 96, "height": 64}):
        size = rig.pictures.size(DEVICE)
        assert size is not None
        assert (size.width, size.height) == ((96, 64) if turned else (2, 3))
        rig.watch.key(width=96, height=64)
        rig.collect()


def test_nothing_is_sent_before_the_first_key_frame(rig: Rig) -> None:
    rig.look("a", MEDIUM)
    rig.watch.delta()
    assert rig.sent() == []
    rig.watch.key()
    assert rig.sent() == [b"key 2"]


def test_a_page_that_joins_gets_a_key_frame(live: Rig) -> None:
    live.look("b", MEDIUM)
    assert live.watch.asked == 1
    live.look("b", MEDIUM)
    assert live.watch.asked == 1, "it has been served"


def test_a_page_that_asks_for_a_key_frame_gets_one_but_no_flood(live: Rig) -> None:
    for _ in range(10):
        live.pictures.ask_key(DEVICE)
    assert live.watch.asked == 1
    live.clock.now += ASK_SECONDS
    live.pictures.ask_key(DEVICE)
    assert live.watch.asked == 2
    live.pictures.ask_key("a stranger")


def test_a_request_for_a_key_frame_that_comes_too_soon_is_carried_out_later(live: Rig) -> None:
    live.pictures.ask_key(DEVICE)
    live.clock.now += ASK_SECONDS / 2
    live.look("b", MEDIUM)
    _, due = live.pictures.collect(live.clock.now)
    assert live.watch.asked == 1
    assert due == live.clock.now + ASK_SECONDS / 2
    live.clock.now = due
    live.collect()
    assert live.watch.asked == 2
    live.clock.now += ASK_SECONDS
    live.collect()
    assert live.watch.asked == 2, "once"


def test_but_not_where_a_key_frame_was_sent_meanwhile(live: Rig) -> None:
    live.pictures.ask_key(DEVICE)
    live.look("b", MEDIUM)
    live.watch.key()
    assert live.sent() == [b"key 2"]
    live.clock.now += ASK_SECONDS
    live.collect()
    assert live.watch.asked == 1


def test_a_page_that_falls_behind_is_sent_a_window_and_then_a_key_frame(live: Rig) -> None:
    sent: list[bytes] = []
    for _ in range(WINDOW + MAX_PENDING + 5):
        live.watch.delta()
        sent += live.sent()
        live.clock.now += 0.001
    assert len(sent) == WINDOW
    assert live.watch.asked == 1
    live.pictures.drawn("a", WINDOW + 1)
    live.watch.delta()
    assert live.sent() == [], "it would lean on what was dropped"
    live.watch.key()
    live.watch.delta()
    assert [data.split()[0] for data in live.sent()] == [b"key", b"delta"]


def test_what_waits_is_bounded_in_bytes(live: Rig) -> None:
    for _ in range(WINDOW):
        live.watch.delta()
    live.collect()
    live.watch.on_packet(packet(bytes(3 << 20)))
    live.pictures.drawn("a", WINDOW + 1)
    assert live.sent() == []
    assert live.watch.asked == 1


def test_a_kernel_that_hears_no_page_sends_every_packet(live: Rig) -> None:
    live.deaf = True
    sent: list[bytes] = []
    for _ in range(300):
        live.watch.delta()
        sent += live.sent()
        live.clock.now += 1 / 30
    assert len(sent) >= 300 * 28 / 30
    assert live.watch.asked >= 10 / UNHEARD_KEY_SECONDS - 1, "for a page that cannot ask"


def test_but_no_more_bytes_than_a_link_can_be_thought_to_carry(live: Rig) -> None:
    live.deaf = True
    sent: list[bytes] = []
    for number in range(300):
        if live.watch.asked > number // 30:
            live.watch.key()
        live.watch.on_packet(packet(bytes(100_000)))
        sent += live.sent()
        live.clock.now += 1 / 30
    most = UNHEARD_BYTES_PER_SECOND * (10 + UNHEARD_BURST_SECONDS)
    assert 0.5 * most < sum(map(len, sent)) <= most + 100_000


def test_a_page_that_says_nothing_though_it_would_be_heard_holds_the_video_back(live: Rig) -> None:
    sent: list[bytes] = []
    for _ in range(150):
        live.watch.delta()
        sent += live.sent()
        live.clock.now += 1 / 30
    assert len(sent) < 100


def test_a_video_that_fails_gives_way_to_jpeg_and_is_tried_again_ever_more_rarely(live: Rig) -> None:
    wait = RETRY_SECONDS
    for _ in range(3):
        live.watch.on_error(NoVideo(DEVICE, "no encoder"))
        live.collect()
        assert (live.video.open, live.preview.open) == ([], [MEDIUM])
        live.clock.now += wait - 1
        live.collect()
        assert live.video.open == []
        live.clock.now += 2
        live.look("a", MEDIUM)
        live.collect()
        assert live.video.open == [DEVICE]
        wait *= 2
    live.watch.key()
    live.collect()
    live.collect()
    assert live.preview.open == []


def test_a_video_that_cannot_begin_is_tried_again(rig: Rig) -> None:
    rig.video.refusal = NoVideo(DEVICE, "no server")
    rig.look("a", MEDIUM)
    rig.collect()
    assert rig.preview.open == [MEDIUM]
    rig.video.refusal = None
    rig.clock.now += RETRY_SECONDS
    rig.pictures.drawn("a", 0)
    rig.collect()
    assert rig.video.open == [DEVICE]


def test_a_device_that_goes_is_told_by_jpeg_and_its_video_comes_back_by_itself(live: Rig) -> None:
    live.watch.on_error(DeviceDisconnected(DEVICE))
    live.collect()
    assert live.preview.open == [MEDIUM]
    live.preview.watches[-1].on_error(DeviceDisconnected(DEVICE))
    (notice,) = live.collect()
    assert "disconnected" in notice.content["message"]
    live.watch.delta()
    assert live.sent() == []
    live.watch.key()
    assert live.sent() == [b"key 3"]
    live.collect()
    assert (live.video.open, live.preview.open) == ([DEVICE], [])


def test_a_video_that_pauses_is_bridged_by_jpeg_and_goes_on_by_itself(live: Rig) -> None:
    live.watch.on_error(PreviewUnavailable(DEVICE, "its video has not come for 1.8 s"))
    live.collect()
    assert (live.video.open, live.preview.open) == ([DEVICE], [MEDIUM])
    live.watch.key()
    assert live.sent() == [b"key 2"]
    live.collect()
    assert (live.video.open, live.preview.open) == ([DEVICE], [])


@pytest.mark.parametrize("budget", [Budget(frames_per_second=45), Budget(bytes_per_second=600_000)])
def test_where_the_budget_leaves_no_room_for_its_rate_it_is_jpeg(budget: Budget) -> None:
    rig = Rig(budget)
    rig.look("a", MEDIUM)
    assert rig.video.open == [DEVICE]
    rig.look("a", MEDIUM, OTHER)
    assert rig.video.open == []
    rig.look("a", MEDIUM)
    assert rig.video.open == [DEVICE]
    rig.pictures.limit(Budget(1.0))
    rig.collect()
    assert rig.video.open == []


def test_the_numbers_are_those_of_the_video(live: Rig) -> None:
    for _ in range(9):
        live.clock.now += 0.1
        live.watch.delta()
        live.collect()
        live.pictures.drawn(
            "a", 99, [Seen(device_id=DEVICE, quality="medium", frames=1, latency_ms=9, clock="same")]
        )
    numbers = live.pictures.numbers()[MEDIUM]  # type: ignore[index]
    assert (numbers.source, numbers.codec, numbers.width, numbers.height) == ("scrcpy", "h264", 64, 96)
    assert (numbers.sent_per_second, numbers.drawn_per_second, numbers.latency_ms) == (2.0, 1.8, 9)


def test_at_the_end_a_picture_is_had_to_be_kept(live: Rig) -> None:
    assert live.pictures.still() is False
    live.collect()
    assert (live.video.open, live.preview.open) == ([DEVICE], [MEDIUM])
    live.preview.watches[-1].show(b"the end")
    assert live.pictures.still() is True
    last = live.pictures.last()
    assert last is not None
    assert last.jpeg == b"the end"
    assert [parcel.content["kind"] for parcel in live.collect()] == [], "pages have the video"
    assert live.preview.open == []


def test_a_device_that_gives_none_at_the_end_is_not_waited_for_long(live: Rig) -> None:
    assert live.pictures.still() is False
    live.clock.now += 5
    assert live.pictures.still() is True


def test_five_hundred_starts_and_stops_leave_nothing_behind(rig: Rig) -> None:
    for number in range(500):
        rig.look("a", MEDIUM)
        if number % 3:
            rig.watch.key()
            rig.collect()
            rig.watch.delta()
        if number % 5 == 0:
            rig.watch.on_error(DeviceDisconnected(DEVICE))
        rig.look("a")
        rig.collect()
    assert len(rig.video.watches) == 500
    assert (rig.video.open, rig.preview.open) == ([], [])
    rig.video.watches[0].key()
    rig.video.watches[0].on_error(NoVideo(DEVICE, "too late"))
    rig.look("a", MEDIUM)
    assert rig.video.open == [DEVICE], "what an old one still says changes nothing"


@pytest.mark.timeout(30)
def test_a_video_that_cannot_begin_as_the_view_closes_hangs_nobody() -> None:
    rig = Rig(
        wake=lambda pictures, now: pictures.collect(now)
    )  # as a closed view does: it has no pump any more

    def refuse(device_id: str, on_packet: Any, on_error: Any) -> FakeVideoWatch:
        rig.pictures.close()
        raise NoVideo(device_id, "the lab was closed")

    rig.video.watch_video = refuse  # type: ignore[method-assign]
    rig.look("a", MEDIUM)
    assert (rig.video.open, rig.preview.open) == ([], [])


def test_closed_pictures_watch_no_video(live: Rig) -> None:
    live.pictures.close()
    assert live.video.open == []
    live.look("b", MEDIUM)
    assert live.video.open == []
