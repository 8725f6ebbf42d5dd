"""Notifications: the shade, heads-up notices and toasts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from execmon_lab.phone.state.core import Core

HEADS_UP_SECONDS = 5.0
TOAST_SECONDS = 2.0


@dataclass
class Notification:
    """A notice of an app; `target` is the address that a tap opens."""

    key: str
    package: str
    title: str
    text: str
    target: str
    posted: float = field(default_factory=time.time)


class Notifications:
    """What waits in the shade, and what shows for a moment."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.items: list[Notification] = []
        self.last_toast = ""
        self._heads_up: tuple[Notification, float] | None = None
        self._toast_end = 0.0
        self.shade_open = False

    def reset(self) -> None:
        """Forget everything, as a reboot does."""
        self.items.clear()
        self._heads_up = None
        self._toast_end = 0.0
        self.shade_open = False

    def post(
        self, key: str, *, package: str, title: str, text: str, target: str, heads_up: bool = False
    ) -> None:
        """Post a notice, in place of the one with the same key."""
        self.items = [item for item in self.items if item.key != key]
        notice = Notification(key, package, title, text, target)
        self.items.insert(0, notice)
        if heads_up:
            self._heads_up = (notice, time.monotonic() + HEADS_UP_SECONDS)
            self._core.later(HEADS_UP_SECONDS, self._core.changed)
        self._core.changed()

    def cancel(self, key: str) -> None:
        """Take a notice away."""
        self.items = [item for item in self.items if item.key != key]
        if self._heads_up is not None and self._heads_up[0].key == key:
            self._heads_up = None
        self._core.changed()

    def clear(self) -> None:
        """Take all notices away."""
        self.items.clear()
        self._heads_up = None
        self._core.changed()

    def open_shade(self, is_open: bool) -> None:
        """Pull the shade down or push it up."""
        if is_open:
            self._heads_up = None
        if self.shade_open != is_open:
            self.shade_open = is_open
            self._core.changed()

    @property
    def heads_up(self) -> Notification | None:
        """The notice that shows at the top of the screen now."""
        if self._heads_up is None or time.monotonic() >= self._heads_up[1]:
            return None
        return self._heads_up[0]

    def toast(self, text: str, seconds: float = TOAST_SECONDS) -> None:
        """Show a short text at the bottom of the screen."""
        self.last_toast = text
        self._toast_end = time.monotonic() + seconds
        self._core.later(seconds, self._core.changed)
        self._core.changed()

    @property
    def present_toast(self) -> str:
        """The toast that shows now, or nothing."""
        return self.last_toast if time.monotonic() < self._toast_end else ""
