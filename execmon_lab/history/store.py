"""A history's folder: its files opened for reading, and changed by whoever may write them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from . import slots
from .artifacts import ArtifactStore
from .errors import HistoryError, HistoryWarning, RunIsLive, reason
from .upkeep import look_after, needs_care, opened
from .writer import Writer

T = TypeVar("T")

CHANGE_SECONDS = 600.0


class Store:
    """The files of a folder.

    Parameters
    ----------
    folder
        Which; it need not exist.

    Attributes
    ----------
    writer : Writer or None
        This process's own, whose file only it may change.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifacts = ArtifactStore(folder / "artifacts")
        self.writer: Writer | None = None

    def each(self, task: Callable[[Path, sqlite3.Connection], T]) -> list[T]:
        """Do something with each file, for reading; one that cannot be read is warned of, and left out.

        Raises
        ------
        HistoryError
            When a newer program wrote one, or the folder is a file.
        """
        if self.folder.is_file():
            raise HistoryError(f"{self.folder} is a file, and a history a folder; choose another folder")
        found = []
        for path in slots.files(self.folder):
            try:
                with contextlib.ExitStack() as stack:
                    db = stack.enter_context(reading(path))
                    db.execute("BEGIN")
                    found.append(task(path, db))
            except (sqlite3.DatabaseError, OSError) as error:
                text = f"a part of the history is not read: {reason(error, path)}"
                warnings.warn(text, HistoryWarning, stacklevel=3)
        return found

    def change(self, path: Path, task: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with a file that changes it.

        Raises
        ------
        RunIsLive
            When another process writes it.
        """
        writer = self.writer
        if writer is not None and writer.path == path:
            return writer.do(task).result(CHANGE_SECONDS)
        with contextlib.ExitStack() as stack:
            claim = slots.Claim.try_for(path)
            if claim is None:
                raise RunIsLive(f"{path} is written by another process: try again when that has ended")
            stack.enter_context(claim)
            return task(stack.enter_context(contextlib.closing(opened(path))))

    def change_any(self, task: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with one of the files, or a new one: whichever this process may write.

        Raises
        ------
        OSError
            When the folder cannot be written.
        """
        if self.writer is not None:
            return self.writer.do(task).result(CHANGE_SECONDS)
        with contextlib.ExitStack() as stack:
            claim = stack.enter_context(slots.claim_any(self.folder))
            return task(stack.enter_context(contextlib.closing(opened(claim.path))))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading, brought into order first where nobody writes it.

    Raises
    ------
    HistoryError
        When a newer program wrote it.
    sqlite3.Error, OSError
        When it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        others = not os.access(path.parent, os.W_OK)
        live = others and slots.is_claimed(path)
        if others and not live:
            # SQLite reads no WAL file where it may not write, and what is out of order stays so.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="execmon-lab-")))
            path = _copied(path, folder)
        db = stack.enter_context(contextlib.closing(slots.connect(path)))
        if not live and needs_care(db) and cared_for(path):
            db = stack.enter_context(contextlib.closing(slots.connect(path)))
        yield db


def _copied(path: Path, folder: Path) -> Path:
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}{suffix}", folder / f"{path.name}{suffix}")
    return folder / path.name


def cared_for(path: Path) -> bool:
    """Bring a file that nobody writes into order; tell whether nobody writes it."""
    with contextlib.ExitStack() as stack:
        claim = slots.Claim.try_for(path)
        if claim is None:
            return False
        stack.enter_context(claim)
        look_after(stack.enter_context(contextlib.closing(slots.connect(path, write=True))))
        return True
