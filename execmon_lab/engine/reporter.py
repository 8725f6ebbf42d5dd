"""The messages that tell what came of a device's steps."""

from __future__ import annotations

from msgspec import UNSET

from ..hub import Hub
from ..protocol import ErrorCode, ErrorMessage, Level, LogEntry, StepCompleted, StepFailed, timestamp
from .attempt import Attempt
from .outcome import Outcome
from .plan import Pending


class Reporter:
    """Tells the hub of one device's steps.

    Parameters
    ----------
    execution_id
        Of which execution.
    device_id
        Of which device.
    hub
        Where it is told.
    """

    def __init__(self, execution_id: str, device_id: str, hub: Hub) -> None:
        self._execution_id = execution_id
        self._device_id = device_id
        self._hub = hub

    def attempt(
        self, attempt: Attempt, outcome: Outcome, screenshot_url: str | None, *, will_retry: bool
    ) -> None:
        """Tell what came of an attempt: the actions that were cut off in it, and its outcome."""
        for action in attempt.unfinished_actions():
            self._hub.publish(action)
        if outcome.status == "failed":
            self._failed(attempt, outcome, screenshot_url, will_retry)
        else:
            self._completed(attempt, outcome, screenshot_url)

    def not_run(self, pending: Pending, outcome: Outcome) -> None:
        """Tell that an attempt which was to run has failed before it began."""
        self._hub.publish(
            StepFailed(
                execution_id=self._execution_id,
                device_id=self._device_id,
                step_id=pending.planned.step_id,
                module_id=pending.planned.module.module_id,
                error_code=outcome.code or ErrorCode.MODULE_ERROR,
                error_message=outcome.message,
                retry_attempt=pending.attempt,
                will_retry=False,
                timestamp=timestamp(),
                duration_seconds=0.0,
            )
        )

    def log(self, level: Level, text: str) -> None:
        """Tell something of the device where no step runs."""
        self._hub.publish(
            LogEntry(
                execution_id=self._execution_id,
                device_id=self._device_id,
                level=level,
                message=text,
                module_id="device",
                timestamp=timestamp(),
            )
        )

    def log_of(self, attempt: Attempt, level: Level, text: str) -> None:
        """Tell something of an attempt that is over."""
        self._hub.publish(attempt.entry(level, text))

    def _completed(self, attempt: Attempt, outcome: Outcome, screenshot_url: str | None) -> None:
        planned = attempt.planned
        self._hub.publish(
            StepCompleted(
                execution_id=self._execution_id,
                device_id=self._device_id,
                step_id=planned.step_id,
                module_id=planned.module.module_id,
                status="skipped" if outcome.status == "skipped" else "completed",
                duration_seconds=attempt.duration,
                screenshot_url=screenshot_url,
                timestamp=attempt.ended_at,
                attempt=attempt.number,
                reason=outcome.message or UNSET,
                adb_seconds=attempt.adb.seconds,
            )
        )

    def _failed(
        self, attempt: Attempt, outcome: Outcome, screenshot_url: str | None, will_retry: bool
    ) -> None:
        planned = attempt.planned
        self._hub.publish(
            StepFailed(
                execution_id=self._execution_id,
                device_id=self._device_id,
                step_id=planned.step_id,
                module_id=planned.module.module_id,
                error_code=outcome.code or ErrorCode.MODULE_ERROR,
                error_message=outcome.message,
                retry_attempt=attempt.number,
                will_retry=will_retry,
                timestamp=attempt.ended_at,
                duration_seconds=attempt.duration,
                screenshot_url=screenshot_url,
                traceback=outcome.traceback or UNSET,
                adb_seconds=attempt.adb.seconds,
            )
        )
        if outcome.code == ErrorCode.MODULE_TIMEOUT:
            self.error(ErrorCode.MODULE_TIMEOUT, f"{planned.module.module_id}: {outcome.message}")
        elif outcome.code == ErrorCode.DEVICE_DISCONNECTED:
            self.error(ErrorCode.DEVICE_DISCONNECTED, outcome.message)

    def error(self, code: ErrorCode, message: str) -> None:
        """Tell of something that went wrong, besides what it did to the step."""
        self._hub.publish(
            ErrorMessage(
                code=code,
                message=message,
                execution_id=self._execution_id,
                device_id=self._device_id,
                timestamp=timestamp(),
            )
        )
