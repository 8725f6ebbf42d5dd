"""What a consumer has not acknowledged outlives its connection (specification, "Reconnection Handling").

A guaranteed message is given to the session when it is sent, whether the network has taken it or it still
waits in the outbox, and stays there until it is acknowledged. A connection counts as there until the server
knows that it is gone, so what is published after a silent loss was sent as well. What is published while a
session has no connection was not sent: it is a missed message, which is not replayed; the `execution_state`
with which every connection begins tells of it. So a consumer that resumes has each guaranteed message once,
from its connections (those it knows already come first, in order) or from the state.
"""

import secrets
from collections import deque
from typing import Protocol

from .parcel import Parcel
from .settings import Settings


class Holder(Protocol):
    """The connection that serves a session."""

    def abort(self) -> None:
        """Drop the connection at once."""


class Session:
    """One consumer's guaranteed messages that are not acknowledged yet.

    Parameters
    ----------
    execution_id
        The execution it follows.
    client
        Whose it is: a token's name, or a remote address. Nobody else may resume it.
    """

    __slots__ = ("_bytes", "_seq", "client", "connection", "execution_id", "expires", "id", "unacknowledged")

    def __init__(self, execution_id: str, client: str) -> None:
        self.id = secrets.token_urlsafe(18)
        self.execution_id = execution_id
        self.client = client
        self.connection: Holder | None = None
        self.expires = float("inf")
        self.unacknowledged: deque[tuple[int, Parcel]] = deque()
        self._seq = 0
        self._bytes = 0

    @property
    def acknowledged(self) -> int:
        """The number up to which everything is acknowledged."""
        return self.unacknowledged[0][0] - 1 if self.unacknowledged else self._seq

    def number(self, parcel: Parcel) -> int:
        """Keep a guaranteed message until it is acknowledged, and return its number."""
        self._seq += 1
        self._bytes += parcel.size
        self.unacknowledged.append((self._seq, parcel))
        return self._seq

    def acknowledge(self, seq: int) -> bool:
        """Let go of every message up to a number; tell whether there was one."""
        before = len(self.unacknowledged)
        while self.unacknowledged and self.unacknowledged[0][0] <= seq:
            self._bytes -= self.unacknowledged.popleft()[1].size
        return len(self.unacknowledged) < before

    def exceeds(self, settings: Settings) -> bool:
        """Tell whether more is unacknowledged than may be."""
        return (
            len(self.unacknowledged) > settings.unacknowledged_messages
            or self._bytes > settings.unacknowledged_bytes
        )


class Sessions:
    """All sessions of a server, those with a connection and those that wait for their consumer's return.

    Parameters
    ----------
    settings
        How long, and how many for one client, sessions are kept.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[str, Session] = {}
        self._waiting: dict[str, dict[str, Session]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, execution_id: str, client: str) -> Session:
        """Begin a session."""
        session = Session(execution_id, client)
        self._sessions[session.id] = session
        return session

    def resume(self, session_id: str, execution_id: str, client: str, now: float) -> Session | None:
        """Return the session that a consumer comes back to.

        Returns
        -------
        Session or None
            None when there is none, it has expired, or it is not this client's or this execution's.
        """
        session = self._sessions.get(session_id)
        if session is None or session.expires <= now:
            return None
        if (session.client, session.execution_id) != (client, execution_id):
            return None
        self._forget_waiting(session)
        session.expires = float("inf")
        return session

    def detach(self, session: Session, now: float) -> None:
        """Keep a session whose connection went, for as long as the specification says."""
        if session.id not in self._sessions:
            return
        session.connection = None
        session.expires = now + self._settings.session_seconds
        waiting = self._waiting.setdefault(session.client, {})
        waiting[session.id] = session
        if len(waiting) > self._settings.sessions_per_client:
            self.end(next(iter(waiting.values())))

    def end(self, session: Session) -> None:
        """Drop a session: all was delivered, or its time is over."""
        self._sessions.pop(session.id, None)
        self._forget_waiting(session)

    def expire(self, now: float) -> None:
        """Drop every session whose time is over."""
        for waiting in list(self._waiting.values()):
            for session in [s for s in waiting.values() if s.expires <= now]:
                self.end(session)

    def _forget_waiting(self, session: Session) -> None:
        waiting = self._waiting.get(session.client)
        if waiting is not None:
            waiting.pop(session.id, None)
            if not waiting:
                del self._waiting[session.client]
