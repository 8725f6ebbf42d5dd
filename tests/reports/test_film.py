"""A recording, thinned for a report."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.preview.recording import Recording, TrackWriter
from execmon_lab.preview.recording.recording import track_path
from execmon_lab.reports.film import film, moments

MARKS = st.lists(st.floats(0, 1e4), unique=True).map(sorted)


@given(MARKS, st.integers(0, 50))
def testmoments_are_some_of_those_that_there_are_and_no_more_than_wanted(
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


def test_the_pictures_are_those_of_the_recording(tmp_path: Path) -> None:
    writer = TrackWriter(track_path(tmp_path, "emulator-5554"), "emulator-5554", max_bytes=1_000_000)
    for second in range(10):
        writer.append(1000.0 + second, (36, 64), b"picture %d" % second)
    writer.close()
    stills = film(Recording(tmp_path))
    assert [still.jpeg for still in stills("emulator-5554", 100)] == [b"picture %d" % n for n in range(10)]
    assert len(list(stills("emulator-5554", 3))) == 3
    assert list(stills("somebody-else", 3)) == []
