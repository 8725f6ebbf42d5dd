"""The newest lines of an execution's log, kept for those who come later."""

from __future__ import annotations

import threading
from collections import deque

from .hub import Envelope, Hub, execution_subject
from .protocol import LogEntry

LINES = 10_000
"""How many lines are kept, unless told otherwise."""


class LogTail:
    """Keeps the newest `log_entry` messages of an execution, as its live consumers get them.

    Parameters
    ----------
    hub, execution_id
        The execution, and the hub where its messages pass.
    lines
        How many are kept.
    """

    def __init__(self, hub: Hub, execution_id: str, lines: int = LINES) -> None:
        self._lock = threading.Lock()
        self._lost = 0
        self._entries: deque[LogEntry] = deque(maxlen=lines)
        subject = execution_subject(execution_id, LogEntry.type_name())
        self._subscription = hub.subscribe(subject, self._take)

    def entries(self) -> list[LogEntry]:
        """Return the lines so far, the oldest first."""
        with self._lock:
            return list(self._entries)

    def kept(self) -> tuple[list[LogEntry], int]:
        """Return the lines so far, the oldest first, and how many before them are kept no more."""
        with self._lock:
            return list(self._entries), self._lost

    def miss(self, lines: int) -> None:
        """Count lines that were written before the first that is heard."""
        with self._lock:
            self._lost += lines

    def close(self) -> None:
        """Hear no more; what was heard is kept."""
        self._subscription.close()

    def _take(self, envelope: Envelope) -> None:
        if isinstance(envelope.message, LogEntry):
            with self._lock:
                self._lost += len(self._entries) == self._entries.maxlen
                self._entries.append(envelope.message)
