"""A process that records: it publishes lines of a log, and says of each flush which line is on disk."""

from __future__ import annotations

import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec.structs import replace

from execmon_lab.history import History, HistoryError
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry, StepStarted, timestamp
from tests.history.forked import Forked
from tests.strategies import fresh

Full = Callable[[History], Callable[[], None]]


def files_end_at(most: int, _: History) -> Callable[[], None]:
    """Let the system refuse to write further than that in any file (``EFBIG``)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def pages_end_at(most: int, history: History) -> Callable[[], None]:
    """Let SQLite find the disk full (``SQLITE_FULL``), as it says where the system tells ``ENOSPC``."""

    def limit(pages: int) -> None:
        assert history._store.writer is not None
        history._store.writer._db.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    limit(most)
    return lambda: limit(1 << 30)


class Writer(Forked):
    """A process that writes until it is killed; it tells which line is on disk, or why one is not.

    Parameters
    ----------
    folder, execution_id
        What it writes, and where.
    full
        Makes the disk full for this process alone, and returns what makes room again: a flush that is
        refused is told, and then there is room.
    """

    def __init__(self, folder: Path, execution_id: str, full: Full | None = None) -> None:
        super().__init__(_write, folder, execution_id, full)
        assert self.told() == "ready"


def _write(told: Connection, folder: Path, execution_id: str, full: Full | None) -> None:
    start = replace(fresh(3), execution_id=execution_id)
    step = start.steps[0]
    hub = Hub()
    where = {"execution_id": execution_id, "device_id": step.device_id, "module_id": step.module_id}
    with History(folder) as history:
        history.record(hub)
        hub.publish(start)
        hub.publish(StepStarted(**where, step_id=step.step_id, attempt=1, timestamp=timestamp()))
        history.flush()
        told.send("ready")
        make_room = full(history) if full is not None else None
        number = 0
        while True:
            for _ in range(20):
                text = f"{number} {'x' * 100}"
                hub.publish(LogEntry(**where, level="INFO", message=text, timestamp=timestamp()))
                number += 1
            try:
                history.flush()
            except HistoryError as error:
                if make_room is None:
                    raise
                told.send(str(error))
                make_room()
                continue
            told.send(number - 1)
