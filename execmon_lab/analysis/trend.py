"""Since when? A module's duration over the executions, and where its level changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .changepoints import LEVEL, PERMUTATIONS, SHORTEST, ChangePoint, change_points, most_likely
from .comparison import FASTER, SLOWER, SMALLEST, small
from .frame import Floats, Keys, Table, moments
from .shift import Ratio, benjamini_hochberg, hodges_lehmann, ratio
from .steps import in_order, labelled, medians, started, undisturbed


class Change(NamedTuple):
    """A change of level: from the execution at place `at` (from 0) on.

    `before_s` and `after_s` are the medians of the executions' medians between this change and its
    neighbours; `ratio` is of these two levels, with its 95 % interval.
    """

    at: int
    execution_id: str
    since: datetime
    before_s: float
    after_s: float
    ratio: Ratio
    p: float

    @property
    def verdict(self) -> str:
        """Whether it became slower or faster."""
        return SLOWER if self.ratio.ratio > 1 else FASTER


class Series(NamedTuple):
    """One value an execution, in the order of time: `begun` in seconds since the epoch."""

    executions: list[str]
    begun: Floats
    seconds: Floats


class Trend:
    """What came of `trend`; shown in a cell, the verdict in words.

    Attributes
    ----------
    name : str
        The module, and the device where one was named.
    frame
        A row an execution, of the kind that came in (see `trend`).
    changes : tuple of Change
        The changes of level, in the order of time.
    series : Series
        The values.
    """

    def __init__(self, name: str, frame: Any, series: Series, changes: Sequence[Change]) -> None:
        self.name = name
        self.frame = frame
        self.series = series
        self.changes = tuple(changes)

    @property
    def levels(self) -> list[tuple[int, int, float]]:
        """The levels: the first and the last place of each, and its median in seconds."""
        bounds = [0, *(change.at for change in self.changes), len(self.series.seconds)]
        seconds = self.series.seconds
        return [(a, b - 1, float(np.median(seconds[a:b]))) for a, b in pairwise(bounds) if b > a]

    @property
    def verdict(self) -> str:
        """What is shown, in words; a line a change."""
        runs = len(self.series.seconds)
        if runs < 2 * SHORTEST:
            return f"{self.name}: too few runs ({runs}; at least {2 * SHORTEST} are needed)."
        if not self.changes:
            return f"{self.name}: no change shown in {runs} runs."
        return "\n".join(_sentence(self.name, change, runs) for change in self.changes)

    def __repr__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.verdict.splitlines())


def _sentence(name: str, change: Change, runs: int) -> str:
    told = change.ratio
    return (
        f"{name} is {change.verdict} since {change.since:%Y-%m-%d} (run {change.at + 1} of {runs}): "
        f"{change.before_s:.2f} s before, {change.after_s:.2f} s after, {told.ratio:.2f} times as long "
        f"(95 % interval {told.low:.2f} to {told.high:.2f}), p {small(change.p)}."
    )


def trend(attempts: Any, module_id: str, device_id: str | None = None) -> Trend:
    """Tell how a module's duration went over the executions, and where its level changed.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `module_id`, `attempt`, `status`, `duration_s`, and
        `execution_started_at` or `started_at`; `device_id` where a device is named).
    module_id
        The module.
    device_id
        On this device alone.

    Returns
    -------
    Trend
        Its `frame` has, in the order of time, `execution_id`, `started_at`, `median_s` (of the first attempts
        that passed), `level_s` (the level's median) and `level` (numbered from 1). A change is told when
        random orders do as much in at most 1 of 100, and when the level changes by more than 1.05 times.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    ValueError
        When there is no such module.

    See Also
    --------
    execmon_lab.analysis.changepoints : how changes are found.
    """
    by = ("module_id",) if device_id is None else ("module_id", "device_id")
    label = (module_id,) if device_id is None else (module_id, device_id)
    table, found = _series(attempts, by)
    if label not in found:
        known = ", ".join(sorted(_name(other) for other in found))
        raise ValueError(f"no first attempt of {_name(label)} passed; there are {known or 'none at all'}")
    return _trend(table, label, found[label], LEVEL)


def changes(attempts: Any, by: Sequence[str] = ("module_id",)) -> Any:
    """Return every change of level, of all modules, the most recent first.

    Parameters
    ----------
    attempts
        A frame of attempts, with the columns that `trend` needs and those of `by`.
    by
        What to tell apart.

    Returns
    -------
    frame
        Of the kind that came in: the columns of `by`; `since`, `execution_id` and `run` (its number from 1):
        the first execution of the new level; `before_s`, `after_s`, `ratio`, `low`, `high`, `verdict`, `p`. A
        row of `by` is told of when its largest change has q under 0.05 across them all.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table, found = _series(attempts, by)
    count = max(PERMUTATIONS, 100 * len(found))
    likely = [most_likely(np.log(series.seconds), permutations=count) for series in found.values()]
    p = [np.nan if point is None else point.p for point in likely]
    q = benjamini_hochberg(np.array(p, dtype=np.float64))
    told = [
        (label, change)
        for (label, series), value in zip(found.items(), q, strict=True)
        if value < 0.05
        for change in _trend(table, label, series, LEVEL).changes
    ]
    told.sort(key=lambda pair: pair[1].since, reverse=True)
    points = [change for _, change in told]
    columns: dict[str, Any] = labelled(by, [label for label, _ in told])
    columns["since"] = [change.since for change in points]
    columns["execution_id"] = [change.execution_id for change in points]
    columns["run"] = np.array([change.at + 1 for change in points], dtype=np.int64)
    columns["before_s"] = np.array([change.before_s for change in points], dtype=np.float64)
    columns["after_s"] = np.array([change.after_s for change in points], dtype=np.float64)
    for i, name in enumerate(("ratio", "low", "high")):
        columns[name] = np.array([change.ratio[i] for change in points], dtype=np.float64)
    columns["verdict"] = [change.verdict for change in points]
    columns["p"] = np.array([change.p for change in points], dtype=np.float64)
    return table.make(columns)


def _name(label: Sequence[Any]) -> str:
    return " on ".join(str(part) for part in label)


def _series(attempts: Any, by: Sequence[str]) -> tuple[Table, dict[Any, Series]]:
    """Return one value an execution for each group, in the order of time."""
    table = Table(attempts, ["execution_id", "attempt", "status", "duration_s", *by])
    begun = started(table)
    order = in_order(table)
    times = np.full(len(order.labels), np.nan)
    times[order.codes] = begun
    groups = Keys.joined([table.keys(name) for name in by])
    size = max(1, len(order.labels))
    pairs, middles = medians(undisturbed(table), groups.codes * size + order.codes)
    owner, place = np.divmod(pairs, size)
    found = {}
    for number, label in enumerate(groups.labels):
        places = place[owner == number]
        if len(places):
            ids = [order.labels[i] for i in places]
            found[label] = Series(ids, times[places], middles[owner == number])
    return table, found


def _trend(table: Table, label: Sequence[Any], series: Series, level: float) -> Trend:
    points = _large(series.seconds, change_points(np.log(series.seconds), level))
    told = Trend(_name(label), None, series, _changes(series, points))
    sizes = [end - begin + 1 for begin, end, _ in told.levels]
    levels = np.array([level for _, _, level in told.levels], dtype=np.float64)
    told.frame = table.make(
        {
            "execution_id": series.executions,
            "started_at": moments(series.begun),
            "median_s": series.seconds,
            "level_s": np.repeat(levels, sizes),
            "level": np.repeat(np.arange(1, len(sizes) + 1), sizes),
        }
    )
    return told


def _large(seconds: Floats, points: list[ChangePoint]) -> list[ChangePoint]:
    """Leave out changes that are too small to be worth a word, the smallest first."""
    points = list(points)
    while points:
        parts = np.split(np.log(seconds), [point.at for point in points])
        steps = [abs(hodges_lehmann(a, b)) for a, b in pairwise(parts)]
        least = int(np.argmin(steps))
        if steps[least] > np.log(SMALLEST):
            break
        del points[least]
    return points


def _changes(series: Series, points: Sequence[ChangePoint]) -> list[Change]:
    parts = np.split(series.seconds, [point.at for point in points])
    return [
        Change(
            at=point.at,
            execution_id=series.executions[point.at],
            since=datetime.fromtimestamp(float(series.begun[point.at]), UTC),
            before_s=float(np.median(before)),
            after_s=float(np.median(after)),
            ratio=ratio(before, after),
            p=point.p,
        )
        for point, (before, after) in zip(points, pairwise(parts), strict=True)
    ]
