"""Install sessions: packages that arrive in parts before they are installed."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_SESSIONS = 16


@dataclass
class Session:
    """Parts by name, and who installs them."""

    identifier: int
    installer: str
    parts: dict[str, bytes] = field(default_factory=dict)


class Sessions:
    """The open sessions."""

    def __init__(self) -> None:
        self._open: dict[int, Session] = {}
        self._last = 1_130_000_000

    def create(self, installer: str) -> Session:
        """Open a session; the oldest goes when there are too many."""
        self._last += 7919
        while len(self._open) >= MAX_SESSIONS:
            del self._open[next(iter(self._open))]
        session = self._open[self._last] = Session(self._last, installer)
        return session

    def get(self, identifier: int) -> Session | None:
        """Return an open session."""
        return self._open.get(identifier)

    def drop(self, identifier: int) -> None:
        """Close a session."""
        self._open.pop(identifier, None)
