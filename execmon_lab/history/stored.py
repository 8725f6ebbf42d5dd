"""One execution as it was kept: all that a report of it needs."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ..protocol import ExecutionSnapshot, LogEntry, moment
from . import slots
from .artifacts import ArtifactStore
from .chunks import lines
from .clock import Moment, bound, written
from .errors import HistoryWarning, reason
from .rows import execution_state, log_entry, read_state
from .tables import EXECUTIONS, Filters

RECENT = 20
"""Executions of a plan that say how long its modules take."""
ANY_PLAN = 4
"""So many times as many executions are looked at for modules that may be in any plan."""

_facts = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True)
class StoredExecution:
    """One execution as it was kept.

    Attributes
    ----------
    state
        Its last state: every step with its attempts. Of one whose process died it is ``interrupted``, and
        the steps as they were last heard of.
    status
        As of the state.
    started_at, ended_at
        UTC; it ended when it was last heard of, where it was interrupted.
    duration_s
        Seconds; None while it runs.
    made_up
        Whether it is an invented example.
    devices
        What was found out of each device, by serial, in the order to show it: ``{"model": …, "Android": …}``.
    screenshots
        The file of each `screenshot_url` that there is.
    recording
        The folder of what its devices showed, for `preview.recording.Recording`; None when there is none.
    """

    state: ExecutionSnapshot
    status: str
    started_at: datetime
    ended_at: datetime | None
    duration_s: float | None
    made_up: bool
    devices: dict[str, dict[str, str]]
    screenshots: dict[str, Path]
    recording: Path | None
    _file: Path = field(repr=False)

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        return self.state.execution_id

    @property
    def name(self) -> str | None:
        """The plan's name."""
        return self.state.name

    @property
    def marked(self) -> ExecutionSnapshot:
        """Its state, to be shown: the name of an invented example says that it is one."""
        if not self.made_up:
            return self.state
        return replace(self.state, name=f"{self.name or 'Execution'} (made up)")

    @property
    def passed(self) -> bool:
        """Whether it ran to its end, and no step of it failed."""
        return self.status == "completed" and all(
            s.status in ("completed", "skipped") for s in self.state.steps
        )

    def newest_lines(self, most: int) -> tuple[list[LogEntry], int]:
        """Return the newest lines of its log, the oldest first, and how many are before them."""
        newest: deque[LogEntry] = deque(maxlen=most)
        count = 0
        for entry in self.logs:
            newest.append(entry)
            count += 1
        return list(newest), count - len(newest)

    @property
    def logs(self) -> Iterator[LogEntry]:
        """Its log, the oldest line first, with exact milliseconds; read from the disk as it is taken.

        Where the file is damaged it ends before its time, with a `HistoryWarning`.
        """
        try:
            with contextlib.closing(slots.connect(self._file)) as db:
                db.execute("BEGIN")  # chunks are made of the rows that follow them
                found = db.execute("SELECT id FROM executions WHERE execution_id = ?", (self.execution_id,))
                for (execution,) in found.fetchall():
                    for row in lines(db, execution):
                        yield log_entry(self.execution_id, row)
        except sqlite3.DatabaseError as error:
            text = f"the rest of the log is not read: {reason(error, self._file)}"
            warnings.warn(text, HistoryWarning, stacklevel=2)


Place = tuple[int, str]
"""Where an execution is in time: when it began, in milliseconds, and its id."""


@dataclass(frozen=True)
class Brief:
    """One execution without its steps.

    Attributes
    ----------
    state
        Its last state, as of `StoredExecution`, without steps.
    began
        Milliseconds since the epoch.
    """

    state: ExecutionSnapshot
    began: int
    total_steps: int
    failed_steps: int
    made_up: bool

    @property
    def place(self) -> Place:
        """Where it is in time."""
        return self.began, self.state.execution_id


