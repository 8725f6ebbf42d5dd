"""From a state to the rows of a history's tables, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from ..protocol import Attempt, ExecutionSnapshot, LogEntry, Step
from ..state import FINAL
from .clock import milliseconds, written

Row = tuple[Any, ...]

_encoder = msgspec.json.Encoder()
execution_state = msgspec.json.Decoder(ExecutionSnapshot).decode
"""Reads the `detail` of an execution: its state, without the steps."""

_step = msgspec.json.Decoder(Step).decode
_attempt = msgspec.json.Decoder(Attempt).decode

PUT_EXECUTION = """
INSERT INTO executions (execution_id, name, status, started_at, ended_at, duration_s, total_steps,
    successful_steps, failed_steps, skipped_steps, devices, made_up, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (execution_id) DO UPDATE SET name = excluded.name, status = excluded.status,
    started_at = excluded.started_at, ended_at = excluded.ended_at, duration_s = excluded.duration_s,
    total_steps = excluded.total_steps, successful_steps = excluded.successful_steps,
    failed_steps = excluded.failed_steps, skipped_steps = excluded.skipped_steps,
    devices = excluded.devices, detail = excluded.detail
RETURNING id
"""

PUT_STEP = """
INSERT INTO steps (execution, number, step_id, device_id, module_id, params, status, attempts, started_at,
    ended_at, duration_s, error_code, flaky, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (execution, step_id) DO UPDATE SET number = excluded.number, device_id = excluded.device_id,
    params = excluded.params, status = excluded.status, attempts = excluded.attempts,
    started_at = excluded.started_at, ended_at = excluded.ended_at, duration_s = excluded.duration_s,
    error_code = excluded.error_code, flaky = excluded.flaky, detail = excluded.detail
"""

# An attempt stays with the device that it ran on, also when another takes its step over.
PUT_ATTEMPT = """
INSERT INTO attempts (step, attempt, device_id, status, started_at, ended_at, duration_s, adb_s, error_code,
    error_message, screenshot_url, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (step, attempt) DO UPDATE SET status = excluded.status, started_at = excluded.started_at,
    ended_at = excluded.ended_at, duration_s = excluded.duration_s, adb_s = excluded.adb_s,
    error_code = excluded.error_code, error_message = excluded.error_message,
    screenshot_url = excluded.screenshot_url, detail = excluded.detail
"""

PUT_DEVICE_STATUS = "INSERT INTO device_statuses (execution, device_id, status, at) VALUES (?, ?, ?, ?)"


def _encode(value: object) -> str:
    """JSON as text: newer versions of SQLite take bytes for a form of their own."""
    return _encoder.encode(value).decode()


def execution_row(state: ExecutionSnapshot, planned_at: str, *, made_up: bool = False) -> Row:
    """Make the row of an execution; one that has not begun counts from when it was planned."""
    statuses = [step.status for step in state.steps]
    return (
        state.execution_id,
        state.name,
        state.status,
        milliseconds(state.started_at or planned_at),
        milliseconds(state.timestamp) if state.status in FINAL else None,
        state.duration_seconds,
        len(statuses),
        statuses.count("completed"),
        statuses.count("failed"),
        statuses.count("skipped"),
        ", ".join(device.device_id for device in state.devices),
        made_up,
        _encode(replace(state, steps=())),
    )


def step_row(execution: int, number: int, step: Step) -> Row:
    """Make the row of a step; its times are those of its last attempt."""
    last = step.attempts[-1] if step.attempts else None
    began, ended, seconds = _times(last)
    passed_later = step.status == "completed" and any(a.status == "failed" for a in step.attempts)
    return (
        execution,
        number,
        step.step_id,
        step.device_id,
        step.module_id,
        step.params if isinstance(step.params, str) else None,
        step.status,
        len(step.attempts),
        began,
        ended,
        seconds,
        last.error_code if last is not None else None,
        passed_later,
        _encode(replace(step, attempts=())),
    )


def attempt_row(step: int, device_id: str, attempt: Attempt) -> Row:
    """Make the row of an attempt."""
    return (
        step,
        attempt.attempt,
        device_id,
        attempt.status,
        *_times(attempt),
        attempt.adb_seconds,
        attempt.error_code,
        attempt.error_message,
        attempt.screenshot_url,
        _encode(attempt),
    )


def _times(attempt: Attempt | None) -> tuple[int | None, int | None, float | None]:
    """Return begin and end in milliseconds, and the duration; a plain message tells no begin."""
    if attempt is None:
        return None, None, None
    ended = milliseconds(attempt.ended_at) if attempt.ended_at else None
    seconds = attempt.duration_seconds
    began = milliseconds(attempt.started_at) if attempt.started_at else None
    if began is None and ended is not None and seconds is not None:
        began = ended - round(seconds * 1000)
    return began, ended, seconds


def log_row(entry: LogEntry) -> Row:
    """Make the row of a line of the log, its columns after `execution`."""
    return (
        milliseconds(entry.timestamp),
        entry.device_id,
        entry.module_id,
        entry.step_id if isinstance(entry.step_id, str) else None,
        entry.attempt if isinstance(entry.attempt, int) else None,
        entry.level,
        entry.message,
        entry.source if isinstance(entry.source, str) else None,
    )


def log_entry(execution_id: str, row: Row) -> LogEntry:
    """Make a line of the log of its row, as `log_row` gave it."""
    at, device_id, module_id, step_id, attempt, level, message, source = row
    return LogEntry(
        execution_id=execution_id,
        device_id=device_id,
        level=level,
        message=message,
        module_id=module_id,
        timestamp=written(at),
        step_id=msgspec.UNSET if step_id is None else step_id,
        attempt=msgspec.UNSET if attempt is None else attempt,
        source=msgspec.UNSET if source is None else source,
    )


def put_steps(
    db: sqlite3.Connection,
    execution: int,
    steps: Iterable[tuple[int, Step]],
    ran_on: Mapping[tuple[str, int], str],
) -> None:
    """Write steps, each with its number, and all of their attempts.

    Parameters
    ----------
    db
        In a transaction.
    execution
        Their execution's `id`.
    steps
        From 0, as the execution counts them.
    ran_on
        The device of an attempt, by step and attempt, where it is not the step's.
    """
    chosen = list(steps)
    if not chosen:
        return
    db.executemany(PUT_STEP, [step_row(execution, number, step) for number, step in chosen])
    ids = dict(db.execute("SELECT step_id, id FROM steps WHERE execution = ?", (execution,)))
    db.executemany(
        PUT_ATTEMPT,
        [
            attempt_row(
                ids[step.step_id], ran_on.get((step.step_id, attempt.attempt), step.device_id), attempt
            )
            for _, step in chosen
            for attempt in step.attempts
        ],
    )


def put_facts(execution_id: str, device_id: str, facts: dict[str, str], db: sqlite3.Connection) -> None:
    """Write what is known of an execution's device."""
    db.execute(
        "INSERT OR REPLACE INTO device_facts SELECT id, ?, ? FROM executions WHERE execution_id = ?",
        (device_id, _encode(facts), execution_id),
    )


def read_state(db: sqlite3.Connection, execution_id: str) -> ExecutionSnapshot | None:
    """Read an execution's state; None when it is not in this file."""
    found = db.execute("SELECT id, detail FROM executions WHERE execution_id = ?", (execution_id,)).fetchone()
    if found is None:
        return None
    execution, detail = found
    attempts: dict[int, list[Attempt]] = {}
    for step, attempt in db.execute(
        "SELECT a.step, a.detail FROM steps s JOIN attempts a ON a.step = s.id WHERE s.execution = ? "
        "ORDER BY a.step, a.attempt",
        (execution,),
    ):
        attempts.setdefault(step, []).append(_attempt(attempt))
    steps = tuple(
        replace(_step(step), attempts=tuple(attempts.get(number, ())))
        for number, step in db.execute(
            "SELECT id, detail FROM steps WHERE execution = ? ORDER BY number", (execution,)
        )
    )
    return replace(execution_state(detail), steps=steps)
