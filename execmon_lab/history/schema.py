"""The tables of a history's file, and how a file of an older version becomes one of this.

Times are whole milliseconds since the epoch (UTC), durations seconds. `detail` is JSON: what the columns
hold of a message's struct, and all else of it, so that nothing is lost that has no column.
"""

from __future__ import annotations

import sqlite3
import uuid

from .errors import HistoryError

VERSION = 6
"""Of the tables that this program reads and writes (SQLite's `user_version`)."""

LIVE = "('pending', 'running')"
"""The statuses of executions that have not ended, as SQL."""

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL UNIQUE,
    name TEXT,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    duration_s REAL,
    total_steps INTEGER NOT NULL,
    successful_steps INTEGER NOT NULL,
    failed_steps INTEGER NOT NULL,
    skipped_steps INTEGER NOT NULL,
    devices TEXT NOT NULL,
    made_up INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL
);
CREATE INDEX executions_started ON executions (started_at);
CREATE INDEX executions_live ON executions (id) WHERE status IN ('pending', 'running');
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    step_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    params TEXT,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_s REAL,
    error_code TEXT,
    flaky INTEGER NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (execution, step_id)
);
CREATE INDEX steps_in_order ON steps (execution, number);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_s REAL,
    adb_s REAL,
    error_code TEXT,
    error_message TEXT,
    screenshot_url TEXT,
    detail TEXT NOT NULL,
    UNIQUE (step, attempt)
);
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    step_id TEXT,
    attempt INTEGER,
    level TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX logs_execution ON logs (execution);
CREATE TABLE device_statuses (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    status TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX device_statuses_execution ON device_statuses (execution);
"""

_SECOND = """
ALTER TABLE executions ADD COLUMN kept_at INTEGER;
CREATE TABLE log_chunks (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    first_id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX log_chunks_execution ON log_chunks (execution, first_id);
CREATE TABLE device_facts (
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (execution, device_id)
) WITHOUT ROWID;
"""

_THIRD = """
CREATE TABLE recordings (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    marks BLOB NOT NULL,
    UNIQUE (execution, device_id)
);
"""

# The number of a line that went into a chunk is not given to another: by it they keep their order.
_FOURTH = """
ALTER TABLE logs RENAME TO old_logs;
DROP INDEX logs_execution;
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    step_id TEXT,
    attempt INTEGER,
    level TEXT NOT NULL,
    message TEXT NOT NULL
);
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'logs', max(number) FROM (
        SELECT coalesce(max(first_id + lines), 0) AS number FROM log_chunks
        UNION ALL SELECT coalesce(max(id), 0) FROM old_logs
    );
INSERT INTO logs SELECT * FROM old_logs;
DROP TABLE old_logs;
CREATE INDEX logs_execution ON logs (execution);
"""

_FIFTH = """
ALTER TABLE logs ADD COLUMN source TEXT;
"""

_SIXTH = """
ALTER TABLE log_chunks ADD COLUMN loose INTEGER NOT NULL DEFAULT 0;
CREATE INDEX log_chunks_loose ON log_chunks (execution, first_id) WHERE loose;
"""

STEPS: tuple[str, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH)
"""What leads from each version to the next; the first makes an empty file one of version 1."""


def version(db: sqlite3.Connection) -> int:
    """Return the version of a file's tables; 0 of an empty file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check(db: sqlite3.Connection) -> bool:
    """Tell whether a file has this version's tables; False when it has to be migrated first.

    Raises
    ------
    HistoryError
        When a newer program wrote it.
    """
    found = version(db)
    if found > VERSION:
        raise HistoryError(
            f"this history was written by a newer execmon_lab (version {found} of its tables, this one knows "
            f"{VERSION}): update execmon_lab to read it"
        )
    return found == VERSION


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version, in one transaction; no one else may write it meanwhile.

    Raises
    ------
    HistoryError
        As `check`.
    """
    if check(db):
        return
    # Only a file without tables can still be told to give back what is deleted.
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[version(db) :]:
            for statement in step.split(";\n"):
                if statement.strip():
                    db.execute(statement)
        db.execute("INSERT OR IGNORE INTO meta VALUES ('id', ?), ('generation', '0')", (str(uuid.uuid4()),))
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
