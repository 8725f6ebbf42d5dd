"""A process that records: it publishes lines of a log, and says of each flush which line is on disk."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec.structs import replace

from execmon_lab.history import History, HistoryError
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry, StepStarted, timestamp
from tests.strategies import fresh

# Its server has imported all of this once: a process is there in milliseconds.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Writer:
    """A process that writes until it is killed.

    Parameters
    ----------
    folder, execution_id
        What it writes, and where.
    limit
        The most bytes that any file may have until a flush was refused: a disk that is full for this
        process alone.
    """

    def __init__(self, folder: Path, execution_id: str, limit: int | None = None) -> None:
        self._told, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_write, args=(theirs, folder, execution_id, limit))
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
def writing(folder: Path, execution_id: str, limit: int | None = None) -> Iterator[Writer]:
    """A process that writes, and is killed."""
    writer = Writer(folder, execution_id, limit)
    try:
        yield writer
    finally:
        writer.kill()


def _write(told: Connection, folder: Path, execution_id: str, limit: int | None) -> None:
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
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        number = 0
        while True:
            for _ in range(20):
                text = f"{number} {'x' * 100}"
                hub.publish(LogEntry(**where, level="INFO", message=text, timestamp=timestamp()))
                number += 1
            try:
                history.flush()
            except HistoryError as error:
                told.send(str(error))
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                continue
            told.send(number - 1)
