"""Executions as hypothesis draws them: as an engine publishes them, and messages in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from execmon_lab.protocol import (
    ActionCompleted,
    DeviceStatus,
    DeviceSummary,
    ErrorMessage,
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionProgress,
    ExecutionResumed,
    ExecutionSnapshot,
    LogEntry,
    Message,
    PreviewFrame,
    Step,
    StepCompleted,
    StepFailed,
    StepStarted,
)

EXECUTION = "550e8400-e29b-41d4-a716-446655440000"
DEVICES = ("emulator-5554", "192.168.1.5:5555")
MODULES = ("call_test_module", "sms_test_module", "data_test_module")


def stamp(second: int) -> str:
    """The time of the second-th message."""
    return f"2025-01-27T{10 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000Z"


def step_id(number: int) -> str:
    return f"550e8400-e29b-41d4-a716-{number:012d}"


def planned_steps(count: int) -> tuple[Step, ...]:
    return tuple(
        Step(
            step_id=step_id(number),
            device_id=DEVICES[number % len(DEVICES)],
            module_id=MODULES[number % len(MODULES)],
            status="pending",
        )
        for number in range(count)
    )


def fresh(steps: int = 3) -> ExecutionSnapshot:
    """The state of an execution that has not begun."""
    return ExecutionSnapshot(
        execution_id=EXECUTION,
        status="pending",
        progress_percentage=0,
        current_step=None,
        devices=tuple(
            DeviceSummary(device_id=device, status="available", last_seen=stamp(0)) for device in DEVICES
        ),
        steps=planned_steps(steps),
        timestamp=stamp(0),
    )


@dataclass
class Script:
    """An execution in the making: its messages so far, one a second."""

    messages: list[Message] = field(default_factory=list)

    @property
    def now(self) -> str:
        return stamp(len(self.messages) + 1)

    def log(self, step: Step, text: str) -> None:
        self.messages.append(
            LogEntry(
                execution_id=EXECUTION,
                device_id=step.device_id,
                level="INFO",
                message=text,
                module_id=step.module_id,
                timestamp=self.now,
            )
        )

    def start(self, step: Step, attempt: int) -> None:
        self.messages.append(StepStarted(**_of(step), attempt=attempt, timestamp=self.now))

    def act(self, step: Step, attempt: int) -> None:
        self.messages.append(
            ActionCompleted(
                execution_id=EXECUTION,
                device_id=step.device_id,
                step_id=step.step_id,
                attempt=attempt,
                path=("tap",),
                status="completed",
                duration_seconds=0.5,
                timestamp=self.now,
            )
        )

    def fail(self, step: Step, attempt: int, *, again: bool) -> None:
        self.messages.append(
            StepFailed(
                **_of(step),
                error_code="ASSERTION_FAILED",
                error_message="no",
                retry_attempt=attempt,
                will_retry=again,
                timestamp=self.now,
                duration_seconds=1.0,
            )
        )

    def complete(self, step: Step, attempt: int, *, skipped: bool) -> None:
        self.messages.append(
            StepCompleted(
                **_of(step),
                status="skipped" if skipped else "completed",
                duration_seconds=1.0,
                screenshot_url=None,
                timestamp=self.now,
                attempt=attempt,
            )
        )

    def progress(self, percentage: int, module: str) -> None:
        self.messages.append(
            ExecutionProgress(
                execution_id=EXECUTION,
                progress_percentage=percentage,
                current_step=module,
                timestamp=self.now,
            )
        )

    def pause(self, device_id: str, step: Step, reason: str) -> None:
        for status in ("pausing", "paused") if reason == "requested" else ("paused",):
            self.messages.append(
                ExecutionPaused(
                    execution_id=EXECUTION,
                    device_id=device_id,
                    status=status,
                    reason=reason,
                    step_id=step.step_id,
                    timestamp=self.now,
                )
            )

    def resume(self, device_id: str) -> None:
        self.messages.append(
            ExecutionResumed(execution_id=EXECUTION, device_id=device_id, timestamp=self.now)
        )

    def error(self, device_id: str) -> None:
        self.messages.append(
            ErrorMessage(
                code="DEVICE_DISCONNECTED",
                message="gone",
                execution_id=EXECUTION,
                device_id=device_id,
                timestamp=self.now,
            )
        )
        self.messages.append(DeviceStatus(device_id=device_id, status="offline", last_seen=self.now))

    def end(self, total: int, failed: int, *, cancelled: bool) -> None:
        self.messages.append(
            ExecutionCompleted(
                execution_id=EXECUTION,
                status="cancelled" if cancelled else "completed",
                duration_seconds=float(len(self.messages)),
                total_steps=total,
                successful_steps=total - failed,
                failed_steps=failed,
                report_url="/r",
                timestamp=self.now,
            )
        )


def _of(step: Step) -> dict[str, str]:
    return {
        "execution_id": EXECUTION,
        "device_id": step.device_id,
        "step_id": step.step_id,
        "module_id": step.module_id,
    }


@st.composite
def executions(draw: st.DrawFn) -> tuple[ExecutionSnapshot, list[Message]]:
    """Draw an execution as an engine runs it: the state it begins with, and its messages in order."""
    start = fresh(draw(st.integers(1, 4)))
    script, cancelled = Script(), False
    attempts: dict[str, int] = {}
    failed: dict[str, bool] = {}

    def run(step: Step) -> None:
        open_ = True
        while open_:
            attempt = attempts[step.step_id] = attempts.get(step.step_id, 0) + 1
            script.start(step, attempt)
            for _ in range(draw(st.integers(0, 2))):
                script.log(step, "Executing ADB command: input tap 1 2")
                script.act(step, attempt)
            outcome = draw(st.sampled_from(["pass", "skip", "retry", "fail", "lost"]))
            if outcome == "lost":
                script.error(step.device_id)
            open_ = outcome == "retry" and attempt < 3
            if outcome in ("pass", "skip"):
                script.complete(step, attempt, skipped=outcome == "skip")
            else:
                script.fail(step, attempt, again=open_)
            failed[step.step_id] = outcome not in ("pass", "skip")

    for number, step in enumerate(start.steps):
        run(step)
        script.progress(100 * (number + 1) // len(start.steps), step.module_id)
        if draw(st.booleans()):
            script.pause(step.device_id, step, draw(st.sampled_from(["requested", "failure"])))
            if draw(st.booleans()):
                script.resume(step.device_id)
        if draw(st.booleans()) and draw(st.booleans()):
            run(draw(st.sampled_from(start.steps[: number + 1])))
        cancelled = draw(st.booleans()) and draw(st.booleans())
        if cancelled:
            break
    if draw(st.booleans()):
        script.end(len(start.steps), sum(failed.values()), cancelled=cancelled)
    return start, script.messages


def messages() -> st.SearchStrategy[Message]:
    """Draw any one message of an execution of three steps, in its place or out of it."""
    steps = st.sampled_from(fresh(3).steps)
    attempts = st.integers(1, 4)
    seconds = st.integers(1, 5000).map(stamp)
    return st.one_of(
        st.builds(
            ExecutionProgress,
            execution_id=st.just(EXECUTION),
            progress_percentage=st.integers(0, 100),
            current_step=st.sampled_from(MODULES),
            timestamp=seconds,
        ),
        st.builds(
            lambda step, n, at: StepStarted(**_of(step), attempt=n, timestamp=at), steps, attempts, seconds
        ),
        st.builds(
            lambda step, n, at, skipped: StepCompleted(
                **_of(step),
                status="skipped" if skipped else "completed",
                duration_seconds=1.0,
                screenshot_url=None,
                timestamp=at,
                attempt=n,
            ),
            steps,
            attempts,
            seconds,
            st.booleans(),
        ),
        st.builds(
            lambda step, n, at, again: StepFailed(
                **_of(step),
                error_code="ADB_ERROR",
                error_message="no",
                retry_attempt=n,
                will_retry=again,
                timestamp=at,
            ),
            steps,
            attempts,
            seconds,
            st.booleans(),
        ),
        st.builds(
            lambda device, at: ErrorMessage(
                code="DEVICE_DISCONNECTED",
                message="gone",
                execution_id=EXECUTION,
                device_id=device,
                timestamp=at,
            ),
            st.sampled_from(DEVICES),
            seconds,
        ),
        st.builds(
            ExecutionPaused,
            execution_id=st.just(EXECUTION),
            device_id=st.sampled_from(DEVICES),
            status=st.sampled_from(["pausing", "paused"]),
            reason=st.sampled_from(["requested", "failure"]),
            step_id=st.none() | steps.map(lambda step: step.step_id),
            timestamp=seconds,
        ),
        st.builds(
            ExecutionResumed,
            execution_id=st.just(EXECUTION),
            device_id=st.sampled_from(DEVICES),
            timestamp=seconds,
        ),
        st.builds(
            DeviceStatus,
            device_id=st.sampled_from(DEVICES),
            status=st.sampled_from(["available", "busy", "offline", "unauthorized"]),
            last_seen=seconds,
        ),
        st.builds(
            PreviewFrame,
            device_id=st.sampled_from(DEVICES),
            frame_data=st.just("data:image/jpeg;base64,AA=="),
            width=st.just(2),
            height=st.just(2),
            timestamp=seconds,
        ),
    )
