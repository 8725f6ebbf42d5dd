"""What a file needs before it is read or written: this version's tables, and no run of a dead process."""

from __future__ import annotations

import sqlite3

import msgspec

from .clock import milliseconds
from .schema import LIVE, check, migrate

_ORPHANS = f"SELECT id FROM executions WHERE status IN {LIVE}"


class _Last(msgspec.Struct):
    timestamp: str


_last = msgspec.json.Decoder(_Last).decode


def needs_care(db: sqlite3.Connection) -> bool:
    """Tell whether there is something for `look_after` to do, if no one writes the file.

    Raises
    ------
    HistoryError
        When a newer program wrote it.
    """
    return not check(db) or db.execute(f"{_ORPHANS} LIMIT 1").fetchone() is not None


def look_after(db: sqlite3.Connection) -> None:
    """Bring a file to this version, and mark what ran when its last writer died as ``interrupted``.

    Whoever calls has claimed the file: so nobody goes on with what it says is running.

    Raises
    ------
    HistoryError
        When a newer program wrote it.
    """
    migrate(db)
    if db.execute(f"{_ORPHANS} LIMIT 1").fetchone() is None:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        _mark_interrupted(db)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _mark_interrupted(db: sqlite3.Connection) -> None:
    """An interrupted run ended when it was last heard of."""
    db.execute(
        "UPDATE attempts SET status = 'interrupted' WHERE status = 'running' AND step IN "
        f"(SELECT id FROM steps WHERE execution IN ({_ORPHANS}))"
    )
    db.execute(
        f"UPDATE steps SET status = 'interrupted' WHERE status = 'running' AND execution IN ({_ORPHANS})"
    )
    for execution, started, detail in db.execute(
        f"SELECT id, started_at, detail FROM executions WHERE status IN {LIVE}"
    ).fetchall():
        heard = milliseconds(_last(detail).timestamp)
        ended = max(heard, started)
        db.execute(
            "UPDATE executions SET status = 'interrupted', ended_at = ?, duration_s = ? WHERE id = ?",
            (ended, (ended - started) / 1000, execution),
        )
