"""What fails, what passes only when it is tried again, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .frame import Codes, Keys, Table
from .proportions import Share, difference, share
from .steps import IDENTITY, Steps, followed, in_order, labelled

BY = ("module_id", "device_id")


def retries(attempts: Any, by: Sequence[str] = BY) -> Any:
    """Tell what trying again costs, the dearest first.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `attempt`, `status`, `duration_s`, the columns of
        `by`; `error_code` where it is there).
    by
        What to tell apart.

    Returns
    -------
    frame
        Of the kind that came in: the columns of `by`; `steps`; `retried`, the steps of more than one attempt;
        `extra_attempts`; `lost_s`, the seconds of attempts that failed and were followed by another;
        `main_error_code`, the code that failed attempts had most often.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, [*IDENTITY, "duration_s", *by])
    steps = Steps(table, by)
    lost = _lost(table, by, len(steps.groups.labels))
    codes = _main_codes(table, by)
    found = [
        (label, rows, float(lost[place]))
        for place, (label, rows) in enumerate(steps.groups.groups())
        if len(rows)
    ]
    found.sort(key=lambda entry: -entry[2])
    columns: dict[str, Any] = labelled(by, [label for label, _, _ in found])
    columns["steps"] = np.array([len(rows) for _, rows, _ in found], dtype=np.int64)
    columns["retried"] = np.array([np.sum(steps.attempts[rows] > 1) for _, rows, _ in found], dtype=np.int64)
    extra = [np.sum(steps.attempts[rows] - 1) for _, rows, _ in found]
    columns["extra_attempts"] = np.array(extra, dtype=np.int64)
    columns["lost_s"] = np.array([seconds for _, _, seconds in found], dtype=np.float64)
    columns["main_error_code"] = [codes.get(label, "") for label, _, _ in found]
    return table.make(columns)


def flakiness(attempts: Any, by: Sequence[str] = BY, confidence: float = 0.95) -> Any:
    """Tell how often steps pass only after an attempt that failed, and how often the outcome switches.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `attempt`, `status`, `execution_started_at` or
        `started_at`, the columns of `by`).
    by
        What to tell apart.
    confidence
        How often an interval holds the true rate.

    Returns
    -------
    frame
        Of the kind that came in, the flakiest first: the columns of `by`; `executions`; `steps` that passed
        or failed (skipped ones are left out); `flaky`, those that passed after an attempt that failed;
        `rate`, `low` and `high`, its share with Wilson's interval (see `proportions.share`); `switches`, how
        often an execution's outcome (did all steps pass?) is another than the one before; `switch_rate`, of
        the pairs of executions that follow each other.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, [*IDENTITY, *by])
    steps = Steps(table, by)
    order = in_order(table).codes[steps.rows]
    found = []
    for label, rows in steps.groups.groups():
        rows = rows[~steps.skipped[rows]]
        if len(rows):
            flaky = share(steps.flaky[rows].astype(np.float64), order[rows], confidence)
            found.append((label, flaky, *_switches(steps.failed[rows], order[rows])))
    found.sort(key=lambda entry: (-entry[1].low, -entry[1].rate))
    pairs = [executions - 1 for _, _, _, executions in found]
    columns: dict[str, Any] = labelled(by, [label for label, *_ in found])
    columns["executions"] = np.array([executions for *_, executions in found], dtype=np.int64)
    columns |= _shares([flaky for _, flaky, _, _ in found], "flaky")
    columns["switches"] = np.array([switches for _, _, switches, _ in found], dtype=np.int64)
    with np.errstate(invalid="ignore"):
        columns["switch_rate"] = columns["switches"] / np.array(pairs, dtype=np.float64)
    return table.make(columns)


def failure_rates(attempts: Any, by: Sequence[str] = ("device_id",), confidence: float = 0.95) -> Any:
    """Tell how often steps fail for good, and which device (or whatever `by` names) stands out.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `attempt`, `status`, the columns of `by`; `error_code`
        where it is there).
    by
        What to tell apart.
    confidence
        How often an interval holds the true rate; of the differences: how often all of them do.

    Returns
    -------
    frame
        Of the kind that came in, the highest rate first: the columns of `by`; `steps` that passed or failed;
        `failed`; `rate`, `low` and `high`; `first_attempt_rate`, of steps whose first attempt failed;
        `others_rate` of all the other rows' steps; `difference`, `difference_low` and `difference_high`, by
        how much the rate is above that; `verdict`: "fails more often", "fails less often" or "no difference
        shown"; `main_error_code`.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, [*IDENTITY, *by])
    steps = Steps(table, by)
    codes = _main_codes(table, by)
    ran = np.flatnonzero(~steps.skipped)
    groups = [(label, rows[~steps.skipped[rows]]) for label, rows in steps.groups.groups()]
    groups = [(label, rows) for label, rows in groups if len(rows)]
    strict = 1 - (1 - confidence) / max(1, len(groups))
    rows_of = []
    for label, rows in groups:
        others = np.setdiff1d(ran, rows, assume_unique=True)
        told = _failing(steps, rows, confidence)
        apart = difference(_failing(steps, others, strict), _failing(steps, rows, strict))
        first = float(np.mean(steps.failures[rows] > 0))
        rest = float(np.mean(steps.failed[others])) if len(others) else float("nan")
        rows_of.append((label, told, first, rest, apart))
    rows_of.sort(key=lambda entry: -entry[1].rate)
    columns: dict[str, Any] = labelled(by, [label for label, *_ in rows_of])
    columns |= _shares([told for _, told, *_ in rows_of], "failed")
    columns["first_attempt_rate"] = np.array([first for _, _, first, _, _ in rows_of], dtype=np.float64)
    columns["others_rate"] = np.array([rest for *_, rest, _ in rows_of], dtype=np.float64)
    for i, name in enumerate(("difference", "difference_low", "difference_high")):
        columns[name] = np.array([apart[i] for *_, apart in rows_of], dtype=np.float64)
    columns["verdict"] = [failure_verdict(apart) for *_, apart in rows_of]
    columns["main_error_code"] = [codes.get(label, "") for label, *_ in rows_of]
    return table.make(columns)


