"""What the parts of a running execution share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..hub import Hub
from ..protocol import FinalStatus
from .plan import Pending, Plan, PlannedStep
from .progress import Progress
from .queue import StepQueue
from .screenshots import Screenshots

if TYPE_CHECKING:
    from .attempt import Attempt


class Result(NamedTuple):
    """What came of a step so far: its last attempt, and the device that it ran on."""

    planned: PlannedStep
    attempt: int
    device_id: str
    status: str


class Course:
    """The course of one execution: where its messages go, how far it is, and whether it is to stop.

    Attributes
    ----------
    device_timeout : float
        Seconds that a lost device has to return.
    stopped_as : str or None
        Why no further step begins: the status that the execution will have.
    pause_on_failure : bool
        Whether a device waits after a step that failed for good.
    results : dict
        What came of each step that has ended, by `step_id`.
    changed : threading.Condition
        Held to look at the steps that wait and at the gates of the devices, and notified when they change.
    abandoned : list of Attempt
        Those whose thread could not be ended.
    """

    def __init__(
        self,
        execution_id: str,
        plan: Plan,
        *,
        hub: Hub,
        screenshots: Screenshots,
        progress: Progress,
        queues: Sequence[StepQueue],
        changed: threading.Condition,
        device_timeout: float,
    ) -> None:
        self.execution_id = execution_id
        self.plan = plan
        self.hub = hub
        self.screenshots = screenshots
        self.progress = progress
        self.device_timeout = device_timeout
        self.stopped_as: FinalStatus | None = None
        self.pause_on_failure = plan.pause_on_failure
        self.results: dict[str, Result] = {}
        self.changed = changed
        self.abandoned: list[Attempt] = []
        self._queues = queues
        self._lock = threading.Lock()

    @property
    def stopping(self) -> bool:
        """Whether no further step is to begin."""
        return self.stopped_as is not None

    @property
    def cancelled(self) -> bool:
        """Whether the execution was cancelled."""
        return self.stopped_as == "cancelled"

    def stop(self, status: FinalStatus) -> None:
        """Have no further step begin; a cancel overrules the other reasons."""
        with self._lock:
            if self.stopped_as is None or status == "cancelled":
                self.stopped_as = status
        for queue in self._queues:
            queue.stop()

    def settle(self, pending: Pending, device_id: str, status: str) -> None:
        """Note what came of a step; what came of it before counts no more."""
        with self.changed:
            planned = pending.planned
            self.results[planned.step_id] = Result(planned, pending.attempt, device_id, status)

    def count(self, status: str) -> int:
        """Count the steps that have ended so."""
        with self.changed:
            return sum(result.status == status for result in self.results.values())

    def abandon(self, attempt: Attempt) -> None:
        """Note an attempt whose thread could not be ended."""
        with self._lock:
            self.abandoned.append(attempt)
