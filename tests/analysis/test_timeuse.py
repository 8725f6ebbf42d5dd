"""Where the time goes in a run."""

from __future__ import annotations

import pytest

from execmon_lab.analysis import critical_path, time_use

from .frames import Make, attempts, rows

# One hands its step over to two after 4 s, and idles; two waits for it from second 3 on.
TOLD = attempts(
    (1, "boot", "failed", 1.0, "one", 0.0),
    (1, "boot", "completed", 3.0, "one", 1.0),
    (1, "call", "completed", 3.0, "two", 0.0),
    (1, "sms", "completed", 6.0, "two", 4.0),
)


def test_what_each_device_did(make: Make) -> None:
    one, two = rows(time_use(make(TOLD)))
    assert one == {
        "execution_id": "run-1",
        "device_id": "one",
        "run_s": pytest.approx(10),
        "busy_s": pytest.approx(4),
        "adb_s": pytest.approx(1),
        "own_s": pytest.approx(3),
        "again_s": pytest.approx(1),
        "idle_s": pytest.approx(6),
    }
    assert (two["busy_s"], two["idle_s"]) == (pytest.approx(9), pytest.approx(1))


def test_without_adbs_time(make: Make) -> None:
    columns = {name: values for name, values in TOLD.items() if name != "adb_s"}
    one, _ = rows(time_use(make(columns)))
    for unknown in ("adb_s", "own_s"):
        assert one[unknown] is None or one[unknown] != one[unknown]
    assert one["busy_s"] == pytest.approx(4)


def test_attempts_that_overlap_count_once(make: Make) -> None:
    told = attempts((1, "a", "completed", 4.0, "one", 0.0), (1, "b", "completed", 4.0, "one", 2.0))
    (one,) = rows(time_use(make(told)))
    assert one["busy_s"] == pytest.approx(6)


def test_the_critical_path_crosses_devices(make: Make) -> None:
    path = rows(critical_path(make(TOLD)))
    assert [(row["module_id"], row["attempt"], row["device_id"]) for row in path] == [
        ("boot", 1, "one"),
        ("boot", 2, "one"),
        ("sms", 1, "two"),
    ]
    assert sum(row["share"] for row in path) == pytest.approx(1)
    assert [row["waited_s"] for row in path] == pytest.approx([0, 0, 0], abs=1e-6)


def test_a_device_that_waited_for_nobody(make: Make) -> None:
    told = attempts((1, "a", "completed", 2.0, "one", 0.0), (1, "b", "completed", 2.0, "one", 5.0))
    path = rows(critical_path(make(told)))
    assert [row["waited_s"] for row in path] == pytest.approx([0, 3], abs=1e-6)
    assert [row["share"] for row in path] == pytest.approx([2 / 7, 5 / 7])


def test_the_path_of_one_run(make: Make) -> None:
    with pytest.raises(ValueError, match="there are 2"):
        critical_path(make(attempts((1, "a", "completed"), (2, "a", "completed"))))
