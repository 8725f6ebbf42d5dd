"""When cells run, in which the kernel may not hear the page, and what they show at their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython


class CellWatch:
    """Knows whether a cell runs; outside IPython none ever does.

    Parameters
    ----------
    shown
        Called with what a cell shows as its last value, once it is shown.

    Attributes
    ----------
    running : bool
        Whether a cell runs.
    number : int
        Counts the cells that have begun.
    """

    def __init__(self, shown: Callable[[object], object] = lambda _: None) -> None:
        self._shown = shown
        self._shell: Any = get_ipython()
        self._events: Any = self._shell.events if self._shell is not None else None
        self.running = self._events is not None
        self.number = 1 if self.running else 0
        self._parent = self._find_parent()
        if self._events is not None:
            self._events.register("pre_run_cell", self._begin)
            self._events.register("post_run_cell", self._end)

    def close(self) -> None:
        """Ask to be told no more; twice is no error."""
        if self._events is not None:
            self._events.unregister("pre_run_cell", self._begin)
            self._events.unregister("post_run_cell", self._end)
            self._events = None

    def claim(self) -> None:
        """Have what threads print be the running cell's: ipykernel takes it for the newest message's."""
        if self.running and self._parent is not None:
            self._shell.set_parent(self._parent)

    def _find_parent(self) -> Any:
        """Return the message that the running cell came with, where a kernel keeps it."""
        get_parent = getattr(self._shell, "get_parent", None)
        return get_parent() if get_parent is not None else None

    def _begin(self, *_: Any) -> None:
        self.running = True
        self.number += 1
        self._parent = self._find_parent()

    def _end(self, result: Any = None, *_: Any) -> None:
        self.running = False
        # A semicolon behind it keeps IPython from showing it.
        if result is not None and result.info is not None and not result.info.raw_cell.rstrip().endswith(";"):
            self._shown(result.result)
