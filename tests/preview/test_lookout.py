"""Why there is no picture is told within two seconds, and a picture that is only late is no fault."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from execmon_lab.devices import AdbServer, Device, DeviceError, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import (
    BestSource,
    Capture,
    Frame,
    ImagePicture,
    NoVideo,
    PreviewService,
    PreviewUnavailable,
    ScrcpySource,
    ScreencapSource,
    Source,
    VideoPacket,
    lookout,
)
from execmon_lab.preview import source as source_module

from .tamper import Tamper

Eventually = Callable[..., bool]
Make = Callable[[Device], Source]
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"
LATER = 60.0
"""Seconds of silence after which the pool itself would ask: that is not what is tested here."""


def by_video(device: Device) -> BestSource:
    return BestSource(device, prefer="screencap")


class TestADeviceThatHangs:
    @pytest.fixture
    def own_pool(self, adb_server: PrivateAdbServer, own_phone: PhoneProcess) -> Iterator[DevicePool]:
        with DevicePool(adb_server, [own_phone.serial], heartbeat=LATER) as pool:
            pool.wait_available(own_phone.serial, timeout=30)
            yield pool

    @pytest.mark.parametrize("screen", ["moving", "still"])
    @pytest.mark.parametrize("make", [ScreencapSource, ScrcpySource], ids=["screencap", "scrcpy"])
    def test_it_is_told_and_all_goes_on_when_it_answers(
        self, own_pool: DevicePool, own_phone: PhoneProcess, eventually: Eventually, make: Make, screen: str
    ) -> None:
        session = own_pool.get(own_phone.serial).session()
        _show(session, screen)
        frames: list[Frame] = []
        errors: list[DeviceError] = []
        with PreviewService(own_pool, source=make) as previews:
            previews.watch(own_phone.serial, "low", frames.append, errors.append)
            for times in range(1, 3):
                shown = len(frames)
                assert eventually(lambda shown=shown: len(frames) > shown + 3)
                own_phone.pause()
                try:
                    assert eventually(lambda times=times: len(errors) == times)
                    shown = len(frames)
                    threading.Event().wait(1.5)
                    assert len(frames) <= shown + 1, "no old picture passes for a new one"
                finally:
                    own_phone.resume()
                assert eventually(lambda shown=shown: len(frames) > shown + 3)
                assert len(errors) == times, "it is told once"
        for error in errors:
            assert isinstance(error, PreviewUnavailable)
            assert "does not answer" in str(error)

    @pytest.mark.parametrize("screen", ["moving", "still"])
    def test_who_is_given_video_is_told_too(
        self, own_pool: DevicePool, own_phone: PhoneProcess, eventually: Eventually, screen: str
    ) -> None:
        session = own_pool.get(own_phone.serial).session()
        _show(session, screen)
        packets: list[VideoPacket] = []
        errors: list[DeviceError] = []
        with PreviewService(own_pool, source=by_video) as previews:
            previews.watch_video(own_phone.serial, packets.append, errors.append)
            assert eventually(lambda: packets)
            threading.Event().wait(1.0)  # a screen that stands still sends nothing by now
            errors.clear()
            own_phone.pause()
            try:
                assert eventually(lambda: any("does not answer" in str(error) for error in errors))
            finally:
                own_phone.resume()
            seen = len(packets)
            session.key("WAKEUP")
            session.shell(MOTION)
            assert eventually(lambda: len(packets) > seen + 3)
            assert packets[seen].key
        assert not any(isinstance(error, NoVideo) for error in errors), "it goes on by itself"


def _show(session: DeviceSession, screen: str) -> None:
    if screen == "moving":
        session.shell(MOTION)
    else:
        session.key("SLEEP")  # even the clock stands still


class TestADeviceThatAnswers:
    @pytest.fixture
    def through(self, tamper: Tamper, phone: PhoneProcess) -> Iterator[DevicePool]:
        with DevicePool(AdbServer("127.0.0.1", tamper.port), [phone.serial], heartbeat=LATER) as pool:
            pool.wait_available(phone.serial, timeout=30)
            yield pool

    def test_a_screencap_that_hangs_is_told(
        self,
        tamper: Tamper,
        through: DevicePool,
        phone: PhoneProcess,
        eventually: Eventually,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(source_module, "CAPTURE_TIMEOUT", 5.0)
        frames: list[Frame] = []
        errors: list[DeviceError] = []
        with PreviewService(through) as previews:
            previews.watch(phone.serial, "low", frames.append, errors.append)
            assert eventually(lambda: len(frames) > 3)
            tamper.hang = b"exec:screencap"
            assert eventually(lambda: errors)
            tamper.hang = None
            shown = len(frames)
            assert eventually(lambda: len(frames) > shown + 3)
        [error] = errors
        assert "screencap has given no picture for" in str(error)
        assert "though the device answers" in str(error)

    def test_a_video_that_pauses_is_told(
        self,
        tamper: Tamper,
        through: DevicePool,
        phone: PhoneProcess,
        session: DeviceSession,
        eventually: Eventually,
    ) -> None:
        """Also to one who takes either, while it is given video; the pictures of others go on."""
        session.shell(MOTION)
        packets: list[VideoPacket] = []
        errors: list[DeviceError] = []
        frames: list[Frame] = []
        wrong: list[DeviceError] = []
        with (
            PreviewService(through, source=by_video) as previews,
            previews.watch_video(phone.serial, packets.append, errors.append),
        ):
            assert eventually(lambda: len(packets) > 5)
            previews.watch(phone.serial, "low", frames.append, wrong.append)
            assert eventually(lambda: len(frames) > 3)
            errors.clear()
            tamper.spoil = lambda data: data if len(data) < 10 else None
            assert eventually(lambda: errors)
            shown, seen = len(frames), len(packets)
            assert eventually(lambda: sum(frame.changed for frame in frames[shown:]) > 3)
            tamper.spoil = None
            assert eventually(lambda: len(packets) > seen + 3)
            assert packets[seen].key
        [error] = errors
        assert "its video has not come for" in str(error)
        assert not isinstance(error, NoVideo)
        assert wrong == []
        session.home()

    def test_one_that_is_slow_is_told_of_once_and_shown(
        self, pool: DevicePool, phone: PhoneProcess, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookout, "LATE_SECONDS", 0.5)

        class Slow:
            name = "slow"

            def capture(self) -> Capture:
                threading.Event().wait(0.8)
                return Capture(ImagePicture(Image.new("RGB", (72, 128))), True)

            def close(self) -> None:
                pass

        frames: list[Frame] = []
        errors: list[DeviceError] = []
        with (
            PreviewService(pool, source=lambda device: Slow()) as previews,
            previews.watch(phone.serial, "low", frames.append, errors.append),
        ):
            assert eventually(lambda: len(frames) > 4)
        [error] = errors
        assert "slow has given no picture for" in str(error)


@pytest.mark.usefixtures("no_leaks")
def test_it_ends_with_the_last_who_watches(
    pool: DevicePool, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    with PreviewService(pool) as previews, previews.watch(phone.serial, "low", frames.append):
        assert eventually(lambda: frames)
