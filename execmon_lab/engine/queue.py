"""The steps that are still to run, and the devices that take them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from .gate import Gate
from .plan import Pending, PlannedStep


class StepQueue:
    """Steps that one device runs, or that several share.

    A taker that waits in `take` while others are at work gets what they give back when their device is lost.

    Parameters
    ----------
    steps
        In the order in which they are taken.
    changed
        The execution's condition.
    takers
        How many devices take from it.
    """

    def __init__(self, steps: Iterable[PlannedStep], changed: threading.Condition, takers: int = 1) -> None:
        self._waiting = deque(Pending.first(step) for step in steps)
        self._takers = takers
        self._active = 0
        self._stopped = False
        self._changed = changed

    def take(self, gate: Gate) -> Pending | None:
        """Return a device's next step, or None when there is none and none can come back.

        Waits while the gate is shut; a step that is to run again by hand passes it.
        """
        with self._changed:
            gate.arrive(self._upcoming)
            self._changed.wait_for(lambda: self._settled(gate))
            pending = None
            if not self._stopped:
                pending = gate.again.popleft() if gate.again else self._pop()
            self._active += pending is not None
            gate.depart(pending.planned.step_id if pending else None)
            return pending

    def _settled(self, gate: Gate) -> bool:
        if self._stopped or gate.again:
            return True
        return not gate.shut and bool(self._waiting or not self._active)

    def _pop(self) -> Pending | None:
        return self._waiting.popleft() if self._waiting else None

    def _upcoming(self) -> PlannedStep | None:
        return self._waiting[0].planned if self._waiting else None

    def done(self) -> None:
        """Note that a step that was taken will not come back."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

    def give_back(self, pending: Pending) -> None:
        """Have a step that was taken run next, by whoever comes first; one that ran before is dropped."""
        with self._changed:
            self._active -= 1
            if not pending.by_hand:
                self._waiting.appendleft(pending)
            self._changed.notify_all()

    def stop(self) -> None:
        """Give out no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def exhausted(self, gate: Gate) -> bool:
        """Tell whether `take` would return None at once."""
        with self._changed:
            if self._stopped:
                return True
            return not (self._waiting or self._active or gate.again or gate.shut)

    def enter(self) -> None:
        """Note that a device takes steps again that had left."""
        with self._changed:
            self._takers += 1

    def leave(self) -> list[Pending]:
        """Note that a device takes no more; the last one to leave is given what nobody will run."""
        with self._changed:
            self._takers -= 1
            if self._takers:
                return []
            left, self._waiting = list(self._waiting), deque()
            return left
