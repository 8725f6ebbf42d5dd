"""The one thread that looks after an execution: deadlines, lost devices, a sign of life for consumers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from ..protocol import limits
from .progress import Progress

log = logging.getLogger(__name__)

# Progress leaves at most once a second. Told once a second it could arrive a little too early, wait for the
# next, and so come after more than the longest silence; told twice as often it cannot.
HEARTBEAT_SECONDS = 0.5 / limits.PROGRESS_PER_SECOND


class Watched(Protocol):
    """A device's part of the execution."""

    @property
    def deadline(self) -> float:
        """When the running attempt must have ended, monotonic; infinity where none runs."""

    def check(self, now: float) -> None:
        """Give up the running attempt if it is past its deadline, or its device is lost."""


class Watchdog:
    """Checks every device's attempt at its deadline, and tells the progress in between.

    Parameters
    ----------
    progress
        Told at every heartbeat.
    name
        The thread's.
    """

    def __init__(self, progress: Progress, name: str) -> None:
        self._watched: Sequence[Watched] = ()
        self._progress = progress
        self._changed = threading.Condition()
        self._wakes_at = 0.0
        self._stopped = False
        self.thread = threading.Thread(target=self._watch, name=name, daemon=True)

    def start(self, watched: Sequence[Watched]) -> None:
        """Begin to look after these."""
        self._watched = watched
        self.thread.start()

    def expect(self, deadline: float) -> None:
        """Be awake at `deadline` (monotonic), which has just become one of those of the watched."""
        with self._changed:
            if deadline < self._wakes_at:
                self._changed.notify()

    def stop(self) -> None:
        """End the thread, without waiting for it."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _watch(self) -> None:
        heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            with self._changed:
                if not self._stopped:
                    self._wakes_at = min(heartbeat, *(watched.deadline for watched in self._watched))
                    self._changed.wait(max(0.0, self._wakes_at - time.monotonic()))
                if self._stopped:
                    return
            now = time.monotonic()
            for watched in self._watched:
                self._check(watched, now)
            if now >= heartbeat:
                heartbeat = now + HEARTBEAT_SECONDS
                self._progress.tell()

    def _check(self, watched: Watched, now: float) -> None:
        try:
            watched.check(now)
        except Exception:
            log.exception("the watchdog could not check %s", watched)
