"""Runs that wait for their devices: each begins when it can, in the order in which they came."""

import logging
import threading
from collections import deque

from .devices import NoDevice
from .run import Run
from .server import NotNow

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
"""How often the first in the queue looks whether its devices are free."""


class QueueFull(NotNow):
    """So many runs wait that no more are taken."""


class RunQueue:
    """Starts runs one after another as devices become free; a thread of its own, while any wait.

    Parameters
    ----------
    most
        How many may wait.
    """

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._waiting: deque[Run] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def check(self) -> None:
        """Raise what `put` would raise now."""
        if self._closed or len(self._waiting) >= self._most:
            raise QueueFull(f"{len(self._waiting)} runs wait for their devices already")

    def put(self, run: Run) -> None:
        """Have a run begin as soon as its devices are free; a run that is cancelled first never begins.

        Raises
        ------
        QueueFull
            When there are too many already, or after `close`.
        """
        with self._changed:
            self.check()
            self._waiting.append(run)
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
        while (run := self._first()) is not None:
            begun = _begin(run)
            with self._changed:
                if begun and self._waiting and self._waiting[0] is run:
                    self._waiting.popleft()
                elif not begun:
                    self._changed.wait_for(lambda: self._closed, RETRY_SECONDS)

    def _first(self) -> Run | None:
        with self._changed:
            if self._waiting:
                return self._waiting[0]
            self._thread = None
            return None


def _begin(run: Run) -> bool:
    """Tell whether a run is no longer to wait: it began, or never will."""
    if run.done:
        return True
    try:
        run.start()
    except NoDevice:
        return False
    except RuntimeError as error:
        log.info("%s does not begin: %s", run, error)  # cancelled in this moment
    return True
