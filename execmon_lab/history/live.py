"""Frames of one execution that is in memory alone, as a history would give them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from typing import Any

from ..protocol import ExecutionSnapshot, LogEntry
from . import chunks, frames, tables
from .recorded import Recorded
from .schema import migrate
from .tables import Filters, Table


def frame(
    table: Table,
    state: ExecutionSnapshot,
    entries: Iterable[LogEntry] = (),
    backend: frames.Backend | None = None,
) -> Any:
    """Make a frame of an execution's state, and of lines of its log."""
    chosen = frames.choose(backend)
    recorded = Recorded(state)
    for entry in entries:
        recorded.take(entry)
    recorded.take(state)  # which is later than its log
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        recorded.write(db)
        chunks.lay_out(db, Filters())
        rows = tables.read(db, table, Filters())
    return frames.build(table.columns, [row[1:] for row in rows], chosen)
