"""Recording: what a device showed from start to end, at small cost, whatever goes wrong."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from execmon_lab.devices import Device, DevicePool, DeviceSession
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import Capture, Frame, ImagePicture, PreviewService
from execmon_lab.preview.recording import Keep, NoRecording, Recorder, Recording
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
    make: Make, previews: PreviewService, recording: Recording, session: DeviceSession, phone: PhoneProcess
) -> None:
    session.shell(MOTION)
    recorder = make(Keep(fps=4))
    recorder.start()
    threading.Event().wait(2.5)
    recorder.close()
    session.home()
    marks = recording.index(phone.serial)
    span = marks[-1].at - marks[0].at
    assert 3 <= len(marks) <= 4 * span + 3
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
