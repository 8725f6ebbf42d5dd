"""How long steps take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .frame import Keys, Table, moments
from .steps import labelled, medians

PERCENTILES = (50, 90, 95, 99)


def durations(
    attempts: Any,
    by: Sequence[str] = ("module_id", "device_id"),
    percentiles: Sequence[float] = PERCENTILES,
) -> Any:
    """Tell how long attempts that passed took, the slowest first.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `status`, `duration_s` and the columns of `by`).
    by
        What to tell apart.
    percentiles
        Between 0 and 100.

    Returns
    -------
    frame
        Of the kind that came in: the columns of `by`; `executions` and `attempts` (counts); `mean_s`,
        `min_s`, one column a percentile (`p50_s`), `max_s` and `total_s`, in seconds. Sorted by the first
        percentile.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    ValueError
        When a percentile is not between 0 and 100.
    """
    if not percentiles or not all(0 <= percentile <= 100 for percentile in percentiles):
        raise ValueError(f"percentiles lie between 0 and 100, not {list(percentiles)}")
    table = Table(attempts, ["execution_id", "status", "duration_s", *by])
    table = table.where((table.statuses == "completed") & ~np.isnan(table.numbers("duration_s")))
    seconds, executions = table.numbers("duration_s"), table.keys("execution_id").codes
    groups = [(label, seconds[rows], executions[rows]) for label, rows in _groups(table, by)]
    told = [np.percentile(values, percentiles) for _, values, _ in groups]
    order = sorted(range(len(groups)), key=lambda i: -told[i][0])
    groups, told = [groups[i] for i in order], [told[i] for i in order]
    columns: dict[str, Any] = labelled(by, [label for label, _, _ in groups])
    columns["executions"] = np.array([len(np.unique(runs)) for _, _, runs in groups], dtype=np.int64)
    columns["attempts"] = np.array([len(values) for _, values, _ in groups], dtype=np.int64)
    columns["mean_s"] = np.array([values.mean() for _, values, _ in groups], dtype=np.float64)
    columns["min_s"] = np.array([values.min() for _, values, _ in groups], dtype=np.float64)
    for i, percentile in enumerate(percentiles):
        columns[f"p{percentile:g}_s"] = np.array([value[i] for value in told], dtype=np.float64)
    columns["max_s"] = np.array([values.max() for _, values, _ in groups], dtype=np.float64)
    columns["total_s"] = np.array([values.sum() for _, values, _ in groups], dtype=np.float64)
    return table.make(columns)


def slowest(attempts: Any, count: int = 10) -> Any:
    """Return the slowest attempts that passed, each beside its module's median.

    Parameters
    ----------
    attempts
        A frame of attempts or of steps (`execution_id`, `step_id`, `module_id`, `device_id`, `status`,
        `started_at`, `duration_s`).
    count
        How many to return.

    Returns
    -------
    frame
        Of the kind that came in: those columns, `params` where it is there, and `times_median`: how many
        times as long as the median of its module.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    names = ["execution_id", "step_id", "module_id", "device_id"]
    table = Table(attempts, [*names, "status", "started_at", "duration_s"])
    table = table.where((table.statuses == "completed") & ~np.isnan(table.numbers("duration_s")))
    seconds, modules = table.numbers("duration_s"), table.keys("module_id")
    usual = np.full(len(modules.labels), np.nan)
    found, middle = medians(seconds, modules.codes)
    usual[found] = middle
    rows = np.argsort(-seconds, kind="stable")[: max(0, count)]
    shown = [*names, "params"] if "params" in table else names
    texts = {name: table.texts(name) for name in shown}
    columns: dict[str, Any] = {name: [values[row] for row in rows] for name, values in texts.items()}
    columns["started_at"] = moments(table.seconds("started_at")[rows])
    columns["duration_s"] = seconds[rows]
    columns["times_median"] = seconds[rows] / usual[modules.codes[rows]]
    return table.make(columns)


def _groups(table: Table, by: Sequence[str]) -> list[tuple[Any, Any]]:
    return [
        (label, rows) for label, rows in Keys.joined([table.keys(name) for name in by]).groups() if len(rows)
    ]
