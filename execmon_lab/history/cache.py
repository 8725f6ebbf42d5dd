"""Frames of what has ended, kept in columns: a disposable copy that loads much faster than the tables.

A Parquet file holds the rows of all executions up to a number, which never change again; those after it are
read from SQLite. Its name says of which history it is, in which state: whatever does not fit is left
aside, and a file that is damaged is made anew. It needs polars, and room in the history's folder; without,
all is read from SQLite.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sqlite3
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import frames, tables
from .clock import bound
from .schema import LIVE, VERSION
from .tables import Filters, Table

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)

FEWEST = 20_000
"""Rows that are worth a file; with fewer, SQLite is as quick."""
SHARE = 0.1
"""By how much a file may lag behind before it is made anew."""
SETTLED_MS = 60_000
"""How long after its end the last word on an execution has been said."""

LAST = (1 << 63) - 1
BEGAN = "_began"
_ANSWERED = ("device_id", "module_id", "status", "since", "until")


def serves(table: Table, filters: Filters) -> bool:
    """Tell whether a question is one for the cache."""
    asked = {name for name, wanted in filters.items() if wanted is not None}
    return (
        table in (tables.STEPS, tables.ATTEMPTS)
        and asked <= set(_ANSWERED)
        and importlib.util.find_spec("polars") is not None
    )


def worth(db: sqlite3.Connection) -> bool:
    """Tell whether a file of the history is large enough."""
    return _steps(db, 0, LAST) >= FEWEST


def load(db: sqlite3.Connection, table: Table, filters: Filters, folder: Path) -> pl.DataFrame:
    """Read a table's rows, what has ended from the cache as far as it goes.

    Parameters
    ----------
    db
        One file of the history, in a transaction.
    table, filters
        What is wanted, as `serves` allows it.
    folder
        Of the cache; made when needed.

    Returns
    -------
    polars.DataFrame
        The table's columns, and before them `BEGAN`: the execution's begin in milliseconds.
    """
    import polars as pl

    files = _Files(db, table, folder)
    settled = _settled(db)
    through, kept = files.newest(settled)
    if _steps(db, through, settled) >= max(FEWEST, SHARE * (0 if kept is None else kept.height)):
        fresh = _rows(db, table, Filters(), through, settled)
        kept = fresh if kept is None else pl.concat([kept, fresh]).sort(BEGAN, maintain_order=True)
        through = settled
        files.keep(kept, through)
    parts = [] if kept is None else [_filtered(kept, filters)]
    return pl.concat([*parts, _rows(db, table, filters, through, LAST)])


def _steps(db: sqlite3.Connection, after: int, to: int) -> int:
    sql = "SELECT coalesce(sum(total_steps), 0) FROM executions WHERE id > ? AND id <= ?"
    return int(db.execute(sql, (after, to)).fetchone()[0])


def _settled(db: sqlite3.Connection) -> int:
    """Return the number up to which no execution changes any more."""
    [(first,)] = db.execute(
        f"SELECT min(id) FROM executions WHERE status IN {LIVE} OR ended_at > ?",
        (int(time.time() * 1000) - SETTLED_MS,),
    ).fetchall()
    [(last,)] = db.execute("SELECT coalesce(max(id), 0) FROM executions").fetchall()
    return int(last if first is None else first - 1)


def _rows(db: sqlite3.Connection, table: Table, filters: Filters, after: int, to: int) -> pl.DataFrame:
    rows = tables.read(db, table, filters, ("e.id > ? AND e.id <= ?", (after, to)))
    columns = (tables.Column(BEGAN, "count", "e.started_at"), *table.columns)
    frame: pl.DataFrame = frames.build(columns, rows, "polars")
    return frame


def _filtered(frame: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    import polars as pl

    for name, wanted in filters.items():
        if wanted is None:
            continue
        if name in ("since", "until"):
            at = pl.lit(bound(wanted)).cast(pl.Datetime("ms", "UTC"))  # type: ignore[arg-type]
            began = pl.col("started_at")
            frame = frame.filter(began >= at if name == "since" else began < at)
        else:
            values = tables.values(wanted)
            frame = frame.filter(pl.col(name).cast(pl.String).is_in(values))
    return frame


class _Files:
    """The cache's files of one table of one file of the history."""

    def __init__(self, db: sqlite3.Connection, table: Table, folder: Path) -> None:
        meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
        self._table = table
        self._folder = folder
        self._of = f"{table.name}-{meta['id']}"
        self._stem = f"{self._of}-v{VERSION}-g{meta['generation']}"

    def newest(self, settled: int) -> tuple[int, pl.DataFrame | None]:
        """Return the number up to which there is a file, and what is in it."""
        import polars as pl

        found = {}
        with contextlib.suppress(OSError):
            for path in self._folder.glob(f"{self._stem}-*.parquet"):
                number = path.stem.rpartition("-")[2]
                if number.isdecimal() and int(number) <= settled:
                    found[int(number)] = path
        for through in sorted(found, reverse=True):
            try:
                frame = pl.read_parquet(found[through], use_statistics=False)
            except FileNotFoundError:
                continue  # another process has made a newer one
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
                log.warning("%s is damaged, and made anew: %s", found[through], error)
                found[through].unlink(missing_ok=True)
                continue
            if frame.columns == [BEGAN, *(column.name for column in self._table.columns)]:
                return through, frame
        return 0, None

    def keep(self, frame: pl.DataFrame, through: int) -> None:
        """Keep a file, and remove those that it replaces; a folder that takes none is no error."""
        target = self._folder / f"{self._stem}-{through}.parquet"
        half = target.with_name(f".{uuid.uuid4().hex}.parquet")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(half, compression="lz4", statistics=False)
            os.replace(half, target)
            for old in self._folder.glob(f"{self._of}-*.parquet"):
                if old != target:
                    old.unlink(missing_ok=True)
        except OSError as error:
            log.info("no cache is kept: %s", error)
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)


def finish(parts: list[pl.DataFrame], backend: frames.Backend) -> Any:
    """Make one frame of what `load` gave of each file of the history."""
    import polars as pl

    whole = pl.concat(parts)
    if not whole[BEGAN].is_sorted():
        whole = whole.sort(BEGAN, maintain_order=True)
    whole = whole.drop(BEGAN)
    return whole if backend == "polars" else frames.to_pandas(whole)
