"""Whole executions in and out of a file: added, found, deleted."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Iterable

import msgspec

from ..protocol import ExecutionSnapshot, LogEntry
from . import recordings
from .chunks import LINES, put
from .errors import HistoryError, RunIsLive, UnknownRun
from .rows import PUT_DEVICE_STATUS, PUT_EXECUTION, execution_row, log_row, put_facts, put_steps
from .schema import LIVE


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an execution besides its state and its log.

    Attributes
    ----------
    status
        As of its state, or ``interrupted``.
    ended_at
        Milliseconds since the epoch.
    devices
        What was found out of each device.
    ran_on
        Attempts that ran on another device than their step's last: step, attempt, device.
    statuses
        What was told of the devices' status: device, status, and when, in milliseconds since the epoch.
    recordings
        What was recorded of each device.
    """

    status: str
    ended_at: int
    duration_s: float | None = None
    made_up: bool = False
    devices: dict[str, dict[str, str]] = {}
    ran_on: tuple[tuple[str, int, str], ...] = ()
    statuses: tuple[tuple[str, str, int], ...] = ()
    recordings: tuple[recordings.RecordingIndex, ...] = ()


def add(db: sqlite3.Connection, state: ExecutionSnapshot, record: Record, logs: Iterable[LogEntry]) -> None:
    """Add an execution that has ended; whoever calls has claimed the file.

    Raises
    ------
    HistoryError
        When the file has it already.
    """
    if db.execute("SELECT 1 FROM executions WHERE execution_id = ?", (state.execution_id,)).fetchone():
        raise HistoryError(f"execution {state.execution_id} is in the history already")
    db.execute("BEGIN IMMEDIATE")
    try:
        row = execution_row(state, state.timestamp, made_up=record.made_up)
        [(execution,)] = db.execute(PUT_EXECUTION, row).fetchall()
        ran_on = {(step_id, attempt): device for step_id, attempt, device in record.ran_on}
        put_steps(db, execution, enumerate(state.steps), ran_on)
        rows = map(log_row, logs)
        while part := list(itertools.islice(rows, LINES)):
            put(db, execution, part, loose=False)
        for device_id, facts in record.devices.items():
            put_facts(state.execution_id, device_id, facts, db)
        db.executemany(PUT_DEVICE_STATUS, ((execution, *status) for status in record.statuses))
        recordings.put(state.execution_id, record.recordings, db)
        db.execute(
            "UPDATE executions SET status = ?, ended_at = ?, duration_s = ?, kept_at = ? WHERE id = ?",
            (record.status, record.ended_at, record.duration_s, int(time.time() * 1000), execution),
        )
        if record.status == "interrupted":
            mark_interrupted(db, f"SELECT {execution}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def mark_interrupted(db: sqlite3.Connection, executions: str) -> None:
    """Mark the steps and attempts that ran when their execution was interrupted; `executions` is SQL."""
    db.execute(
        "UPDATE attempts SET status = 'interrupted' WHERE status = 'running' AND step IN "
        f"(SELECT id FROM steps WHERE execution IN ({executions}))"
    )
    db.execute(
        f"UPDATE steps SET status = 'interrupted' WHERE status = 'running' AND execution IN ({executions})"
    )


def record_of(db: sqlite3.Connection, execution_id: str) -> Record:
    """Read what is kept of an execution besides its state and its log.

    Raises
    ------
    UnknownRun
        When it is not in this file.
    RunIsLive
        When it has not ended.
    """
    found = db.execute(
        f"SELECT id, status, ended_at, duration_s, made_up, status IN {LIVE} FROM executions "
        "WHERE execution_id = ?",
        (execution_id,),
    ).fetchone()
    if found is None:
        raise UnknownRun(execution_id)
    execution, status, ended, seconds, made_up, live = found
    if live:
        raise RunIsLive(f"execution {execution_id} has not ended")
    facts = db.execute("SELECT device_id, facts FROM device_facts WHERE execution = ?", (execution,))
    moved = db.execute(
        "SELECT s.step_id, a.attempt, a.device_id FROM steps s JOIN attempts a ON a.step = s.id "
        "WHERE s.execution = ? AND a.device_id != s.device_id",
        (execution,),
    )
    told = db.execute(
        "SELECT device_id, status, at FROM device_statuses WHERE execution = ? ORDER BY id", (execution,)
    )
    return Record(
        status=status,
        ended_at=ended,
        duration_s=seconds,
        made_up=bool(made_up),
        devices={device_id: msgspec.json.decode(known) for device_id, known in facts},
        ran_on=tuple(moved),
        statuses=tuple(told),
        recordings=recordings.read(db, execution),
    )


def delete(db: sqlite3.Connection, execution_id: str) -> None:
    """Delete an execution's rows; what the disk had of them is free again."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("DELETE FROM executions WHERE execution_id = ?", (execution_id,))
        # Whoever has a copy of the file's rows sees by this that it is out of date.
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("PRAGMA incremental_vacuum").fetchall()
