"""What fails, and what passes only when it is tried again."""

from __future__ import annotations

import pytest

from execmon_lab.analysis import failure_rates, flakiness, retries
from execmon_lab.analysis.proportions import wilson

from .frames import Make, attempts, rows

TOLD = attempts(
    (1, "call", "completed"),
    (1, "data", "failed", 4.0),
    (1, "data", "completed", 1.0),
    (2, "call", "failed", 2.0),
    (2, "call", "failed", 2.0),
    (2, "data", "completed"),
    (3, "call", "completed"),
    (3, "data", "skipped"),
    (3, "data", "running"),
)


def test_what_trying_again_costs(make: Make) -> None:
    told = rows(retries(make(TOLD), by=["module_id"]))
    assert told == [
        {
            "module_id": "data",
            "steps": 3,
            "retried": 1,
            "extra_attempts": 1,
            "lost_s": 4.0,
            "main_error_code": "ADB_TIMEOUT",
        },
        {
            "module_id": "call",
            "steps": 3,
            "retried": 1,
            "extra_attempts": 1,
            "lost_s": 2.0,
            "main_error_code": "ADB_TIMEOUT",
        },
    ]


def test_flaky_is_what_passed_after_a_failure(make: Make) -> None:
    data, call = rows(flakiness(make(TOLD), by=["module_id"]))
    assert (data["module_id"], data["steps"], data["flaky"], data["rate"]) == ("data", 2, 1, 0.5)
    assert (data["low"], data["high"]) == pytest.approx(wilson(0.5, 1))  # its two executions disagree
    assert (call["steps"], call["flaky"], call["switches"], call["switch_rate"]) == (3, 0, 2, 1.0)
    assert (call["low"], call["high"]) == pytest.approx(wilson(0, 3))


def test_one_execution_has_no_switches(make: Make) -> None:
    (told,) = rows(flakiness(make(attempts((1, "call", "completed"))), by=["module_id"]))
    assert told["switches"] == 0
    assert told["switch_rate"] is None or told["switch_rate"] != told["switch_rate"]


def test_the_device_that_stands_out(make: Make) -> None:
    told = [
        (run, "call", "failed" if device == "bad" and run % 3 == 0 else "completed", 1.0, device)
        for run in range(60)
        for device in ("good", "bad", "fine")
    ]
    bad, fine, good = rows(failure_rates(make(attempts(*told))))
    assert (bad["device_id"], bad["failed"], bad["steps"]) == ("bad", 20, 60)
    assert bad["verdict"] == "fails more often"
    assert bad["difference_low"] > 0
    assert bad["others_rate"] == 0.0
    assert bad["main_error_code"] == "ADB_TIMEOUT"
    assert {fine["device_id"], good["device_id"]} == {"good", "fine"}
    assert fine["verdict"] == "fails less often"
    assert fine["main_error_code"] == ""


def test_a_single_device_has_no_others(make: Make) -> None:
    (told,) = rows(failure_rates(make(attempts((1, "call", "failed")))))
    assert told["rate"] == 1.0
    assert told["verdict"] == "no difference shown"
