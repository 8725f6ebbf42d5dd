"""Previews: shared, paced, and running only while somebody watches."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageChops

from execmon_lab.devices import (
    Device,
    DeviceError,
    DevicePool,
    DeviceSession,
    NoDevice,
    PrivateAdbServer,
)
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import Capture, Frame, ImagePicture, PreviewService, PreviewUnavailable
from execmon_lab.preview.stream import per_second
from execmon_lab.protocol import PreviewFrame, Quality, decode_server, timestamp

Eventually = Callable[..., bool]
QUALITIES: tuple[Quality, ...] = ("low", "medium", "high")


@pytest.fixture
def previews(pool: DevicePool) -> Iterator[PreviewService]:
    with PreviewService(pool) as service:
        yield service


def preview_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("preview-")]


class Still:
    """A source whose picture changes when it is told to, and which can fail."""

    name = "still"

    def __init__(self, device: Device) -> None:
        self.image = Image.new("RGB", (72, 128), "navy")
        self.changed = True
        self.error: DeviceError | None = None

    def capture(self) -> Capture:
        if self.error is not None:
            raise self.error
        changed, self.changed = self.changed, False
        return Capture(ImagePicture(self.image), changed)

    def close(self) -> None:
        pass


@pytest.fixture
def still(device: Device) -> Still:
    return Still(device)


@pytest.fixture
def still_previews(pool: DevicePool, still: Still) -> Iterator[PreviewService]:
    with PreviewService(pool, fps=15, source=lambda device: still) as service:
        yield service


def test_frames_are_the_screen_in_every_quality(
    previews: PreviewService, session: DeviceSession, phone: PhoneProcess, eventually: Eventually
) -> None:
    session.home()
    frames: dict[Quality, list[Frame]] = {quality: [] for quality in QUALITIES}
    watches = [previews.watch(phone.serial, quality, frames[quality].append) for quality in QUALITIES]
    assert eventually(lambda: all(len(shown) >= 3 for shown in frames.values()))
    for watch in watches:
        watch.close()
    screen = session.screenshot()
    for quality, shown in frames.items():
        frame = shown[-1]
        picture = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
        assert picture.size == (frame.width, frame.height)
        assert (frame.device_id, frame.quality) == (phone.serial, quality)
        wanted = screen.resize(picture.size, Image.Resampling.BOX)
        mean = ImageChops.difference(picture, wanted).convert("L").resize((1, 1), Image.Resampling.BOX)
        assert mean.getpixel((0, 0)) <= 3
    assert frames["high"][-1].width == screen.width


def test_a_frame_is_a_message_made_once(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with previews.watch(phone.serial, "low", frames.append):
        assert eventually(lambda: frames)
    frame = frames[0]
    message = decode_server(frame.message)
    assert message == PreviewFrame(
        device_id=phone.serial,
        frame_data=frame.picture.data_url,
        width=frame.width,
        height=frame.height,
        timestamp=timestamp(frame.timestamp),
    )
    assert frame.message is frame.message


def test_all_who_watch_in_a_quality_share_the_frame(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    one: dict[int, Frame] = {}
    other: dict[int, Frame] = {}
    with (
        previews.watch(phone.serial, "low", lambda frame: one.update({frame.number: frame})),
        previews.watch(phone.serial, "low", lambda frame: other.update({frame.number: frame})),
    ):
        assert eventually(lambda: len(one.keys() & other.keys()) > 2)
        assert previews.stats()[phone.serial].watchers == 2
    for number in one.keys() & other.keys():
        assert one[number] is other[number]


def test_frames_come_at_their_pace_also_while_the_screen_stands_still(
    still_previews: PreviewService, still: Still, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with still_previews.watch(phone.serial, "high", frames.append):
        assert eventually(lambda: len(frames) >= 32)
    seconds = (frames[31].timestamp - frames[1].timestamp).total_seconds()
    assert 28 / seconds <= 15.1, "no faster than the specification allows; a late one is made up for by two"
    assert [frame.changed for frame in frames[:32]] == [True] + [False] * 31
    assert len({id(frame.picture) for frame in frames}) == 1
    assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))


def test_a_frame_tells_when_its_picture_was_asked_for(
    still_previews: PreviewService,
    still: Still,
    phone: PhoneProcess,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[datetime] = []

    def slowly() -> Capture:
        asked.append(datetime.now(UTC))
        threading.Event().wait(0.1)
        return Capture(ImagePicture(still.image), False)

    monkeypatch.setattr(still, "capture", slowly)
    frames: list[Frame] = []
    with still_previews.watch(phone.serial, "low", frames.append):
        assert eventually(lambda: len(frames) >= 3)
    assert all(frame.timestamp <= at for frame, at in zip(frames, asked, strict=False))


def test_a_change_is_encoded_once_and_told(
    still_previews: PreviewService, still: Still, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with still_previews.watch(phone.serial, "high", frames.append):
        assert eventually(lambda: frames)
        still.image, still.changed = Image.new("RGB", (72, 128), "orange"), True
        assert eventually(lambda: sum(frame.changed for frame in frames) == 2)
        assert eventually(lambda: not frames[-1].changed)
    assert len({id(frame.picture) for frame in frames}) == 2


def test_who_joins_gets_the_picture_as_changed(
    still_previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with still_previews.watch(phone.serial, "high", lambda frame: None):
        assert eventually(lambda: still_previews.stats()[phone.serial].frames > 3)
        for quality in ("high", "low"):
            frames.clear()
            with still_previews.watch(phone.serial, quality, frames.append):
                assert eventually(lambda: len(frames) > 1)
            assert [frame.changed for frame in frames[:2]] == [True, False]


def test_a_quality_that_was_left_does_not_come_back_with_its_old_picture(
    still_previews: PreviewService, still: Still, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with still_previews.watch(phone.serial, "low", lambda frame: None):
        with still_previews.watch(phone.serial, "high", frames.append):
            assert eventually(lambda: frames)
        old = frames[-1].picture
        still.image, still.changed = Image.new("RGB", (72, 128), "orange"), True
        assert eventually(lambda: not still.changed)
        frames.clear()
        with still_previews.watch(phone.serial, "high", frames.append):
            assert eventually(lambda: frames)
        assert frames[0].picture is not old


def test_nothing_is_captured_when_nobody_watches(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    assert previews.stats() == {}
    one = previews.watch(phone.serial, "low", lambda frame: None)
    other = previews.watch(phone.serial, "high", lambda frame: None)
    assert preview_threads() == [f"preview-{phone.serial}"]
    one.close()
    one.close()
    assert previews.stats()[phone.serial].watchers == 1
    other.close()
    assert previews.stats() == {}
    assert eventually(lambda: not preview_threads())


def test_a_watcher_may_leave_from_its_callback(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []

    def once(frame: Frame) -> None:
        frames.append(frame)
        watch.close()

    watch = previews.watch(phone.serial, "low", once)
    assert eventually(lambda: frames and not preview_threads())
    assert len(frames) == 1


def test_a_watcher_that_fails_stops_nobody(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    frames: list[Frame] = []
    with (
        previews.watch(phone.serial, "low", lambda frame: 1 // 0),  # type: ignore[arg-type, return-value]
        previews.watch(phone.serial, "low", frames.append),
    ):
        assert eventually(lambda: len(frames) > 3)
    assert caplog.text.count("ZeroDivisionError") == 1


def test_an_unknown_device_is_told(previews: PreviewService) -> None:
    with pytest.raises(NoDevice, match="no device emulator-1"):
        previews.watch("emulator-1", "low", lambda frame: None)


def test_a_pace_outside_the_specification_is_refused(pool: DevicePool) -> None:
    with pytest.raises(ValueError, match="give 10 to 15"):
        PreviewService(pool, fps=30)


def test_a_device_that_gives_no_picture_is_told_once_until_it_does(
    still_previews: PreviewService, still: Still, phone: PhoneProcess, eventually: Eventually
) -> None:
    still.error = PreviewUnavailable(phone.serial, "the screen is protected")
    frames: list[Frame] = []
    errors: list[DeviceError] = []
    with still_previews.watch(phone.serial, "low", frames.append, errors.append):
        assert eventually(lambda: errors)
        late: list[DeviceError] = []
        with still_previews.watch(phone.serial, "high", lambda frame: None, late.append):
            assert late == errors
        still.error = None
        assert eventually(lambda: frames)
    assert [error.code for error in errors] == ["PREVIEW_UNAVAILABLE"]
    assert "the screen is protected" in str(errors[0])


class TestADeviceThatIsLost:
    @pytest.fixture
    def own_pool(self, adb_server: PrivateAdbServer, own_phone: PhoneProcess) -> Iterator[DevicePool]:
        with DevicePool(adb_server, [own_phone.serial], heartbeat=0.3) as pool:
            pool.wait_available(own_phone.serial, timeout=30)
            yield pool

    @pytest.mark.parametrize("fault", ["kill", "pause"])
    def test_it_is_told_once_and_shown_again_when_it_is_back(
        self, own_pool: DevicePool, own_phone: PhoneProcess, eventually: Eventually, fault: str
    ) -> None:
        frames: list[Frame] = []
        errors: list[DeviceError] = []
        with PreviewService(own_pool) as previews:
            previews.watch(own_phone.serial, "low", frames.append, errors.append)
            assert eventually(lambda: len(frames) > 2)
            getattr(own_phone, fault)()
            assert eventually(lambda: errors)
            {"kill": own_phone.restart, "pause": own_phone.resume}[fault]()
            shown = len(frames)
            assert eventually(lambda: len(frames) > shown + 2)
        told = [error.code for error in errors]
        lost = ["DEVICE_DISCONNECTED"]
        # One that hangs is told of before its pool gives it up.
        assert told == lost or (fault == "pause" and told in (["PREVIEW_UNAVAILABLE"], told[:1] + lost))


def test_a_running_step_and_a_preview_do_not_disturb_each_other(
    previews: PreviewService, device: Device, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    errors: list[DeviceError] = []
    session = device.session()
    with previews.watch(phone.serial, "low", frames.append, errors.append):
        for number in range(50):
            assert session.shell(["echo", str(number)]) == f"{number}\n"
        session.interrupt()
        shown = len(frames)
        assert eventually(lambda: len(frames) > shown + 2)
    assert errors == []


@pytest.mark.usefixtures("no_leaks")
def test_closing_leaves_no_thread_and_no_connection(
    pool: DevicePool, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    service = PreviewService(pool)
    for quality in QUALITIES:
        service.watch(phone.serial, quality, frames.append)
    assert eventually(lambda: frames)
    service.close()
    service.close()
    with pytest.raises(RuntimeError, match="closed"):
        service.watch(phone.serial, "low", frames.append)


def test_it_is_captured_no_faster_than_the_quickest_wants(
    still_previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    slow: list[Frame] = []
    with still_previews.watch(phone.serial, "low", slow.append) as watch:
        watch.pace(0.01)
        assert eventually(lambda: slow)
        assert slow[0].source == "still"
        before = still_previews.stats()[phone.serial].frames
        threading.Event().wait(0.5)
        assert still_previews.stats()[phone.serial].frames <= before + 1
        quick: list[Frame] = []
        with still_previews.watch(phone.serial, "medium", quick.append):
            assert eventually(lambda: len(quick) > 3), "who comes need not wait for the slow pace to end"
        watch.pace(None)


def test_a_quality_is_encoded_no_more_often_than_those_who_watch_it_want(
    still_previews: PreviewService, still: Still, phone: PhoneProcess, eventually: Eventually
) -> None:
    slow: list[Frame] = []
    quick: list[Frame] = []
    with (
        still_previews.watch(phone.serial, "medium", slow.append) as watch,
        still_previews.watch(phone.serial, "low", quick.append),
    ):
        watch.pace(3)
        assert eventually(lambda: slow and quick)
        still.image, still.changed = Image.new("RGB", (72, 128), "orange"), True
        begun = len(quick)
        assert eventually(lambda: len(quick) >= begun + 30)
        seconds = (slow[-1].timestamp - slow[0].timestamp).total_seconds()
        assert len(slow) <= 3 * seconds + 4
        assert eventually(lambda: [frame.changed for frame in slow].count(True) == 2), (
            "a change between two of its frames is told"
        )
        with still_previews.watch(phone.serial, "medium", lambda frame: None):
            begun, shown = len(quick), len(slow)
            assert eventually(lambda: len(quick) >= begun + 30)
            assert len(slow) >= shown + 20, "what another needs in the same quality is shown to both"


def test_a_rate_is_that_of_a_second_at_least_and_sinks_when_nothing_comes() -> None:
    assert per_second([], 9.0) == 0.0
    assert per_second([(9.0, 1), (9.003, 1)], 9.004) == 1.0
    counted = [(at / 10, 500) for at in range(21)]  # ten a second, for two seconds
    assert per_second(counted, 2.0) == 20 * 500 / 2
    assert per_second(counted, 4.0) == 20 * 500 / 4
