"""Lines for an execution's log, from those who stand beside its steps."""

from __future__ import annotations

import logging

from .hub import Hub, UnknownExecution
from .protocol import Level, LogEntry, timestamp
from .state import FINAL

log = logging.getLogger(__name__)


class ExecutionLog:
    """Writes lines into the log of an execution, as long as it has not ended; later ones go to Python's own.

    Parameters
    ----------
    hub, execution_id
        The execution.
    module_id
        Who speaks.
    """

    def __init__(self, hub: Hub, execution_id: str, module_id: str) -> None:
        self._hub = hub
        self._execution_id = execution_id
        self._module_id = module_id

    def say(self, device_id: str, level: Level, text: str) -> None:
        """Write a line about a device."""
        if self._ended():
            log.log(logging.getLevelNamesMapping().get(level, logging.INFO), "%s: %s", device_id, text)
            return
        self._hub.publish(
            LogEntry(
                execution_id=self._execution_id,
                device_id=device_id,
                level=level,
                message=text,
                module_id=self._module_id,
                timestamp=timestamp(),
            )
        )

    def _ended(self) -> bool:
        try:
            return self._hub.snapshot(self._execution_id).status in FINAL
        except UnknownExecution:
            return True
