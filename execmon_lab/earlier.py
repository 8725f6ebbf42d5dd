"""The runs of earlier processes, as the server gives them out."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .history import History, HistoryError, StoredExecution, UnknownRun
from .history.clock import milliseconds, written
from .protocol import ExecutionSnapshot
from .server import KeptLog
from .server.listing import Entry, Place, listed
from .tail import LINES

log = logging.getLogger(__name__)


class EarlierRuns:
    """What a history has, for the server.

    Parameters
    ----------
    history
        Where the runs are kept.
    """

    def __init__(self, history: History) -> None:
        self._history = history

    def find(self, execution_id: str) -> ExecutionSnapshot | None:
        """Return the last state of a run; None when it is not kept."""
        found = self._find(execution_id)
        return found.state if found is not None else None

    def _find(self, execution_id: str) -> StoredExecution | None:
        try:
            return self._history.execution(execution_id)
        except UnknownRun:
            return None
        except HistoryError as error:
            log.warning("earlier runs cannot be told of: %s", error)
            return None

    def log(self, execution_id: str) -> KeptLog | None:
        """Return the newest lines of a run's log; None when it is not kept."""
        found = self._find(execution_id)
        return KeptLog(*found.newest_lines(LINES)) if found is not None else None

    def page(self, limit: int, before: Place | None, status: str | None) -> Sequence[Entry]:
        """Return the newest runs, those before a place, of a status."""
        place = (milliseconds(before.began), before.execution_id) if before is not None else None
        try:
            found = self._history.newest(limit, before=place, status=status)
        except HistoryError as error:
            log.warning("earlier runs cannot be told of: %s", error)
            return []
        return [
            (
                Place(written(brief.began), brief.state.execution_id),
                listed(
                    brief.state,
                    total=brief.total_steps,
                    failed=brief.failed_steps,
                    made_up=brief.made_up,
                ),
            )
            for brief in found
        ]
