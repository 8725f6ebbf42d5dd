"""Parts of an execution's log, for who has the rest of it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..protocol import LogEntry
from . import chunks
from .chunks import COLUMNS
from .errors import HistoryError
from .history import History
from .rows import Row, log_entry

T = TypeVar("T")

_Condition = tuple[str, tuple[object, ...]]
"""SQL, and its arguments."""

_Numbered = tuple[int, Row]
"""A line and its place: those of a chunk are counted from its first, and stay before all that follow it."""


@dataclass(frozen=True)
class LinePlace:
    """A line of a log, told by what is known of it elsewhere.

    Attributes
    ----------
    at
        When it was written: ms since the epoch.
    source
        ``logcat`` of a line of the device's own log.
    """

    at: int
    device_id: str
    message: str
    source: str | None = None

    def fits(self, row: Row) -> bool:
        """Tell whether a row is this line."""
        at, _, *_, message, _ = row
        return self.is_beside(row) and at == self.at and bool(message == self.message)

    def is_beside(self, row: Row) -> bool:
        """Tell whether a row is of this line's device and source."""
        _, device_id, *_, source = row
        return bool(device_id == self.device_id and source == self.source)


class Lookback:
    """Reads an execution's log around a line of it, shed lines and all.

    Parameters
    ----------
    history
        Where the log is.
    execution_id
        Whose.
    """

    def __init__(self, history: History, execution_id: str) -> None:
        self._history = history
        self._execution_id = execution_id

    def before(self, line: LinePlace, most: int) -> tuple[list[LogEntry], int]:
        """Return the lines before a line, and how many are before these.

        Parameters
        ----------
        line
            One that was not kept counts by its time.
        most
            How many are wanted: those nearest to the line. The oldest of them comes first.

        Raises
        ------
        HistoryError
            When the log is not kept; the text says why.
        """

        def read(db: sqlite3.Connection, execution: int) -> tuple[list[Row], int]:
            place = _place(db, execution, line)
            if place is None:
                place = _place_of_time(db, execution, line.at)
            rows = [row for _, row in itertools.islice(_backwards(db, execution, place), most)]
            return rows[::-1], _count(db, execution, place) - len(rows)

        rows, left = self._read(read)
        return self._entries(rows), left

    def after(self, line: LinePlace, skip: int, most: int) -> list[LogEntry]:
        """Return the lines of a line's device and source that came after it.

        Parameters
        ----------
        line
            Which; where it was not kept, there are none.
        skip
            How many of them are passed over.
        most
            How many are wanted. The oldest of them comes first.

        Raises
        ------
        HistoryError
            When the log is not kept; the text says why.
        """

        def read(db: sqlite3.Connection, execution: int) -> list[Row]:
            place = _place(db, execution, line)
            if place is None:
                return []
            rows = filter(line.is_beside, _forwards(db, execution, place))
            return list(itertools.islice(rows, skip, skip + most))

        return self._entries(self._read(read))

    def _read(self, task: Callable[[sqlite3.Connection, int], T]) -> T:
        def one(_: object, db: sqlite3.Connection) -> list[T]:
            sql = "SELECT id FROM executions WHERE execution_id = ?"
            return [task(db, execution) for (execution,) in db.execute(sql, (self._execution_id,)).fetchall()]

        for result in itertools.chain.from_iterable(self._history.read(one)):
            return result
        raise HistoryError(self._history.trouble or "this run is not in the history")

    def _entries(self, rows: Iterable[Row]) -> list[LogEntry]:
        return [log_entry(self._execution_id, row) for row in rows]


def _place(db: sqlite3.Connection, execution: int, line: LinePlace) -> int | None:
    """Return where a line is, the last of those that are alike; None when it was not kept."""
    known = (line.at, line.device_id, line.message, line.source)
    rows = ("at = ? AND device_id = ? AND message = ? AND source IS ?", known)
    parts = ("first_at <= ? AND last_at >= ?", (line.at, line.at))
    return _last(db, execution, rows, parts, line.fits)


def _place_of_time(db: sqlite3.Connection, execution: int, at: int) -> int:
    """Return the place behind the last line that is older than a time."""
    before = _last(db, execution, ("at < ?", (at,)), ("first_at < ?", (at,)), lambda row: bool(row[0] < at))
    return 0 if before is None else before + 1


def _last(
    db: sqlite3.Connection, execution: int, rows: _Condition, parts: _Condition, fits: Callable[[Row], bool]
) -> int | None:
    """Return the place of the last line that fits; None when none does."""
    found = db.execute(
        f"SELECT id FROM logs WHERE execution = ? AND {rows[0]} ORDER BY id DESC LIMIT 1",
        (execution, *rows[1]),
    ).fetchone()
    if found is not None:
        return int(found[0])
    for chunk in chunks.numbered(db, execution, parts, newest_first=True):
        for place, row in reversed(chunk):
            if fits(row):
                return place
    return None


def _backwards(db: sqlite3.Connection, execution: int, before: int) -> Iterator[_Numbered]:
    """Give the lines before a place, the newest first."""
    rows = db.execute(
        f"SELECT id, {COLUMNS} FROM logs WHERE execution = ? AND id < ? ORDER BY id DESC", (execution, before)
    )
    yield from ((place, tuple(row)) for place, *row in rows)
    for chunk in chunks.numbered(db, execution, ("first_id < ?", (before,)), newest_first=True):
        yield from (line for line in reversed(chunk) if line[0] < before)


def _forwards(db: sqlite3.Connection, execution: int, after: int) -> Iterator[Row]:
    """Give the lines after a place, the oldest first."""
    for chunk in chunks.numbered(db, execution, ("first_id + lines > ?", (after,))):
        yield from (row for place, row in chunk if place > after)
    yield from db.execute(
        f"SELECT {COLUMNS} FROM logs WHERE execution = ? AND id > ? ORDER BY id", (execution, after)
    )


def _count(db: sqlite3.Connection, execution: int, before: int) -> int:
    """Count the lines before a place."""
    (rows,) = db.execute(
        "SELECT COUNT(*) FROM logs WHERE execution = ? AND id < ?", (execution, before)
    ).fetchone()
    (packed,) = db.execute(
        "SELECT COALESCE(SUM(MIN(lines, ? - first_id)), 0) FROM log_chunks "
        "WHERE execution = ? AND first_id < ?",
        (before, execution, before),
    ).fetchone()
    return int(rows) + int(packed)
