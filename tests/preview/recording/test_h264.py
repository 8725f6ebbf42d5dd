"""H.264 kept as it came: any picture is found by time, and an MP4 is made of it without coding it again."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import av
import pytest
from PIL import Image

from execmon_lab.preview.encode import reduced
from execmon_lab.preview.recording import (
    Gap,
    NoPicture,
    NoRecording,
    RecordedFrame,
    Recording,
    Track,
    TrackWriter,
    decoding,
    track,
    track_path,
)
from execmon_lab.protocol import Quality, timestamp

from .h264 import FPS, GROUP, SERIAL, SIZE, T0, append, colour, record, units

PLENTY = 1 << 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return track_path(tmp_path, SERIAL)


def near(image: Image.Image, wanted: tuple[int, int, int]) -> bool:
    found = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    return all(abs(one - other) < 20 for one, other in zip(found, wanted, strict=True))


def shows(frame: RecordedFrame, number: int) -> bool:
    """Whether it is the picture of that number, counted from 0."""
    image = Image.open(io.BytesIO(frame.jpeg))
    assert image.size == (frame.width, frame.height)
    return near(image, colour(number))


def decoded(path: Path) -> list[tuple[float, Image.Image]]:
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_image()) for frame in container.decode(video=0)]


def coded(path: Path) -> list[bytes]:
    """The pictures as they are in an MP4, without the lengths and the parameter sets before them."""
    with av.open(str(path)) as container:
        return [bytes(packet)[-40:] for packet in container.demux(video=0) if packet.size]


def test_a_picture_is_made_as_large_as_is_wanted(path: Path) -> None:
    size, at = (1080, 1920), T0 + 2.5 / FPS
    writer = TrackWriter(path, SERIAL, PLENTY)
    append(writer, T0, units(4, size), size)
    writer.close()
    recording = Recording(path.parent)
    qualities: tuple[Quality, ...] = ("low", "medium", "high")
    for quality in qualities:
        frame = recording.frame_at(SERIAL, at, quality)
        assert shows(frame, 2)
        assert (frame.width, frame.height) == reduced(quality, size)
    glimpse = Recording(path.parent).frame_at(SERIAL, at, within=0.0)
    assert (glimpse.width, glimpse.height) == reduced("medium", size), "who is in a hurry is not kept waiting"


def test_who_cannot_wait_is_given_what_was_decoded_and_the_next_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    decode = decoding.GroupDecoder._picture

    def counted(self: decoding.GroupDecoder, data: bytes, *, key: bool) -> av.VideoFrame | None:
        read.append(len(data))
        return decode(self, data, key=key)

    monkeypatch.setattr(decoding.GroupDecoder, "_picture", counted)
    recording = record(tmp_path, 2 * GROUP)
    wanted = GROUP + 7
    at = T0 + (wanted + 0.5) / FPS
    for reached in (GROUP, GROUP + 1):
        glimpse = recording.moment(SERIAL, at, within=0.0)
        assert glimpse.glimpse
        assert shows(glimpse.frame, reached)
        assert glimpse.frame.at < at
        assert glimpse.until == pytest.approx(T0 + (reached + 1) / FPS)
    right = recording.moment(SERIAL, at)
    assert not right.glimpse
    assert shows(right.frame, wanted)
    assert len(read) == 8, "nothing is decoded twice"
    assert not recording.moment(SERIAL, at, within=0.0).glimpse, "it is at hand now"


def test_a_picture_that_is_more_than_half_decoded_is_waited_for(tmp_path: Path) -> None:
    record(tmp_path, GROUP)
    for place, glimpse in ((1, False), (2, True)):
        moment = Recording(tmp_path).moment(SERIAL, T0 + (place + 0.5) / FPS, within=0.0)
        assert moment.glimpse == glimpse, "one picture was decoded"
        assert shows(moment.frame, 0 if glimpse else place)


def test_any_picture_is_found_in_whatever_order(tmp_path: Path) -> None:
    recording = record(tmp_path, 3 * GROUP)
    assert [mark.number for mark in recording.index(SERIAL)] == list(range(1, 3 * GROUP + 1))
    forth = range(0, 3 * GROUP, 7)
    leaps = (number * 37 % (3 * GROUP) for number in range(20))
    for number in itertools.chain(forth, reversed(forth), leaps):
        frame = recording.frame_at(SERIAL, T0 + (number + 0.5) / FPS)
        assert shows(frame, number)
        assert (frame.number, frame.width, frame.height) == (number + 1, *SIZE)
    at = datetime.fromtimestamp(T0 + 7.5 / FPS, UTC)
    tokyo = at.astimezone(timezone(timedelta(hours=9)))
    for moment in (at, tokyo, at.replace(tzinfo=None), timestamp(at)):
        assert shows(recording.frame_at(SERIAL, moment), 7)
    assert shows(recording.frame_at(SERIAL, T0 + 1e6), 3 * GROUP - 1)
    assert shows(recording.frame_at(SERIAL, 0.0), 0)


def test_no_more_is_decoded_than_from_the_key_frame_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = record(tmp_path, 3 * GROUP)
    read: list[float] = []
    original = track._data

    def data(fd: int, entry: track.Entry) -> bytes:
        read.append(entry.at)
        return original(fd, entry)

    monkeypatch.setattr(track, "_data", data)
    recording.frame_at(SERIAL, T0 + (GROUP + 4) / FPS)
    assert len(read) == 5
    recording.frame_at(SERIAL, T0 + (GROUP + 6) / FPS)
    assert len(read) == 7, "on from there"
    for back in (5, 3, 1):
        recording.frame_at(SERIAL, T0 + (GROUP + back) / FPS)
    assert len(read) == 7, "and back for nothing"


def test_one_that_is_written_or_was_cut_off_is_read_as_far_as_it_goes(path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    reader = Track(path)
    for number, unit in enumerate(units(GROUP + 5)):
        writer.append_video(T0 + number, SIZE, unit.data, key=unit.key)
        assert shows(reader.frame_at(1e12), number)
    path.write_bytes(path.read_bytes()[:-10])
    cut = Track(path)
    assert len(cut.index()) == GROUP + 4
    assert shows(cut.frame_at(1e12), GROUP + 3)


def test_what_leans_on_a_picture_that_is_not_there_is_left_out(path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    delta = units(2)[1].data
    writer.append_video(T0, SIZE, delta, key=False)
    append(writer, T0 + 1, units(3))
    writer.append(T0 + 2, SIZE, b"a JPEG")
    writer.append_video(T0 + 3, SIZE, delta, key=False)
    append(writer, T0 + 4, units(1))
    writer.append_gap(T0 + 5, "the device was away")
    writer.append_video(T0 + 6, SIZE, delta, key=False)
    assert [mark.at - T0 for mark in Track(path).index()] == pytest.approx([1, 1.1, 1.2, 2, 4])


def test_a_damaged_packet_costs_the_pictures_up_to_the_next_key_frame(path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    for number, unit in enumerate(units(2 * GROUP)):
        data = unit.data[:5] + bytes(len(unit.data) - 5) if number == 5 else unit.data
        writer.append_video(T0 + number, SIZE, data, key=unit.key)
    writer.close(T0 + 2 * GROUP)
    reader = Track(path)
    assert shows(reader.frame_at(T0 + 4), 4)
    with pytest.raises(NoPicture, match="no picture: the video is damaged here") as caught:
        reader.frame_at(T0 + 8)
    assert caught.value.gap.end == T0 + GROUP
    assert shows(reader.frame_at(T0 + GROUP), GROUP)
    assert len(list(reader.frames())) == GROUP + 5


def test_while_the_device_is_away_there_is_no_picture(tmp_path: Path, path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    recording = Recording(tmp_path)
    writer.append_gap(T0, "the device was away")
    with pytest.raises(NoPicture):
        recording.frame_at(SERIAL, T0)
    append(writer, T0 + 1, units(5))
    writer.append_gap(T0 + 2, "the device was away")
    assert recording.gaps(SERIAL)[-1] == Gap(T0 + 2, None, "the device was away")
    writer.append(T0 + 3, SIZE, b"a JPEG")
    writer.append_gap(T0 + 4, "its screen could not be read")
    writer.close(T0 + 5)
    assert recording.gaps(SERIAL) == [
        Gap(T0, T0 + 1, "the device was away"),
        Gap(T0 + 2, T0 + 3, "the device was away"),
        Gap(T0 + 4, T0 + 5, "its screen could not be read"),
    ]
    assert shows(recording.frame_at(SERIAL, T0 + 1.9), 4)
    for at, gap in ((2.0, 1), (2.9, 1), (4.5, 2), (9.0, 2)):
        with pytest.raises(NoPicture, match="no picture: ") as caught:
            recording.frame_at(SERIAL, T0 + at)
        assert caught.value.gap == recording.gaps(SERIAL)[gap]
    assert recording.frame_at(SERIAL, T0 + 3).jpeg == b"a JPEG"
    assert recording.gaps("R58M") == []


def test_a_clock_that_is_set_back_changes_no_order(path: Path) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    append(writer, T0 + 50, units(2))
    writer.append_gap(T0, "the device was away")
    append(writer, T0 + 20, units(2))
    assert [mark.at - T0 for mark in Track(path).index()] == pytest.approx([50, 50.1, 50.1, 50.1])
    assert shows(Track(path).frame_at(T0 + 60), 1)


class TestItsBound:
    def test_of_the_oldest_the_key_frames_stay(self, path: Path) -> None:
        room = 40 * sum(len(unit.data) for unit in units(GROUP))
        writer = TrackWriter(path, SERIAL, room)
        reader = Track(path)
        for group in range(60):
            append(writer, T0 + 2.0 * group, units(GROUP))
            assert writer.size <= room
            assert shows(reader.frame_at(1e12), GROUP - 1), "a reader follows"
        times = [mark.at - T0 for mark in reader.index()]
        assert set(times) >= {2.0 * group for group in range(60)}, "all of it is covered"
        whole = [time for time in times if time % 2.0]
        assert min(whole) > 40
        assert [shows(frame, round(frame.at - T0, 3) % 2.0 * FPS) for frame in reader.frames()]

    def test_a_group_that_is_too_large_alone_is_begun_anew(self, path: Path) -> None:
        coded = units(GROUP)
        writer = TrackWriter(path, SERIAL, sum(len(unit.data) for unit in coded[:15]))
        append(writer, T0, coded)
        assert shows(Track(path).frame_at(1e12), 0)
        append(writer, T0 + 10, coded[:3])
        assert shows(Track(path).frame_at(1e12), 2)


def test_its_video_is_what_came_in_its_own_time(tmp_path: Path) -> None:
    made = record(tmp_path, 3 * GROUP).video()
    assert coded(made) == [unit.data[-40:] for unit in units(3 * GROUP)]
    frames = decoded(made)
    assert [at for at, _ in frames] == pytest.approx([n / FPS for n in range(3 * GROUP)], abs=0.001)
    assert all(near(image, colour(number)) for number, (_, image) in enumerate(frames))
    with av.open(str(made)) as container:
        assert container.duration == pytest.approx((3 * GROUP / FPS + 1) * 1e6, abs=5000)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["emulator-5554.frames", "emulator-5554.mp4"]


def test_a_part_of_it_begins_in_the_midst_of_a_group(tmp_path: Path) -> None:
    recording = record(tmp_path, 3 * GROUP)
    made = recording.video(begin=T0 + (GROUP + 7.5) / FPS, end=T0 + (GROUP + 12.5) / FPS)
    frames = decoded(made)
    assert [at for at, _ in frames] == pytest.approx([0, 0.05, 0.15, 0.25, 0.35, 0.45], abs=0.001)
    assert all(near(image, colour(GROUP + 7 + n)) for n, (_, image) in enumerate(frames))
    assert coded(made) == [unit.data[-40:] for unit in units(3 * GROUP)[GROUP : GROUP + 13]]
    with av.open(str(made)) as container:
        assert container.duration == pytest.approx(500_000, abs=5000)


@pytest.mark.parametrize("other", ["turned", "jpeg"])
def test_what_one_video_cannot_hold_is_made_anew(tmp_path: Path, path: Path, other: str) -> None:
    writer = TrackWriter(path, SERIAL, PLENTY)
    append(writer, T0, units(GROUP))
    if other == "turned":
        append(writer, T0 + 3, units(3, SIZE[::-1]), SIZE[::-1])
    else:
        file = io.BytesIO()
        Image.new("RGB", SIZE, colour(0)).save(file, "JPEG")
        writer.append(T0 + 3, SIZE, file.getvalue())
    writer.close(T0 + 5)
    frames = decoded(Recording(tmp_path).video())
    assert {image.size for _, image in frames} == {SIZE}
    assert frames[-1][0] == pytest.approx(5, abs=0.01)
    assert near(frames[-1][1], colour(2 if other == "turned" else 0))
    assert all(near(image, colour(number)) for number, (_, image) in enumerate(frames[:GROUP]))
    first = Recording(tmp_path).video(tmp_path / "first.mp4", end=T0 + 2.5)
    assert coded(first) == [unit.data[-40:] for unit in units(GROUP)], "a part that can be held is"


def test_without_a_decoder_it_is_told_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = record(tmp_path, 3)
    monkeypatch.setattr(track, "can_use_planes", lambda: False)
    assert len(recording.index(SERIAL)) == 3
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'execmon-lab\[video\]'"):
        recording.frame_at(SERIAL, T0)


def test_a_device_without_any_picture_is_told(tmp_path: Path, path: Path) -> None:
    TrackWriter(path, SERIAL, PLENTY).close(T0)
    with pytest.raises(NoRecording, match="no pictures of emulator-5554"):
        Recording(tmp_path).frame_at(SERIAL, T0)
