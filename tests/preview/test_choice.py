"""Which source pictures come from, and what bridges the time until it gives them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from execmon_lab.devices import (
    AdbError,
    AdbServer,
    Device,
    DevicePool,
    DeviceSession,
    SessionClosed,
)
from execmon_lab.devices.lane import Lane
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import (
    BestSource,
    Frame,
    NoVideo,
    PreviewService,
    choice,
)
from execmon_lab.preview.scrcpy import Server, jar
from execmon_lab.preview.scrcpy import feed as feed_module
from execmon_lab.preview.scrcpy import session as session_module
from execmon_lab.preview.scrcpy import start as start_module

from .tamper import Tamper

Eventually = Callable[..., bool]
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"


class TestTheChoice:
    @pytest.fixture
    def best(self, device: Device) -> Iterator[BestSource]:
        source = BestSource(device)
        yield source
        source.close()

    @pytest.fixture
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every picture count as too slow."""
        monkeypatch.setattr(choice, "SLOW_SECONDS", 0.0)

    def tried(self, source: BestSource) -> str:
        """Return what the pictures come from once that is decided."""
        for _ in range(choice.TRIALS + 2):
            assert source.capture().image.size == (720, 1280)
        return source.name

    def test_it_is_screencap_where_that_is_quick(
        self, best: BestSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(choice, "SLOW_SECONDS", 60.0)
        assert self.tried(best) == "screencap"

    @pytest.mark.usefixtures("slow")
    def test_it_is_scrcpy_where_that_is_quicker(
        self, best: BestSource, caplog: pytest.LogCaptureFixture, eventually: Eventually
    ) -> None:
        caplog.set_level(logging.INFO)
        assert best.name == "screencap"
        assert eventually(lambda: self.tried(best) == "scrcpy")
        assert "so scrcpy is tried" in caplog.text

    @pytest.mark.usefixtures("slow")
    def test_without_a_decoder_it_stays_and_says_what_to_install(
        self, best: BestSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(choice, "can_decode", lambda: False)
        assert self.tried(best) == "screencap"
        assert "pip install 'execmon-lab[video]'" in caplog.text

    @pytest.mark.usefixtures("slow")
    def test_without_a_server_it_stays_and_says_why(
        self,
        best: BestSource,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        eventually: Eventually,
    ) -> None:
        monkeypatch.setattr(jar, "BUILT_IN", "ro.execmon.none")
        monkeypatch.setenv(jar.ENVIRONMENT, "/nowhere/scrcpy-server")
        reason = "there is no scrcpy server on this machine"
        assert eventually(lambda: self.tried(best) == "screencap" and reason in caplog.text)

    @pytest.mark.usefixtures("slow")
    def test_a_server_that_does_not_start_says_why_and_is_not_tried_again(
        self,
        best: BestSource,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        eventually: Eventually,
    ) -> None:
        started: list[str] = []

        def broken(lane: object) -> Server:
            started.append("once")
            return Server("/data/local/tmp/none.jar", "4.1")

        monkeypatch.setattr(start_module, "install", broken)
        assert eventually(lambda: self.tried(best) == "screencap" and "the server ended" in caplog.text)
        assert self.tried(best) == "screencap"
        assert started == ["once"]
        assert caplog.text.count("the screen is shown by screencap") == 1

    @pytest.mark.usefixtures("slow")
    def test_a_device_that_takes_no_server_says_why(
        self,
        best: BestSource,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        eventually: Eventually,
    ) -> None:
        def refused(lane: object) -> Server:
            raise AdbError("adb push scrcpy-server", None, "Permission denied")

        monkeypatch.setattr(start_module, "install", refused)
        assert eventually(lambda: self.tried(best) == "screencap" and "Permission denied" in caplog.text)

    def test_it_may_be_closed_before_it_was_used(self, best: BestSource) -> None:
        best.close()
        with pytest.raises(SessionClosed):
            best.capture()


class TestWhatBridges:
    """While scrcpy's stream begins, or begins anew, the pictures go on by screencap."""

    @pytest.fixture
    def through(self, tamper: Tamper, phone: PhoneProcess, session: DeviceSession) -> Iterator[DevicePool]:
        session.shell(MOTION)
        with DevicePool(AdbServer("127.0.0.1", tamper.port), [phone.serial]) as pool:
            pool.wait_available(phone.serial, timeout=30)
            yield pool
        session.home()

    @pytest.mark.parametrize("fault", ["does not listen", "sends nothing"])
    def test_a_start_that_fails_is_not_seen(
        self,
        tamper: Tamper,
        through: DevicePool,
        phone: PhoneProcess,
        eventually: Eventually,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
    ) -> None:
        started: list[str] = []

        def command(server: Server, version: str, **options: object) -> str:
            started.append(str(options["scid"]))
            return "sleep 60" if fault == "does not listen" else original(server, version, **options)

        original = Server.command
        monkeypatch.setattr(Server, "command", command)
        monkeypatch.setattr(session_module, "START_SECONDS", 3.0)
        monkeypatch.setattr(feed_module, "FIRST_SECONDS", 3.0)
        if fault == "sends nothing":
            tamper.spoil = lambda data: data if len(data) < 10 else None  # that it has connected, and no more
        told: list[tuple[str, str]] = []
        frames: list[Frame] = []
        errors: list[Exception] = []

        def make(device: Device) -> BestSource:
            return BestSource(
                device, prefer="screencap", tell=lambda serial, level, text: told.append((level, text))
            )

        with (
            PreviewService(through, source=make) as previews,
            previews.watch(phone.serial, "low", frames.append, errors.append),
        ):
            assert eventually(lambda: frames)
            for _ in range(2):
                refused: list[Exception] = []
                shown = len(frames)
                with previews.watch_video(phone.serial, lambda packet: None, refused.append):
                    assert eventually(lambda refused=refused: refused and isinstance(refused[-1], NoVideo))
                assert len(frames) - shown > 10, "three seconds' worth of them, at twelve a second"
        assert {frame.source for frame in frames} == {"screencap"}
        assert errors == []
        assert len(started) == 2, "a start that has failed is not tried again, until somebody wants video"
        [(level, text)] = told
        reason = {"does not listen": "did not listen", "sends nothing": "did not come"}[fault]
        assert level == "WARN"
        assert reason in text

    def test_a_stream_that_begins_anew_is_bridged(
        self,
        tamper: Tamper,
        through: DevicePool,
        phone: PhoneProcess,
        eventually: Eventually,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        frames: list[Frame] = []
        errors: list[Exception] = []
        with (
            PreviewService(through, source=lambda device: BestSource(device, prefer="scrcpy")) as previews,
            previews.watch(phone.serial, "low", frames.append, errors.append),
        ):
            assert eventually(lambda: frames and frames[-1].source == "scrcpy")
            assert frames[0].source == "screencap", "the first picture does not wait for it either"
            original, go_on = start_module.install, threading.Event()

            def slow(lane: Lane) -> Server:
                go_on.wait(60)
                return original(lane)

            monkeypatch.setattr(start_module, "install", slow)
            present, shown = tamper.videos, len(frames)
            tamper.spoil = lambda data: data[::-1] if tamper.videos == present else data
            assert eventually(lambda: [frame.source for frame in frames[shown:]].count("screencap") > 10)
            assert sum(frame.changed for frame in frames[shown:]) > 5
            go_on.set()
            shown = len(frames)
            assert eventually(lambda: [frame.source for frame in frames[shown:]].count("scrcpy") > 5)
        assert errors == []
