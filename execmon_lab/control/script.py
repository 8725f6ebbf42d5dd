"""The lines of code that what a user did by hand has become."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ..devices.hierarchy import Node
from .code import line
from .gestures import AnyGesture, Size, Text

LINES = 200
"""How many are kept, the newest."""


class Line(NamedTuple):
    """One line, and the device that it was done on."""

    device_id: str
    code: str


class Script:
    """Keeps the newest lines; from any thread.

    Attributes
    ----------
    on_change : callable
        Called after a change, without arguments and without a lock held.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._typed = ("", "")

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that are kept, the oldest first."""
        with self._lock:
            return tuple(self._lines)

    def add(self, device_id: str, gesture: AnyGesture, screen: Size, nodes: list[Node]) -> None:
        """Add what was done; what was typed in several parts becomes one line."""
        with self._lock:
            typed, where = self._typed
            self._typed = ("", "")
            if isinstance(gesture, Text):
                if typed and where == device_id:
                    self._lines.pop()
                    gesture = Text(text=typed + gesture.text)
                self._typed = (gesture.text, device_id)
            self._lines.append(Line(device_id, line(gesture, screen, nodes)))
        self.on_change()

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._lines.clear()
            self._typed = ("", "")
        self.on_change()

    def text(self, device_id: str | None = None) -> str:
        """Return the lines of one device, or of all, as they go into a module."""
        return "\n".join(kept.code for kept in self.lines if device_id in (None, kept.device_id))
