"""Frames in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from execmon_lab import analysis
from execmon_lab.analysis.frame import Keys, MissingColumns, Table

from .frames import Make, attempts


@pytest.fixture
def frame(make: Make) -> Any:
    return make(attempts((1, "call", "failed"), (1, "call", "completed", 2.0), (2, "call", "completed")))


@pytest.mark.parametrize(
    "ask",
    [
        analysis.durations,
        analysis.slowest,
        analysis.retries,
        analysis.flakiness,
        analysis.failure_rates,
        analysis.time_use,
        analysis.changes,
        lambda frame: analysis.compare(frame, frame).frame,
        lambda frame: analysis.compare_run(frame.head(2), frame),
        lambda frame: analysis.critical_path(frame.head(2)),
        lambda frame: analysis.trend(frame, "call").frame,
    ],
)
def test_the_answer_is_of_the_kind_that_came_in(ask: Any, frame: Any) -> None:
    assert type(ask(frame)) is type(frame)


def test_a_lazy_frame_is_collected() -> None:
    lazy = pl.DataFrame(attempts((1, "call", "completed", 2.0))).lazy()
    told = analysis.durations(lazy)
    assert isinstance(told, pl.DataFrame)
    assert told["p50_s"].to_list() == [2.0]


@pytest.mark.parametrize("stranger", [[1, 2], {"module_id": ["a"]}, None])
def test_what_is_no_frame_is_refused(stranger: object) -> None:
    with pytest.raises(TypeError, match=f"a data frame of attempts is needed.*not {type(stranger).__name__}"):
        analysis.durations(stranger)


def test_the_error_names_what_is_missing(make: Make) -> None:
    columns = attempts((1, "call", "completed"))
    del columns["status"], columns["duration_s"]
    with pytest.raises(MissingColumns, match="lacks status, duration_s; it has execution_id"):
        analysis.durations(make(columns))
    untimed = {k: v for k, v in attempts((1, "call", "completed")).items() if "started_at" not in k}
    with pytest.raises(MissingColumns, match="lacks started_at"):
        analysis.flakiness(make(untimed))


def test_times_are_seconds_since_the_epoch(make: Make) -> None:
    moment = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
    table = Table(make({"aware": [moment, None], "naive": [moment.replace(tzinfo=None), None]}), [])
    for name in ("aware", "naive"):
        seconds = table.seconds(name)
        assert seconds[0] == pytest.approx(moment.timestamp(), abs=1e-6)
        assert np.isnan(seconds[1])
    assert Table(make({"at": [1.5, None]}), []).seconds("at")[0] == 1.5


def test_empty_cells(make: Make) -> None:
    table = Table(make({"name": ["a", None], "seconds": [1.0, None]}), [])
    assert table.texts("name") == ["a", None]
    assert np.isnan(table.numbers("seconds")[1])
    assert Table(pd.DataFrame({"name": pd.Categorical(["a", None])}), []).texts("name") == ["a", None]


def test_an_empty_frame_has_an_empty_answer(make: Make) -> None:
    empty = make(attempts((1, "call", "completed"))).head(0)
    for ask in (
        analysis.durations,
        analysis.slowest,
        analysis.retries,
        analysis.flakiness,
        analysis.failure_rates,
        analysis.time_use,
        analysis.critical_path,
        analysis.changes,
    ):
        assert len(ask(empty)) == 0, ask
    assert "shown in 0 of 0" in analysis.compare(empty, empty).verdict


def test_keys_come_in_the_order_of_their_first_appearance() -> None:
    keys = Keys.joined([Keys.of(["b", "a", "b", "a"]), Keys.of(["x", "x", "x", "y"])])
    assert keys.labels == [("b", "x"), ("a", "x"), ("a", "y")]
    assert [(label, rows.tolist()) for label, rows in keys.groups()] == [
        (("b", "x"), [0, 2]),
        (("a", "x"), [1]),
        (("a", "y"), [3]),
    ]
