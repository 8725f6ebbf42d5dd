"""The files of a history's folder: one for each process that writes at the same time.

SQLite before 3.51.3 can lose a commit when two processes write one file in WAL mode; so a file has one
writer. It holds the lock of the file's slot for as long as it lives; the next process takes the next slot,
and a reader reads all of them. The system gives a lock back when its process ends, however it ends: a slot
whose lock is free has no writer, whatever its file says, and whatever process has the writer's number now.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from .errors import HistoryError

_NAME = re.compile(r"history(?:-(\d+))?\.db")

MOST = 100
"""How many processes may write one folder at a time."""

BUSY_SECONDS = 5.0
"""How long one waits for another's short locks on a file."""


def files(folder: Path) -> list[Path]:
    """Return the files of a folder, in the order of their slots; none when there is no such folder."""
    try:
        found = [
            (int(name[1] or 1), path) for path in folder.iterdir() if (name := _NAME.fullmatch(path.name))
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for _, path in sorted(found)]


def file_of(folder: Path, number: int) -> Path:
    """Return the file of a slot, from 1."""
    return folder / ("history.db" if number == 1 else f"history-{number}.db")


class Claim:
    """The right to write a slot's file, until it is closed or the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def try_for(cls, path: Path) -> Self | None:
        """Claim a file; None when another has it.

        Raises
        ------
        OSError
            When the folder cannot be written.
        """
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @property
    def lost(self) -> bool:
        """Whether the file or its lock was deleted, or replaced: what is written then reaches nobody."""
        if self._descriptor is None:
            return True
        try:
            lock = os.stat(f"{self.path}.lock")
            os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        return not os.path.samestat(lock, os.fstat(self._descriptor))

    def close(self) -> None:
        """Give it back; twice is no error."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def claim_any(folder: Path) -> Claim:
    """Claim the first slot of a folder that nobody has; the folder is made when needed.

    Raises
    ------
    OSError
        When the folder cannot be made or written.
    HistoryError
        When there are too many writers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST + 1):
        # A reader that just looks after a file has it for milliseconds.
        for _ in range(3):
            claim = Claim.try_for(file_of(folder, number))
            if claim is not None:
                return claim
            time.sleep(0.005)
    raise HistoryError(f"{MOST} processes write to {folder} already: choose another folder")


def set_aside(path: Path) -> Path:
    """Move a file that is no database out of the way, for whoever may mend it; it is claimed.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    target = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{target}{suffix}")
    return target


def is_claimed(path: Path) -> bool:
    """Tell whether someone has the right to write a file."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """Open a file; whoever writes it has claimed it.

    Raises
    ------
    sqlite3.Error
        When it cannot be opened.
    """
    mode = "rwc" if write else "ro"
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
    )
