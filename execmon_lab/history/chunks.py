"""Logs, many lines a row: as they come while an execution runs; once it has ended a thousand, compressed.

In files of version 5 and before, what has not ended is in `logs`, a row a line.
"""

from __future__ import annotations

import heapq
import itertools
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from .rows import Row
from .schema import LIVE
from .tables import LOGS, Filters

LINES = 1000
"""How many lines a compressed chunk has at most."""

COLUMNS = "at, device_id, module_id, step_id, attempt, level, message, source"


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """A line as it is in a chunk; those of version 3 and before have no source."""

    at: int
    device_id: str
    module_id: str
    step_id: str | None
    attempt: int | None
    level: str
    message: str
    source: str | None = None


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(list[_Line])


def _decode(body: bytes, loose: bool) -> list[Row]:
    try:
        return list(map(astuple, _decoder.decode(body if loose else zlib.decompress(body))))
    except (zlib.error, msgspec.DecodeError) as error:
        raise sqlite3.DatabaseError(f"a part of a log is damaged ({error})") from error


LAID_OUT = f"""
CREATE TEMP TABLE lines (execution, id, {COLUMNS}, PRIMARY KEY (execution, id)) WITHOUT ROWID
"""


def put(db: sqlite3.Connection, execution: int, lines: Sequence[Row], *, loose: bool) -> None:
    """Write lines of a log, in a transaction, all of them as one row: a row a line costs three times as much.

    Parameters
    ----------
    db, execution
        The file, and the execution's `id`.
    lines
        Some, in their order.
    loose
        Whether they are to be compressed later, with others (`pack`); else they are now.
    """
    [(last,)] = db.execute(
        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'logs' RETURNING seq", (len(lines),)
    ).fetchall()
    _insert(db, execution, last - len(lines) + 1, lines, loose=loose)


def _insert(db: sqlite3.Connection, execution: int, first: int, lines: Sequence[Row], *, loose: bool) -> None:
    times = [line[0] for line in lines]
    body = _encode(lines)
    db.execute(
        "INSERT INTO log_chunks (execution, first_id, first_at, last_at, lines, body, loose) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (execution, first, min(times), max(times), len(lines), body if loose else zlib.compress(body), loose),
    )


def unpacked_logs(db: sqlite3.Connection) -> list[int]:
    """Return the `id` of each execution that has ended, and whose log is not compressed yet."""
    found = db.execute(
        f"SELECT id FROM executions e WHERE status NOT IN {LIVE} "
        "AND (EXISTS (SELECT 1 FROM logs WHERE execution = e.id) "
        "OR EXISTS (SELECT 1 FROM log_chunks WHERE execution = e.id AND loose))"
    )
    return [execution for (execution,) in found]


def pack(db: sqlite3.Connection, execution: int, most: int = 20) -> bool:
    """Put the oldest lines of an execution's log into chunks, in one transaction.

    Parameters
    ----------
    db
        The file; whoever calls has claimed it.
    execution
        Its `id`.
    most
        How many chunks.

    Returns
    -------
    bool
        Whether more is left.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        full = all(_pack_one(db, execution) for _ in range(most))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return full


def _pack_one(db: sqlite3.Connection, execution: int) -> bool:
    chosen = list(itertools.islice(_in_order(db, execution, "loose"), LINES + 1))
    if not chosen:
        return False
    taken = chosen[:LINES]
    last = taken[-1][0]
    db.execute("DELETE FROM logs WHERE execution = ? AND id <= ?", (execution, last))
    for part in list(numbered(db, execution, ("loose AND first_id <= ?", (last,)))):
        db.execute("DELETE FROM log_chunks WHERE execution = ? AND first_id = ?", (execution, part[0][0]))
        rest = [line for line in part if line[0] > last]
        if rest:
            _insert(db, execution, rest[0][0], [row for _, row in rest], loose=True)
    _insert(db, execution, taken[0][0], [row for _, row in taken], loose=False)
    return len(chosen) > LINES


def numbered(
    db: sqlite3.Connection,
    execution: int,
    condition: tuple[str, tuple[object, ...]],
    *,
    newest_first: bool = False,
) -> Iterator[list[tuple[int, Row]]]:
    """Give the lines of some of an execution's chunks, a chunk at a time.

    Parameters
    ----------
    db, execution
        The file, and the execution's `id`.
    condition
        Which chunks: SQL, and its arguments.
    newest_first
        Begin with the newest; within a chunk the oldest line is the first in any case.

    Yields
    ------
    list of tuple
        Each line with a number that keeps the log's order, also among the `id` of lines in no chunk.
    """
    found = db.execute(
        f"SELECT first_id, body, loose FROM log_chunks WHERE execution = ? AND {condition[0]} "
        f"ORDER BY first_id {'DESC' if newest_first else 'ASC'}",
        (execution, *condition[1]),
    )
    for first, body, loose in found:
        yield list(enumerate(_decode(body, loose), first))


def lines(db: sqlite3.Connection, execution: int) -> Iterator[Row]:
    """Give the rows of an execution's log, the oldest first."""
    return (row for _, row in _in_order(db, execution, "1"))


def _in_order(db: sqlite3.Connection, execution: int, which: str) -> Iterator[tuple[int, Row]]:
    """Give an execution's lines with their numbers: those in some chunks, and those in none."""
    parts = itertools.chain.from_iterable(numbered(db, execution, (which, ())))
    rows = db.execute(f"SELECT id, {COLUMNS} FROM logs WHERE execution = ? ORDER BY id", (execution,))
    return heapq.merge(((place, tuple(row)) for place, *row in rows), parts)


def lay_out(db: sqlite3.Connection, filters: Filters) -> None:
    """Put the lines that may be wanted where `tables.LOGS` finds them, in chunks or not."""
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("DROP TABLE IF EXISTS temp.lines")
    db.execute(LAID_OUT)
    where, arguments = _coarse(filters, "l.at", "l.at")
    db.execute(
        f"INSERT INTO temp.lines SELECT l.execution, l.id, {COLUMNS} FROM executions e "
        f"CROSS JOIN logs l ON l.execution = e.id WHERE {where}",
        arguments,
    )
    where, arguments = _coarse(filters, "c.first_at", "c.last_at")
    found = db.execute(
        "SELECT c.execution, c.first_id, c.body, c.loose FROM executions e "
        f"CROSS JOIN log_chunks c ON c.execution = e.id WHERE {where}",
        arguments,
    )
    for execution, first, body, loose in found:
        # They keep their order: the numbers of the next chunk's lines are higher still.
        numbered = [(execution, n, *line) for n, line in enumerate(_decode(body, loose), first)]
        db.executemany("INSERT INTO temp.lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", numbered)


def _coarse(filters: Filters, first: str, last: str) -> tuple[str, list[Any]]:
    """Return the condition, with its arguments, of where wanted lines can be."""
    meaning = {
        "execution_id": LOGS.filters["execution_id"],
        "name": LOGS.filters["name"],
        "since": f"{last} >= {{}}",
        "until": f"{first} < {{}}",
    }
    known = {name: wanted for name, wanted in filters.items() if name in meaning}
    return LOGS.where(known, meaning)  # type: ignore[arg-type]
