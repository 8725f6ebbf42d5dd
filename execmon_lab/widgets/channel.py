"""One stream of pictures as JPEG on its way to the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ..preview import Frame
from ..protocol import timestamp
from .audience import Stream
from .numbers import Tally
from .parcel import Parcel


class Watch(Protocol):
    """Pictures under way."""

    def close(self) -> None:
        """End them; doing so twice is no error."""


@runtime_checkable
class PacedWatch(Watch, Protocol):
    """Pictures under way that need not come faster than they are sent on."""

    def pace(self, fps: float | None) -> None:
        """Ask for at most so many frames a second, or for as many as there are."""


@dataclass
class Channel:
    """One stream: its watch, its newest frame, and what pages know of it; used under its owner's lock.

    Attributes
    ----------
    watch
        The pictures under way, while there are any.
    frame
        The newest picture.
    fresh : bool
        Whether a page has it not.
    again : bool
        Whether others have it.
    problem
        Why there are no pictures at present.
    told : bool
        Whether all pages know that.
    still : bool
        Whether a picture is waited for that is to be kept.
    sent_at : float
        When a picture was sent last, monotonic seconds.
    """

    stream: Stream
    watch: Watch | None = None
    frame: Frame | None = None
    fresh: bool = False
    again: bool = False
    problem: str | None = None
    told: bool = True
    still: bool = False
    sent_at: float = float("-inf")
    tally: Tally = field(default_factory=Tally)

    def tell_again(self) -> None:
        """Have what is known sent to a page that has come: the newest picture, and why no other follows."""
        self.fresh = self.again = self.frame is not None
        self.told = self.problem is None

    def fail(self, problem: str) -> None:
        """Take note of why there are no pictures."""
        self.problem, self.told = problem, False

    def recover(self) -> None:
        """Take note that there are some again, or that nobody waits for any."""
        self.problem, self.told = None, True

    def send(self, now: float, number: int) -> Parcel:
        """Pack the newest frame, as the number-th."""
        assert self.frame is not None, "only a channel with a fresh frame sends"
        parcel = _pack(self.frame, number, again=self.again)
        self.fresh = self.again = False
        self.sent_at = now
        self.tally.send(now, len(self.frame.jpeg))
        return parcel

    def notices(self) -> list[Parcel]:
        """Pack the problem if a page knows it not: a picture that is sent later would hide it."""
        if self.told or self.fresh:
            return []
        self.told = True
        return [Parcel({"kind": "problem", "device_id": self.stream[0], "message": self.problem})]


def _pack(frame: Frame, number: int, *, again: bool) -> Parcel:
    content = {
        "kind": "frame",
        "device_id": frame.device_id,
        "quality": frame.quality,
        "width": frame.width,
        "height": frame.height,
        "timestamp": timestamp(frame.timestamp),
        "number": number,
        "source": frame.source,
        "again": again,
    }
    return Parcel(content, (frame.jpeg,))
