"""Lines of the log that a page has not: those before its first, and those that were shed on the way to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Protocol

from ..history import HistoryError
from ..history.lookback import LinePlace
from ..protocol import LogEntry, encode
from .commands import Earlier, LogLine, Shed
from .parcel import Parcel, messages

LINES = 8192
"""How many lines go to a page at once."""


class KeptLog(Protocol):
    """What has all lines: a `Lookback`."""

    def before(self, line: LinePlace, most: int, /) -> tuple[list[LogEntry], int]:
        """Return the lines before a line, and how many are before these."""

    def after(self, line: LinePlace, skip: int, most: int, /) -> list[LogEntry]:
        """Return the lines of a line's device that came after it."""


class Backlog:
    """Answers pages that ask for such lines.

    Parameters
    ----------
    kept
        Where all lines are.
    answer
        Sends a parcel to the pages; from any thread.
    """

    def __init__(self, kept: KeptLog, answer: Callable[[Parcel], None]) -> None:
        self._kept = kept
        self._answer = answer

    def take(self, command: Earlier | Shed) -> None:
        """Answer with lines, the oldest first, or with the reason why there are none."""
        lost = 0
        try:
            if isinstance(command, Earlier):
                lines, lost = self._kept.before(_place(command.first), LINES)
            else:
                lines = self._kept.after(_place(command.after), command.skip, min(command.count, LINES))
        except (HistoryError, sqlite3.Error, OSError) as error:
            self._tell(command, [], refused=str(error))
        else:
            self._tell(command, lines, lost=lost)

    def _tell(self, command: Earlier | Shed, lines: list[LogEntry], **content: Any) -> None:
        content = {"page": command.page, "id": command.id, "lost": 0, "refused": None, **content}
        self._answer(messages("lines", [encode(line) for line in lines], **content))


def _place(line: LogLine) -> LinePlace:
    return LinePlace(line.at, line.device_id, line.message, line.source)
