"""How many frames may be under way to the pages."""

from __future__ import annotations

WINDOW = 24
"""Frames that may be unacknowledged; pages acknowledge every 16th, and every 4th while they lag behind."""

SILENCE_SECONDS = 0.5
"""After this long without an acknowledgement a timer takes its place."""

PACE_SECONDS = 0.8 / 15
"""The timer's step: a little less than the specification's highest rate has, for pictures come unevenly."""


class Flow:
    """Credit by acknowledgement, and a timer where acknowledgements stay away.

    A kernel whose cell blocks does not hear the page; the picture goes on all the same, at the timer's pace.
    With several pages the quickest sets the pace, for a stalled one must slow nobody.
    """

    def __init__(self) -> None:
        self._sent = 0
        self._acknowledged = 0
        self._last_sent = float("-inf")
        self._last_heard = float("-inf")

    def ready(self, now: float, pace: float = PACE_SECONDS) -> float:
        """Return when the next frame may go: `now`, or later; `pace` is the timer's step."""
        if self._sent - self._acknowledged < WINDOW:
            return now
        return max(now, self._last_heard + SILENCE_SECONDS, self._last_sent + pace)

    def send(self, now: float) -> int:
        """Count a frame as sent, and return its number, from 1."""
        self._sent += 1
        self._last_sent = now
        return self._sent

    def acknowledge(self, number: int, now: float) -> None:
        """Take a page's word that it has drawn this frame, or a later one."""
        self._acknowledged = max(self._acknowledged, min(number, self._sent))
        self._last_heard = now
