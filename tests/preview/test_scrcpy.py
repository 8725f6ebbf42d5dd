"""Pictures by scrcpy's protocol, from the virtual phone's real H.264."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from execmon_lab.devices import (
    AdbServer,
    Device,
    DeviceDisconnected,
    DevicePool,
    DeviceSession,
    PrivateAdbServer,
    SessionClosed,
)
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import (
    Frame,
    PreviewService,
    ScrcpyFailed,
    ScrcpySource,
    Source,
    Wanted,
)
from execmon_lab.preview.scrcpy import Server, Session, StreamBroken, jar
from execmon_lab.preview.scrcpy import feed as feed_module
from execmon_lab.preview.scrcpy import source as source_module
from execmon_lab.preview.scrcpy import start as start_module

from .tamper import Spoil, Tamper

Eventually = Callable[..., bool]
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"


@pytest.fixture
def source(device: Device) -> Iterator[ScrcpySource]:
    source = ScrcpySource(device)
    yield source
    source.close()


@pytest.fixture
def still(session: DeviceSession) -> Iterator[None]:
    """The home screen, without anything that moves but the clock."""
    session.home()
    yield
    session.shell("settings put system user_rotation 0")
    session.home()


@pytest.fixture(params=["3.3.4", "4.1"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the server that is talked to."""
    server = Server(jar.BUILT_IN_PATH, request.param)
    monkeypatch.setattr(start_module, "install", lambda lane: server)
    return str(request.param)


def settled(source: Source, seconds: float = 0.3) -> Image.Image:
    """Return the picture when none has come for a while."""
    end = time.monotonic() + 60
    quiet = time.monotonic()
    while time.monotonic() - quiet < seconds:
        assert time.monotonic() < end
        capture = source.capture()
        if capture.changed:
            quiet = time.monotonic()
        time.sleep(0.02)
    return capture.image


def capture_for_ever(source: Source) -> None:
    while True:
        source.capture()


def number(source: Source) -> int:
    """Return the number of the present picture; of one without a number, 0."""
    try:
        return code.read(source.capture().image).number
    except ValueError:
        return 0


def mean_error(one: Image.Image, other: Image.Image) -> float:
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.usefixtures("still")
class TestThePicture:
    def test_it_is_the_screens(
        self, version: str, source: ScrcpySource, session: DeviceSession, eventually: Eventually
    ) -> None:
        first = source.capture()
        assert first.changed
        assert first.image.size == session.size
        for package in ("com.android.settings", "com.android.calculator2"):
            session.start(package=package)
            assert eventually(lambda: mean_error(settled(source), session.screenshot()) < 4)

    def test_a_still_screen_gives_no_new_picture(self, source: ScrcpySource) -> None:
        settled(source)
        captures = [source.capture() for _ in range(3)]
        assert not all(capture.changed for capture in captures)
        assert captures[0].image.size == (720, 1280)

    def test_it_turns_with_the_device(
        self, version: str, source: ScrcpySource, session: DeviceSession, eventually: Eventually
    ) -> None:
        assert source.capture().image.size == (720, 1280)
        for rotation, size in ((1, (1280, 720)), (0, (720, 1280))):
            session.shell(f"settings put system user_rotation {rotation}")
            assert eventually(lambda size=size: source.capture().image.size == size)
            assert eventually(lambda: mean_error(settled(source), session.screenshot()) < 4)

    def test_the_device_scales_it(self, device: Device) -> None:
        source = ScrcpySource(device, Wanted(max_size=640))
        assert source.capture().image.size == (360, 640)
        source.close()

    def test_the_newest_wins(
        self, source: ScrcpySource, session: DeviceSession, eventually: Eventually
    ) -> None:
        session.shell(MOTION)
        assert eventually(lambda: number(source) > 0)
        missed = number(source) + 30
        assert eventually(lambda: code.read(session.screenshot()).number >= missed)
        seen: set[int] = set()
        while max(seen, default=0) < missed:
            seen.add(number(source))
        assert len(seen) < 15, "those that came while nobody looked are not shown one by one"

    def test_the_device_is_not_woken_to_be_watched(
        self, source: ScrcpySource, session: DeviceSession
    ) -> None:
        session.key("SLEEP")
        try:
            assert (
                source.capture().image.getextrema()[:3] == ((0, 0), (0, 0), (0, 0))
                or mean_error(settled(source), Image.new("RGB", (720, 1280))) < 2
            )
        finally:
            session.key("WAKEUP")