def read_execution(
    db: sqlite3.Connection, execution_id: str, file: Path, artifacts: ArtifactStore
) -> StoredExecution | None:
    """Read an execution from a file; None when it is not there."""
    state = read_state(db, execution_id)
    if state is None:
        return None
    [(execution, status, started, ended, seconds, made_up)] = db.execute(
        "SELECT id, status, started_at, ended_at, duration_s, made_up FROM executions WHERE execution_id = ?",
        (execution_id,),
    )
    facts = db.execute("SELECT device_id, facts FROM device_facts WHERE execution = ?", (execution,))
    recording = artifacts.recording(execution_id)
    return StoredExecution(
        state=_as_it_ended(state, status, ended, seconds),
        status=status,
        started_at=moment(written(started)),
        ended_at=moment(written(ended)) if ended is not None else None,
        duration_s=seconds,
        made_up=bool(made_up),
        devices={device_id: _facts(known) for device_id, known in facts},
        screenshots=_screenshots(state, artifacts),
        recording=recording if recording.is_dir() else None,
        _file=file,
    )


def _as_it_ended(
    state: ExecutionSnapshot, status: str, ended: int | None, seconds: float | None
) -> ExecutionSnapshot:
    """Return a state as it stands for good; nobody told it that its process died."""
    if status != "interrupted" or ended is None:
        return state
    return replace(
        state,
        status="interrupted",
        current_step=None,
        paused=(),
        duration_seconds=seconds,
        timestamp=written(ended),
    )


def newest(db: sqlite3.Connection, limit: int, before: Place | None, filters: Filters) -> list[Brief]:
    """Read the newest executions, those before a place."""
    where, arguments = EXECUTIONS.where(filters)
    if before is not None:
        where += " AND (e.started_at, e.execution_id) < (?, ?)"
        arguments += before
    found = db.execute(
        "SELECT detail, status, started_at, ended_at, duration_s, total_steps, failed_steps, made_up "
        f"FROM {EXECUTIONS.source} WHERE {where} ORDER BY e.started_at DESC, e.execution_id DESC LIMIT ?",
        (*arguments, limit),
    )
    return [
        Brief(
            state=_as_it_ended(execution_state(detail), status, ended, seconds),
            began=began,
            total_steps=total,
            failed_steps=failed,
            made_up=bool(made_up),
        )
        for detail, status, began, ended, seconds, total, failed, made_up in found
    ]


def _screenshots(state: ExecutionSnapshot, artifacts: ArtifactStore) -> dict[str, Path]:
    found = {}
    for url in (attempt.screenshot_url for step in state.steps for attempt in step.attempts):
        with contextlib.suppress(FileNotFoundError):
            if url is not None:
                found[url] = artifacts.screenshot(url)
    return found


def last_good(db: sqlite3.Connection, name: str | None, before: Moment | None) -> tuple[int, str] | None:
    """Return the begin and the id of the last execution of a plan that passed; None when there is none."""
    found: tuple[int, str] | None = db.execute(
        "SELECT started_at, execution_id FROM executions WHERE name IS ? AND status = 'completed' "
        "AND failed_steps = 0 AND started_at < ? ORDER BY started_at DESC LIMIT 1",
        (name, bound(before) if before is not None else 1 << 62),
    ).fetchone()
    return found


def expected_seconds(
    db: sqlite3.Connection, name: str | None, executions: int
) -> dict[tuple[str, str | None], float]:
    """Return how long steps took in the last executions of a plan, by module and parameters.

    By the module alone (parameters None) it is what its steps took in the last executions of any plan.
    """
    took = (
        "SELECT s.module_id, {by}, SUM(a.duration_s) / COUNT(DISTINCT s.id) "
        "FROM steps AS s JOIN attempts AS a ON a.step = s.id "
        "WHERE s.status IN ('completed', 'failed') AND a.duration_s IS NOT NULL AND s.execution IN ("
        "SELECT id FROM executions WHERE {which} status = 'completed' AND NOT made_up "
        "ORDER BY started_at DESC LIMIT ?) GROUP BY 1, 2"
    )
    of_any = db.execute(took.format(by="NULL", which=""), (ANY_PLAN * executions,))
    of_plan = db.execute(took.format(by="COALESCE(s.params, '')", which="name IS ? AND"), (name, executions))
    return {(module, params): seconds for found in (of_any, of_plan) for module, params, seconds in found}
