"""A run as one file: what another history makes of it, and what none takes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from execmon_lab.history import (
    BadArchive,
    History,
    HistoryError,
    RecordingIndex,
    RunIsLive,
    UnknownRun,
    archive,
)
from execmon_lab.history.artifacts import SCREENSHOTS
from execmon_lab.history.clock import milliseconds as ms
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceStatus
from tests.history.runs import publish, publish_until
from tests.strategies import EXECUTION, fresh, stamp, step_id

FRAMES = (
    "executions",
    "steps",
    "attempts",
    "actions",
    "logs",
    "device_statuses",
    "screenshots",
    "recordings",
    "pictures",
)
Contents = dict[str, bytes]


@pytest.fixture
def exported(history: History, hub: Hub, tmp_path: Path) -> Path:
    url = history.artifacts.save_screenshot(f"{step_id(0)}-1.png", b"PNG")
    hub.publish(start := fresh(3))
    hub.publish(DeviceStatus(device_id=start.devices[0].device_id, status="busy", last_seen=stamp(0)))
    publish(hub, screenshot=url)
    history.note_device(EXECUTION, "emulator-5554", {"model": "Virtual Phone"})
    folder = history.artifacts.recording(EXECUTION)
    folder.mkdir(parents=True)
    (folder / "emulator-5554.frames").write_bytes(b"pictures")
    (folder / "192.168.1.5%3A5555.frames").write_bytes(b"more pictures")
    marks = tuple((number, ms("2025-01-27T10:00:00.000Z") + number * 250) for number in (1, 2, 4))
    history.note_recording(
        EXECUTION,
        [RecordingIndex(device_id="emulator-5554", ended_at=marks[-1][1] + 10, bytes=8, marks=marks)],
    )
    history.flush()
    return history.export(EXECUTION, tmp_path / "run.zip")


def changed(path: Path, change: Callable[[Contents], object]) -> Path:
    """Write the archive anew, with its contents changed."""
    with zipfile.ZipFile(path) as source:
        contents = {name: source.read(name) for name in source.namelist()}
    change(contents)
    with zipfile.ZipFile(path, "w") as target:
        for name, data in contents.items():
            target.writestr(name, data)
    return path


def test_another_history_has_all_of_it(exported: Path, history: History, tmp_path: Path) -> None:
    other = History(tmp_path / "other")
    imported = other.import_run(exported)
    original = history.execution(EXECUTION)
    assert imported.state == original.state
    assert list(imported.logs) == list(original.logs)
    assert imported.devices == {"emulator-5554": {"model": "Virtual Phone"}}
    assert [path.read_bytes() for path in imported.screenshots.values()] == [b"PNG"]
    assert imported.recording is not None
    assert sorted(file.read_bytes() for file in imported.recording.iterdir()) == [
        b"more pictures",
        b"pictures",
    ]
    for name in FRAMES:
        there, here = (getattr(each, name)(backend="polars") for each in (other, history))
        assert there.equals(here), name
        assert there.height > 0, name
    again = other.export(EXECUTION, tmp_path / "again.zip")
    assert History(tmp_path / "third").import_run(again).state == original.state


def test_a_run_that_is_here_already_is_not_taken_twice(exported: Path, history: History) -> None:
    with pytest.raises(HistoryError, match="already"):
        history.import_run(exported)
    assert len(history.executions(backend="polars")) == 1


def test_a_run_that_goes_on_or_is_unknown_is_not_exported(history: History, hub: Hub, tmp_path: Path) -> None:
    publish_until(hub, 3)
    with pytest.raises(RunIsLive):
        history.export(EXECUTION, tmp_path / "run.zip")
    with pytest.raises(UnknownRun, match="no execution 1234 in the history"):
        history.export("1234", tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def rename(old: str, new: str) -> Callable[[Contents], object]:
    def change(contents: Contents) -> None:
        contents[new] = contents.pop(old)

    return change


def edit(name: str, **fields: object) -> Callable[[Contents], object]:
    def change(contents: Contents) -> None:
        contents[name] = json.dumps({**json.loads(contents[name]), **fields}).encode()

    return change


SHOT = f"screenshots/{step_id(0)}-1.png"
HOSTILE = {
    "a path upwards": (rename(SHOT, "screenshots/../../evil.png"), "has no place in it"),
    "an absolute path": (rename(SHOT, "/evil.png"), "has no place in it"),
    "a hidden file": (rename(SHOT, "recording/.hidden"), "has no place in it"),
    "a folder deeper": (rename(SHOT, "recording/a/b.frames"), "has no place in it"),
    "a backslash": (rename(SHOT, "screenshots/..\\evil.png"), "has no place in it"),
    "an id that is a path": (edit("run.json", execution_id="../../evil"), "run.json"),
    "another execution's state": (edit("state.json", execution_id=step_id(7)), "state.json is not the state"),
    "another format": (edit("run.json", format="tar"), "its format is 'tar'"),
    "a newer version": (edit("run.json", version=99), "update to read it"),
    "an end that there is not": (
        edit("run.json", record={"status": "running", "ended_at": 0}),
        "no run ends as",
    ),
    "no state": (lambda contents: contents.pop("state.json"), "it has no state.json"),
    "no JSON": (lambda contents: contents.update({"run.json": b"{"}), "run.json"),
    "a log of something else": (
        lambda contents: contents.update({"log.jsonl": b"{}\n"}),
        "log.jsonl, line 1",
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_not_as_it_must_be_leaves_nothing_behind(
    exported: Path, tmp_path: Path, hostile: str
) -> None:
    change, complaint = HOSTILE[hostile]
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    other = History(tmp_path / "other")
    with pytest.raises(BadArchive, match=complaint):
        other.import_run(changed(exported, change))
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert all(path.name.startswith("history.db") for path in left)
    assert len(other.executions(backend="polars")) == 0


def test_a_screenshot_that_the_run_does_not_know_is_left_out(exported: Path, tmp_path: Path) -> None:
    changed(exported, lambda contents: contents.update({"screenshots/stranger.png": b"x"}))
    other = History(tmp_path / "other")
    other.import_run(exported)
    assert [path.name for path in (tmp_path / "other/artifacts/screenshots").iterdir()] == [
        f"{step_id(0)}-1.png"
    ]


def test_another_runs_screenshot_is_not_replaced(exported: Path, tmp_path: Path) -> None:
    other = History(tmp_path / "other")
    other.artifacts.save_screenshot(f"{step_id(0)}-1.png", b"mine")
    with pytest.raises(BadArchive, match="already"):
        other.import_run(exported)
    assert other.artifacts.screenshot(SCREENSHOTS + f"{step_id(0)}-1.png").read_bytes() == b"mine"


def test_sizes_are_bounded_whatever_the_archive_says_of_them(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(exported, lambda contents: contents.update({"recording/bomb.frames": bytes(1 << 20)}))
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 19)
    with pytest.raises(BadArchive, match="it holds more than"):
        History(tmp_path / "other").import_run(exported)
    monkeypatch.setattr(archive, "MOST_TEXT", 100)
    with pytest.raises(BadArchive, match="too large"):
        History(tmp_path / "other").import_run(exported)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_text("nothing of the kind")
    with pytest.raises(BadArchive, match="is no run's archive"):
        History(tmp_path).import_run(tmp_path / "run.zip")
    with pytest.raises(FileNotFoundError):
        History(tmp_path).import_run(tmp_path / "nothing.zip")
