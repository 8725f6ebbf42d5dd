"""What is kept for how long."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .artifacts import ArtifactStore
from .schema import LIVE

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Retention:
    """How long runs are kept, and how much room they may take; what has not ended is always kept.

    Attributes
    ----------
    days
        Since it ended, or was imported; None for ever.
    max_bytes
        Of all runs with their screenshots and recordings, on disk: the oldest give way. None for any.

    Raises
    ------
    ValueError
        When one of them is not above 0.
    """

    days: float | None = 180.0
    max_bytes: int | None = 20 << 30

    def __post_init__(self) -> None:
        if self.days is not None and not self.days > 0:
            raise ValueError(f"days is {self.days:g}; give more than 0, or None to keep for ever")
        if self.max_bytes is not None and not self.max_bytes > 0:
            raise ValueError(f"max_bytes is {self.max_bytes}; give more than 0, or None for any")


STANDARD = Retention()
"""What a lab does unless told otherwise."""


class Kept(NamedTuple):
    """A run that has ended, as it lies on disk: `since` in milliseconds, `size` in bytes."""

    since: int
    execution_id: str
    file: Path
    size: int


_SIZES = f"""
SELECT coalesce(e.kept_at, e.ended_at, e.started_at), e.execution_id, length(e.detail)
    + (SELECT coalesce(sum(length(s.detail) + 200), 0) FROM steps s WHERE s.execution = e.id)
    + (SELECT coalesce(sum(length(a.detail) + 200), 0) FROM steps s JOIN attempts a ON a.step = s.id
        WHERE s.execution = e.id)
    + (SELECT coalesce(sum(length(c.body)), 0) FROM log_chunks c WHERE c.execution = e.id)
    + (SELECT 150 * count(*) FROM logs l WHERE l.execution = e.id)
FROM executions e WHERE e.status NOT IN {LIVE}
"""


def kept(db: sqlite3.Connection, file: Path, artifacts: ArtifactStore) -> list[Kept]:
    """Return the runs of a file that have ended, with about what each takes."""
    return [
        Kept(since, execution_id, file, size + sum(map(_size, artifact_paths(db, execution_id, artifacts))))
        for since, execution_id, size in db.execute(_SIZES).fetchall()
    ]


def surplus(runs: Iterable[Kept], retention: Retention, now: float | None = None) -> list[Kept]:
    """Return the runs that are to go, the oldest first."""
    runs = sorted(runs)
    oldest = (time.time() if now is None else now) * 1000
    oldest = oldest - retention.days * DAY_MS if retention.days is not None else float("-inf")
    left = sum(run.size for run in runs)
    going = []
    for run in runs:
        too_much = retention.max_bytes is not None and left > retention.max_bytes
        if run.since < oldest or too_much:
            going.append(run)
            left -= run.size
    return going


def artifact_paths(db: sqlite3.Connection, execution_id: str, artifacts: ArtifactStore) -> list[Path]:
    """Return where a run's screenshots and recordings are, or would be."""
    urls = db.execute(
        "SELECT a.screenshot_url FROM executions e JOIN steps s ON s.execution = e.id JOIN attempts a "
        "ON a.step = s.id WHERE e.execution_id = ? AND a.screenshot_url IS NOT NULL",
        (execution_id,),
    )
    found = []
    for (url,) in urls:
        try:
            found.append(artifacts.screenshot(url))
        except FileNotFoundError:
            continue
    return [*found, artifacts.recording(execution_id)]


def remove(paths: Iterable[Path]) -> None:
    """Remove files and folders; those that are gone already are no error."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            return sum(entry.stat().st_size for entry in path.iterdir())
        return path.stat().st_size
    except FileNotFoundError:  # another process removes it
        return 0
