"""Steps as their attempts tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frame import Codes, Floats, Keys, Table

IDENTITY = ("execution_id", "step_id", "status", "attempt")
"""The columns by which attempts become steps."""


class Steps:
    """The steps of a frame of attempts, each with what came of it.

    Parameters
    ----------
    table
        Attempts; steps whose last attempt still runs are left out.
    by
        The columns whose values part the steps.

    Attributes
    ----------
    executions, groups
        The execution and the group of each step.
    attempts, failures
        How many attempts there were, and how many of them failed.
    failed, skipped, flaky
        What came of it: failed for good, skipped, or passed after an attempt that failed.
    """

    def __init__(self, table: Table, by: Sequence[str]) -> None:
        names = Keys.joined([table.keys("execution_id"), table.keys("step_id")])
        numbers = np.nan_to_num(table.numbers("attempt"), nan=1.0)
        order = np.lexsort((numbers, names.codes))
        codes = names.codes[order]
        last = np.flatnonzero(np.r_[codes[1:] != codes[:-1], True]) if len(codes) else np.zeros(0, np.intp)
        status = table.statuses
        ended = np.isin(status[order[last]], ("completed", "failed", "skipped"))
        rows: Codes = order[last][ended]
        per_step = np.bincount(names.codes, minlength=len(names.labels))
        failures = np.bincount(names.codes, weights=status == "failed", minlength=len(names.labels))
        self.rows = rows
        self.executions = table.keys("execution_id").take(rows)
        self.groups = Keys.joined([table.keys(name) for name in by]).take(rows)
        self.attempts = per_step[names.codes[rows]].astype(np.float64)
        self.failures = failures[names.codes[rows]]
        self.failed = status[rows] == "failed"
        self.skipped = status[rows] == "skipped"
        self.flaky = (status[rows] == "completed") & (self.failures > 0)

    def __len__(self) -> int:
        return len(self.rows)


def followed(table: Table) -> NDArray[np.bool_]:
    """Tell of each attempt whether another one of its step came after it."""
    names = Keys.joined([table.keys("execution_id"), table.keys("step_id")])
    numbers = table.numbers("attempt")
    last = np.zeros(len(names.labels))
    np.maximum.at(last, names.codes, numbers)
    return np.asarray(numbers < last[names.codes], dtype=np.bool_)


def started(table: Table) -> Floats:
    """Return when the execution of each attempt began, in seconds since the epoch.

    Without `execution_started_at` it is the first of the execution's attempts.
    """
    if "execution_started_at" in table:
        return table.seconds("execution_started_at")
    table.require("started_at")
    executions = table.keys("execution_id")
    return _first(executions, table.seconds("started_at"))[executions.codes]


def in_order(table: Table) -> Keys:
    """Return the execution of each attempt, numbered in the order in which the executions began."""
    executions = table.keys("execution_id")
    order = np.argsort(_first(executions, started(table)), kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return Keys(place[executions.codes], [executions.labels[i] for i in order])


def _first(keys: Keys, seconds: Floats) -> Floats:
    first = np.full(len(keys.labels), np.inf)
    np.fmin.at(first, keys.codes, seconds)
    return first


def undisturbed(table: Table) -> Floats:
    """Return the seconds of first attempts that passed: what a step takes when nothing goes wrong.

    NaN for the others. Durations come to the millisecond: one of 0 is somewhere below half of that.
    """
    passed = (table.statuses == "completed") & (table.numbers("attempt") == 1)
    return np.where(passed, np.maximum(table.numbers("duration_s"), 0.0005), np.nan)


def medians(values: Floats, groups: Codes) -> tuple[Codes, Floats]:
    """Return the groups that have a value, and the median of each."""
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    if not len(values):
        return np.zeros(0, dtype=np.intp), np.zeros(0)
    order = np.lexsort((values, groups))
    values, groups = values[order], groups[order]
    begins = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.diff(np.r_[begins, len(groups)])
    low, high = values[begins + (sizes - 1) // 2], values[begins + sizes // 2]
    return groups[begins], (low + high) / 2


def labelled(by: Sequence[str], labels: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return the columns of the groups' names."""
    return {name: [label[i] for label in labels] for i, name in enumerate(by)}
