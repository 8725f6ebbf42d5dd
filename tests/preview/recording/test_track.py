"""A device's pictures in a file: found by time, bounded, and good whatever became of the writer."""

from __future__ import annotations

import signal
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.preview.recording import RecordedFrame, Track, TrackWriter
from tests.processes import run

SERIAL = "192.168.1.5:5555"
PLENTY = 1 << 30


def picture(number: int, length: int = 50) -> bytes:
    return (b"%d," % number * length)[:length]


def written(path: Path, times: list[float], *, length: int = 50, max_bytes: int = PLENTY) -> TrackWriter:
    writer = TrackWriter(path, SERIAL, max_bytes)
    for number, at in enumerate(times, 1):
        writer.append(at, (540, 960), picture(number, length))
    return writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "device.frames"


def test_the_picture_of_a_time_is_the_last_that_came_before(path: Path) -> None:
    written(path, [10.0, 20.0, 30.5]).close(40.0)
    track = Track(path)
    assert track.device_id == SERIAL
    assert track.index() == [(10.0, 1), (20.0, 2), (30.5, 3)]
    assert track.end == 40.0
    shown = {at: track.frame_at(at) for at in (0.0, 10.0, 19.99, 20.0, 30.4, 30.5, 99.0)}
    assert [frame.number for frame in shown.values()] == [1, 1, 1, 2, 2, 3, 3]
    assert shown[20.0] == RecordedFrame(picture(2), 540, 960, 20.0, 2)
    assert repr(shown[20.0]) == "RecordedFrame(width=540, height=960, at=20.0, number=2)", "not its bytes"
    assert shown[20.0]._repr_jpeg_() == picture(2), "a notebook shows it"
    assert list(track.frames()) == [shown[10.0], shown[20.0], shown[30.5]]


def test_it_is_read_while_it_is_written(path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    track = Track(path)
    with pytest.raises(LookupError, match=SERIAL):
        track.frame_at(1.0)
    for number in range(1, 4):
        writer.append(float(number), (54, 96), picture(number))
        assert track.frame_at(9.0).jpeg == picture(number)
    assert track.end is None
    writer.close(4.0)
    writer.close(5.0)
    assert track.end == 4.0


@given(st.integers(0, 10_000))
def test_a_file_that_was_cut_off_is_good_up_to_there(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "device.frames"
    writer = written(path, [])
    header = writer.size
    ends = []
    for number in range(1, 6):
        writer.append(float(number), (54, 96), picture(number))
        ends.append(writer.size)
    writer.close()
    length = header + cut % (ends[-1] - header + 1)
    path.write_bytes(path.read_bytes()[:length])
    whole = [number for number, end in enumerate(ends, 1) if end <= length]
    track = Track(path)
    assert [mark.number for mark in track.index()] == whole
    assert [frame.jpeg for frame in track.frames()] == [picture(number) for number in whole]


@pytest.mark.parametrize("tail", [bytes(100), b"\xf1\x7e" + b"\xff" * 100, b"?" * 3])
def test_garbage_at_the_end_is_left_out(path: Path, tail: bytes) -> None:
    written(path, [1.0, 2.0]).close()
    with path.open("ab") as file:
        file.write(tail)
    assert [mark.number for mark in Track(path).index()] == [1, 2]


def test_a_writer_that_is_killed_leaves_what_it_wrote(path: Path) -> None:
    code = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from execmon_lab.preview.recording import TrackWriter
        writer = TrackWriter(Path({str(path)!r}), {SERIAL!r}, 1 << 30)
        for number in range(100):
            writer.append(float(number), (54, 96), bytes(10_000))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert run([sys.executable, "-c", code]).status == -signal.SIGKILL
    track = Track(path)
    assert len(track.index()) == 100
    assert track.end is None


def test_a_disk_that_is_full_leaves_what_fitted(path: Path) -> None:
    code = textwrap.dedent(f"""
        import resource
        from pathlib import Path
        from execmon_lab.preview.recording import TrackWriter
        resource.setrlimit(resource.RLIMIT_FSIZE, (55_000, 55_000))
        writer = TrackWriter(Path({str(path)!r}), {SERIAL!r}, 1 << 30)
        try:
            for number in range(100):
                writer.append(float(number), (54, 96), bytes(10_000))
        except OSError as error:
            print("told:", error)
        writer.append(100.0, (54, 96), bytes(1_000))
        writer.close(101.0)
    """)
    ended = run([sys.executable, "-c", code])
    assert (ended.status, ended.err, ended.out[:5]) == (0, "", "told:")
    track = Track(path)
    assert [mark.at for mark in track.index()] == [0.0, 1.0, 2.0, 3.0, 4.0, 100.0]
    assert track.end == 101.0


def test_a_file_that_was_only_just_made_has_no_picture_yet(path: Path) -> None:
    path.touch()
    track = Track(path)
    assert track.index() == []
    path.unlink()
    written(path, [1.0])
    assert track.index() == [(1.0, 1)]


def test_something_else_is_no_recording(path: Path) -> None:
    path.write_bytes(b"\xff\xd8 a JPEG, say")
    with pytest.raises(ValueError, match="is no recording"):
        Track(path)


class TestItsBound:
    LENGTH, ROOM = 1000, 100_000

    def test_the_whole_time_stays_covered(self, path: Path) -> None:
        """Ten minutes of twelve pictures a second, in room for a hundred of them."""
        writer = TrackWriter(path, SERIAL, self.ROOM)
        track = Track(path)
        for number in range(7200):
            writer.append(number / 12, (54, 96), picture(number, self.LENGTH))
            assert writer.size <= self.ROOM
            if number % 500 == 0:
                assert track.frame_at(1e9).jpeg == picture(number, self.LENGTH), "a reader follows"
        writer.close()
        times = [mark.at for mark in track.index()]
        assert times == sorted(times)
        assert len(times) >= 40
        gaps = [later - earlier for earlier, later in zip([0.0, *times], [*times, 600.0], strict=True)]
        assert max(gaps) <= 32, "none is further from the next than one stretch"
        for frame in track.frames():
            assert frame.jpeg == picture(round(frame.at * 12), self.LENGTH)
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]

    def test_what_stood_still_is_never_lost(self, path: Path) -> None:
        """Bursts of movement, and then a picture that stands for long."""
        writer = TrackWriter(path, SERIAL, self.ROOM)
        stood = []
        for burst in range(40):
            times = [burst * 64 + tick / 12 for tick in range(24)]
            for number, at in enumerate(times):
                writer.append(at, (54, 96), picture(number, self.LENGTH))
            stood.append(times[-1])
        writer.close()
        kept = {mark.at for mark in Track(path).index()}
        assert kept.issuperset(stood)

    def test_a_bound_that_holds_one_picture_keeps_the_newest(self, path: Path) -> None:
        writer = written(path, [1.0, 2.0, 3.0], length=900, max_bytes=1000)
        writer.close()
        assert [mark.at for mark in Track(path).index()] == [3.0]


def test_it_is_another_file_for_every_run(path: Path) -> None:
    written(path, [1.0]).close()
    with pytest.raises(FileExistsError):
        TrackWriter(path, SERIAL, PLENTY)
