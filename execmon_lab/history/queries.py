"""A history asked as data frames."""

from __future__ import annotations

import sqlite3
from typing import Any, Unpack

from ..protocol import moment
from . import cache, chunks, frames, recordings, tables
from .clock import written
from .store import Store
from .tables import Filters, Table


class Queries:
    """The frames of a history; see `History` for what they have in common."""

    _store: Store

    def _settle(self) -> None:
        """Have readers see what was published so far; while the disk takes nothing, what it has."""
        raise NotImplementedError

    def executions(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the executions, a row each.

        Columns: execution_id, name, status (completed, failed, cancelled, interrupted: its process died,
        running, pending), started_at, ended_at, duration_s, total_steps, successful_steps, failed_steps,
        skipped_steps, devices (serials, joined by a comma), made_up (whether it is an invented example).

        Raises
        ------
        ModuleNotFoundError
            When the backend is not installed; the text says how to install it.
        TypeError, ValueError
            When there is no such filter, or it is no time.
        HistoryError
            When a newer program wrote the history.
        """
        return self.frame(tables.EXECUTIONS, backend, **filters)

    def steps(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the steps, a row each; errors as of `executions`.

        Columns: execution_id, step_id, device_id, module_id, params, status (completed, failed, skipped,
        interrupted, running, pending), attempts (how many), started_at, ended_at, duration_s and error_code
        (of its last attempt), flaky (it passed after a failed attempt).
        """
        return self.frame(tables.STEPS, backend, **filters)

    def attempts(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the attempts at steps, a row each; errors as of `executions`.

        Columns: execution_id, execution_started_at, step_id, device_id, module_id, params, attempt (from 1),
        status (completed, failed, skipped, interrupted, running), started_at, ended_at, duration_s, adb_s
        (of it, what was spent in adb commands), error_code, error_message (of a skipped one, the reason),
        screenshot_url, made_up.
        """
        return self.frame(tables.ATTEMPTS, backend, **filters)

    def actions(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the actions in attempts, a row each, as they ended; errors as of `executions`.

        Columns: execution_id, step_id, attempt, path (names from the outermost action, joined by `` / ``),
        status (completed, failed), started_at, duration_s.
        """
        return self.frame(tables.ACTIONS, backend, **filters)

    def logs(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the lines of the logs, a row each; errors as of `executions`.

        Columns: execution_id, device_id, module_id, step_id, attempt, level (DEBUG, INFO, WARN, ERROR),
        source (run, or logcat: the device's own log), message, at.
        """
        return self.frame(tables.LOGS, backend, **filters)

    def device_statuses(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return what was told of devices while they ran something; errors as of `executions`.

        Columns: execution_id, device_id, status (available, busy, offline, unauthorized), at (when the device
        was last seen).
        """
        return self.frame(tables.DEVICE_STATUSES, backend, **filters)

    def screenshots(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the screenshots, a row each; errors as of `executions`.

        Columns: execution_id, step_id, device_id, module_id, attempt, status (of the attempt), at,
        screenshot_url (``history.artifacts.screenshot`` gives its file).
        """
        return self.frame(tables.SCREENSHOTS, backend, **filters)

    def recordings(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return what was recorded, a row for each device of an execution; errors as of `executions`.

        It is told while the recording goes on too, up to a quarter of a minute late.

        Columns: execution_id, device_id, started_at, ended_at, duration_s, pictures (how many), bytes (of the
        file).
        """
        return self.frame(tables.RECORDINGS, backend, **filters)

    def pictures(self, *, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return the index of the recordings, a row for each picture; errors as of `executions`.

        Columns: execution_id, device_id, number (from 1; some are missing where a recording was thinned
        out), at (when it was captured).
        """
        return self.frame(tables.PICTURES, backend, **filters)

    def frame(self, table: Table, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return any of the frames."""
        chosen = frames.choose(backend)
        table.where(filters)  # what is wrong with them is told first
        if cache.serves(table, filters):
            self._settle()
            if any(self._store.each(lambda _, db: cache.worth(db))):
                folder = self._store.folder / "cache"
                parts = self._store.each(lambda _, db: cache.load(db, table, filters, folder))
                return cache.finish(parts, chosen)
        return frames.build(table.columns, self._rows(table, filters), chosen)

    def rows(self, table: Table, **filters: Unpack[Filters]) -> list[dict[str, Any]]:
        """Return what a frame would have, row by row, for who needs no library for it."""
        table.where(filters)  # what is wrong with them is told first
        kinds = [(column.name, column.kind) for column in table.columns]
        return [
            {name: _plain(kind, value) for (name, kind), value in zip(kinds, row, strict=True)}
            for row in self._rows(table, filters)
        ]

    def _rows(self, table: Table, filters: Filters) -> list[tuple[Any, ...]]:
        self._settle()
        parts = self._store.each(lambda _, db: _read(db, table, filters))
        rows = [row for part in parts for row in part]
        if sum(map(bool, parts)) > 1:
            rows.sort(key=lambda row: row[0])
        return [row[1:] for row in rows]


def _plain(kind: tables.Kind, value: Any) -> Any:
    if value is None:
        return None
    return moment(written(value)) if kind == "time" else bool(value) if kind == "flag" else value


def _read(db: sqlite3.Connection, table: Table, filters: Filters) -> list[tuple[Any, ...]]:
    if table is tables.LOGS:
        chunks.lay_out(db, filters)
    elif table is tables.PICTURES:
        recordings.lay_out(db, filters)
    return tables.read(db, table, filters)
