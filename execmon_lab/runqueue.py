"""Runs that wait for their devices: each begins as soon as no earlier run wants one of them.

A run whose devices are all free overtakes those that wait for other devices, so that one device that is
busy, or gone, holds up only the runs that want it. A run that wants several devices is not starved by such
as want one: what it wants is kept for it.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

from .devices import NoDevice
from .server import NotNow

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
"""How often those that wait look whether their devices are free."""


class QueueFull(NotNow):
    """So many runs wait that no more are taken."""


class Waiter(Protocol):
    """A run, as the queue sees it."""

    @property
    def serials(self) -> Sequence[str]:
        """Its devices."""

    @property
    def done(self) -> bool:
        """True once nothing more will run."""

    def start(self) -> None:
        """Begin; raises `NoDevice` when a device is not available, and `RuntimeError` after a `cancel`."""


class RunQueue:
    """Starts runs as their devices become free; a thread of its own, while any wait.

    Parameters
    ----------
    most
        How many may wait.
    """

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[Waiter, None] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def check(self) -> None:
        """Raise what `put` would raise now."""
        if self._closed or len(self._waiting) >= self._most:
            raise QueueFull(f"{len(self._waiting)} runs wait for their devices already")

    def put(self, run: Waiter) -> None:
        """Have a run begin as soon as its devices are free; a run that is cancelled first never begins.

        Raises
        ------
        QueueFull
            When there are too many already, or after `close`.
        """
        with self._changed:
            self.check()
            self._waiting[run] = None
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="run-queue", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Begin no more, and end the thread; those that wait are left as they are."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                waiting = tuple(self._waiting)
                if not waiting:
                    self._thread = None
                    return
            left = begin(waiting)
            with self._changed:
                for run in set(waiting).difference(left):
                    self._waiting.pop(run, None)
                # Nobody came in the meantime, or they would have to be looked at first.
                if left and len(self._waiting) == len(left):
                    self._changed.wait(RETRY_SECONDS)


def begin(waiting: Iterable[Waiter]) -> list[Waiter]:
    """Start every run whose devices are free and wanted by none that came before it.

    Parameters
    ----------
    waiting
        The runs, in the order in which they came.

    Returns
    -------
    list
        Those that wait on, in the same order.
    """
    left: list[Waiter] = []
    wanted: set[str] = set()
    for run in waiting:
        if run.done or (wanted.isdisjoint(run.serials) and _begins(run)):
            continue
        left.append(run)
        wanted.update(run.serials)
    return left


def _begins(run: Waiter) -> bool:
    """Tell whether a run is no longer to wait: it began, or never will."""
    try:
        run.start()
    except NoDevice:
        return False
    except RuntimeError as error:
        log.info("%s does not begin: %s", run, error)  # cancelled in this moment
    return True
