"""A recording as an MP4: decoded again, it has every picture, for as long as it was on the screen."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from execmon_lab.preview.recording import NoRecording, Recording, TrackWriter, track_path, video

T0 = 1_795_600_000.25
COLOURS = ("red", "lime", "blue", "white", "navy")
RGB = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 128))
Decoded = list[tuple[float, Image.Image]]


def jpeg(colour: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", quality=90)
    return file.getvalue()


def record(
    folder: Path,
    times: list[float],
    end: float,
    serial: str = "emulator-5554",
    sizes: list[tuple[int, int]] | None = None,
) -> Recording:
    writer = TrackWriter(track_path(folder, serial), serial, 1 << 30)
    for number, at in enumerate(times):
        size = sizes[number] if sizes else (90, 160)
        writer.append(T0 + at, size, jpeg(COLOURS[number], size))
    writer.close(T0 + end)
    return Recording(folder)


def decoded(path: Path) -> Decoded:
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        frames = list(container.decode(video=0))
    return [(float(frame.pts * frame.time_base), frame.to_image()) for frame in frames]


def near(image: Image.Image, colour: tuple[int, int, int], at: tuple[int, int] | None = None) -> bool:
    place = at or (image.width // 2, image.height // 2)
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, colour, strict=True))


def test_every_picture_is_there_in_its_own_time(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0, 0.1, 0.5, 3.0, 3.25], end=10.0)
    path = recording.video()
    frames = decoded(path)
    assert [at for at, _ in frames] == pytest.approx([0.0, 0.1, 0.5, 3.0, 3.25, 10.0], abs=0.002)
    shown = [*RGB, RGB[-1]]
    assert all(near(image, colour) for (_, image), colour in zip(frames, shown, strict=True))
    assert {image.size for _, image in frames} == {(90, 160)}
    assert path == tmp_path / "emulator-5554.mp4"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["emulator-5554.frames", "emulator-5554.mp4"]
    with av.open(str(path)) as container:
        assert container.duration == pytest.approx(10_000_000, abs=300_000)


def test_a_part_of_it_begins_with_what_was_on_the_screen(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0, 0.5, 3.0, 6.0], end=8.0)
    path = recording.video(tmp_path / "part.mp4", begin=T0 + 1.0, end=T0 + 4.0)
    frames = decoded(path)
    assert [at for at, _ in frames] == pytest.approx([0.0, 2.0, 3.0], abs=0.002)
    assert [near(image, RGB[n]) for (_, image), n in zip(frames, (1, 2, 2), strict=True)] == [True] * 3


def test_a_part_within_one_picture_is_that_picture(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0, 5.0], end=8.0)
    frames = decoded(recording.video(begin=T0 + 1.0, end=T0 + 2.0))
    assert [at for at, _ in frames] == pytest.approx([0.0, 1.0], abs=0.002)
    assert all(near(image, RGB[0]) for _, image in frames)


def test_a_turned_screen_is_fitted_in(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0, 1.0, 2.0], 9.0, sizes=[(91, 161), (161, 91), (91, 161)])
    frames = decoded(recording.video())
    assert {image.size for _, image in frames} == {(92, 162)}
    turned = frames[1][1]
    assert near(turned, RGB[1])
    assert near(turned, (0, 0, 0), at=(46, 10))


def test_a_recording_whose_writer_died_is_a_video_too(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0, 1.0, 2.0], 2.0)
    file = tmp_path / "emulator-5554.frames"
    file.write_bytes(file.read_bytes()[:-40])
    assert [at for at, _ in decoded(recording.video())] == pytest.approx([0.0, 1.0], abs=0.002)


def test_of_several_devices_one_is_named(tmp_path: Path) -> None:
    record(tmp_path, [0.0], 1.0)
    recording = record(tmp_path, [0.0, 1.0], 1.0, serial="192.168.1.5:5555")
    assert recording.devices() == ["192.168.1.5:5555", "emulator-5554"]
    with pytest.raises(ValueError, match=r"name one as device_id: 192.168.1.5:5555, emulator-5554"):
        recording.video()
    assert len(decoded(recording.video(device_id="192.168.1.5:5555"))) == 2


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    recording = record(tmp_path, [0.0], end=1.0)
    with pytest.raises(FileNotFoundError, match=r"nowhere/film\.mp4"):
        recording.video(tmp_path / "nowhere" / "film.mp4")


def test_what_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoRecording, match="no pictures in"):
        Recording(tmp_path / "nowhere").video()
    recording = record(tmp_path, [0.0], 1.0)
    with pytest.raises(NoRecording, match=r"of R58M in .* those of: emulator-5554"):
        recording.video(device_id="R58M")
    with pytest.raises(ValueError, match="nothing was recorded"):
        recording.video(begin=T0 + 2)
    monkeypatch.setattr(video, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'execmon-lab\[video\]'"):
        recording.video()
