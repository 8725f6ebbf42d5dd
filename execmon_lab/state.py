"""An execution's state: a fold over its messages.

The same fold is written in TypeScript (``js/src/state.ts``); shared vectors in ``tests/vectors`` hold the
two together. Folding a guaranteed message a second time changes nothing, so that a client which resumes a
session may fold the present state first and the repeated messages after it.
"""

from collections.abc import Iterable
from functools import singledispatchmethod
from typing import TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from .protocol import (
    ANSWERS,
    Action,
    ActionCompleted,
    Attempt,
    DeviceStatus,
    DeviceSummary,
    ErrorMessage,
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionProgress,
    ExecutionResumed,
    ExecutionSnapshot,
    ExecutionStatus,
    LogEntry,
    Message,
    Pause,
    PauseSpan,
    Problem,
    Step,
    StepCompleted,
    StepFailed,
    StepStarted,
    StepStatus,
    timestamp,
)

T = TypeVar("T")

FINAL: frozenset[ExecutionStatus] = frozenset({"completed", "failed", "cancelled", "interrupted"})
"""The statuses in which an execution has ended."""

OPEN: frozenset[StepStatus] = frozenset({"pending", "running"})
"""The statuses in which a step has more to come."""


def planned(
    execution_id: str,
    steps: Iterable[Step] = (),
    devices: Iterable[DeviceSummary] = (),
    name: str | None = None,
    continues: str | None = None,
) -> ExecutionSnapshot:
    """Make the state of an execution of which nothing has run yet."""
    return ExecutionSnapshot(
        execution_id=execution_id,
        status="pending",
        progress_percentage=0,
        current_step=None,
        devices=tuple(devices),
        steps=tuple(steps),
        name=name,
        continues=continues,
        timestamp=timestamp(),
    )


