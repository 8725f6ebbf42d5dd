"""One thread that does the sending of all widgets of the process."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)


class Job(Protocol):
    """What a pump does again and again."""

    def flush(self, now: float) -> float | None:
        """Do what is due at `now` (monotonic seconds), and return when more will be, if that is known."""


class Pump:
    """Flushes jobs when they are due, in a thread that lives only while there are any.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._changed = threading.Condition()
        self._due: dict[Job, float] = {}
        self._busy: Job | None = None
        self._thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        """Take a job on; it is flushed at once, and later when it asked to be or is woken."""
        with self._changed:
            self._due[job] = -math.inf
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="widget-pump", daemon=True)
                self._thread.start()

    def wake(self, job: Job, due: float = -math.inf) -> None:
        """Have a job flushed at `due`, or earlier if it asked for that; a stranger is passed over."""
        with self._changed:
            if due < self._due.get(job, -math.inf):
                self._due[job] = due
                self._changed.notify_all()

    def remove(self, job: Job) -> None:
        """Let a job go, and wait until its last flush is over; removing a stranger is no error."""
        with self._changed:
            self._due.pop(job, None)
            self._changed.notify_all()
            thread = self._thread
            if thread is threading.current_thread():
                return
            while self._busy is job or (not self._due and self._thread is not None):
                self._changed.wait()
            ended = self._thread is None
        if ended and thread is not None:
            thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                due = job.flush(self.clock())
            except Exception:
                log.exception("a widget could not send")
                due = None
            with self._changed:
                self._busy = None
                if due is not None and job in self._due:
                    self._due[job] = min(self._due[job], due)
                self._changed.notify_all()

    def _next(self) -> Job | None:
        """Wait for the job that is due first; None when there are none left."""
        with self._changed:
            while self._due:
                job = min(self._due, key=self._due.__getitem__)
                wait = self._due[job] - self.clock()
                if wait <= 0:
                    self._due[job] = math.inf
                    self._busy = job
                    return job
                self._changed.wait(None if wait == math.inf else wait)
            self._thread = None
            self._changed.notify_all()
            return None


SHARED = Pump()
"""The pump of this process."""
