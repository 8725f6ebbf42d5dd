"""Executions as the writer has them in hand: their state, and what of it is not on disk yet."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence

from ..protocol import (
    DeviceStatus,
    ExecutionSnapshot,
    LogEntry,
    Message,
    Step,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from ..state import ExecutionState
from .chunks import lines, put
from .clock import milliseconds
from .rows import PUT_DEVICE_STATUS, PUT_EXECUTION, Row, execution_row, log_row, put_steps

KEPT_LINES = 100_000
"""Lines of an execution's log that may wait for a disk that takes nothing; then new ones are lost."""


class Recorded:
    """One execution: folds its messages, and writes what they changed.

    What has been written is forgotten only when the transaction has succeeded (`settle`): a failed one can
    be tried again.

    Parameters
    ----------
    planned
        Its first state.

    Attributes
    ----------
    row : int or None
        Its `id` in the file, once it was written.
    lost : int
        How many lines of its log were lost.
    """

    def __init__(self, planned: ExecutionSnapshot) -> None:
        self.execution_id = planned.execution_id
        self._planned_at = planned.timestamp
        self._state = ExecutionState(planned)
        self.row: int | None = None
        self._numbers: dict[str, int] = {}
        self._changed: set[str] = {step.step_id for step in planned.steps}
        self._base_changed = True
        self._logs: list[Row] = []
        self._unfolded: LogEntry | None = None
        self._statuses: list[DeviceStatus] = []
        self._ran_on: dict[tuple[str, int], str] = {}
        self.lost = 0

    @property
    def ended(self) -> bool:
        """Whether the execution has ended."""
        return self._state.ended

    @property
    def dirty(self) -> bool:
        """Whether anything of it is not on disk yet."""
        return bool(self._base_changed or self._changed or self._logs or self._statuses)

    @property
    def devices(self) -> tuple[str, ...]:
        """The execution's devices."""
        return tuple(device.device_id for device in self._state.snapshot().devices)

    def has_device(self, device_id: str) -> bool:
        """Tell whether the execution uses this device."""
        return self._state.has_device(device_id)

    def take(self, message: Message) -> None:
        """Take a message in."""
        if isinstance(message, LogEntry):
            if len(self._logs) < KEPT_LINES:
                self._logs.append(log_row(message))
            else:
                self.lost += 1
            self._unfolded = message  # of a burst, the state needs only the last
            return
        self.hear()
        self._state.fold(message)
        self._base_changed = True
        if isinstance(message, DeviceStatus):
            self._statuses.append(message)
        elif isinstance(message, ExecutionSnapshot):
            self._changed.update(step.step_id for step in message.steps)
        elif isinstance(step_id := getattr(message, "step_id", None), str):
            self._changed.add(step_id)
            if isinstance(message, StepStarted | StepCompleted | StepFailed):
                self._note_device(message)

    def _note_device(self, message: StepStarted | StepCompleted | StepFailed) -> None:
        number = message.retry_attempt if isinstance(message, StepFailed) else message.attempt
        if isinstance(number, int):
            self._ran_on.setdefault((message.step_id, number), message.device_id)

    def hear(self) -> None:
        """Have the state tell of its log's last line.

        It changes the time alone, which is not worth writing the state with every batch of lines.
        """
        if self._unfolded is not None:
            self._state.fold(self._unfolded)
            self._unfolded = None
            self._base_changed = True

    def write(self, db: sqlite3.Connection) -> None:
        """Write what is not on disk yet; in a transaction.

        Raises
        ------
        sqlite3.Error
            When it cannot be written.
        """
        if self._base_changed or self._changed:
            state = self._state.snapshot()
            [(self.row,)] = db.execute(PUT_EXECUTION, execution_row(state, self._planned_at)).fetchall()
            put_steps(db, self.row, self._changed_of(state.steps), self._ran_on)
        assert self.row is not None
        if self._logs:
            put(db, self.row, self._logs, loose=True)
        if self._statuses:
            db.executemany(
                PUT_DEVICE_STATUS,
                [(self.row, s.device_id, s.status, milliseconds(s.last_seen)) for s in self._statuses],
            )

    def renew(self, broken: sqlite3.Connection) -> None:
        """Have all of it written anew, into another file: of its log, what the broken one still gives."""
        if self.row is not None:
            kept: list[Row] = []
            with contextlib.suppress(sqlite3.Error):
                kept.extend(lines(broken, self.row))
            self._logs[:0] = kept
            self.row = None
        self._base_changed = True
        self._changed.update(step.step_id for step in self._state.steps)

    def _changed_of(self, steps: Sequence[Step]) -> list[tuple[int, Step]]:
        if len(self._numbers) != len(steps):
            self._numbers = {step.step_id: number for number, step in enumerate(steps)}
        numbers = sorted(self._numbers[step_id] for step_id in self._changed if step_id in self._numbers)
        return [(number, steps[number]) for number in numbers]

    def settle(self) -> None:
        """Note that what was written is on disk."""
        self._base_changed = False
        self._changed.clear()
        self._logs.clear()
        self._statuses.clear()
