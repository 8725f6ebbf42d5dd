"""A history in a folder that belongs to somebody else: read in full, written not at all."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from execmon_lab.history import History, HistoryError, slots, tables
from execmon_lab.hub import Hub
from tests.history.forked import Forked
from tests.history.runs import folded
from tests.history.writer_process import Writer
from tests.strategies import EXECUTION

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder where nobody may write, but anybody read."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        folder = Path(above) / "history"
        folder.mkdir()
        try:
            yield folder
        finally:
            folder.chmod(0o755)


def lock(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def by_another(task: Callable[[Path], Any], folder: Path) -> Any:
    """Do something as a user who may not write there, in a process of its own."""
    with Forked(_as_nobody, task, folder) as process:
        return process.told()


def _as_nobody(told: Connection, task: Callable[[Path], Any], folder: Path) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        (folder / "probe").touch()
    except PermissionError:
        told.send(task(folder))
    else:
        told.send("it may write there after all")


def read(folder: Path) -> tuple[list[str], int, int]:
    history = History(folder)
    # Rows, not frames: that user may not be able to import polars either.
    statuses = [row["status"] for row in history.rows(tables.EXECUTIONS)]
    return statuses, len(history.rows(tables.ATTEMPTS)), len(history.execution(EXECUTION).state.steps)


def record(folder: Path) -> str:
    history = History(folder)
    with pytest.raises(HistoryError) as refused:
        history.record(Hub())
    assert str(refused.value) == history.trouble
    return str(refused.value)


def add(folder: Path) -> str:
    with pytest.raises(HistoryError) as refused:
        History(folder).add(folded())
    return str(refused.value)


def test_it_is_read(folder: Path) -> None:
    History(folder).add(folded(EXECUTION))
    lock(folder)
    before = sorted(path.name for path in folder.iterdir())
    assert by_another(read, folder) == (["completed"], 4, 3)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_it_is_read_while_its_owner_writes(folder: Path) -> None:
    History(folder).add(folded(EXECUTION))
    with Writer(folder, str(uuid.uuid4())):
        os.chmod(folder, 0o555)
        assert by_another(read, folder) == (["completed", "running"], 5, 3)


def test_a_run_whose_process_died_is_interrupted_there_too(folder: Path) -> None:
    History(folder).add(folded(EXECUTION))
    with Writer(folder, str(uuid.uuid4())):
        pass
    lock(folder)
    assert by_another(read, folder) == (["completed", "interrupted"], 5, 3)


@pytest.mark.parametrize("task", [record, add])
def test_what_would_be_kept_there_is_refused(folder: Path, task: Callable[[Path], str]) -> None:
    History(folder).add(folded(EXECUTION))
    lock(folder)
    told = by_another(task, folder)
    assert "Permission denied; allow to write there, or choose another folder" in told
    assert [path.name for path in slots.files(folder)] == ["history.db"]
