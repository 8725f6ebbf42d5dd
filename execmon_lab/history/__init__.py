"""What happened, on disk.

history = History()
history.steps(status="failed", since="2026-11-01")
"""

from .archive import BadArchive
from .errors import HistoryError, HistoryWarning, RunIsLive, UnknownRun
from .history import History
from .recordings import RecordingIndex
from .retention import Retention
from .stored import StoredExecution

__all__ = [
    "BadArchive",
    "History",
    "HistoryError",
    "HistoryWarning",
    "RecordingIndex",
    "Retention",
    "RunIsLive",
    "StoredExecution",
    "UnknownRun",
]
