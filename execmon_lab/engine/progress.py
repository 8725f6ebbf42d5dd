"""How far an execution is."""

from __future__ import annotations

import threading

from ..hub import Hub
from ..protocol import ExecutionProgress, timestamp
from .plan import Pending


class Progress:
    """Counts the steps that have ended and tells the share of them; what is told never goes back.

    Parameters
    ----------
    execution_id
        Of which execution.
    total
        How many steps were planned.
    first
        The module that runs first.
    hub
        Where it is told.
    """

    def __init__(self, execution_id: str, total: int, first: str, hub: Hub) -> None:
        self._execution_id = execution_id
        self._total = total
        self._ended: set[str] = set()
        self._current = first
        self._hub = hub
        self._closed = False
        # Held while telling, so that two devices' messages leave in the order of their counts.
        self._lock = threading.Lock()

    def begin(self, module_id: str) -> None:
        """Note, and tell, that a step begins."""
        with self._lock:
            self._current = module_id
            self._tell()

    def step_ended(self, pending: Pending) -> None:
        """Note that a step has ended; the next message tells it."""
        with self._lock:
            self._ended.add(pending.planned.step_id)

    def tell(self) -> None:
        """Tell how far it is now, unless it was told for the last time."""
        with self._lock:
            if not self._closed:
                self._tell()

    def close(self) -> None:
        """Tell it for the last time."""
        with self._lock:
            self._closed = True
            self._tell()

    def _tell(self) -> None:
        self._hub.publish(
            ExecutionProgress(
                execution_id=self._execution_id,
                progress_percentage=len(self._ended) * 100 // self._total,
                current_step=self._current,
                timestamp=timestamp(),
            )
        )
