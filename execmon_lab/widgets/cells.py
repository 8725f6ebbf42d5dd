"""Whether the kernel is busy with a cell, and so may not hear the page."""

from __future__ import annotations

from typing import Any

from IPython.core.getipython import get_ipython


class CellWatch:
    """Knows whether a cell runs; outside IPython none ever does."""

    def __init__(self) -> None:
        shell = get_ipython()
        self._events: Any = shell.events if shell is not None else None
        self.running = self._events is not None
        if self._events is not None:
            self._events.register("pre_run_cell", self._begin)
            self._events.register("post_run_cell", self._end)

    def close(self) -> None:
        """Ask to be told no more; twice is no error."""
        if self._events is not None:
            self._events.unregister("pre_run_cell", self._begin)
            self._events.unregister("post_run_cell", self._end)
            self._events = None

    def _begin(self, *_: Any) -> None:
        self.running = True

    def _end(self, *_: Any) -> None:
        self.running = False
