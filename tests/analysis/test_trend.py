"""Since when?"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from execmon_lab.analysis import changes, trend

from .frames import BEGIN, Make, attempts, clustered, rows, timed


@pytest.fixture
def frame(make: Make) -> Any:
    """Two modules over 50 days: one takes a third longer from the 30th on."""
    shift = np.zeros((2, 50))
    shift[0, 30:] = math.log(1.35)
    return make(timed(clustered(np.random.default_rng(1), 2, 50, shift=shift)))


def test_the_day_of_the_change(frame: Any) -> None:
    told = trend(frame, "module-0000")
    (change,) = told.changes
    assert change.at == 30
    assert change.since == BEGIN + timedelta(days=30)
    assert change.execution_id == "run-30"
    assert change.ratio.low <= 1.35 <= change.ratio.high
    assert told.verdict.startswith("module-0000 is slower since 2026-04-01 (run 31 of 50): ")
    table = rows(told.frame)
    assert [row["level"] for row in table] == [1] * 30 + [2] * 20
    assert table[0]["level_s"] == pytest.approx(change.before_s)
    assert table[-1]["level_s"] == pytest.approx(change.after_s)


def test_no_change(frame: Any) -> None:
    told = trend(frame, "module-0001")
    assert told.verdict == "module-0001: no change shown in 50 runs."
    assert told.levels == [(0, 49, pytest.approx(np.median(told.series.seconds)))]


def test_all_changes_of_all_modules(frame: Any) -> None:
    (row,) = rows(changes(frame))
    assert (row["module_id"], row["run"], row["verdict"]) == ("module-0000", 31, "slower")


def test_a_small_change_is_not_told(make: Make) -> None:
    seconds = np.exp(np.where(np.arange(60) < 30, 0, 0.03) + np.random.default_rng(2).normal(0, 0.003, 60))
    assert trend(make(timed(seconds[None, :, None])), "module-0000").changes == ()


def test_there_and_back(make: Make) -> None:
    level = np.zeros(90)
    level[30:60] = math.log(1.5)
    told = trend(make(timed(clustered(np.random.default_rng(3), 1, 90, shift=level[None, :]))), "module-0000")
    assert [change.verdict for change in told.changes] == ["slower", "faster"]
    assert [change.at for change in told.changes] == [pytest.approx(30, abs=2), pytest.approx(60, abs=2)]


def test_too_few_runs(make: Make) -> None:
    told = trend(make(attempts((1, "call", "completed"), (2, "call", "completed"))), "call")
    assert told.verdict == "call: too few runs (2; at least 10 are needed)."


def test_a_device_alone(make: Make) -> None:
    frame = make(attempts((1, "call", "completed", 1.0, "one"), (1, "call", "completed", 5.0, "two")))
    assert trend(frame, "call", "two").series.seconds.tolist() == [5.0]
    assert trend(frame, "call", "two").name == "call on two"
    assert trend(frame, "call").series.seconds.tolist() == [3.0]


def test_an_unknown_module_names_those_there_are(frame: Any) -> None:
    with pytest.raises(
        ValueError, match="no first attempt of sms passed; there are module-0000, module-0001"
    ):
        trend(frame, "sms")


def test_executions_come_in_the_order_of_time(make: Make) -> None:
    frame = make(attempts((3, "call", "completed", 3.0), (1, "call", "completed", 1.0)))
    assert trend(frame, "call").series.executions == ["run-1", "run-3"]
