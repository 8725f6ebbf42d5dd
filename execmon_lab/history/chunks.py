"""Logs of executions that have ended, compressed: a thousand lines a row, a sixth of the space."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import astuple

from .rows import Row
from .schema import LIVE
from .tables import LOGS, Filters

LINES = 1000
"""How many lines a chunk has at most."""

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


def _decode(body: bytes) -> list[Row]:
    return list(map(astuple, _decoder.decode(body)))


LAID_OUT = f"""
CREATE TEMP TABLE lines (execution, id, {COLUMNS}, PRIMARY KEY (execution, id)) WITHOUT ROWID
"""


def unpacked_logs(db: sqlite3.Connection) -> list[int]:
    """Return the `id` of each execution that has ended, and whose log is not in chunks yet."""
    found = db.execute(
        f"SELECT id FROM executions e WHERE status NOT IN {LIVE} "
        "AND EXISTS (SELECT 1 FROM logs WHERE execution = e.id)"
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
    rows = db.execute(
        f"SELECT id, {COLUMNS} FROM logs WHERE execution = ? ORDER BY id LIMIT {LINES}", (execution,)
    ).fetchall()
    if not rows:
        return False
    times = [row[1] for row in rows]
    db.execute(
        "INSERT INTO log_chunks (execution, first_id, first_at, last_at, lines, body) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            execution,
            rows[0][0],
            min(times),
            max(times),
            len(rows),
            zlib.compress(_encode([r[1:] for r in rows])),
        ),
    )
    db.execute("DELETE FROM logs WHERE execution = ? AND id <= ?", (execution, rows[-1][0]))
    return len(rows) == LINES


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
        f"SELECT first_id, body FROM log_chunks WHERE execution = ? AND {condition[0]} "
        f"ORDER BY first_id {'DESC' if newest_first else 'ASC'}",
        (execution, *condition[1]),
    )
    for first, body in found:
        yield list(enumerate(_decode(zlib.decompress(body)), first))


def lines(db: sqlite3.Connection, execution: int) -> Iterator[Row]:
    """Give the rows of an execution's log, the oldest first."""
    for (body,) in db.execute(
        "SELECT body FROM log_chunks WHERE execution = ? ORDER BY first_id", (execution,)
    ):
        yield from _decode(zlib.decompress(body))
    yield from db.execute(f"SELECT {COLUMNS} FROM logs WHERE execution = ? ORDER BY id", (execution,))


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
        "SELECT c.execution, c.first_id, c.body FROM executions e "
        f"CROSS JOIN log_chunks c ON c.execution = e.id WHERE {where}",
        arguments,
    )
    for execution, first, body in found:
        # They keep their order: the numbers of the next chunk's lines are higher still.
        numbered = [(execution, n, *line) for n, line in enumerate(_decode(zlib.decompress(body)), first)]
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
