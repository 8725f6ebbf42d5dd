"""A run's steps, attempts, actions and log as data frames, while it runs and afterwards."""

from __future__ import annotations

from typing import Any

from .history import History, live, tables
from .protocol import ExecutionSnapshot
from .tail import LogTail


class RunFrames:
    """The frames of one execution, up to this moment, with the columns and the clock of `History`.

    They are pandas' where pandas is installed, and else polars'; ``lab.history.steps(execution_id=…,
    backend="polars")`` gives the other.
    """

    _history: History
    _tail: LogTail

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        raise NotImplementedError

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state."""
        raise NotImplementedError

    @property
    def steps(self) -> Any:
        """The steps so far, a row each; see `History.steps`."""
        return self._frame(tables.STEPS)

    @property
    def attempts(self) -> Any:
        """The attempts so far, a row each; see `History.attempts`."""
        return self._frame(tables.ATTEMPTS)

    @property
    def actions(self) -> Any:
        """The actions so far, a row each; see `History.actions`."""
        return self._frame(tables.ACTIONS)

    @property
    def logs(self) -> Any:
        """The lines of the log so far, a row each; see `History.logs`."""
        return self._frame(tables.LOGS)

    def _frame(self, table: tables.Table) -> Any:
        """Where the history has nothing, what the process knows has to do: of the log, the newest lines."""
        if self._history.trouble is None and self._history.holds(self.execution_id):
            return self._history.frame(table, execution_id=self.execution_id)
        return live.frame(table, self.state, self._tail.entries())
