"""How often the statistics are wrong, and how often they find what is there.

Each module of a frame is an experiment of its own; the steps of an execution resemble each other.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from execmon_lab.analysis import changes, compare, trend
from execmon_lab.analysis.changepoints import change_points
from execmon_lab.analysis.shift import mann_whitney

from .frames import clustered, polars_frame, timed

NOMINAL = 0.05
EXPERIMENTS = 300


def compared(runs: int, true: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    random = np.random.default_rng(seed)
    before = polars_frame(timed(clustered(random, EXPERIMENTS, runs)))
    after = polars_frame(timed(clustered(random, EXPERIMENTS, runs, shift=np.log(true)), "later"))
    told = compare(before, after).frame
    held = (told["low"] <= true) & (true <= told["high"])
    return told["p"].to_numpy(), held.to_numpy(), told["verdict"].to_list()


@pytest.mark.parametrize("runs", [5, 12, 20])
def test_nothing_changed(runs: int) -> None:
    p, held, verdicts = compared(runs, 1.0, seed=runs)
    assert np.mean(p < NOMINAL) <= 1.5 * NOMINAL
    assert np.mean(held) >= 0.93
    assert np.mean([verdict != "no change shown" for verdict in verdicts]) <= NOMINAL


@pytest.mark.parametrize("runs", [5, 20])
def test_a_quarter_slower(runs: int) -> None:
    _, held, verdicts = compared(runs, 1.25, seed=100 + runs)
    assert np.mean(held) >= 0.93
    assert np.mean([verdict == "slower" for verdict in verdicts]) >= (0.9 if runs >= 20 else 0.4)
    assert "faster" not in verdicts


def test_pooled_steps_would_cry_wolf() -> None:
    """Why the execution is the replicate: the same data, a step taken as one, is wrong far more often."""
    random = np.random.default_rng(7)
    before, after = (clustered(random, 300, 20).reshape(300, 80) for _ in range(2))
    p = [mann_whitney(*pair) for pair in zip(before, after, strict=True)]
    assert np.mean(np.array(p) < NOMINAL) > 2 * NOMINAL


def test_a_series_without_a_change_is_left_alone() -> None:
    random = np.random.default_rng(8)
    series = np.log(np.median(clustered(random, 400, 60), axis=2))
    assert np.mean([bool(change_points(values)) for values in series]) <= 0.03
    frame = polars_frame(timed(clustered(random, 20, 60)))
    assert len(changes(frame)) <= 0.05 * 20


def test_a_step_of_a_quarter_is_found_where_it_is() -> None:
    random = np.random.default_rng(9)
    at = random.integers(15, 45, 150)
    steps = np.where(np.arange(60) >= at[:, None], np.log(1.25), 0.0)
    series = np.log(np.median(clustered(random, 150, 60, shift=steps), axis=2))
    found = [
        any(abs(point.at - place) <= 5 for point in change_points(values))
        for values, place in zip(series, at, strict=True)
    ]
    assert np.mean(found) >= 0.9


def test_the_trend_finds_it_in_a_frame() -> None:
    random = np.random.default_rng(10)
    steps = np.where(np.arange(60) >= 40, np.log(1.25), 0.0)
    told = trend(polars_frame(timed(clustered(random, 1, 60, shift=steps[None, :]))), "module-0000")
    change = told.changes[0]
    assert len(told.changes) == 1
    assert abs(change.at - 40) <= 5
    assert change.ratio.low <= 1.25 <= change.ratio.high
    assert change.verdict == "slower"


def test_failure_rates_that_did_not_change() -> None:
    random = np.random.default_rng(11)
    failed = [random.random((200, 20, 5)) < random.beta(2, 18, (200, 20, 1)) for _ in range(2)]
    frames = []
    for side, name in zip(failed, ("a", "b"), strict=True):
        columns = timed(np.ones(side.shape), name)
        columns["status"] = np.where(side.ravel(), "failed", "completed").tolist()
        frames.append(polars_frame(columns))
    verdicts = compare(*frames).frame["failure_verdict"].to_list()
    assert sum(verdict != "no change shown" for verdict in verdicts) / 200 <= NOMINAL / 10
