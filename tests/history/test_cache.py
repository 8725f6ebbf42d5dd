"""The cache: it says what SQLite says, whatever has happened to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from execmon_lab.analysis import made_up
from execmon_lab.history import History, Retention, cache, tables
from tests.history.runs import folded

TABLES = [tables.STEPS, tables.ATTEMPTS]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history that is large enough for a cache, small as it is."""
    monkeypatch.setattr(cache, "FEWEST", 50)
    monkeypatch.setattr(cache, "SETTLED_MS", -(1 << 50))  # what is added here has said its last word
    history = History(tmp_path)
    for run in made_up(seed=3, runs=6):
        history.add(run.state)
    return history


def cached(history: History) -> list[Path]:
    return sorted((history.folder / "cache").glob("*.parquet"))


def without(table: tables.Table, history: History, **filters: Any) -> pl.DataFrame:
    """The same from SQLite alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "serves", lambda table, filters: False)
        return history.frame(table, "polars", **filters)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"module_id": ["sms_test_module", "call_test_module"]},
        {"status": "failed"},
        {"since": "2026-03-04", "device_id": "R3CN2-MADEUP"},
        {"until": "2026-03-04"},
        {"module_id": "none"},
    ],
)
def test_it_says_what_sqlite_says(history: History, table: tables.Table, filters: Any) -> None:
    expected = without(table, history, **filters)
    for _ in ("cold", "warm"):
        assert history.frame(table, "polars", **filters).equals(expected)
    assert len(cached(history)) == 1


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_pandas_frames_from_it_are_those_without(history: History, table: tables.Table) -> None:
    history.frame(table, "pandas")
    warm = history.frame(table, "pandas")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "serves", lambda table, filters: False)
        cold = history.frame(table, "pandas")
    pd.testing.assert_frame_equal(warm, cold)


def test_what_came_after_it_is_there_too_and_joins_it_when_it_is_much(history: History) -> None:
    history.attempts(backend="polars")
    before = cached(history)
    history.add(folded())
    assert history.attempts(backend="polars").equals(without(tables.ATTEMPTS, history))
    assert cached(history) == before, "three steps are not worth a file"
    for run in made_up(seed=4, runs=4):
        history.add(run.state)
    assert history.attempts(backend="polars").equals(without(tables.ATTEMPTS, history))
    assert len(cached(history)) == 1
    assert cached(history) != before


def test_what_was_deleted_is_not_in_it(history: History) -> None:
    history.attempts(backend="polars")
    total = sum(run.size for run in history.surplus(Retention(max_bytes=1)))
    assert history.prune(Retention(max_bytes=total // 2))
    left = history.attempts(backend="polars")
    assert left.equals(without(tables.ATTEMPTS, history))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace(path: Path) -> None:
    pl.DataFrame({"other": [1]}).write_parquet(path)


@pytest.mark.parametrize("damage", [truncate, overwrite, empty, replace], ids=lambda damage: damage.__name__)
def test_a_damaged_one_is_made_anew(history: History, damage: Callable[[Path], None]) -> None:
    expected = history.attempts(backend="polars")
    [path] = cached(history)
    damage(path)
    assert history.attempts(backend="polars").equals(expected)
    assert pl.read_parquet(cached(history)[0]).height == expected.height


def test_a_folder_that_takes_none_is_no_error(history: History) -> None:
    (history.folder / "cache").write_text("no folder")
    with contextlib.closing(history):
        assert history.attempts(backend="polars").equals(without(tables.ATTEMPTS, history))
