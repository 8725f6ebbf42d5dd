"""A recording, thinned for a report."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from execmon_lab.preview.recording import Recording, TrackWriter
from execmon_lab.preview.recording.recording import track_path
from execmon_lab.reports.film import film, moments
from tests.preview.recording import h264

MARKS = st.lists(st.floats(0, 1e4), unique=True).map(sorted)


@given(MARKS, st.integers(0, 50))
def test_moments_are_some_of_those_that_there_are_and_no_more_than_wanted(
    marks: list[float], count: int
) -> None:
    chosen = moments(marks, count)
    assert len(chosen) <= count
    assert set(chosen) <= set(marks)
    assert chosen == sorted(set(chosen))
    assert len(marks) > count or chosen == marks


def test_a_long_recording_is_thinned_evenly_in_time() -> None:
    busy_then_quiet = [n / 100 for n in range(1000)] + [float(n) for n in range(10, 100)]
    chosen = moments(busy_then_quiet, 50)
    assert 40 <= len(chosen) <= 50
    assert max(later - sooner for sooner, later in itertools.pairwise(chosen)) < 4


def test_those_of_a_video_are_decoded_and_none_is_of_a_time_without(tmp_path: Path) -> None:
    writer = TrackWriter(track_path(tmp_path, h264.SERIAL), h264.SERIAL, max_bytes=1_000_000)
    h264.append(writer, h264.T0, h264.units(25))
    writer.append_gap(h264.T0 + 5, "the device was away")
    writer.close(h264.T0 + 60)
    stills = list(film(Recording(tmp_path))(h264.SERIAL, 5))
    assert len(stills) == 5
    assert stills[-1].at < h264.T0 + 5
    assert {Image.open(io.BytesIO(still.jpeg)).size for still in stills} == {h264.SIZE}


def test_the_pictures_are_those_of_the_recording(tmp_path: Path) -> None:
    writer = TrackWriter(track_path(tmp_path, "emulator-5554"), "emulator-5554", max_bytes=1_000_000)
    for second in range(10):
        writer.append(1000.0 + second, (36, 64), b"picture %d" % second)
    writer.close()
    stills = film(Recording(tmp_path))
    assert [still.jpeg for still in stills("emulator-5554", 100)] == [b"picture %d" % n for n in range(10)]
    assert len(list(stills("emulator-5554", 3))) == 3
    assert list(stills("somebody-else", 3)) == []
