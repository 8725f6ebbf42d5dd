"""What a file needs before it is read or written: this version's tables, and no run of a dead process."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import msgspec

from .clock import milliseconds
from .errors import is_broken
from .keeping import mark_interrupted
from .schema import LIVE, check, migrate
from .slots import connect, set_aside

log = logging.getLogger(__name__)

_ORPHANS = f"SELECT id FROM executions WHERE status IN {LIVE}"
_LAST_LINE = """
SELECT max(at) FROM (
    SELECT * FROM (SELECT at FROM logs WHERE execution = :it ORDER BY id DESC LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT last_at FROM log_chunks WHERE execution = :it ORDER BY first_id DESC LIMIT 1)
)
"""


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
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
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
    mark_interrupted(db, _ORPHANS)
    for execution, started, detail in db.execute(
        f"SELECT id, started_at, detail FROM executions WHERE status IN {LIVE}"
    ).fetchall():
        [(line,)] = db.execute(_LAST_LINE, {"it": execution})
        ended = max(milliseconds(_last(detail).timestamp), started, line or 0)
        db.execute(
            "UPDATE executions SET status = 'interrupted', ended_at = ?, duration_s = ? WHERE id = ?",
            (ended, (ended - started) / 1000, execution),
        )


def opened(path: Path) -> sqlite3.Connection:
    """Open a file that was claimed, and look after it; what is no database makes room for a new one.

    Raises
    ------
    HistoryError
        When a newer program wrote it.
    sqlite3.Error
        When it cannot be opened.
    """
    db = connect(path, write=True)
    try:
        look_after(db)
    except BaseException as error:
        db.close()
        if not is_broken(error):
            raise
        log.warning("%s", begun_anew(path, error))
        return opened(path)
    return db


def begun_anew(path: Path, error: BaseException) -> str:
    """Set a broken file aside, where there can be a new one then; return what to tell of it.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    return f"{path}: {error}; it was set aside as {set_aside(path).name}, and a new one is begun"
