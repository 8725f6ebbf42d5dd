"""How long steps take."""

from __future__ import annotations

import pytest

from execmon_lab.analysis import durations, slowest

from .frames import Make, attempts, rows

TOLD = attempts(
    (1, "call", "completed", 1.0),
    (1, "call", "failed", 50.0),
    (1, "call", "completed", 3.0),
    (2, "call", "completed", 2.0, "two"),
    (2, "sms", "completed", 9.0),
    (2, "sms", "skipped", 0.0),
)


def test_attempts_that_passed_count(make: Make) -> None:
    told = rows(durations(make(TOLD), by=["module_id"], percentiles=(50, 90)))
    assert told[0] | {"module_id": "sms", "executions": 1, "attempts": 1, "p50_s": 9.0} == told[0]
    assert told[1] == {
        "module_id": "call",
        "executions": 2,
        "attempts": 3,
        "mean_s": 2.0,
        "min_s": 1.0,
        "p50_s": 2.0,
        "p90_s": pytest.approx(2.8),
        "max_s": 3.0,
        "total_s": 6.0,
    }


def test_devices_are_told_apart(make: Make) -> None:
    told = rows(durations(make(TOLD)))
    assert [(row["module_id"], row["device_id"]) for row in told] == [
        ("sms", "one"),
        ("call", "one"),
        ("call", "two"),
    ]


@pytest.mark.parametrize("percentiles", [(), (101,), (-1, 50)])
def test_percentiles_out_of_range(make: Make, percentiles: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        durations(make(TOLD), percentiles=percentiles)


def test_the_slowest_beside_their_modules_median(make: Make) -> None:
    told = rows(slowest(make(TOLD), 2))
    assert [(row["module_id"], row["duration_s"], row["times_median"]) for row in told] == [
        ("sms", 9.0, 1.0),
        ("call", 3.0, 1.5),
    ]
    assert told[0]["started_at"] is not None
    assert rows(slowest(make(TOLD), 0)) == []
