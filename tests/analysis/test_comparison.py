"""Did it get slower?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from execmon_lab.analysis import compare, compare_run

from .frames import Make, attempts, clustered, polars_frame, rows, timed

HOSTILE = "<script>alert(1)</script>"


def sides(make: Make, *ratios: float, runs: int = 12) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    shift = np.log(np.array(ratios))[:, None] * np.ones(runs)
    before = clustered(random, len(ratios), runs)
    return make(timed(before)), make(timed(clustered(random, len(ratios), runs, shift=shift), "later", 30))


def test_slower_faster_and_neither(make: Make) -> None:
    told = compare(*sides(make, 1.4, 0.7, 1.0))
    assert told.slower == ["module-0000"]
    assert told.faster == ["module-0001"]
    assert [row["verdict"] for row in rows(told.frame)] == ["slower", "faster", "no change shown"]
    first = rows(told.frame)[0]
    assert first["low"] <= 1.4 <= first["high"]
    assert first["ratio"] == pytest.approx(1.4, rel=0.1)
    assert (first["runs_a"], first["runs_b"]) == (12, 12)


def test_the_verdict_in_words_has_its_interval() -> None:
    told = compare(*sides(polars_frame, 1.4, 1.0))
    slower, same = told.verdict.splitlines()
    ratio = told.findings[0].ratio
    interval = f"(95 % interval {ratio.low:.2f} to {ratio.high:.2f})"
    assert slower.startswith(
        f"module-0000 is slower: {ratio.ratio:.2f} times as long {interval}, 12 against 12"
    )
    assert same == "No change of duration shown in 1 of 2."
    assert repr(told) == told.verdict
    assert "▲ slower" in told._repr_html_()


def test_a_change_too_small_to_matter_is_none(make: Make) -> None:
    random = np.random.default_rng(2)
    a, b = (np.exp(random.normal(shift, 0.005, (1, 30, 1))) for shift in (0, 0.03))
    (row,) = rows(compare(make(timed(a)), make(timed(b, "later"))).frame)
    assert row["q"] < 0.001
    assert row["verdict"] == "no change shown"


def test_too_few_runs(make: Make) -> None:
    told = compare(*sides(make, 3.0, runs=4))
    (row,) = rows(told.frame)
    assert row["verdict"] == "too few runs"
    assert row["ratio"] == pytest.approx(3, rel=0.3)
    assert math.isnan(row["p"])
    assert "at least 5 a side" in told.verdict


def test_a_module_on_one_side_alone(make: Make) -> None:
    before = make(attempts(*((run, "old", "completed") for run in range(6))))
    after = make(attempts(*((run, "new", "completed") for run in range(6, 12))))
    told = rows(compare(before, after).frame)
    assert [(row["module_id"], row["runs_a"], row["runs_b"]) for row in told] == [
        ("new", 0, 6),
        ("old", 6, 0),
    ]
    assert {row["verdict"] for row in told} == {"too few runs"}


def test_retries_and_failures_leave_the_durations_alone(make: Make) -> None:
    before = [(run, "call", "completed", 1 + run / 100) for run in range(10)]
    after = []
    for run in range(10, 20):
        after += [(run, "call", "completed", 1 + run / 100 - 0.1), (run, "call", "failed", 60.0)]
        after += [(run, "call", "completed", 90.0)]
    (row,) = rows(compare(make(attempts(*before)), make(attempts(*after))).frame)
    assert row["ratio"] == pytest.approx(1)


def test_failure_rates_are_told_apart(make: Make) -> None:
    before = attempts(*((run, "call", "completed", 1 + run / 100) for run in range(30)))
    late = ((run, "call", "failed" if run % 2 else "completed", 1 + run / 100) for run in range(30))
    told = compare(make(before), make(attempts(*late)))
    (row,) = rows(told.frame)
    assert row["verdict"] == "no change shown"
    assert row["failure_verdict"] == "fails more often"
    assert row["failure_low"] > 0
    assert "call fails more often: 50.0 % of its steps fail, before it were 0.0 %" in told.verdict


def test_by_device_too() -> None:
    before, after = sides(polars_frame, 1.4)
    told = compare(before, after, by=["module_id", "device_id"])
    assert told.slower == ["module-0000 on one"]


def test_a_hostile_name_stays_text() -> None:
    columns = timed(clustered(np.random.default_rng(3), 1, 6))
    columns["module_id"] = [HOSTILE] * len(columns["module_id"])
    told = compare(polars_frame(columns), polars_frame(columns))
    assert HOSTILE not in told._repr_html_()
    assert "&lt;script&gt;" in told._repr_html_()


def test_one_run_beside_the_earlier_ones(make: Make) -> None:
    random = np.random.default_rng(4)
    earlier = timed(clustered(random, 2, 12))
    shift = np.array([[np.log(2.0)], [0.0]])
    run = timed(clustered(random, 2, 1, shift=shift), "now")
    first, second = rows(compare_run(make(run), make(earlier)))
    assert (first["verdict"], second["verdict"]) == ("slower than usual", "as usual")
    assert first["earlier_runs"] == 12
    assert first["ratio"] == pytest.approx(2, rel=0.35)


def test_one_run_beside_one(make: Make) -> None:
    (told,) = rows(
        compare_run(make(attempts((2, "call", "completed", 3.0))), make(attempts((1, "call", "completed"))))
    )
    assert (told["ratio"], told["verdict"]) == (3.0, "too few runs")
    with pytest.raises(ValueError, match="there are 2"):
        compare_run(*sides(make, 1.0, runs=2))
