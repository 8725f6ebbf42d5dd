"""Signs of life, by which a page tells a kernel that has nothing to say from one that is gone."""

from __future__ import annotations

import threading

from .parcel import Parcel

PULSE_SECONDS = 10.0
"""A page hears from its kernel within this time (``PULSE_MS`` in ``js/src/comm.ts``)."""


class Pulse:
    """Gives a sign of life when nothing else was sent for a while.

    It begins with the first page that speaks, and comes from the pump's thread, so that a kernel that is busy
    with a cell gives it too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: float | None = None

    def begin(self, now: float) -> None:
        """Keep sending from now on (monotonic seconds)."""
        with self._lock:
            self._due = self._due or now + PULSE_SECONDS

    def end(self) -> Parcel:
        """Send no more; gives the good-bye."""
        with self._lock:
            self._due = None
        return Parcel({"kind": "closed"})

    def collect(self, now: float, *, sent: bool) -> tuple[list[Parcel], float | None]:
        """Take what is due at `now`, and tell when more will be; `sent` when something else was just sent."""
        with self._lock:
            if self._due is None:
                return [], None
            late = now >= self._due
            if sent or late:
                self._due = now + PULSE_SECONDS
            return [Parcel({"kind": "alive"})] if late and not sent else [], self._due
