"""What can be wrong with a history, and how it is told."""

import errno
import sqlite3
from pathlib import Path


class HistoryError(RuntimeError):
    """The history cannot be read, or not be kept; the text says why, and what to do."""


class HistoryWarning(UserWarning):
    """A part of the history cannot be read, or something is not kept."""


class UnknownRun(LookupError):
    """There is no such execution in the history."""

    def __str__(self) -> str:
        return f"no execution {self.args[0]} in the history"


class RunIsLive(HistoryError):
    """What was asked for cannot be done with a run that goes on; the text says which."""


_ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EACCES: "allow to write there, or choose another folder",
    errno.EPERM: "allow to write there, or choose another folder",
    errno.EROFS: "choose another folder",
    errno.ENOTDIR: "choose another folder",
    errno.EEXIST: "choose another folder",
}

_SQLITE_ADVICE = {
    "SQLITE_FULL": "make room there",
    "SQLITE_IOERR": "look after the disk, and make room there",
    "SQLITE_READONLY": "allow to write there, or choose another folder",
    "SQLITE_CANTOPEN": "allow to write there, or choose another folder",
    "SQLITE_CORRUPT": "move the file away, a new one is begun",
    "SQLITE_NOTADB": "move the file away, a new one is begun",
}


def is_broken(error: BaseException) -> bool:
    """Tell whether an error says that a file is no database, or is damaged."""
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorname", "").startswith(
        ("SQLITE_NOTADB", "SQLITE_CORRUPT")
    )


def reason(error: sqlite3.Error | OSError, path: Path) -> str:
    """Say what is wrong with a file, and what to do about it."""
    if isinstance(error, OSError):
        said, advice = error.strerror or str(error), _ADVICE.get(error.errno or 0)
    else:
        name = getattr(error, "sqlite_errorname", "")
        said = str(error)
        advice = next((text for key, text in _SQLITE_ADVICE.items() if name.startswith(key)), None)
    return f"{path}: {said}" + (f"; {advice}" if advice else "")