class Spoiled:
    """A source behind somebody who spoils its stream."""

    def __init__(self, tamper: Tamper, source: Source) -> None:
        self.tamper = tamper
        self.source = source

    def spoil(self, how: Spoil) -> None:
        """Spoil the video that is open now; the next one passes unharmed."""
        present = self.tamper.videos
        self.tamper.spoil = lambda data: how(data) if self.tamper.videos == present else data

    def recovers(self, within: float = 60.0) -> bool:
        """Whether new pictures come, of a screen that moves."""
        last = code.read(self.source.capture().image).number
        end = time.monotonic() + within
        fresh = 0
        while time.monotonic() < end and fresh < 5:
            capture = self.source.capture()
            if capture.changed:
                number = code.read(capture.image).number
                fresh += number > last
                last = number
            time.sleep(0.03)
        return fresh == 5


class TestFaults:
    @pytest.fixture
    def spoiled(self, tamper: Tamper, phone: PhoneProcess, session: DeviceSession) -> Iterator[Spoiled]:
        session.shell(MOTION)
        with DevicePool(AdbServer("127.0.0.1", tamper.port), [phone.serial]) as pool:
            source = ScrcpySource(pool.wait_available(phone.serial, timeout=30))
            source.capture()
            yield Spoiled(tamper, source)
            source.close()
        session.home()

    def test_a_stream_that_stalls_is_started_anew(
        self, spoiled: Spoiled, caplog: pytest.LogCaptureFixture
    ) -> None:
        spoiled.spoil(lambda data: None)
        assert spoiled.recovers()
        assert spoiled.tamper.videos == 2
        assert "started anew" in caplog.text

    def test_a_packet_that_is_cut_off_is_not_waited_for(
        self, spoiled: Spoiled, caplog: pytest.LogCaptureFixture
    ) -> None:
        gone = threading.Event()

        def cut(data: bytes) -> bytes | None:
            if gone.is_set():
                return None
            gone.set()
            return data[: len(data) // 2]

        spoiled.spoil(cut)
        assert spoiled.recovers()
        assert spoiled.tamper.videos == 2
        assert "started anew" in caplog.text

    def test_a_packet_that_never_ends_is_not_waited_for(
        self, spoiled: Spoiled, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its head claims more than it has, and what follows is taken for its rest."""
        spoilt = threading.Event()

        def claim(data: bytes) -> bytes:
            if spoilt.is_set() or len(data) < 12 or int.from_bytes(data[8:12]) != len(data) - 12:
                return data
            spoilt.set()
            return data[:8] + (8 << 20).to_bytes(4) + data[12:]

        spoiled.spoil(claim)
        assert spoiled.recovers()
        assert "the rest of a packet did not come" in caplog.text

    def test_garbage_is_not_shown(self, spoiled: Spoiled, caplog: pytest.LogCaptureFixture) -> None:
        spoiled.spoil(lambda data: random.Random(len(data)).randbytes(len(data)))
        assert spoiled.recovers()
        assert spoiled.tamper.videos == 2
        assert "started anew" in caplog.text

    def test_a_damaged_picture_is_made_up_for_by_a_key_frame(
        self, spoiled: Spoiled, caplog: pytest.LogCaptureFixture
    ) -> None:
        hits = iter(range(1))

        def damage(data: bytes) -> bytes:
            if len(data) > 2000 and next(hits, None) is not None:
                return data[:1000] + bytes(600) + data[1600:]
            return data

        spoiled.spoil(damage)
        assert spoiled.recovers()
        assert spoiled.recovers()
        assert "key frame is asked for" in caplog.text or "started anew" in caplog.text

    def test_a_stream_that_breaks_again_and_again_is_given_up(self, spoiled: Spoiled) -> None:
        spoiled.tamper.spoil = lambda data: b"\xff" * len(data) if len(data) > 100 else data
        with pytest.raises(ScrcpyFailed, match="again and again"):
            capture_for_ever(spoiled.source)

    def test_a_stream_that_flows_is_asked_again_for_a_key_frame(
        self, source: ScrcpySource, session: DeviceSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session.shell(MOTION)
        source.want_video(True)
        asked: list[float] = []
        monkeypatch.setattr(Session, "reset_video", lambda session: asked.append(time.monotonic()))
        while not any(packet.key for packet in source.packets(0.1, decode=True)):
            continue
        source.refresh()
        deltas = 0
        while len(asked) < 2:
            for packet in source.packets(0.1, decode=True):
                assert packet.session == 1, "it is not taken for broken"
                deltas += not packet.key
        assert deltas > 5, "no other picture is taken for the key frame"
        session.home()

    def test_a_device_that_is_slow_with_its_key_frames_is_not_given_up(
        self, source: ScrcpySource, session: DeviceSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = Session.reset_video

        def ask(session: Session) -> None:
            with contextlib.suppress(StreamBroken):  # it may have ended meanwhile
                original(session)

        def late(session: Session) -> None:
            threading.Timer(1.1, ask, [session]).start()

        monkeypatch.setattr(Session, "reset_video", late)
        monkeypatch.setattr(feed_module, "QUIET_FACTOR", 1)
        session.key("SLEEP")  # even the clock stands still
        try:
            source.want_video(True)
            keys: list[int] = []
            while len(keys) < 6:
                keys += [packet.session for packet in source.packets(0.1, decode=False) if packet.key]
        finally:
            session.key("WAKEUP")
        assert keys[-1] <= 2

    def test_packets_that_nobody_fetched_leave_no_smear(
        self, device: Device, session: DeviceSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(source_module, "_KEPT", 10)
        source = ScrcpySource(device)
        session.shell(MOTION)
        source.want_video(True)
        last = 0
        for _ in range(5):
            seen = number(source)
            while number(source) < seen + 20:
                time.sleep(0.01)
            for packet in source.packets(0.1, decode=True):
                assert packet.key or packet.number == last + 1
                last = packet.number
        assert last > 0
        source.close()
        session.home()

    def test_a_picture_from_before_nobody_looked_is_not_shown(
        self, source: ScrcpySource, session: DeviceSession
    ) -> None:
        session.home()
        source.want_video(True)
        settled(source)
        session.start(package="com.android.settings")
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            source.packets(0.1, decode=False)
        assert mean_error(source.capture().image, session.screenshot()) < 4
        session.home()

    @pytest.mark.parametrize("fault", ["kill", "pause"])
    def test_a_phone_that_goes_is_told_and_shown_again(
        self, adb_server: PrivateAdbServer, own_phone: PhoneProcess, fault: str, eventually: Eventually
    ) -> None:
        with (
            DevicePool(adb_server, [own_phone.serial], heartbeat=0.3) as pool,
            PreviewService(pool, source=ScrcpySource) as previews,
        ):
            pool.wait_available(own_phone.serial, timeout=30)
            frames: list[Frame] = []
            errors: list[Exception] = []
            previews.watch(own_phone.serial, "low", frames.append, errors.append)
            assert eventually(lambda: len(frames) > 2)
            getattr(own_phone, fault)()
            assert eventually(lambda: any(isinstance(error, DeviceDisconnected) for error in errors))
            {"kill": own_phone.restart, "pause": own_phone.resume}[fault]()
            shown = len(frames)
            assert eventually(lambda: len(frames) > shown + 2)
            assert previews.stats()[own_phone.serial].source == "scrcpy"
            assert frames[-1].source == "scrcpy"


class TestTheEnd:
    def test_closing_ends_it_from_another_thread(self, source: ScrcpySource) -> None:
        threading.Timer(0.5, source.close).start()
        with pytest.raises(SessionClosed):
            capture_for_ever(source)


class TestTheServersFile:
    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file of this machine that stands for the server's, for a device that has none."""
        path = tmp_path / "scrcpy-server"
        path.write_bytes(random.Random(1).randbytes(90_980))
        monkeypatch.setattr(jar, "BUILT_IN", "ro.execmon.none")
        monkeypatch.setenv(jar.ENVIRONMENT, str(path))
        return path

    @pytest.mark.usefixtures("file")
    def test_it_is_put_there_once_and_asked_for_its_version(
        self, device: Device, session: DeviceSession, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        times = []
        for _ in range(2):
            source = ScrcpySource(device)
            assert source.capture().image.size == (720, 1280)
            source.close()
            [listed] = session.shell("ls -l /data/local/tmp/ | grep execmon-scrcpy").splitlines()
            times.append(listed)
        assert "90980" in times[0]
        assert times[0] == times[1]
        assert "server 4.1" in caplog.text
        session.shell("rm /data/local/tmp/execmon-scrcpy-*")

    def test_an_installed_scrcpy_has_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(jar.ENVIRONMENT, raising=False)
        program = tmp_path / "bin" / "scrcpy"
        server = tmp_path / "share" / "scrcpy" / "scrcpy-server"
        for path in (program, server):
            path.parent.mkdir(parents=True)
            path.write_bytes(b"")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        assert jar.find_jar() == server

    def test_a_path_that_is_wrong_is_told(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv(jar.ENVIRONMENT, "/nowhere/scrcpy-server")
        assert jar.find_jar() is None
        assert "/nowhere/scrcpy-server, which is no file" in caplog.text


def test_it_is_one_stream_for_all_who_watch(pool: DevicePool, phone: PhoneProcess) -> None:
    with PreviewService(pool, source=ScrcpySource) as previews:
        seen = {quality: threading.Event() for quality in ("low", "medium", "high")}
        for quality, event in seen.items():
            previews.watch(phone.serial, quality, lambda frame, event=event: event.set())
        assert all(event.wait(20) for event in seen.values())
        assert previews.stats()[phone.serial].source == "scrcpy"
        assert len([t for t in threading.enumerate() if t.name.startswith("preview-")]) == 1
