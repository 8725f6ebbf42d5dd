"""The messages of an execution on their way to the pages that show it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from ..hub import Envelope, Hub, Subscription, device_subject, execution_subject
from ..protocol import DeviceStatus, ExecutionSnapshot, LogEntry, encode
from ..state import ExecutionState
from ..tail import LINES
from .parcel import Parcel, messages

GREETING_SECONDS = 1.0
"""How soon after its answer a page that asks again has only asked before it came."""
BATCH_SECONDS = 0.08
"""How long messages are gathered: Jupyter's server drops what passes 1,000 comm messages a second."""

HERALDS = (0.1, 0.4, 1.0, 2.0, 4.0, 8.0, 16.0)
"""When a snapshot is sent unasked, in seconds from the first display: a kernel whose cell blocks does not
hear a page that asks for one."""


class Feed:
    """Batches an execution's messages, and keeps what a page needs that comes later.

    Parameters
    ----------
    execution_id, hub
        The execution, and the hub where its messages pass.
    wake
        Called with the time (monotonic seconds, from `clock`) at which there will be something to send.
    clock
        Monotonic seconds.
    logs
        Gives the log so far, for a feed that begins later than its execution, and how many lines are missing
        before it.
    lines
        How many log lines are kept.

    Raises
    ------
    UnknownExecution
        When the hub does not know the execution.
    """

    def __init__(
        self,
        execution_id: str,
        hub: Hub,
        wake: Callable[[float], None],
        clock: Callable[[], float],
        logs: Callable[[], tuple[Iterable[LogEntry], int]] | None = None,
        lines: int = LINES,
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._lock = threading.Lock()
        self._state: ExecutionState | None = None
        self._logs: deque[bytes] = deque(maxlen=lines)
        self._logged = 0
        self._batch: list[bytes] = []
        self._parcels: list[Parcel] = []
        self._due: float | None = None
        self._heralds: deque[float] = deque()
        self._greeted = False
        self._answered = ("", 0.0)
        live: list[LogEntry] = []
        self._live: list[LogEntry] | None = live if logs is not None else None
        self._subscriptions: list[Subscription] = [
            hub.subscribe(execution_subject(execution_id), self._take, state_of=execution_id),
            hub.subscribe(device_subject("*", DeviceStatus.type_name()), self._take),
        ]
        if logs is not None:
            past, missing = logs()
            self._begin_with(list(past), missing, live)

    @property
    def ended(self) -> bool:
        """True once the execution has ended."""
        with self._lock:
            return self._state is not None and self._state.ended

    def snapshot(self) -> ExecutionSnapshot:
        """Return the execution's present state."""
        with self._lock:
            return self._present().snapshot()

    def herald(self) -> None:
        """Send snapshots unasked for a while, until a page has asked: the widget is displayed."""
        now = self._clock()
        with self._lock:
            if self._greeted or self._heralds:
                return
            self._heralds.extend(now + delay for delay in HERALDS)
            first = self._heralds[0]
        self._wake(first)

    def greet(self, page: str) -> None:
        """Answer a page that asks for everything so far.

        A page asks again until it is answered: what a busy kernel finds waiting is one question.
        """
        now = self._clock()
        with self._lock:
            asked, at = self._answered
            if asked == page and now - at < GREETING_SECONDS:
                return
            self._answered = (page, now)
            self._greeted = True
            self._heralds.clear()
            self._seal()
            self._parcels.append(self._everything(page))
        self._wake(now)

    def collect(self, now: float) -> tuple[list[Parcel], float | None]:
        """Take what is due at `now`, and tell when more will be."""
        with self._lock:
            if self._due is not None and now >= self._due:
                self._seal()
            if self._heralds and now >= self._heralds[0]:
                while self._heralds and now >= self._heralds[0]:
                    self._heralds.popleft()
                self._seal()
                self._parcels.append(self._everything(None))
            parcels, self._parcels = self._parcels, []
            times = [time for time in (self._due, *self._heralds) if time is not None]
            return parcels, min(times, default=None)

    def close(self) -> None:
        """Hear no more; what was heard can still be collected."""
        for subscription in self._subscriptions:
            subscription.close()
        with self._lock:
            self._heralds.clear()
            self._due = None
            self._seal()

    def _take(self, envelope: Envelope) -> None:
        message = envelope.message
        with self._lock:
            if self._state is None:
                if isinstance(message, ExecutionSnapshot):
                    self._state = ExecutionState(message)
                return
            if isinstance(message, DeviceStatus) and not self._state.has_device(message.device_id):
                return
            self._state.fold(message)
            if isinstance(message, LogEntry):
                self._logs.append(envelope.full)
                self._logged += 1
                if self._live is not None:
                    self._live.append(message)
            self._batch.append(envelope.full)
            if self._due is not None:
                return
            due = self._due = self._clock() + BATCH_SECONDS
        self._wake(due)

    def _begin_with(self, past: list[LogEntry], missing: int, live: list[LogEntry]) -> None:
        """Put the lines before ours, without those that came to both while we began."""
        with self._lock:
            self._live = None
            both = {id(entry) for entry in live}
            older = [encode(entry) for entry in past if id(entry) not in both]
            kept = [*older, *self._logs]
            self._logged += missing + len(older)
            self._logs.clear()
            self._logs.extend(kept)

    def _seal(self) -> None:
        """End the present batch, so that what follows comes after it."""
        self._due = None
        if self._batch:
            self._parcels.append(messages("messages", self._batch))
            self._batch = []

    def _everything(self, page: str | None) -> Parcel:
        state = encode(self._present().snapshot())
        lost = self._logged - len(self._logs)
        return messages("snapshot", [state, *self._logs], lost=lost, page=page)

    def _present(self) -> ExecutionState:
        assert self._state is not None, "the hub gives the state first"
        return self._state