def failure_verdict(apart: tuple[float, float, float]) -> str:
    """Put a difference of failure rates with its interval in words."""
    _, low, high = apart
    if low > 0:
        return "fails more often"
    return "fails less often" if high < 0 else "no difference shown"


def _failing(steps: Steps, rows: Codes, confidence: float) -> Share:
    return share(steps.failed[rows].astype(np.float64), steps.executions.codes[rows], confidence)


def _switches(failed: Any, executions: Codes) -> tuple[int, int]:
    """Count how often an execution's outcome is another than the one before, and the executions."""
    runs, places = np.unique(executions, return_inverse=True)
    outcome = np.bincount(places, weights=failed) > 0
    return int(np.sum(outcome[1:] != outcome[:-1])), len(runs)


def _shares(shares: Sequence[Share], name: str) -> dict[str, Any]:
    return {
        "steps": np.array([told.trials for told in shares], dtype=np.int64),
        name: np.array([told.successes for told in shares], dtype=np.int64),
        "rate": np.array([told.rate for told in shares], dtype=np.float64),
        "low": np.array([told.low for told in shares], dtype=np.float64),
        "high": np.array([told.high for told in shares], dtype=np.float64),
    }


def _lost(table: Table, by: Sequence[str], groups: int) -> Any:
    """Return the seconds of attempts that were followed by another, by group."""
    lost = (table.statuses == "failed") & followed(table)
    seconds = np.nan_to_num(table.numbers("duration_s"))
    keys = Keys.joined([table.keys(name) for name in by])
    return np.bincount(keys.codes, weights=seconds * lost, minlength=groups)


def _main_codes(table: Table, by: Sequence[str]) -> dict[Any, str]:
    if "error_code" not in table:
        return {}
    codes = table.texts("error_code")
    failed = np.flatnonzero(table.statuses == "failed")
    keys = Keys.joined([table.keys(name) for name in by])
    counts: dict[Any, Counter[str]] = {}
    for row in failed:
        code = codes[row]
        if code:
            counts.setdefault(keys.labels[keys.codes[row]], Counter())[code] += 1
    return {label: counter.most_common(1)[0][0] for label, counter in counts.items()}
