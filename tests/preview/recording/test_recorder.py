"""Recording: what a device showed from start to end, at small cost, whatever goes wrong."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from execmon_lab.devices import Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import (
    BestSource,
    Capture,
    Frame,
    ImagePicture,
    Preference,
    PreviewService,
    VideoPacket,
)
from execmon_lab.preview.recording import (
    Keep,
    NoPicture,
    NoRecording,
    Recorder,
    Recording,
    Track,
    track_path,
)
from execmon_lab.preview.recording import recorder as recorder_module
from execmon_lab.preview.recording.index import indices
from execmon_lab.preview.scrcpy import Packet, decoder
from execmon_lab.preview.scrcpy import session as scrcpy_session
from execmon_lab.preview.stream import EitherWatch
from execmon_lab.protocol import Level

Eventually = Callable[..., bool]
Make = Callable[..., Recorder]
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"


@pytest.fixture
def previews(pool: DevicePool) -> Iterator[PreviewService]:
    with PreviewService(pool) as service:
        yield service


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "recordings" / "run")


@pytest.fixture
def told() -> list[tuple[str, Level, str]]:
    return []


@pytest.fixture
def make(
    previews: PreviewService, phone: PhoneProcess, recording: Recording, told: list[tuple[str, Level, str]]
) -> Iterator[Make]:
    made: list[Recorder] = []

    def _make(keep: Keep | None = None, serials: tuple[str, ...] = (phone.serial,)) -> Recorder:
        recorder = Recorder(
            previews, serials, recording.path, keep or Keep(), lambda *said: told.append(said)
        )
        made.append(recorder)
        return recorder

    yield _make
    for recorder in made:
        recorder.close()


def test_what_was_on_the_screen_is_found_by_time(
    make: Make, recording: Recording, session: DeviceSession, phone: PhoneProcess, eventually: Eventually
) -> None:
    session.home()
    recorder = make()
    assert recording.index(phone.serial) == []
    with pytest.raises(NoRecording, match="those of: none"):
        recording.frame_at(phone.serial, 0.0)
    recorder.start()
    assert eventually(lambda: recording.index(phone.serial))
    home = session.screenshot()
    seen = len(recording.index(phone.serial))
    session.start(package="com.android.settings")
    session.wait_for("About phone")
    assert eventually(lambda: len(recording.index(phone.serial)) > seen)
    recorder.finish()
    assert recorder.wait(20)
    settings = session.screenshot()
    marks = recording.index(phone.serial)
    assert [mark.number for mark in marks] == list(range(1, len(marks) + 1))
    begin, end = recording.span(phone.serial)
    assert begin == marks[0].at
    assert end >= marks[-1].at
    for at, screen in ((begin, home), (end, settings)):
        frame = recording.frame_at(phone.serial, at)
        image = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
        assert image.size == (frame.width, frame.height)
        difference = ImageChops.difference(image, screen.resize(image.size, Image.Resampling.BOX))
        assert max(ImageStat.Stat(difference).mean) < 4
    session.home()


class Still:
    """A source whose picture changes when it is told to."""

    name = "still"

    def __init__(self, device: Device) -> None:
        self.changed = True

    def capture(self) -> Capture:
        changed, self.changed = self.changed, False
        return Capture(ImagePicture(Image.new("RGB", (72, 128), "navy")), changed)

    def close(self) -> None:
        pass


def test_only_what_changed_is_kept_also_while_others_come_to_watch(
    pool: DevicePool, device: Device, phone: PhoneProcess, recording: Recording, eventually: Eventually
) -> None:
    still = Still(device)
    frames: list[Frame] = []
    with PreviewService(pool, source=lambda device: still) as previews:
        recorder = Recorder(previews, [phone.serial], recording.path, Keep(fps=15), lambda *said: None)
        recorder.start()
        assert eventually(lambda: len(recording.index(phone.serial)) == 1)
        for _ in range(3):
            shown = len(frames)
            with previews.watch(phone.serial, "medium", frames.append):
                assert eventually(lambda shown=shown: len(frames) > shown + 2)
        still.changed = True
        assert eventually(lambda: len(recording.index(phone.serial)) == 2)
        recorder.close()
    assert len(recording.index(phone.serial)) == 2


def test_with_nobody_else_it_is_a_modest_rate(
    make: Make,
    previews: PreviewService,
    recording: Recording,
    session: DeviceSession,
    phone: PhoneProcess,
    eventually: Eventually,
) -> None:
    session.shell(MOTION)
    recorder = make(Keep(fps=4))
    recorder.start()
    assert eventually(lambda: len(recording.index(phone.serial)) >= 8)
    recorder.close()
    session.home()
    marks = recording.index(phone.serial)
    span = marks[-1].at - marks[0].at
    assert len(marks) <= 4 * span + 3
    numbers = [
        code.read(Image.open(io.BytesIO(recording.frame_at(phone.serial, mark.at).jpeg))).number
        for mark in marks
    ]
    assert numbers == sorted(set(numbers))


def test_another_process_reads_it_while_it_is_written(
    make: Make, recording: Recording, phone: PhoneProcess, eventually: Eventually
) -> None:
    recorder = make()
    recorder.start()
    assert eventually(lambda: recording.index(phone.serial))
    script = (
        "import sys; from execmon_lab.preview.recording import Recording;"
        "frame = Recording(sys.argv[1]).frame_at(sys.argv[2], 0.0); sys.stdout.buffer.write(frame.jpeg)"
    )
    words = [sys.executable, "-c", script, str(recording.path), phone.serial]
    jpeg = subprocess.run(words, check=True, capture_output=True).stdout
    assert jpeg == recording.frame_at(phone.serial, 0.0).jpeg


@pytest.mark.usefixtures("no_leaks")
def test_the_end_leaves_nothing_behind(
    pool: DevicePool, phone: PhoneProcess, recording: Recording, eventually: Eventually
) -> None:
    with PreviewService(pool) as previews:
        recorder = Recorder(previews, [phone.serial], recording.path, Keep(), lambda *said: None)
        recorder.start()
        assert eventually(lambda: recording.index(phone.serial))
        recorder.finish()
        assert recorder.wait(20)
        assert previews.stats() == {}
        recorder.close()


def test_it_tells_what_is_written_while_it_goes_on(
    pool: DevicePool,
    phone: PhoneProcess,
    recording: Recording,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_module, "NOTE_SECONDS", 0.0)
    told: list[int] = []

    def written() -> None:
        told.append(sum(len(index.marks) for index in indices(recording)))

    with PreviewService(pool) as previews:
        recorder = Recorder(
            previews, [phone.serial], recording.path, Keep(), lambda *said: None, written=written
        )
        recorder.start()
        assert eventually(lambda: told and told[-1] > 0)
        told.clear()
        recorder.close()
    assert told[-1] == len(recording.index(phone.serial)) > 0


def test_one_that_was_never_begun_may_be_closed(make: Make, recording: Recording) -> None:
    recorder = make()
    recorder.finish()
    recorder.close()
    assert recording.devices() == []


def test_a_folder_that_cannot_be_written_is_told_and_stops_nothing(
    previews: PreviewService, phone: PhoneProcess, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    told: list[tuple[str, Level, str]] = []
    recorder = Recorder(
        previews, [phone.serial], tmp_path / "file" / "run", Keep(), lambda *said: told.append(said)
    )
    recorder.start()
    assert recorder.wait(20)
    [(serial, level, text)] = told
    assert (serial, level) == (phone.serial, "WARN")
    assert "Nothing more is recorded" in text
    assert previews.stats() == {}


def test_a_device_that_nobody_knows_is_told_and_the_others_are_recorded(
    make: Make,
    recording: Recording,
    phone: PhoneProcess,
    told: list[tuple[str, Level, str]],
    eventually: Eventually,
) -> None:
    make(serials=("R58M", phone.serial)).start()
    assert eventually(lambda: recording.index(phone.serial))
    [(serial, _, text)] = told
    assert serial == "R58M"
    assert "Not recorded: no device R58M" in text


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"fps": 0}, "fps is 0"), ({"fps": 16}, "fps is 16"), ({"max_bytes": 1000}, "max_bytes is 1000")],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Keep(**wrong)  # type: ignore[arg-type]


class TestVideo:
    """Where the pictures come from scrcpy, its H.264 is kept as it came."""

    @pytest.fixture
    def previews(self, pool: DevicePool) -> Iterator[PreviewService]:
        with PreviewService(pool, source=lambda device: BestSource(device, prefer="scrcpy")) as service:
            yield service

    @pytest.fixture(autouse=True)
    def motion(self, session: DeviceSession) -> Iterator[None]:
        session.shell(MOTION)
        yield
        session.shell("settings put system user_rotation 0")
        session.home()

    def numbers(self, recording: Recording, serial: str) -> list[int]:
        """The numbers in the pictures that are found by their times."""
        frames = [recording.frame_at(serial, mark.at) for mark in recording.index(serial)]
        return [code.read(Image.open(io.BytesIO(frame.jpeg))).number for frame in frames]

    def test_it_is_kept_as_it_came_and_nothing_is_decoded(
        self,
        make: Make,
        previews: PreviewService,
        recording: Recording,
        phone: PhoneProcess,
        eventually: Eventually,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        decoded: list[Packet] = []
        original = decoder.Decoder.decode

        def decode(self: decoder.Decoder, packet: Packet) -> av.VideoFrame | None:
            decoded.append(packet)
            return original(self, packet)

        monkeypatch.setattr(decoder.Decoder, "decode", decode)
        recorder = make()
        recorder.start()
        assert eventually(lambda: len(recording.index(phone.serial)) > 25)
        stats = previews.stats()[phone.serial]
        assert (stats.source, stats.watchers, stats.frames) == ("scrcpy", 1, 0)
        assert all(packet.key for packet in decoded), "they are looked at for a screen that went black"
        recorder.finish()
        assert recorder.wait(20)
        numbers = self.numbers(recording, phone.serial)
        assert numbers == sorted(set(numbers))
        with av.open(str(recording.video(tmp_path / "run.mp4"))) as video:
            frames = list(video.decode(video=0))
        assert [code.read(frame.to_image()).number for frame in frames] == numbers
        assert {(frame.width, frame.height) for frame in frames} == {(720, 1280)}
        begin, end = recording.span(phone.serial)
        times = [mark.at - begin for mark in recording.index(phone.serial)]
        assert [frame.time for frame in frames] == pytest.approx(times, abs=0.002)
        assert end - begin >= times[-1]

    def test_those_who_watch_meanwhile_change_nothing(
        self,
        make: Make,
        previews: PreviewService,
        recording: Recording,
        phone: PhoneProcess,
        eventually: Eventually,
    ) -> None:
        """Pictures are decoded for others; for who wants video another session begins."""
        make().start()
        frames: list[Frame] = []
        packets: list[VideoPacket] = []
        assert eventually(lambda: len(recording.index(phone.serial)) > 5)
        with previews.watch(phone.serial, "low", frames.append):
            assert eventually(lambda: len(frames) > 5)
        with previews.watch_video(phone.serial, packets.append):
            assert eventually(lambda: len(packets) > 20)
        seen = len(recording.index(phone.serial))
        assert eventually(lambda: len(recording.index(phone.serial)) > seen + 5)
        numbers = self.numbers(recording, phone.serial)
        assert numbers == sorted(numbers)
        assert recording.gaps(phone.serial) == []

    def test_pictures_and_video_follow_each_other_in_one_recording(
        self, pool: DevicePool, recording: Recording, phone: PhoneProcess, eventually: Eventually
    ) -> None:
        """With screencap, video comes only while somebody wants it."""
        packets: list[VideoPacket] = []
        with PreviewService(pool, source=lambda device: BestSource(device, prefer="screencap")) as previews:
            recorder = Recorder(previews, [phone.serial], recording.path, Keep(), lambda *said: None)
            recorder.start()
            assert eventually(lambda: len(recording.index(phone.serial)) > 1)
            with previews.watch_video(phone.serial, packets.append):
                assert eventually(lambda: len(packets) > 20)
            seen = len(recording.index(phone.serial))
            assert eventually(lambda: len(recording.index(phone.serial)) > seen + 2)
            recorder.close()
        kinds = Track(track_path(recording.path, phone.serial)).kinds(0.0, 1e12)
        assert kinds == {"jpeg", "h264"}
        numbers = self.numbers(recording, phone.serial)
        back = sum(later < number for number, later in itertools.pairwise(numbers))
        assert back <= 1, "the video's first may be a moment older than the picture that bridged its start"

    def test_it_may_be_kept_as_jpeg(
        self, make: Make, recording: Recording, phone: PhoneProcess, eventually: Eventually
    ) -> None:
        make(Keep(h264=False, quality="low")).start()
        assert eventually(lambda: len(recording.index(phone.serial)) > 2)
        frame = recording.frame_at(phone.serial, 0.0)
        assert (frame.width, frame.height) == (360, 640)

    def test_a_screen_that_is_turned_goes_on(
        self,
        make: Make,
        recording: Recording,
        session: DeviceSession,
        phone: PhoneProcess,
        eventually: Eventually,
        tmp_path: Path,
    ) -> None:
        recorder = make()
        recorder.start()
        assert eventually(lambda: len(recording.index(phone.serial)) > 5)
        session.shell("settings put system accelerometer_rotation 0; settings put system user_rotation 1")
        assert eventually(lambda: recording.frame_at(phone.serial, 1e12).width == 1280)
        recorder.close()
        with av.open(str(recording.video(tmp_path / "run.mp4"))) as video:
            assert len(list(video.decode(video=0))) >= len(recording.index(phone.serial))

    def test_a_device_that_sends_no_key_frames_is_asked_for_one(
        self,
        make: Make,
        recording: Recording,
        phone: PhoneProcess,
        eventually: Eventually,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(scrcpy_session, "KEY_SECONDS", 1000)
        monkeypatch.setattr(recorder_module, "KEY_SECONDS", 0.5)
        make().start()
        track = track_path(recording.path, phone.serial)

        def keys() -> int:
            return sum(packet.key for packet in Track(track).packets(0.0, 1e12)) if track.exists() else 0

        assert eventually(lambda: keys() > 3)

    def test_packets_that_were_lost_cost_what_leans_on_them_alone(
        self, make: Make, recording: Recording, phone: PhoneProcess, eventually: Eventually
    ) -> None:
        recorder = make()
        recorder.start()
        assert eventually(lambda: len(recording.index(phone.serial)) > 5)
        take = recorder._take_packet
        lost = threading.Event()
        handed: list[VideoPacket] = []

        def lose(packet: VideoPacket) -> None:
            if lost.is_set():
                handed.append(packet)
            if lost.is_set() or packet.key:
                take(packet)
            else:
                lost.set()

        watch = recorder._watches[phone.serial]
        assert isinstance(watch, EitherWatch)
        watch.video._on_shown = lose
        assert eventually(lost.is_set)
        assert eventually(lambda: sum(packet.key for packet in handed[:-1]))
        recorder.close()
        kept = {packet.data for packet in Track(track_path(recording.path, phone.serial)).packets(0.0, 1e12)}
        key = next(number for number, packet in enumerate(handed) if packet.key)
        assert kept.isdisjoint(packet.data for packet in handed[:key])
        assert {packet.data for packet in handed[key : key + 2]} <= kept
        numbers = self.numbers(recording, phone.serial)
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("prefer", ["screencap", "scrcpy"])
def test_while_the_device_is_away_is_on_the_recording(
    adb_server: PrivateAdbServer,
    own_phone: PhoneProcess,
    recording: Recording,
    eventually: Eventually,
    prefer: Preference,
) -> None:
    serial = own_phone.serial
    with (
        DevicePool(adb_server, [serial], heartbeat=0.3) as pool,
        PreviewService(pool, source=lambda device: BestSource(device, prefer=prefer)) as previews,
    ):
        pool.wait_available(serial, timeout=30)
        recorder = Recorder(previews, [serial], recording.path, Keep(), lambda *said: None)
        recorder.start()
        assert eventually(lambda: recording.index(serial))
        own_phone.kill()
        assert eventually(lambda: recording.gaps(serial))
        [gap] = recording.gaps(serial)
        assert (gap.end, gap.reason) == (None, "the device was away")
        with pytest.raises(NoPicture, match="no picture: the device was away"):
            recording.frame_at(serial, gap.begin)
        own_phone.restart()
        assert eventually(lambda: recording.index(serial)[-1].at > gap.begin), "even if it is the same again"
        recorder.close()
    [gap] = recording.gaps(serial)
    assert gap.end is not None
    assert recording.frame_at(serial, gap.end).at == gap.end
