"""Where a device waits between two steps: held at a request or on a failure, until it is let go."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..devices import Command, Device, DeviceSession
from ..executionlog import ExecutionLog
from ..hub import Hub
from ..protocol import (
    ExecutionPaused,
    ExecutionResumed,
    PauseReason,
    PauseStatus,
    timestamp,
)
from .attempt import Attempt
from .failure import Failure
from .outcome import Outcome
from .plan import Pending, PlannedStep

BY_HAND = "manual"
"""The `module_id` of the lines that tell what a user did by hand."""

_GOES_ON = "the execution goes on, and has the device again"


@dataclass(frozen=True, eq=False)
class Paused:
    """A device that takes no further step until it is let go.

    Attributes
    ----------
    device_id
        Which device.
    reason
        ``requested``, or ``failure``.
    step_id
        The step that failed; of a requested pause the one that comes next, if there is one.
    device
        The device, to be used until the execution goes on; what it is told is told in the log.
    failure
        What it is paused on, if it is a failure.
    """

    device_id: str
    reason: PauseReason
    step_id: str | None
    device: DeviceSession = field(repr=False)
    failure: Failure | None = None


class Gate:
    """Holds one device between its steps, and has what it is asked to run again.

    Every method is called with `changed` held, so that what is told of a device comes in the order in which
    it happened; `changed` is notified when the device may go on.

    Parameters
    ----------
    execution_id
        Of which execution.
    device
        Which device.
    hub
        Where pauses are told.
    changed
        The execution's condition.
    """

    def __init__(self, execution_id: str, device: Device, hub: Hub, changed: threading.Condition) -> None:
        self.device = device
        self.changed = changed
        self.again: deque[Pending] = deque()
        self.taken: str | None = None
        """The step that the device is at."""
        self.left = False
        """Whether the device takes no more steps."""
        self._execution_id = execution_id
        self._hub = hub
        self._log = ExecutionLog(hub, execution_id, BY_HAND)
        self._requested = False
        self._stepping = False
        self._failure: Failure | None = None
        self._session: DeviceSession | None = None
        self._here = False
        self._next: Callable[[], PlannedStep | None] = lambda: None
        self._told: tuple[PauseStatus, PauseReason, str | None] | None = None

    # What others ask

    @property
    def shut(self) -> bool:
        """Whether the device is to take no further step of the plan."""
        return self._requested or self._failure is not None

    @property
    def failed(self) -> bool:
        """Whether it is a failure that holds the device."""
        return self._failure is not None

    @property
    def paused(self) -> Paused | None:
        """What it waits here for, if it does."""
        if self._told is None or self._told[0] != "paused":
            return None
        _, reason, step_id = self._told
        return Paused(self.device.serial, reason, step_id, self._hand(), self._failure)

    def hold(self) -> None:
        """Have the device wait before its next step of the plan."""
        self._requested, self._stepping = not self.left, False
        self._tell()

    def release(self) -> bool:
        """Let the device go on; tell whether it waited on a failure, which now stands."""
        stands = self._failure is not None
        self._requested, self._stepping, self._failure = False, False, None
        self._tell()
        self.changed.notify_all()
        return stands

    def step(self) -> bool:
        """Let a device that waits run one step and wait again; returns as `release` does."""
        if self.paused is None:
            self.hold()
            return False
        stands = self.release()
        self._stepping = True
        return stands

    def ask(self, pending: Pending) -> None:
        """Have a step run again, before all others and while the device is held too."""
        self.again.append(pending)
        self._tell()
        self.changed.notify_all()

    # What the device's thread does

    def settle(self, attempt: Attempt, outcome: Outcome, *, hold: bool) -> None:
        """Note what came of a step: a failure holds the device if `hold`, or if it is held on that step.

        A step that passes lets go of the failure of its own that the device is held on.
        """
        self.taken = None
        held = self._failure is not None and self._failure.step_id == attempt.planned.step_id
        if outcome.status == "failed" and (hold or held):
            self._failure = Failure.of(attempt, outcome, self._hand())
        elif held:
            self._failure = None

    def arrive(self, upcoming: Callable[[], PlannedStep | None]) -> None:
        """Note that the device asks for its next step, which `upcoming` finds."""
        self._here, self._next = True, upcoming
        self._tell()

    def enter(self) -> None:
        """Note that a device takes steps again that had left."""
        self.left = False

    def depart(self, step_id: str | None) -> None:
        """Note that it has got it, or that there is none and it leaves."""
        self._here, self.taken, self.left = False, step_id, step_id is None
        self._requested, self._stepping = self._requested or self._stepping, False
        if self.left:
            self._requested, self._failure = False, None
            self.again.clear()
        self._tell()
        if self._session is not None:
            self._session.interrupt(_GOES_ON)
            self._session = None

    def _hand(self) -> DeviceSession:
        if self._session is None:
            self._session = self.device.session(self._observe)
        return self._session

    def _standing(self) -> tuple[PauseStatus, PauseReason, str | None] | None:
        waits = self._here and not self.again
        if waits and self._failure is not None:
            return "paused", "failure", self._failure.step_id
        if waits and self._requested:
            upcoming = self._next()
            return "paused", "requested", upcoming.step_id if upcoming else None
        return ("pausing", "requested", None) if self._requested else None

    def _tell(self) -> None:
        standing = self._standing()
        if standing == self._told:
            return
        self._told = standing
        where = {"execution_id": self._execution_id, "device_id": self.device.serial}
        if standing is None:
            self._hub.publish(ExecutionResumed(**where, timestamp=timestamp()))
            return
        self.changed.notify_all()
        status, reason, step_id = standing
        self._hub.publish(
            ExecutionPaused(**where, status=status, reason=reason, step_id=step_id, timestamp=timestamp())
        )

    def _observe(self, command: Command) -> None:
        """Tell in the log what the user does with the device."""
        if command.outcome == "running":
            self._log.say(self.device.serial, "INFO", command.message)
        elif command.outcome == "failed":
            failed = f"ADB command failed: {command.text}: {command.error}"
            self._log.say(self.device.serial, "WARN", failed)
