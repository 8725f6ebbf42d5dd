"""Files of older versions become files of this one, with all that is in them; newer ones are refused."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from execmon_lab.history import History, HistoryError, schema
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry
from execmon_lab.state import ExecutionState
from tests.strategies import EXECUTION, Script, fresh, stamp

OLDER = {version: Path(__file__).with_name(f"v{version}.sql") for version in (1, 2, 3, 4, 5)}


@pytest.fixture(params=sorted(OLDER))
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a history of an older version."""
    with contextlib.closing(sqlite3.connect(tmp_path / "history.db")) as db:
        db.executescript(OLDER[request.param].read_text())
    return tmp_path


def test_there_is_a_file_of_each_older_version() -> None:
    assert set(OLDER) == set(range(1, schema.VERSION))


def test_reading_brings_a_file_to_this_version_and_loses_nothing(older: Path) -> None:
    start, script = fresh(2), Script()
    first, second = start.steps
    script.start(first, 1)
    script.log(first, "it's the first line")
    script.act(first, 1)
    script.complete(first, 1, skipped=False)
    script.start(second, 1)
    script.fail(second, 1, again=True)
    script.start(second, 2)
    script.log(second, "二")
    script.complete(second, 2, skipped=False)
    script.end(2, 0, cancelled=False)
    expected = ExecutionState(start)
    for message in script.messages:
        expected.fold(message)

    history = History(older)
    stored = history.execution(EXECUTION)
    assert stored.state == expected.snapshot()
    assert [line.message for line in stored.logs] == ["it's the first line", "二"]
    assert history.steps(backend="polars")["flaky"].to_list() == [False, True]
    assert stored.devices in ({}, {"emulator-5554": {"model": "Virtual Phone"}})
    statuses = history.device_statuses(backend="polars")
    assert statuses["status"].to_list() in ([], ["busy"])
    assert history.pictures(backend="polars").height in (0, 2)
    with contextlib.closing(sqlite3.connect(older / "history.db")) as db:
        assert schema.version(db) == schema.VERSION


def test_writing_goes_on_in_a_file_that_was_older(older: Path, hub: Hub) -> None:
    with History(older) as history:
        history.record(hub)
        hub.publish(replace(fresh(1), execution_id="550e8400-e29b-41d4-a716-446655440009"))
        assert len(history.executions(backend="polars")) == 2


def test_a_line_that_comes_later_has_a_number_of_its_own(older: Path, hub: Hub) -> None:
    """Also where all lines before it are in chunks, and their rows gone."""
    with History(older) as history:
        history.record(hub)
        hub.publish(fresh(2))
        line = LogEntry(
            execution_id=EXECUTION,
            device_id="d",
            level="INFO",
            message="3",
            module_id="m",
            timestamp=stamp(9),
        )
        hub.publish(line)
        told = history.logs(backend="polars")["message"].to_list()
        assert told == ["it's the first line", "二", "3"]
        assert [entry.message for entry in history.execution(EXECUTION).logs] == told


def test_a_migrated_file_has_the_tables_of_a_new_one(older: Path, tmp_path: Path) -> None:
    History(older).executions()
    with contextlib.closing(sqlite3.connect(older / "history.db")) as db:
        migrated = _tables(db)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        schema.migrate(db)
        assert migrated == _tables(db)


def _tables(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = [
        name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    return {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path, hub: Hub) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "history.db")) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    for refused in (History(tmp_path).executions, lambda: History(tmp_path).record(hub)):
        with pytest.raises(HistoryError, match="a newer execmon_lab"):
            refused()
