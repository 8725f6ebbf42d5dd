"""A lab keeps what it runs; a run's frames are live, and the same afterwards."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import execmon_lab as em
from execmon_lab.history import History, tables
from tests.history.forked import Forked


@em.module(timeout=20, retries=1)
def flaky_module(ctx: em.Context) -> None:
    with ctx.action("go home"):
        ctx.device.home()
    ctx.expect(ctx.attempt == 2, "it is the second attempt")


@em.module(timeout=60)
def patient_module(ctx: em.Context, folder: str) -> None:
    ctx.log.info("waiting for the word")
    while not (Path(folder) / "word").exists():
        ctx.sleep(0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[em.Lab]:
    with em.Lab(history=folder) as lab:
        yield lab


def test_what_a_lab_ran_is_read_from_any_process(lab: em.Lab, folder: Path) -> None:
    run = lab.start(em.Plan([flaky_module], name="smoke"))
    state = run.wait(60)
    deadline = time.monotonic() + 60
    while not lab.history.rows(tables.RECORDINGS, execution_id=run.execution_id):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.close()
    lab.history.flush()
    history = History(folder)
    stored = history.execution(run.execution_id)
    assert stored.state == state
    assert (stored.name, stored.status, stored.passed) == ("smoke", "completed", True)
    assert "Action: go home" in [entry.message for entry in stored.logs]
    assert set(stored.screenshots) == {attempt.screenshot_url for attempt in state.steps[0].attempts}
    assert stored.recording == run.recording.path
    seen = [mark.number for mark in run.recording.index(lab.serials[0])]
    pictures = history.pictures(execution_id=run.execution_id, backend="polars")
    assert pictures["number"].to_list() == seen != []
    [kept] = history.recordings(execution_id=run.execution_id, backend="polars").to_dicts()
    assert (kept["device_id"], kept["pictures"]) == (lab.serials[0], len(seen))
    facts = stored.devices[lab.serials[0]]
    assert list(facts) == ["manufacturer", "model", "Android", "API level", "build", "screen"]
    assert facts["screen"] == "720x1280"
    assert run.devices == stored.devices
    [first, second] = history.attempts(execution_id=run.execution_id, backend="polars").to_dicts()
    assert (first["status"], first["error_code"]) == ("failed", "ASSERTION_FAILED")
    assert 0 < second["adb_s"] <= second["duration_s"]
    assert (
        history.actions(backend="polars", execution_id=run.execution_id)["path"].to_list() == ["go home"] * 2
    )
    assert history.last_good("smoke") is not None
    assert history.last_good("smoke", before=state.started_at) is None


def test_a_runs_frames_are_live(lab: em.Lab, tmp_path: Path) -> None:
    run = lab.start(em.Plan([patient_module.with_args(folder=str(tmp_path)), flaky_module]))
    while "waiting for the word" not in list(run.logs["message"]):
        assert not run.done
    assert list(run.steps["status"]) == ["running", "pending"]
    assert list(run.attempts["status"]) == ["running"]
    (tmp_path / "word").touch()
    run.wait(60)
    assert list(run.steps["status"]) == ["completed", "completed"]
    assert list(run.steps["flaky"]) == [False, True]
    assert len(run.attempts) == 3
    assert list(run.actions["status"]) == ["completed", "completed"]


def test_where_nothing_can_be_kept_the_run_goes_on_and_its_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    with em.Lab(history=tmp_path / "file", record=False) as lab:
        assert "no history is kept" in caplog.text
        run = lab.start(em.Plan([flaky_module]))
        assert run.wait(60).status == "completed"
        assert list(run.steps["status"]) == ["completed"]
        [told] = [text for text in run.logs["message"] if "no history is kept" in text]
        assert "choose another folder" in told


def full_disk(told: Connection, folder: Path) -> None:
    """Run a plan while the system refuses to write to any file, in a process of its own."""
    unlimited = resource.RLIM_INFINITY
    with em.Lab(history=folder) as lab:
        run = lab.start(em.Plan([flaky_module, patient_module.with_args(folder=str(folder)), flaky_module]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, unlimited))
        while lab.history.trouble is None and not run.done:
            time.sleep(0.02)
        trouble = lab.history.trouble
        with contextlib.suppress(OSError):
            (folder / "word").write_text("no room for that")
        state = run.wait(60)
        told.send((trouble, run.state.status, [step.status for step in state.steps], len(run.logs)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
        while lab.history.trouble is not None:
            time.sleep(0.02)
        lab.history.flush()
        told.send(run.execution_id)


def test_a_run_goes_on_where_the_disk_is_full_and_is_kept_once_there_is_room(tmp_path: Path) -> None:
    with Forked(full_disk, tmp_path) as process:
        trouble, status, steps, lines = process.told()
        assert "make room there" in trouble
        assert (status, steps) == ("completed", ["completed"] * 3)
        execution_id = process.told()
        assert process.status() == 0
    kept = History(tmp_path).execution(execution_id)
    assert (kept.status, kept.passed) == ("completed", True)
    said = [entry.message for entry in kept.logs]
    assert said.count("Action: go home") == 4
    assert len(said) >= lines
    [at] = [n for n, text in enumerate(said) if text.startswith("History is not kept for now")]
    assert said[at:].count("Action: go home") >= 2, "what came while there was no room is there too"
