"""What the parts of a running execution share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..hub import Hub
from ..protocol import FinalStatus
from .plan import Plan
from .progress import Progress
from .queue import StepQueue
from .screenshots import Screenshots

if TYPE_CHECKING:
    from .attempt import Attempt


class Course:
    """The course of one execution: where its messages go, how far it is, and whether it is to stop.

    Attributes
    ----------
    device_timeout : float
        Seconds that a lost device has to return.
    stopped_as : str or None
        Why no further step begins: the status that the execution will have.
    passed, failed : int
        Steps that have ended so; neither counts those that were skipped.
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
        device_timeout: float,
    ) -> None:
        self.execution_id = execution_id
        self.plan = plan
        self.hub = hub
        self.screenshots = screenshots
        self.progress = progress
        self.device_timeout = device_timeout
        self.stopped_as: FinalStatus | None = None
        self.passed = 0
        self.failed = 0
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

    def step_ended(self, status: str) -> None:
        """Count a step that will not run again."""
        with self._lock:
            self.passed += status == "completed"
            self.failed += status == "failed"
        self.progress.step_ended()

    def abandon(self, attempt: Attempt) -> None:
        """Note an attempt whose thread could not be ended."""
        with self._lock:
            self.abandoned.append(attempt)
