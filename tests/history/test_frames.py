"""The frames: their columns, their filters, the same in pandas and in polars."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from execmon_lab.history import History, HistoryError, RecordingIndex, live, tables
from execmon_lab.history.clock import milliseconds
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceStatus, LogEntry
from execmon_lab.protocol.messages import StepCompleted, StepFailed, StepStarted
from tests.history.runs import publish
from tests.strategies import DEVICES, EXECUTION, fresh, stamp, step_id

IN_MEMORY = [tables.EXECUTIONS, tables.STEPS, tables.ATTEMPTS, tables.ACTIONS, tables.LOGS]
BESIDE = [tables.DEVICE_STATUSES, tables.SCREENSHOTS, tables.RECORDINGS, tables.PICTURES]
TABLES = [*IN_MEMORY, *BESIDE]


@pytest.fixture
def ran(hub: Hub, history: History) -> History:
    """Three steps: one passes, one passes on its second attempt, one fails; two pictures of one device."""
    hub.publish(fresh(3))
    hub.publish(DeviceStatus(device_id=DEVICES[0], status="offline", last_seen=stamp(2)))
    publish(hub, screenshot="/api/v1/artifacts/screenshots/first.png")
    began = milliseconds(stamp(1))
    marks = ((1, began), (3, began + 500))
    index = RecordingIndex(device_id=DEVICES[0], ended_at=began + 2500, bytes=1000, marks=marks)
    history.note_recording(EXECUTION, [index])
    return history


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_columns_are_those_that_are_documented(ran: History, table: tables.Table) -> None:
    for backend in ("pandas", "polars"):
        frame = getattr(ran, table.name)(backend=backend)
        assert list(frame.columns) == [column.name for column in table.columns]
        documented = getattr(History, table.name).__doc__
        assert all(column.name in documented for column in table.columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_pandas_and_polars_say_the_same(ran: History, table: tables.Table) -> None:
    one = getattr(ran, table.name)(backend="pandas")
    other = getattr(ran, table.name)(backend="polars")
    rows = [[None if pd.isna(v) else v for v in row] for row in one.itertuples(index=False)]
    assert rows == [list(row) for row in other.rows()]


def test_the_types_are_the_same_whether_there_are_rows_or_not(ran: History) -> None:
    for table in TABLES:
        full, empty = ran.frame(table, "polars"), ran.frame(table, "polars", execution_id="none")
        assert full.schema == empty.schema
        full, empty = ran.frame(table, "pandas"), ran.frame(table, "pandas", execution_id="none")
        for name in full.columns:
            if not isinstance(full[name].dtype, pd.CategoricalDtype):
                assert full[name].dtype == empty[name].dtype, name


def test_what_ran_is_in_the_frames(ran: History) -> None:
    [run] = ran.executions(backend="polars").to_dicts()
    assert (run["status"], run["total_steps"], run["successful_steps"], run["failed_steps"]) == (
        "completed",
        3,
        2,
        1,
    )
    assert run["devices"] == ", ".join(DEVICES)
    assert run["started_at"] == datetime(2025, 1, 27, 10, 0, 1, tzinfo=UTC)
    steps = ran.steps(backend="polars")
    assert steps["status"].to_list() == ["completed", "completed", "failed"]
    assert steps["attempts"].to_list() == [1, 2, 1]
    assert steps["flaky"].to_list() == [False, True, False]
    assert steps["error_code"].to_list() == [None, None, "ASSERTION_FAILED"]
    attempts = ran.attempts(backend="polars")
    assert attempts["attempt"].to_list() == [1, 1, 2, 1]
    assert attempts["step_id"].to_list() == [step_id(0), step_id(1), step_id(1), step_id(2)]
    assert attempts["duration_s"].to_list() == [1.0] * 4
    [action] = ran.actions(backend="polars").to_dicts()
    assert (action["path"], action["duration_s"]) == ("tap", 0.5)
    assert action["started_at"] == datetime(2025, 1, 27, 10, 0, 2, 500_000, tzinfo=UTC)
    assert ran.logs(backend="polars")["message"].to_list()[1] == "once more"


def test_what_is_kept_beside_the_steps_is_in_frames_too(ran: History) -> None:
    [status] = ran.device_statuses(backend="polars").to_dicts()
    assert (status["device_id"], status["status"]) == (DEVICES[0], "offline")
    assert status["at"] == datetime(2025, 1, 27, 10, 0, 2, tzinfo=UTC)
    [screenshot] = ran.screenshots(backend="polars").to_dicts()
    assert (screenshot["step_id"], screenshot["attempt"]) == (step_id(0), 1)
    assert screenshot["screenshot_url"].endswith("/first.png")
    [recording] = ran.recordings(backend="polars").to_dicts()
    assert (recording["pictures"], recording["duration_s"], recording["bytes"]) == (2, 2.5, 1000)
    pictures = ran.pictures(backend="polars")
    assert pictures["number"].to_list() == [1, 3]
    assert (pictures["at"] - pictures["at"][0]).dt.total_milliseconds().to_list() == [0, 500]
    assert ran.pictures(backend="polars", since=pictures["at"][1])["number"].to_list() == [3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"execution_id": EXECUTION}, 4),
        ({"execution_id": "another"}, 0),
        ({"name": "another"}, 0),
        ({"status": "failed"}, 2),
        ({"status": ["failed", "completed"]}, 4),
        ({"status": []}, 0),
        ({"device_id": DEVICES[0]}, 2),
        ({"module_id": "sms_test_module"}, 2),
        ({"module_id": "sms_test_module", "status": "completed"}, 1),
        ({"since": stamp(5)}, 3),
        ({"until": datetime(2025, 1, 27, 10, 0, 5)}, 1),
        ({"until": datetime(2025, 1, 27, 10, 0, 5, tzinfo=UTC).timestamp()}, 1),
        ({"since": "2025-01-28"}, 0),
        ({"status": None}, 4),
    ],
)
def test_filters(ran: History, filters: tables.Filters, expected: int) -> None:
    assert len(ran.attempts(backend="polars", **filters)) == expected


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_filter_of_every_frame_is_understood(ran: History, table: tables.Table) -> None:
    for name in table.filters:
        words = tables.WORDS.get(name, ("nothing",))
        wanted = "2030-01-01" if name == "since" else "1999-01-01" if name == "until" else words[0]
        asked = {"execution_id": "nothing", name: wanted}
        assert len(ran.frame(table, "polars", **asked)) == 0  # type: ignore[arg-type]


def test_a_filter_that_is_none_says_which_there_are(ran: History) -> None:
    with pytest.raises(TypeError, match="logs cannot be filtered by status; there are: execution_id, name"):
        ran.logs(status="failed")
    with pytest.raises(TypeError, match="a filter is a text or several"):
        ran.steps(status=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'yesterday' is no time"):
        ran.steps(since="yesterday")
    with pytest.raises(ValueError, match="there is no level 'warn'; there are: DEBUG, INFO, WARN, ERROR"):
        ran.logs(level="warn")
    with pytest.raises(ValueError, match="there is no status 'passed'; there are: pending, running, comp"):
        ran.attempts(status=["failed", "passed"])


def test_a_history_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match="is a file, and a history a folder"):
        History(tmp_path / "file").executions()


def test_a_backend_that_there_is_not_is_told(ran: History, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="there are 'pandas' and 'polars'"):
        ran.steps(backend="excel")  # type: ignore[arg-type]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install polars"):
        ran.steps(backend="polars")
    with pytest.raises(ModuleNotFoundError, match="data frames need pandas or polars"):
        ran.steps()


@pytest.mark.parametrize("table", IN_MEMORY, ids=lambda table: table.name)
def test_frames_of_what_is_in_memory_are_the_same(ran: History, hub: Hub, table: tables.Table) -> None:
    entries = list(ran.execution(EXECUTION).logs)
    here = live.frame(table, hub.snapshot(EXECUTION), entries, "polars")
    assert here.equals(ran.frame(table, "polars"))


def test_an_attempt_stays_with_the_device_that_it_ran_on(history: History, hub: Hub) -> None:
    start = fresh(1)
    step = start.steps[0]
    common = {"execution_id": EXECUTION, "step_id": step.step_id, "module_id": step.module_id}
    hub.publish(start)
    hub.publish(StepStarted(**common, device_id=DEVICES[0], attempt=1, timestamp=stamp(1)))
    hub.publish(
        StepFailed(
            **common,
            device_id=DEVICES[0],
            error_code="DEVICE_DISCONNECTED",
            error_message="gone",
            retry_attempt=1,
            will_retry=True,
            timestamp=stamp(2),
        )
    )
    hub.publish(StepStarted(**common, device_id=DEVICES[1], attempt=2, timestamp=stamp(3)))
    hub.publish(
        StepCompleted(
            **common,
            device_id=DEVICES[1],
            status="completed",
            duration_seconds=1.0,
            screenshot_url=None,
            timestamp=stamp(4),
            attempt=2,
        )
    )
    assert history.attempts(backend="polars")["device_id"].to_list() == list(DEVICES)
    assert history.steps(backend="polars")["device_id"].to_list() == [DEVICES[1]]


def test_log_lines_keep_their_milliseconds(history: History, hub: Hub) -> None:
    hub.publish(fresh(1))
    exact = "2026-11-25T10:30:00.123Z"
    entry = LogEntry(
        execution_id=EXECUTION, device_id="d", level="WARN", message="x", module_id="device", timestamp=exact
    )
    hub.publish(entry)
    assert [line.timestamp for line in history.execution(EXECUTION).logs] == [exact]
    assert history.logs(backend="polars")["at"].to_list() == [
        datetime(2026, 11, 25, 10, 30, 0, 123_000, tzinfo=UTC)
    ]
