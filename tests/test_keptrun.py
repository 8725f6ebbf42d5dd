"""A run out of the history: its frames, its report, its recording, and its view."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

import execmon_lab as em
from execmon_lab.history import UnknownRun
from execmon_lab.history.artifacts import SCREENSHOTS
from execmon_lab.preview.recording import TrackWriter, track_path
from execmon_lab.preview.recording.still import LastPictures
from execmon_lab.protocol import LogEntry, moment
from execmon_lab.tail import LINES
from tests.history.runs import folded, script
from tests.history.writer_process import Writer
from tests.strategies import DEVICES, EXECUTION, stamp

BEGAN = moment(stamp(0)).timestamp()


@pytest.fixture
def history(tmp_path: Path) -> em.History:
    """One run, with a log, a screenshot, and three pictures of its first device."""
    history = em.History(tmp_path)
    history.artifacts.save_screenshot("first.png", b"png")
    _, messages = script(SCREENSHOTS + "first.png")
    lines = [message for message in messages if isinstance(message, LogEntry)]
    state = replace(folded(EXECUTION, name="nightly"), timestamp=stamp(20))
    history.add(state, lines, devices={DEVICES[0]: {"model": "Virtual Phone"}})
    folder = history.artifacts.recording(EXECUTION)
    folder.mkdir(parents=True)
    track = TrackWriter(track_path(folder, DEVICES[0]), DEVICES[0], 1 << 20)
    for number in range(3):
        track.append(BEGAN + number, (54, 96), b"jpeg %d" % number)
    track.close(BEGAN + 10)
    return history


def test_it_has_what_was_kept(history: em.History) -> None:
    run = history.run(EXECUTION)
    assert (run.name, run.status, run.passed, run.done) == ("nightly", "completed", False, True)
    assert run.started_at == moment(stamp(1))
    assert run.ended_at == moment(stamp(20))
    assert run.devices == {DEVICES[0]: {"model": "Virtual Phone"}}
    assert [len(frame) for frame in (run.steps, run.attempts, run.actions, run.logs)] == [3, 4, 1, 2]
    assert run.recording.frame_at(DEVICES[0], BEGAN + 1.5).jpeg == b"jpeg 1"
    assert repr(run) == f"KeptRun(nightly, completed, 3 steps, {EXECUTION})"


def test_its_report_is_the_histories(history: em.History) -> None:
    report = json.loads(history.run(EXECUTION).report("json").content)
    assert report["execution_id"] == EXECUTION


def test_runs_are_the_newest_that_fit(history: em.History) -> None:
    for began in (30, 60):
        history.add(replace(folded(name="smoke"), started_at=stamp(began), timestamp=stamp(began + 1)))
    assert [run.started_at for run in history.runs(limit=2)] == [moment(stamp(60)), moment(stamp(30))]
    [nightly] = history.runs(name="nightly")
    assert nightly.execution_id == EXECUTION
    assert history.runs(name="never") == []
    with pytest.raises(UnknownRun):
        history.run("550e8400-e29b-41d4-a716-446655440001")


def test_the_last_picture_stands_in_for_a_live_one(history: em.History) -> None:
    frames, source = [], LastPictures(history.run(EXECUTION).recording)
    source.watch(DEVICES[0], "medium", frames.append, lambda error: None).close()
    [frame] = frames
    assert (frame.jpeg, frame.quality, frame.timestamp.timestamp()) == (b"jpeg 2", "medium", BEGAN + 2)
    with pytest.raises(RuntimeError, match="no pictures of"):
        source.watch(DEVICES[1], "medium", frames.append, lambda error: None)


def test_its_view_has_the_state_the_newest_lines_and_how_many_are_before(history: em.History) -> None:
    other = replace(folded(), started_at=stamp(0))
    line = LogEntry(
        execution_id=other.execution_id,
        device_id="d",
        level="INFO",
        message="",
        module_id="m",
        timestamp=stamp(1),
    )
    history.add(other, (replace(line, message=f"line {number}") for number in range(LINES + 5)))
    run = history.run(other.execution_id)
    newest, before = history.execution(other.execution_id).newest_lines(LINES)
    assert (len(newest), before) == (LINES, 5)
    assert newest[0].message == "line 5"
    snapshot = run.view._feed._everything("page")
    assert (snapshot.content["lost"], len(run.view._feed._logs)) == (5, LINES)
    run.close()


def test_a_run_whose_process_died_is_shown_as_interrupted(history: em.History) -> None:
    execution_id = "550e8400-e29b-41d4-a716-446655440002"
    with Writer(history.folder, execution_id) as writer:
        last = writer.told()
    run = history.run(execution_id)
    assert (run.status, run.state.status, run.done) == ("interrupted", "interrupted", True)
    assert len(run.logs) > last
    html = run._repr_mimebundle_()[0]["text/html"]
    assert "interrupted" in html
    assert "running" not in html
    assert "Interrupted" in run.report("html").content.decode()
    run.close()


def test_an_invented_run_says_so_wherever_it_is_shown(history: em.History) -> None:
    history.add(state := folded(name="nightly"), made_up=True)
    run = history.run(state.execution_id)
    assert "nightly (made up)" in run._repr_mimebundle_()[0]["text/html"]
    for format in ("html", "junit", "trace", "json"):
        assert b"nightly (made up)" in run.report(format).content, format
    assert run.name == "nightly"
    run.close()


def test_closing_the_history_closes_the_views(history: em.History) -> None:
    view = history.run(EXECUTION).view
    assert (view.kept, view.may_seek, view.may_load, view.may_cancel) == (True, True, True, False)
    assert not view._closed
    history.close()
    assert view._closed


def test_a_run_without_a_recording_has_a_view_too(history: em.History) -> None:
    history.add(state := folded())
    run = history.run(state.execution_id)
    assert not run.view.may_seek
    assert "1 failed" in run._repr_mimebundle_()[0]["text/html"]
    run.close()
