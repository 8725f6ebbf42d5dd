"""The devices' own logs, beside that of their run."""

from __future__ import annotations

import functools
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import UNSET

from .devices import DevicePool
from .devices.logcat import Logcat, LogcatLine
from .engine import Execution
from .executionlog import ExecutionLog
from .hub import Envelope, Hub, execution_subject
from .protocol import (
    ExecutionCompleted,
    Level,
    LogEntry,
    StepCompleted,
    StepFailed,
    StepStarted,
    moment,
    timestamp,
)

LINES_PER_SECOND = 1000
"""What is taken of one device's log; a device that writes more must not cost the run its time."""

SPANS = 16
"""Attempts that are remembered of a device: its log comes a moment late."""

_LEVELS: dict[str, Level] = {"V": "DEBUG", "D": "DEBUG", "I": "INFO", "W": "WARN", "E": "ERROR", "F": "ERROR"}


@dataclass
class _Span:
    """An attempt, and when it ran: seconds since the epoch."""

    started: StepStarted
    began: float
    ended: float = float("inf")


class RunLogcat:
    """Puts what devices write into their logs, while an execution runs on them, into the execution's log.

    Such a line is a `log_entry` with the additive `source` ``logcat``. Its time is when the device wrote it,
    by this machine's clock; its module is that of the step that ran then.

    Parameters
    ----------
    execution
        Whose; its plan says what is read (`Plan.logcat`).
    pool
        Where its devices are.
    hub
        Where its messages pass.
    """

    def __init__(self, execution: Execution, pool: DevicePool, hub: Hub) -> None:
        self._execution_id = execution.execution_id
        self._hub = hub
        self._log = ExecutionLog(hub, execution.execution_id, "logcat")
        spec = execution.plan.logcat
        serials = execution.serials if spec is not None else ()
        self._spans: dict[str, deque[_Span]] = {serial: deque(maxlen=SPANS) for serial in serials}
        self._budgets = {serial: _Budget() for serial in serials}
        self._logcats = [
            Logcat(
                pool.get(serial),
                spec or "",
                functools.partial(self._take, serial),
                functools.partial(self._fail, serial),
            )
            for serial in serials
        ]
        subject = execution_subject(self._execution_id)
        self._subscription = hub.subscribe(subject, self._follow) if serials else None

    def start(self) -> None:
        """Begin with what is written from now on; returns at once."""
        now = time.time()
        for logcat in self._logcats:
            logcat.start(now)

    def close(self) -> None:
        """End, and wait until it has; twice is no error."""
        if self._subscription is not None:
            self._subscription.close()
        for logcat in self._logcats:
            logcat.stop()
        for logcat in self._logcats:
            logcat.close()

    def _follow(self, envelope: Envelope) -> None:
        """Learn which step runs on which device; called by the hub."""
        match envelope.message:
            case StepStarted() as started:
                if (spans := self._spans.get(started.device_id)) is not None:
                    spans.append(_Span(started, moment(started.timestamp).timestamp()))
            case StepCompleted() | StepFailed() as ended:
                if spans := self._spans.get(ended.device_id):
                    spans[-1].ended = moment(ended.timestamp).timestamp()
            case ExecutionCompleted():
                for logcat in self._logcats:
                    logcat.stop()

    def _take(self, serial: str, line: LogcatLine, at: float) -> None:
        budget = self._budgets[serial]
        if left_out := budget.report():
            self._log.say(
                serial, "WARN", f"{left_out:,} lines of the device's own log were left out: too many"
            )
        if not budget.spend():
            return
        span = next((s for s in reversed(self._spans[serial]) if s.began <= at <= s.ended), None)
        started = span.started if span is not None else None
        self._hub.publish(
            LogEntry(
                execution_id=self._execution_id,
                device_id=serial,
                level=_LEVELS[line.priority],
                message=f"{line.tag}: {line.message}",
                module_id=started.module_id if started is not None else "device",
                timestamp=timestamp(datetime.fromtimestamp(at, UTC)),
                step_id=started.step_id if started is not None else UNSET,
                attempt=started.attempt if started is not None else UNSET,
                source="logcat",
            )
        )

    def _fail(self, serial: str, reason: str) -> None:
        self._log.say(serial, "WARN", f"The device's own log is not read: {reason}")


class _Budget:
    """Lines that may be taken within a second, and those that were not."""

    def __init__(self) -> None:
        self._second = 0
        self._taken = 0
        self._left_out = 0

    def spend(self) -> bool:
        """Tell whether one more may be taken."""
        now = int(time.monotonic())
        if now != self._second:
            self._second, self._taken = now, 0
        self._taken += 1
        if self._taken > LINES_PER_SECOND:
            self._left_out += 1
        return self._taken <= LINES_PER_SECOND

    def report(self) -> int:
        """Return how many were left out, once there is room again."""
        if not self._left_out or int(time.monotonic()) == self._second:
            return 0
        left_out, self._left_out = self._left_out, 0
        return left_out
