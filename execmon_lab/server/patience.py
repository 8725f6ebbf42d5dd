"""An event loop that takes what clients say in handfuls.

Viewers answer a preview frame with as many pongs as there are viewers, a few at a time. A loop that wakes for
each few does more waking than work; and in a kernel whose main thread computes, it must wait for each turn.
"""

import asyncio
import selectors
import sys
from collections.abc import Iterable

GATHER_SECONDS = 0.001
"""How long the loop looks away once clients have said something."""

Ready = list[tuple[selectors.SelectorKey, int]]


class PatientSelector(selectors.DefaultSelector):
    """Waits a moment for more of what clients say, and for nothing else.

    What another thread publishes, and a socket that may be written to again, are told at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._urgent = selectors.DefaultSelector()
        self._hurried: set[int] = set()

    def hurry(self, keys: Iterable[selectors.SelectorKey]) -> None:
        """Have these end the waiting."""
        for key in keys:
            self._urgent.register(key.fd, selectors.EVENT_READ)
            self._hurried.add(key.fd)

    def select(self, timeout: float | None = None) -> Ready:
        """Return what is ready (see `selectors.BaseSelector.select`)."""
        ready = super().select(timeout)
        if not ready or timeout == 0:
            return ready
        for key, events in ready:
            if events != selectors.EVENT_READ or key.fd in self._hurried:
                return ready
        self._urgent.select(GATHER_SECONDS)
        return super().select(0)

    def close(self) -> None:
        """Give back what the kernel holds for it."""
        self._urgent.close()
        super().close()


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the loop that a server runs in which has a thread of its own."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    selector = PatientSelector()
    loop = asyncio.SelectorEventLoop(selector)
    # Nothing is registered yet but that by which other threads wake the loop.
    selector.hurry(list(selector.get_map().values()))
    return loop
