"""What a program has not taken yet: in the order in which it came, and bounded."""

import asyncio
from collections import deque
from dataclasses import dataclass

from ..protocol import ExecutionProgress, LogEntry, Message, PreviewFrame
from ..shaping import ShedLogs

LOGS = 10_000
"""Log entries that wait for a slow program; the oldest are shed and counted."""
MESSAGES = 10_000
"""Messages that wait; more are not read from the connection until the program has caught up."""


@dataclass(slots=True)
class _Cell:
    """A place in the queue; its message may be replaced by a newer one, or shed."""

    message: Message | None


class Mailbox:
    """A queue in which progress and frames are replaced by newer ones, and old log entries give way.

    Parameters
    ----------
    logs, messages
        How many log entries, and how many messages in all, may wait.
    """

    def __init__(self, logs: int = LOGS, messages: int = MESSAGES) -> None:
        self._most_logs = logs
        self._most = messages
        self._cells: deque[_Cell] = deque()
        self._newest: dict[tuple[type[Message], str], _Cell] = {}
        self._logs: deque[_Cell] = deque()
        self._shed = ShedLogs()
        self._changed = asyncio.Condition()
        self._ended = False
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._cells)

    async def put(self, message: Message) -> None:
        """File a message; waits while the program is too far behind."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._cells) < self._most or self._ended)
            self._file(message)
            self._changed.notify_all()

    async def end(self, error: Exception | None = None) -> None:
        """Let `get` end, once all that waits is taken: with `error`, where there is one."""
        async with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()

    async def get(self) -> Message | None:
        """Take the next message.

        Returns
        -------
        Message or None
            None at the end.

        Raises
        ------
        Exception
            What `end` was given.
        """
        async with self._changed:
            while True:
                await self._changed.wait_for(lambda: self._cells or self._ended)
                message = self._take()
                if message is not None:
                    self._changed.notify_all()
                    return message
                if self._ended:
                    if self._error is not None:
                        raise self._error
                    return None

    def _file(self, message: Message) -> None:
        if isinstance(message, PreviewFrame | ExecutionProgress):
            key = (type(message), getattr(message, "device_id", ""))
            waiting = self._newest.get(key)
            if waiting is not None:
                waiting.message = message
                return
            cell = self._newest[key] = _Cell(message)
        else:
            cell = _Cell(message)
        self._cells.append(cell)
        if isinstance(message, LogEntry):
            self._logs.append(cell)
            if len(self._logs) > self._most_logs:
                self._shed_oldest()

    def _shed_oldest(self) -> None:
        cell = self._logs.popleft()
        assert isinstance(cell.message, LogEntry)
        self._shed.add(cell.message)
        cell.message = None

    def _take(self) -> Message | None:
        if self._shed:
            return self._shed.notice()
        while self._cells:
            cell = self._cells.popleft()
            message = cell.message
            if isinstance(message, LogEntry):
                self._logs.popleft()
            elif isinstance(message, PreviewFrame | ExecutionProgress):
                del self._newest[type(message), getattr(message, "device_id", "")]
            if message is not None:
                return message
        return None
