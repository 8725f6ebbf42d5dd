"""The rates at which messages may leave the hub (specification, "Message Frequency Limits").

A shaper holds no thread: what waits goes out with the next message of its execution, and a running
execution is never silent for long.
"""

from collections import deque
from collections.abc import Iterator

from msgspec import UNSET

from .protocol import ExecutionCompleted, ExecutionProgress, LogEntry, Message, limits


class ShedLogs:
    """Log entries that were dropped, until one entry tells how many (decisions, "Shedding")."""

    __slots__ = ("_last", "count")

    def __init__(self) -> None:
        self.count = 0
        """Entries dropped since the last notice."""
        self._last: LogEntry | None = None

    def __bool__(self) -> bool:
        return self._last is not None

    def add(self, entry: LogEntry) -> None:
        """Count an entry; a notice stands for all that it tells of."""
        self.count += 1 if entry.shed is UNSET else entry.shed
        self._last = entry

    def notice(self) -> LogEntry:
        """Return the entry that tells how many there were, and begin anew.

        Raises
        ------
        ValueError
            When there were none.
        """
        if self._last is None:
            raise ValueError("no log entry was shed")
        count, last = self.count, self._last
        self.count, self._last = 0, None
        return LogEntry(
            execution_id=last.execution_id,
            device_id=last.device_id,
            level="WARN",
            message=f"{count} log {'entry was' if count == 1 else 'entries were'} shed",
            module_id=last.module_id,
            timestamp=last.timestamp,
            shed=count,
            source=last.source,
        )


class Shaper:
    """Shapes the messages of one execution: the newest progress wins, logs over the limit are counted."""

    def __init__(self) -> None:
        self._progress = _NewestProgress()
        self._logs: dict[tuple[str, object], _LogWindow] = {}

    def shape(self, message: Message, now: float) -> Iterator[Message]:
        """Give what may go out now that `message` came, in order.

        Parameters
        ----------
        message
            A message of the execution.
        now
            A monotonic clock, in seconds.
        """
        last = isinstance(message, ExecutionCompleted)
        for window in self._logs.values():
            yield from window.take(now, at_once=last)
        if isinstance(message, LogEntry):
            window = self._logs.setdefault((message.device_id, message.source), _LogWindow())
            window.put(message)
            yield from window.take(now, at_once=False)
        elif isinstance(message, ExecutionProgress):
            self._progress.put(message)
        yield from self._progress.take(now, at_once=last)
        if not isinstance(message, LogEntry | ExecutionProgress):
            yield message


class _NewestProgress:
    def __init__(self) -> None:
        self._waiting: ExecutionProgress | None = None
        self._due = float("-inf")

    def put(self, message: ExecutionProgress) -> None:
        self._waiting = message

    def take(self, now: float, *, at_once: bool) -> Iterator[ExecutionProgress]:
        if self._waiting is not None and (at_once or now >= self._due):
            yield self._waiting
            self._waiting = None
            self._due = now + 1 / limits.PROGRESS_PER_SECOND


class _LogWindow:
    """Passes the limit's number of entries in any second, and counts the rest.

    The last place of each second is kept until the execution ends, whose notice may need it; the entry that
    would have it waits for the next.
    """

    def __init__(self) -> None:
        self._passed: deque[float] = deque(maxlen=limits.LOGS_PER_SECOND - 1)
        self._waiting: LogEntry | None = None
        self._shed = ShedLogs()

    def put(self, entry: LogEntry) -> None:
        if self._waiting is None and not self._shed:
            self._waiting = entry
        else:
            self._shed.add(entry)

    def take(self, now: float, *, at_once: bool) -> Iterator[LogEntry]:
        if self._waiting is not None and (self._free(now) or (at_once and not self._shed)):
            yield self._pass(self._waiting, now)
            self._waiting = None
        if self._shed and (self._free(now) or at_once):
            if self._waiting is not None:
                self._shed.add(self._waiting)
                self._waiting = None
            yield self._pass(self._shed.notice(), now)

    def _pass(self, entry: LogEntry, now: float) -> LogEntry:
        self._passed.append(now)
        return entry

    def _free(self, now: float) -> bool:
        return len(self._passed) < limits.LOGS_PER_SECOND - 1 or now - self._passed[0] >= 1.0
