"""The steps that are still to run, and the devices that take them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from .plan import PlannedStep


class Pending(NamedTuple):
    """A step that is to run, and which attempt of it is next."""

    planned: PlannedStep
    attempt: int = 1


class StepQueue:
    """Steps that one device runs, or that several share.

    A taker that waits in `take` while others are at work gets what they give back when their device is lost.

    Parameters
    ----------
    steps
        In the order in which they are taken.
    takers
        How many devices take from it.
    """

    def __init__(self, steps: Iterable[PlannedStep], takers: int = 1) -> None:
        self._waiting = deque(Pending(step) for step in steps)
        self._takers = takers
        self._active = 0
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Pending | None:
        """Return the next step, or None when there is none and none can come back."""
        with self._changed:
            while not self._waiting and self._active and not self._stopped:
                self._changed.wait()
            if self._stopped or not self._waiting:
                return None
            self._active += 1
            return self._waiting.popleft()

    def done(self) -> None:
        """Note that a step that was taken will not come back."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

    def give_back(self, pending: Pending) -> None:
        """Have a step that was taken run next, by whoever comes first."""
        with self._changed:
            self._active -= 1
            self._waiting.appendleft(pending)
            self._changed.notify_all()

    def stop(self) -> None:
        """Give out no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def exhausted(self) -> bool:
        """Whether `take` would return None at once."""
        with self._changed:
            return self._stopped or not (self._waiting or self._active)

    def leave(self) -> list[Pending]:
        """Note that a device takes no more; the last one to leave is given what nobody will run."""
        with self._changed:
            self._takers -= 1
            if self._takers:
                return []
            left, self._waiting = list(self._waiting), deque()
            return left
