"""How pages are heard while a cell blocks the kernel's main thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Protocol

_ROUTE = "_reply_subshell_id"
"""Where a comm of ipykernel 7.4 keeps which thread its last word came from; others keep nothing there."""


class Cells(Protocol):
    """Who knows when cells run."""

    @property
    def running(self) -> bool:
        """Whether one does."""

    @property
    def number(self) -> int:
        """How many have begun."""

    def claim(self) -> None:
        """Have what threads print be the running cell's."""


class Ear:
    """Has pages heard while a cell blocks, where that can be, and knows whether they are.

    JupyterLab sends what a page says to a thread of its own in the kernel, a subshell. ipykernel 7.4 hands it
    to the one that the widget's last word came from, and takes a word from our pump for one of the cell's. So
    while a cell runs, words go out in the context of the newest one that a page said: as answers to it. At
    all other times (before a page has said any, between two cells) ipykernel is made to forget where a word
    came from, and a page is heard by its own thread from a cell's first moment on. Answers are the safer way:
    what a page says in the moment before ipykernel forgets waits for the cell's end.

    Where the kernel has no subshells (ipykernel 6), or the page does not use them, none is heard until the
    cell ends.

    Parameters
    ----------
    cells
        Tells when cells run.
    comm
        Gives the widget's comm, if it is open.
    """

    def __init__(self, cells: Cells, comm: Callable[[], object | None]) -> None:
        self._cells = cells
        self._comm = comm
        self._context: Context | None = None
        self._heard_beside = 0

    def hear(self) -> None:
        """Take note that a page spoke; called where its message is handled."""
        self._context = copy_context()
        if threading.current_thread() is not threading.main_thread():
            self._heard_beside = self._cells.number
            self._cells.claim()

    def say(self, send: Callable[..., Any], *words: Any) -> None:
        """Call `send` with these words so that the answer can be heard."""
        context = self._context
        if context is not None and self._cells.running:
            context.copy().run(send, *words)
            return
        send(*words)
        getattr(self._comm(), "__dict__", {}).pop(_ROUTE, None)

    @property
    def deaf(self) -> bool:
        """Whether silence proves nothing: a cell runs, and no page was heard beside it."""
        return self._cells.running and self._heard_beside != self._cells.number