class ExecutionState:
    """What is known of one execution.

    Parameters
    ----------
    snapshot
        The state to begin with: an `execution_state` message, or one made by `planned`.
    """

    def __init__(self, snapshot: ExecutionSnapshot) -> None:
        self._load(snapshot)

    def _load(self, snapshot: ExecutionSnapshot) -> None:
        self._base = replace(snapshot, session_id=UNSET, acknowledgement=UNSET)
        self._steps = {step.step_id: step for step in snapshot.steps}
        self._devices = {device.device_id: device for device in snapshot.devices}

    def snapshot(self) -> ExecutionSnapshot:
        """Return the present state as an `execution_state` message, stamped with the last message's time.

        Of an execution that has ended the time is its end's, whatever is told late.
        """
        return replace(self._base, steps=tuple(self._steps.values()), devices=tuple(self._devices.values()))

    @property
    def ended(self) -> bool:
        """True when nothing more will run."""
        return self._base.status in FINAL

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in the order in which they were planned or first heard of."""
        return tuple(self._steps.values())

    def has_device(self, device_id: str) -> bool:
        """Tell whether the execution uses this device."""
        return device_id in self._devices

    @singledispatchmethod
    def fold(self, message: Message) -> None:
        """Take one message in; those that say nothing of the state (frames, a client's) change nothing."""

    @fold.register
    def _(self, message: ExecutionSnapshot) -> None:
        self._load(message)

    @fold.register
    def _(self, message: ExecutionProgress) -> None:
        if self.ended:
            return
        self._running(
            message.timestamp,
            progress_percentage=max(self._base.progress_percentage, message.progress_percentage),
            current_step=message.current_step,
        )

    @fold.register
    def _(self, message: DeviceStatus) -> None:
        self._devices[message.device_id] = DeviceSummary(
            device_id=message.device_id, status=message.status, last_seen=message.last_seen
        )

    @fold.register
    def _(self, message: LogEntry) -> None:
        if message.source is not UNSET:
            return  # it comes late, and by the device's clock
        self._base = replace(self._base, timestamp=self._time_after(message.timestamp))

    @fold.register
    def _(self, message: StepStarted) -> None:
        step = self._step(message)
        if self.ended or _is_past(step, message.attempt):
            return
        begun = Attempt(attempt=message.attempt, status="running", started_at=message.timestamp)
        self._put(replace(_with_attempt(step, begun), status="running"))
        self._running(message.timestamp, current_step=message.module_id)

    @fold.register
    def _(self, message: ActionCompleted) -> None:
        step = self._steps.get(message.step_id)
        attempt = step and _attempt(step, message.attempt)
        if not step or not attempt or attempt.status != "running":
            return
        action = Action(
            path=message.path,
            status=message.status,
            duration_seconds=message.duration_seconds,
            timestamp=message.timestamp,
        )
        self._put(_with_attempt(step, replace(attempt, actions=(*attempt.actions, action))))
        self._base = replace(self._base, timestamp=self._time_after(message.timestamp))

    @fold.register
    def _(self, message: StepCompleted) -> None:
        step = self._step(message)
        number = _known(message.attempt) or _number_of(step, message)
        attempt = _attempt(step, number) or Attempt(attempt=number, status="running")
        if attempt.status != "running":
            return
        attempt = replace(
            attempt,
            status=message.status,
            ended_at=message.timestamp,
            duration_seconds=message.duration_seconds,
            screenshot_url=message.screenshot_url,
            error_message=_known(message.reason),
            adb_seconds=_known(message.adb_seconds),
        )
        self._put(_closed(step, attempt, message.status))
        self._running(message.timestamp)

    @fold.register
    def _(self, message: StepFailed) -> None:
        step = self._step(message)
        attempt = _attempt(step, message.retry_attempt)
        if attempt is not None and attempt.status != "running":
            return
        attempt = replace(
            attempt or Attempt(attempt=message.retry_attempt, status="running"),
            status="failed",
            ended_at=message.timestamp,
            duration_seconds=_known(message.duration_seconds),
            error_code=message.error_code,
            error_message=message.error_message,
            traceback=_known(message.traceback),
            screenshot_url=_known(message.screenshot_url),
            adb_seconds=_known(message.adb_seconds),
        )
        self._put(_closed(step, attempt, "running" if message.will_retry else "failed"))
        self._running(message.timestamp)

    @fold.register
    def _(self, message: ExecutionPaused) -> None:
        if self.ended:
            return
        pause = Pause(
            device_id=message.device_id,
            status=message.status,
            reason=message.reason,
            step_id=message.step_id,
            timestamp=message.timestamp,
        )
        if pause in self._base.paused:
            return
        self._base = replace(
            self._base,
            paused=(*self._pauses_but(message.device_id), pause),
            pauses=self._pauses_over(message.timestamp, message.device_id),
            timestamp=message.timestamp,
        )

    @fold.register
    def _(self, message: ExecutionResumed) -> None:
        self._base = replace(
            self._base,
            paused=self._pauses_but(message.device_id),
            pauses=self._pauses_over(message.timestamp, message.device_id),
            timestamp=self._time_after(message.timestamp),
        )

    @fold.register
    def _(self, message: ErrorMessage) -> None:
        if message.execution_id is UNSET or message.code in ANSWERS:
            return
        problem = Problem(
            code=message.code,
            message=message.message,
            device_id=_known(message.device_id),
            timestamp=message.timestamp,
        )
        if problem not in self._base.errors:
            self._base = replace(
                self._base,
                errors=(*self._base.errors, problem),
                timestamp=self._time_after(message.timestamp),
            )

    @fold.register
    def _(self, message: ExecutionCompleted) -> None:
        if self.ended:
            return
        self._base = replace(
            self._base,
            status=message.status,
            current_step=None,
            paused=(),
            pauses=self._pauses_over(message.timestamp),
            duration_seconds=message.duration_seconds,
            report_url=message.report_url,
            timestamp=message.timestamp,
        )

    def _running(self, now: str, **changes: object) -> None:
        if not self.ended:
            changes["status"] = "running"
        self._base = replace(
            self._base, started_at=self._base.started_at or now, timestamp=self._time_after(now), **changes
        )

    def _time_after(self, now: str) -> str:
        """Return the state's time after a message; what has ended keeps the time of its end."""
        return self._base.timestamp if self.ended else now

    def _pauses_but(self, device_id: str) -> tuple[Pause, ...]:
        return tuple(pause for pause in self._base.paused if pause.device_id != device_id)

    def _pauses_over(self, now: str, device_id: str | None = None) -> tuple[PauseSpan, ...]:
        """Return the times in which devices waited, once a device, or all of them, wait no more."""
        over = (
            PauseSpan(
                device_id=pause.device_id,
                reason=pause.reason,
                step_id=pause.step_id,
                started_at=pause.timestamp,
                ended_at=now,
            )
            for pause in self._base.paused
            if pause.status == "paused" and device_id in (None, pause.device_id)
        )
        return (*self._base.pauses, *over)

    def _step(self, message: StepStarted | StepCompleted | StepFailed) -> Step:
        step = self._steps.get(message.step_id)
        if step is None:
            return Step(
                step_id=message.step_id,
                device_id=message.device_id,
                module_id=message.module_id,
                status="pending",
            )
        # A step that devices share gets its device when one takes it.
        return step if step.device_id == message.device_id else replace(step, device_id=message.device_id)

    def _put(self, step: Step) -> None:
        self._steps[step.step_id] = step


def _known(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _attempt(step: Step, number: int) -> Attempt | None:
    return next((attempt for attempt in step.attempts if attempt.attempt == number), None)


def _is_past(step: Step, number: int) -> bool:
    """Tell whether an attempt began before; a closed step is opened again only by a later one."""
    if step.status in OPEN:
        return _attempt(step, number) is not None
    return any(attempt.attempt >= number for attempt in step.attempts)


def _number_of(step: Step, message: StepCompleted) -> int:
    """Find which attempt a plain message tells of: one that it told before, the running one, or the next."""
    told = (message.status, message.timestamp)
    for attempt in step.attempts:
        if attempt.status == "running" or (attempt.status, attempt.ended_at) == told:
            return attempt.attempt
    return step.attempts[-1].attempt + 1 if step.attempts else 1


def _with_attempt(step: Step, attempt: Attempt) -> Step:
    others = [known for known in step.attempts if known.attempt != attempt.attempt]
    return replace(step, attempts=tuple(sorted([*others, attempt], key=lambda a: a.attempt)))


def _closed(step: Step, attempt: Attempt, status: StepStatus) -> Step:
    """Put an attempt that has ended into its step; its last attempt's outcome is the step's."""
    after = _with_attempt(step, attempt)
    return replace(after, status=status) if after.attempts[-1] is attempt else after
