"""The log of an execution elsewhere: the lines that were written there while nobody listened here."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote

from ..client import Address, http
from ..history.lookback import LinePlace
from ..protocol import LogEntry, timestamp
from ..tail import LogTail

LONGEST = 6_000
"""Characters of a message that an address has room for."""

_Key = tuple[object, ...]


class RemoteLog:
    """Brings in, as a connection begins, what its server keeps of the log and this side has not.

    Parameters
    ----------
    address, token
        As for `connect`.
    tail
        The lines that are here.
    """

    def __init__(self, address: Address, token: str | None, tail: LogTail) -> None:
        self._address = address
        self._token = token
        self._tail = tail
        self._twice: Counter[_Key] = Counter()

    async def missed(self) -> tuple[list[LogEntry], int]:
        """Fetch the lines behind the last that is here, and tell how many before them are kept nowhere near.

        The server keeps the newest lines of a log, so that their number is bounded.

        Raises
        ------
        OSError
            When they cannot be had; the text says why.
        """
        entries, lost = await asyncio.to_thread(http.log, self._address, self._token)
        self._twice = Counter(_key(entry) for entry in entries)
        here = {_key(entry) for entry in self._tail.entries()}
        if not here:
            self._tail.miss(lost)
        known = next((i for i in range(len(entries), 0, -1) if _key(entries[i - 1]) in here), 0)
        return entries[known:], 0 if known else lost

    def before(self, line: LinePlace, most: int) -> tuple[list[LogEntry], int]:
        """Return the lines before a line, and how many are before these; raises as `missed`. This blocks."""
        return http.log_part(self._address, "before", _told(line, limit=most), self._token)

    def after(self, line: LinePlace, skip: int, most: int) -> list[LogEntry]:
        """Return the lines of a line's device that came after it; raises as `missed`. This blocks."""
        told = _told(line, skip=skip, limit=most)
        return http.log_part(self._address, "after", told, self._token)[0]

    def has(self, entry: LogEntry) -> bool:
        """Tell whether a line that comes live was among those that were fetched; each is asked for once."""
        key = _key(entry)
        if not self._twice.get(key):
            return False
        self._twice[key] -= 1
        return True


def _told(line: LinePlace, **counts: int) -> dict[str, str | int]:
    at = timestamp(datetime.fromtimestamp(line.at / 1000, UTC))
    # A line that is too long for an address is told by its time alone.
    message = {"message": line.message} if len(quote(line.message)) < LONGEST else {}
    source = {"source": line.source} if line.source is not None else {}
    return {"at": at, "device_id": line.device_id, **message, **source, **counts}


def _key(entry: LogEntry) -> _Key:
    return (entry.timestamp, entry.device_id, entry.module_id, entry.level, entry.source, entry.message)
