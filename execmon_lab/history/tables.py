"""What a history can be asked: the columns of each frame, and how they are found in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

from ..protocol.messages import DeviceState, ExecutionStatus, Level, LogSource, StepStatus
from .clock import Moment, bound

Kind = Literal["text", "category", "time", "seconds", "count", "flag"]

Choice = str | Iterable[str]
"""One value, or several of which any will do."""


WORDS: dict[str, tuple[str, ...]] = {
    "status": tuple(
        dict.fromkeys((*get_args(ExecutionStatus), *get_args(StepStatus), *get_args(DeviceState)))
    ),
    "level": get_args(Level),
    "source": ("run", *get_args(LogSource)),
}
"""The filters whose words are fixed, and the words."""


class Filters(TypedDict, total=False):
    """Which rows are wanted; all of those given must hold, and what is None is not asked.

    Attributes
    ----------
    execution_id, name
        Of the execution: its UUID, and its plan's name.
    device_id, module_id
        Of the row; of executions: those that have such a device, or such a step.
    status
        Of the row, as its column has it.
    level, source
        Of lines of the log alone; their source is ``run``, or ``logcat`` for the device's own log.
    since, until
        The row began (a line of the log was written) at or after, and before. A `datetime`, a date, their
        text, or seconds since the epoch; without a time zone it is taken as UTC.
    """

    execution_id: Choice | None
    name: Choice | None
    device_id: Choice | None
    module_id: Choice | None
    status: Choice | None
    level: Choice | None
    source: Choice | None
    since: Moment | None
    until: Moment | None


@dataclass(frozen=True)
class Column:
    """A column of a frame.

    Attributes
    ----------
    kind
        ``time`` is UTC to the millisecond, ``seconds`` a float, ``category`` a text of which few differ.
    sql
        Where it comes from.
    """

    name: str
    kind: Kind
    sql: str


@dataclass(frozen=True)
class Table:
    """A frame's definition.

    Attributes
    ----------
    source
        Of the rows, as SQL after ``FROM``; joined in the order of `order`, so that SQLite need not sort.
    filters
        The condition for each filter that there is, with ``{}`` for what is compared.
    """

    name: str
    columns: tuple[Column, ...]
    source: str
    order: str
    filters: dict[str, str]

    def where(self, filters: Filters, meaning: dict[str, str] | None = None) -> tuple[str, list[Any]]:
        """Return the condition of the rows as SQL, and its arguments.

        Parameters
        ----------
        filters
            What is wanted.
        meaning
            The filters that there are; the table's own, when absent.

        Raises
        ------
        TypeError
            When there is no such filter.
        ValueError
            When a time is none, or a status, a level or a source is none that there is.
        """
        meaning = meaning or self.filters
        conditions = ["1"]
        arguments: list[Any] = []
        for name, wanted in filters.items():
            if name not in meaning:
                known = ", ".join(meaning)
                raise TypeError(f"{self.name} cannot be filtered by {name}; there are: {known}")
            if wanted is None:
                continue
            timed = name in ("since", "until")
            compared = [bound(wanted)] if timed else values(wanted)  # type: ignore[arg-type]
            odd = [repr(value) for value in compared if name in WORDS and value not in WORDS[name]]
            if odd:
                raise ValueError(f"there is no {name} {', '.join(odd)}; there are: {', '.join(WORDS[name])}")
            marks = ", ".join("?" * len(compared))
            conditions.append(meaning[name].format(marks if timed else f"IN ({marks})"))
            arguments += compared
        return " AND ".join(conditions), arguments


def values(wanted: object) -> list[str]:
    """Return the values that a filter allows.

    Raises
    ------
    TypeError
        When it is no text, nor several.
    """
    if isinstance(wanted, str):
        return [wanted]
    if isinstance(wanted, Iterable):
        values = list(wanted)
        if all(isinstance(value, str) for value in values):
            return values
    raise TypeError(f"a filter is a text or several, not {wanted!r}")


def read(
    db: sqlite3.Connection, table: Table, filters: Filters, also: tuple[str, tuple[Any, ...]] = ("1", ())
) -> list[tuple[Any, ...]]:
    """Read a table's rows from a file, each with the execution's begin before its columns.

    Parameters
    ----------
    db, table, filters
        From where, and which.
    also
        A further condition as SQL, and its arguments.
    """
    where, arguments = table.where(filters)
    shown = ", ".join(["e.started_at", *(column.sql for column in table.columns)])
    sql = f"SELECT {shown} FROM {table.source} WHERE {where} AND {also[0]} ORDER BY {table.order}"
    return db.execute(sql, [*arguments, *also[1]]).fetchall()


def _columns(spec: str) -> tuple[Column, ...]:
    """Read columns from lines of name, kind, and SQL."""
    lines = (line.split(maxsplit=2) for line in spec.strip().splitlines())
    return tuple(Column(name, kind, sql) for name, kind, sql in lines)  # type: ignore[arg-type]


_OF_EXECUTION = {"execution_id": "e.execution_id {}", "name": "e.name {}"}

EXECUTIONS = Table(
    "executions",
    _columns("""
        execution_id      text      e.execution_id
        name              category  e.name
        status            category  e.status
        started_at        time      e.started_at
        ended_at          time      e.ended_at
        duration_s        seconds   e.duration_s
        total_steps       count     e.total_steps
        successful_steps  count     e.successful_steps
        failed_steps      count     e.failed_steps
        skipped_steps     count     e.skipped_steps
        devices           text      e.devices
        made_up           flag      e.made_up
    """),
    "executions e",
    "e.started_at, e.id",
    {
        **_OF_EXECUTION,
        "device_id": "EXISTS (SELECT 1 FROM steps s WHERE s.execution = e.id AND s.device_id {})",
        "module_id": "EXISTS (SELECT 1 FROM steps s WHERE s.execution = e.id AND s.module_id {})",
        "status": "e.status {}",
        "since": "e.started_at >= {}",
        "until": "e.started_at < {}",
    },
)

_OF_STEP = {**_OF_EXECUTION, "module_id": "s.module_id {}"}

STEPS = Table(
    "steps",
    _columns("""
        execution_id  category  e.execution_id
        step_id       text      s.step_id
        device_id     category  s.device_id
        module_id     category  s.module_id
        params        text      s.params
        status        category  s.status
        attempts      count     s.attempts
        started_at    time      s.started_at
        ended_at      time      s.ended_at
        duration_s    seconds   s.duration_s
        error_code    category  s.error_code
        flaky         flag      s.flaky
    """),
    "executions e CROSS JOIN steps s ON s.execution = e.id",
    "e.started_at, e.id, s.number",
    {
        **_OF_STEP,
        "device_id": "s.device_id {}",
        "status": "s.status {}",
        "since": "s.started_at >= {}",
        "until": "s.started_at < {}",
    },
)

_ATTEMPTS = f"{STEPS.source} CROSS JOIN attempts a ON a.step = s.id"

ATTEMPTS = Table(
    "attempts",
    _columns("""
        execution_id          category  e.execution_id
        execution_started_at  time      e.started_at
        step_id               text      s.step_id
        device_id             category  a.device_id
        module_id             category  s.module_id
        params                text      s.params
        attempt               count     a.attempt
        status                category  a.status
        started_at            time      a.started_at
        ended_at              time      a.ended_at
        duration_s            seconds   a.duration_s
        adb_s                 seconds   a.adb_s
        error_code            category  a.error_code
        error_message         text      a.error_message
        screenshot_url        text      a.screenshot_url
        made_up               flag      e.made_up
    """),
    _ATTEMPTS,
    "e.started_at, e.id, s.number, a.attempt",
    {
        **_OF_STEP,
        "device_id": "a.device_id {}",
        "status": "a.status {}",
        "since": "a.started_at >= {}",
        "until": "a.started_at < {}",
    },
)

_ENDED = "CAST(round((julianday(json_extract(x.value, '$.timestamp')) - 2440587.5) * 86400000) AS INTEGER)"
_TOOK = "json_extract(x.value, '$.duration_seconds')"
_BEGAN = f"{_ENDED} - CAST(round({_TOOK} * 1000) AS INTEGER)"

ACTIONS = Table(
    "actions",
    _columns(f"""
        execution_id  category  e.execution_id
        step_id       text      s.step_id
        attempt       count     a.attempt
        path          text      (SELECT group_concat(value, ' / ') FROM json_each(x.value, '$.path'))
        status        category  json_extract(x.value, '$.status')
        started_at    time      {_BEGAN}
        duration_s    seconds   {_TOOK}
    """),
    f"{_ATTEMPTS} CROSS JOIN json_each(a.detail, '$.actions') x",
    "e.started_at, e.id, s.number, a.attempt, x.id",
    {
        **_OF_STEP,
        "device_id": "a.device_id {}",
        "status": "json_extract(x.value, '$.status') {}",
        "since": f"{_BEGAN} >= {{}}",
        "until": f"{_BEGAN} < {{}}",
    },
)

LOGS = Table(
    "logs",
    _columns("""
        execution_id  category  e.execution_id
        device_id     category  l.device_id
        module_id     category  l.module_id
        step_id       category  l.step_id
        attempt       count     l.attempt
        level         category  l.level
        source        category  COALESCE(l.source, 'run')
        message       text      l.message
        at            time      l.at
    """),
    # Where `chunks.lay_out` puts them.
    "executions e CROSS JOIN temp.lines l ON l.execution = e.id",
    "e.started_at, e.id, l.id",
    {
        **_OF_EXECUTION,
        "device_id": "l.device_id {}",
        "module_id": "l.module_id {}",
        "level": "l.level {}",
        "source": "COALESCE(l.source, 'run') {}",
        "since": "l.at >= {}",
        "until": "l.at < {}",
    },
)

DEVICE_STATUSES = Table(
    "device_statuses",
    _columns("""
        execution_id  category  e.execution_id
        device_id     category  d.device_id
        status        category  d.status
        at            time      d.at
    """),
    "executions e CROSS JOIN device_statuses d ON d.execution = e.id",
    "e.started_at, e.id, d.id",
    {
        **_OF_EXECUTION,
        "device_id": "d.device_id {}",
        "status": "d.status {}",
        "since": "d.at >= {}",
        "until": "d.at < {}",
    },
)

SCREENSHOTS = Table(
    "screenshots",
    _columns("""
        execution_id    category  e.execution_id
        step_id         text      s.step_id
        device_id       category  a.device_id
        module_id       category  s.module_id
        attempt         count     a.attempt
        status          category  a.status
        at              time      a.ended_at
        screenshot_url  text      a.screenshot_url
    """),
    f"{_ATTEMPTS} AND a.screenshot_url NOTNULL",
    ATTEMPTS.order,
    ATTEMPTS.filters,
)

RECORDINGS = Table(
    "recordings",
    _columns("""
        execution_id  category  e.execution_id
        device_id     category  p.device_id
        started_at    time      p.started_at
        ended_at      time      p.ended_at
        duration_s    seconds   (p.ended_at - p.started_at) / 1000.0
        pictures      count     p.pictures
        bytes         count     p.bytes
    """),
    "executions e CROSS JOIN recordings p ON p.execution = e.id",
    "e.started_at, e.id, p.device_id",
    {
        **_OF_EXECUTION,
        "device_id": "p.device_id {}",
        "since": "p.started_at >= {}",
        "until": "p.started_at < {}",
    },
)

PICTURES = Table(
    "pictures",
    _columns("""
        execution_id  category  e.execution_id
        device_id     category  p.device_id
        number        count     p.number
        at            time      p.at
    """),
    # Where `recordings.lay_out` puts them.
    "executions e CROSS JOIN temp.pictures p ON p.execution = e.id",
    "e.started_at, e.id, p.device_id, p.number",
    {
        **_OF_EXECUTION,
        "device_id": "p.device_id {}",
        "since": "p.at >= {}",
        "until": "p.at < {}",
    },
)
