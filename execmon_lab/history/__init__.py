"""What happened, on disk.

history = History()
history.steps(status="failed", since="2026-11-01")
"""

from .errors import HistoryError, HistoryWarning, RunIsLive, UnknownRun
from .history import History
from .stored import StoredExecution

__all__ = ["History", "HistoryError", "HistoryWarning", "RunIsLive", "StoredExecution", "UnknownRun"]
