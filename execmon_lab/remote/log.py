"""The log of an execution elsewhere: the lines that were written there while nobody listened here."""

import asyncio
from collections import Counter

from ..client import Address, http
from ..protocol import LogEntry
from ..tail import LogTail

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

    def has(self, entry: LogEntry) -> bool:
        """Tell whether a line that comes live was among those that were fetched; each is asked for once."""
        key = _key(entry)
        if not self._twice.get(key):
            return False
        self._twice[key] -= 1
        return True


def _key(entry: LogEntry) -> _Key:
    return (entry.timestamp, entry.device_id, entry.module_id, entry.level, entry.source, entry.message)
