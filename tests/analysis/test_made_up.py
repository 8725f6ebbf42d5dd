"""The made-up history: its story is there to be found."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from execmon_lab.analysis import (
    STORY,
    changes,
    durations,
    failure_rates,
    flakiness,
    made_up,
    made_up_frames,
    make_up,
)
from execmon_lab.analysis.made_up import MadeUpFrames
from execmon_lab.history import History
from execmon_lab.protocol import decode_server, encode

from .frames import rows


@pytest.fixture(scope="module")
def history() -> MadeUpFrames:
    return made_up_frames()


def test_the_same_seed_gives_the_same_history() -> None:
    one, other, third = (list(made_up(seed, 3)) for seed in (4, 4, 5))
    assert one == other
    assert one != third
    with pytest.raises(ValueError, match="runs is -1"):
        list(made_up(runs=-1))


def test_its_executions_are_messages_like_any() -> None:
    for run in made_up(runs=6):
        assert decode_server(encode(run.state)) == run.state
        assert len(run.logs) == sum(len(step.attempts) for step in run.state.steps)
        assert [entry.timestamp for entry in run.logs] == sorted(entry.timestamp for entry in run.logs)
        msgspec.json.decode(msgspec.json.encode(run.logs))


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_its_frames_have_the_historys_columns(tmp_path: Any, backend: Any) -> None:
    told, empty = made_up_frames(runs=2, backend=backend), History(tmp_path)
    for name in ("executions", "steps", "attempts"):
        assert list(getattr(told, name).columns) == list(getattr(empty, name)(backend=backend).columns)
    assert all(row["made_up"] for row in rows(told.executions))
    assert all(row["made_up"] for row in rows(told.attempts))


def test_in_a_history_it_is_what_its_frames_are(tmp_path: Any) -> None:
    history = History(tmp_path)
    make_up(history, runs=4)
    told = made_up_frames(runs=4, backend="polars")
    assert history.executions(backend="polars").rows() == told.executions.rows()
    assert history.attempts(backend="polars").rows() == told.attempts.rows()
    assert len(history.logs(backend="polars")) == len(told.attempts)


def test_working_days_and_weekends(history: MadeUpFrames) -> None:
    days = history.executions["started_at"].dt.day_of_week
    assert len(history.executions) == 300
    assert set(history.executions[days >= 5]["name"]) == {"nightly"}
    assert history.executions["started_at"].is_monotonic_increasing
    assert {"failed", "completed", "skipped"} == set(history.attempts["status"])


def test_the_slow_module(history: MadeUpFrames) -> None:
    assert rows(durations(history.attempts, by=["module_id"]))[0]["module_id"] == STORY.slow_module


def test_the_flaky_device(history: MadeUpFrames) -> None:
    worst, *others = rows(failure_rates(history.attempts))
    assert (worst["device_id"], worst["verdict"]) == (STORY.flaky_device, "fails more often")
    assert "fails more often" not in [row["verdict"] for row in others]
    flaky, *others = rows(flakiness(history.attempts, by=["device_id"]))
    assert flaky["device_id"] == STORY.flaky_device
    assert flaky["low"] > max(row["high"] for row in others)


def test_the_day_of_the_regression(history: MadeUpFrames) -> None:
    (found,) = rows(changes(history.attempts))
    number = math.ceil(STORY.slower_since * 300)
    true = history.executions["started_at"].iloc[number]
    assert found["module_id"] == STORY.slower_module
    assert found["low"] <= STORY.slower_by <= found["high"]
    assert abs(found["run"] - 1 - number) <= 5
    assert abs(found["since"] - true) <= timedelta(days=1)
