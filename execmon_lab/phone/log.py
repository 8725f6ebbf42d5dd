"""Logcat's ring buffers: bounded, readable from the start or from now on."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

BUFFERS = ("main", "system", "crash", "events", "radio")
PRIORITIES = "VDIWEF"
"""Priorities in rising order; logcat's filters compare by this order."""

CAPACITY = 4096
"""Entries kept per buffer."""

MAX_MESSAGE = 4000
"""Characters of one message, as in Android's ``LOGGER_ENTRY_MAX_PAYLOAD``."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log.

    Attributes
    ----------
    sequence
        Rises by one with each entry of the phone, over all buffers.
    time
        Seconds since 1970.
    priority
        One of ``V D I W E F``.
    """

    sequence: int
    time: float
    priority: str
    tag: str
    message: str
    buffer: str
    pid: int
    tid: int
    uid: int = 1000


class LogBuffer:
    """The log of the phone, one ring for each of `BUFFERS`.

    A reader that does not keep up loses the oldest entries; writers never wait.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._rings: dict[str, deque[LogEntry]] = {name: deque(maxlen=capacity) for name in BUFFERS}
        self._sequence = 0
        self._changed = asyncio.Event()

    def write(
        self,
        priority: str,
        tag: str,
        message: str,
        *,
        buffer: str = "main",
        pid: int = 1000,
        tid: int | None = None,
        uid: int = 1000,
    ) -> None:
        """Append an entry.

        Parameters
        ----------
        priority
            One of ``V D I W E F``.
        buffer
            One of `BUFFERS`.
        tid
            Thread; the process's main thread when None.

        Raises
        ------
        ValueError
            For an unknown priority or buffer.
        """
        if priority not in PRIORITIES or len(priority) != 1:
            raise ValueError(f"log priority must be one of {PRIORITIES}, not {priority!r}")
        if buffer not in self._rings:
            raise ValueError(f"log buffer must be one of {', '.join(BUFFERS)}, not {buffer!r}")
        self._sequence += 1
        thread = pid if tid is None else tid
        text = message[:MAX_MESSAGE]
        self._rings[buffer].append(
            LogEntry(self._sequence, time.time(), priority, tag, text, buffer, pid, thread, uid)
        )
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def entries(self, buffers: Iterable[str] = ("main", "system", "crash"), after: int = 0) -> list[LogEntry]:
        """Entries kept, oldest first, whose sequence is above ``after``."""
        found: list[LogEntry] = []
        for name in buffers:
            fresh = []
            for entry in reversed(self._rings[name]):
                if entry.sequence <= after:
                    break
                fresh.append(entry)
            found.extend(fresh)
        return sorted(found, key=lambda entry: entry.sequence)

    async def follow(
        self, buffers: Iterable[str] = ("main", "system", "crash"), after: int = 0
    ) -> AsyncIterator[LogEntry]:
        """Yield the entries above ``after``, then every new one, for ever."""
        names = tuple(buffers)
        while True:
            changed = self._changed
            for entry in self.entries(names, after):
                after = entry.sequence
                yield entry
            await changed.wait()

    def clear(self, buffers: Iterable[str] = BUFFERS) -> None:
        """Forget the entries of these buffers."""
        for name in buffers:
            self._rings[name].clear()

    @property
    def last(self) -> int:
        """Sequence of the newest entry."""
        return self._sequence
