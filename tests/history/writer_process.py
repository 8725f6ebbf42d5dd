"""A process that records: it publishes lines of a log, and says of each flush which line is on disk."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec.structs import replace

from execmon_lab.history import History, HistoryError
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry, StepStarted, timestamp
from tests.strategies import fresh

# Its server has imported all of this once: a process is there in milliseconds.
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload([__name__])

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


class Writer:
    """A process that writes until it is killed.

    Parameters
    ----------
    folder, execution_id
        What it writes, and where.
    full
        Makes the disk full for this process alone, and returns what makes room again: a flush that is
        refused is told, and then there is room.
    """

    def __init__(self, folder: Path, execution_id: str, full: Full | None = None) -> None:
        self._told, theirs = FORKSERVER.Pipe(duplex=False)
        self._process = FORKSERVER.Process(target=_write, args=(theirs, folder, execution_id, full))
        self._process.start()
        theirs.close()
        assert self.told() == "ready"

    def told(self) -> int | str:
        """Wait for what it says next: a line that is on disk, or why it is not."""
        assert self._told.poll(60)
        said: int | str = self._told.recv()
        return said

    def kill(self) -> list[int]:
        """Kill it; return what it had said by then and nobody had heard."""
        self._process.kill()
        self._process.join()
        left = []
        try:
            while True:
                left.append(self._told.recv())
        except (EOFError, OSError):
            return left
        finally:
            self._told.close()


@contextmanager
def writing(folder: Path, execution_id: str, full: Full | None = None) -> Iterator[Writer]:
    """A process that writes, and is killed."""
    writer = Writer(folder, execution_id, full)
    try:
        yield writer
    finally:
        writer.kill()


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
