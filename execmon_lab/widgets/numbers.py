"""What became of a stream's frames of late: sent by the kernel, drawn by the pages."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass
from typing import Protocol

WINDOW_SECONDS = 5.0


class Sized(Protocol):
    """A picture's size in pixels."""

    @property
    def width(self) -> int:
        """From left to right."""

    @property
    def height(self) -> int:
        """From top to bottom."""


@dataclass(frozen=True)
class StreamNumbers:
    """How one stream of pictures did over the last five seconds.

    Attributes
    ----------
    source
        What the pictures come from: ``screencap``, ``scrcpy``.
    codec
        How they go to the pages: ``jpeg``, or ``h264`` as the device made it.
    width, height
        Of the newest picture, in pixels.
    sent_per_second, bytes_per_second
        Frames and bytes that went to the pages; an unchanged picture is not sent again.
    drawn_per_second
        Frames that the quickest page drew.
    latency_ms
        Median time from a picture's capture (of video: its coming to the kernel) to its drawing, as the pages
        measured it; None without any.
    clock
        By which clock: ``same`` (page and kernel share a machine) or ``estimated`` (the kernel's clock as the
        page guesses it from messages; too small by the time of the quickest message).
    """

    source: str
    codec: str
    width: int
    height: int
    sent_per_second: float
    bytes_per_second: float
    drawn_per_second: float
    latency_ms: float | None
    clock: str | None


class Tally:
    """Counts one stream's frames; used under its owner's lock."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()
        self._drawn: deque[tuple[float, str, int, float, str]] = deque()

    def send(self, now: float, size: int) -> None:
        """Count a frame as sent."""
        self._sent.append((now, size))
        self._forget(now)

    def draw(self, now: float, page: str, frames: int, latency_ms: float, clock: str) -> None:
        """Take a page's word: so many frames drawn since its last, with this mean latency."""
        self._drawn.append((now, page, frames, latency_ms, clock))
        self._forget(now)

    def numbers(self, now: float, source: str, codec: str, size: Sized) -> StreamNumbers:
        """Return how it did."""
        self._forget(now)
        drawn: dict[str, int] = {}
        for _, page, frames, _, _ in self._drawn:
            drawn[page] = drawn.get(page, 0) + frames
        latencies = [latency for _, _, _, latency, _ in self._drawn]
        return StreamNumbers(
            source=source,
            codec=codec,
            width=size.width,
            height=size.height,
            sent_per_second=len(self._sent) / WINDOW_SECONDS,
            bytes_per_second=sum(size for _, size in self._sent) / WINDOW_SECONDS,
            drawn_per_second=max(drawn.values(), default=0) / WINDOW_SECONDS,
            latency_ms=statistics.median(latencies) if latencies else None,
            clock=self._drawn[-1][4] if self._drawn else None,
        )

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        while self._drawn and self._drawn[0][0] <= now - WINDOW_SECONDS:
            self._drawn.popleft()
