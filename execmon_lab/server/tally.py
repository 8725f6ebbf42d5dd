"""What the server counts of itself."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from .parcel import Joined

AGE_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds, in seconds, of the classes in which the ages of frames are counted."""


@dataclass(slots=True)
class Tally:
    """Counts since the server's start; belongs to the loop's thread."""

    sent: Counter[str] = field(default_factory=Counter)
    """Messages written, by `type`."""
    closed: Counter[int] = field(default_factory=Counter)
    """Connections that the server closed, by close code."""
    aborted: int = 0
    """Connections dropped without a closing handshake: no pong, or nothing taken, for too long."""
    shed: int = 0
    """Log entries that connections which are gone never got."""
    conflated: int = 0
    """Messages that a newer one replaced, on connections which are gone."""
    ages: list[int] = field(default_factory=lambda: [0] * (len(AGE_BOUNDS) + 1))
    age_sum: float = 0.0

    def frames(self, count: int, age: float) -> None:
        """Count preview frames by their age, in seconds, when they were written."""
        self.sent["preview_frame"] += count
        self.ages[bisect_left(AGE_BOUNDS, age)] += count
        self.age_sum += count * age

    def batch(self, joined: Joined) -> None:
        """Count messages that were written in one piece."""
        for name in joined.types:
            self.sent[name] += joined.receivers
