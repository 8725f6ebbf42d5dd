"""Where the time goes in a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from .frame import Codes, Floats, Table, moments
from .steps import followed

SLACK = 0.05
"""Seconds that may lie between two attempts without a reason beyond the engine's own work."""


def time_use(attempts: Any) -> Any:
    """Tell what each device did with the time of its execution.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `device_id`, `attempt`, `status`, `started_at`,
        `duration_s`; `adb_s` where it is there), of one execution or of many.

    Returns
    -------
    frame
        Of the kind that came in, a row an execution and device, in seconds: `run_s`, from the execution's
        first attempt to the end of its last; `busy_s`, in attempts; of that `adb_s`, waiting for adb,
        `own_s`, the modules' own, and `again_s`, in attempts that failed and were followed by another;
        `idle_s`, the rest of the run. `adb_s` and `own_s` are empty where the adb time is not known.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, [*_NEEDS, "step_id", "attempt", "status"])
    begin, end = _spans(table)
    executions, devices = table.keys("execution_id"), table.keys("device_id")
    adb = table.numbers("adb_s") if "adb_s" in table else np.full(len(table), np.nan)
    again = (table.statuses == "failed") & followed(table)
    rows = []
    for execution, places in executions.groups():
        known = places[~np.isnan(end[places])]
        if not len(known):
            continue
        length = float(end[known].max() - begin[known].min())
        for device in dict.fromkeys(devices.codes[known].tolist()):
            own = known[devices.codes[known] == device]
            spent = end[own] - begin[own]
            busy, waited = _covered(begin[own], end[own]), float(np.sum(adb[own]))
            idle, tried = max(0.0, length - busy), float(np.sum(spent[again[own]]))
            rows.append(
                (
                    execution,
                    devices.labels[device],
                    length,
                    busy,
                    waited,
                    max(busy - waited, 0.0),  # in this order what is not known stays so
                    tried,
                    idle,
                )
            )
    names = ("execution_id", "device_id", "run_s", "busy_s", "adb_s", "own_s", "again_s", "idle_s")
    columns: dict[str, Any] = {name: [row[i] for row in rows] for i, name in enumerate(names[:2])}
    for i, name in enumerate(names[2:], 2):
        columns[name] = np.array([row[i] for row in rows], dtype=np.float64)
    return table.make(columns)


def critical_path(attempts: Any) -> Any:
    """Return the attempts that an execution's length is made of, from its first to its last.

    Each step back goes to what the attempt waited for: the attempt before it on its device, or one on another
    device that ended while this one stood idle.

    Parameters
    ----------
    attempts
        A frame of the attempts of one execution (`execution_id`, `device_id`, `module_id`, `attempt`,
        `status`, `started_at`, `duration_s`; `step_id` where it is there).

    Returns
    -------
    frame
        Of the kind that came in, in the order of time: `execution_id`, `step_id`, `device_id`, `module_id`,
        `attempt`, `status`, `started_at`, `at_s`, since the execution's first attempt; `waited_s`, from the
        end of the one before; `duration_s`; `share`, of the execution's length, with the waiting.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    ValueError
        When the frame has more than one execution.
    """
    table = Table(attempts, [*_NEEDS, "module_id", "attempt", "status"])
    runs = table.keys("execution_id").labels
    if len(runs) > 1:
        raise ValueError(f"a critical path is that of one run: filter by execution_id, there are {len(runs)}")
    begin, end = _spans(table)
    path = _path(begin, end, table.keys("device_id").codes)
    first = float(np.nanmin(begin)) if len(path) else 0.0
    before = np.r_[first, end[path[:-1]]] if len(path) else np.zeros(0)
    length = float(np.nanmax(end)) - first if len(path) else 1.0
    names = ["execution_id", "step_id", "device_id", "module_id", "status"]
    columns: dict[str, Any] = {}
    for name in names:
        if name in table:
            values = table.texts(name)
            columns[name] = [values[row] for row in path]
    columns["attempt"] = table.numbers("attempt")[path].astype(np.int64)
    columns["started_at"] = moments(begin[path])
    columns["at_s"] = begin[path] - first
    columns["waited_s"] = np.maximum(0.0, begin[path] - before)
    columns["duration_s"] = end[path] - begin[path]
    columns["share"] = (end[path] - before) / max(length, 1e-9)
    return table.make(columns)


_NEEDS = ("execution_id", "device_id", "started_at", "duration_s")


def _spans(table: Table) -> tuple[Floats, Floats]:
    begin = table.seconds("started_at")
    return begin, begin + table.numbers("duration_s")


def _covered(begin: Floats, end: Floats) -> float:
    """Return the seconds that lie in at least one of the spans."""
    order = np.argsort(begin, kind="stable")
    begin, end = begin[order], end[order]
    reached = np.maximum.accumulate(end)
    since = np.maximum(begin, np.r_[-np.inf, reached[:-1]])
    return float(np.sum(np.maximum(0.0, end - since)))


def _path(begin: Floats, end: Floats, devices: Codes) -> Codes:
    known = np.flatnonzero(~np.isnan(begin) & ~np.isnan(end))
    if not len(known):
        return known
    row = int(known[np.argmax(end[known])])
    path = [row]
    while True:
        earlier = known[(end[known] <= begin[row] + SLACK) & (begin[known] < begin[row])]
        if not len(earlier):
            return np.array(path[::-1], dtype=np.intp)
        own = earlier[devices[earlier] == devices[row]]
        latest = int(earlier[np.argmax(end[earlier])])
        stays = len(own) and end[own].max() >= end[latest] - SLACK
        row = int(own[np.argmax(end[own])]) if stays else latest
        path.append(row)
