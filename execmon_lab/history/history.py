"""A history: what every execution was, asked as data frames, while they run and afterwards."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import platformdirs

from ..hub import Hub
from . import frames, slots, tables
from .artifacts import ArtifactStore
from .clock import Moment
from .errors import HistoryError, HistoryWarning, UnknownRun, reason
from .stored import StoredExecution, expected_seconds, last_good, read_execution
from .tables import Filters, Table
from .upkeep import look_after, needs_care
from .writer import Writer

T = TypeVar("T")

FLUSH_SECONDS = 30.0
"""How long `History.flush` waits for the disk."""


def default_folder() -> Path:
    """Return where a history lives unless told otherwise: the user's data folder."""
    return platformdirs.user_data_path("execmon-lab")


class History:
    """The executions that were kept in a folder.

    Opened like this it is for reading, from any process, also while others write. A lab's own
    (`Lab.history`) is the one that keeps what the lab runs.

    The frames are tidy, their rows in a fixed order: executions by their begin, steps as planned, attempts
    and lines as they came. Times (``*_at``, `at`) are UTC to the millisecond, durations (``*_s``) float
    seconds; ids that repeat, statuses, levels and codes are categorical. What is not known is null. They
    are pandas' where pandas is installed, and else polars', unless `backend` says; filters (see `Filters`)
    are applied where the data lies.

    Parameters
    ----------
    path
        The folder; the user's data folder, when absent. It need not exist.

    Examples
    --------
    >>> history = History()
    >>> history.steps(module_id="sms_test_module", since="2026-11-01", backend="polars")
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.folder = Path(path) if path is not None else default_folder()
        self.artifacts = ArtifactStore(self.folder / "artifacts")
        self._writer: Writer | None = None
        self._refused: str | None = None

    def __repr__(self) -> str:
        return f"<History in {self.folder}>"

    # Keeping

    def record(self, hub: Hub) -> None:
        """Keep what passes a hub from now on, until `close`.

        Raises
        ------
        HistoryError
            When nothing can be kept there; the text says why, and what to do.
        """
        if self._writer is not None:
            raise HistoryError("this history records already")
        claim: slots.Claim | None = None
        try:
            claim = slots.claim_any(self.folder)
            self._writer = Writer(claim, hub)
        except (OSError, sqlite3.Error, HistoryError) as error:
            path = claim.path if claim is not None else self.folder
            if claim is not None:
                claim.close()
            said = str(error) if isinstance(error, HistoryError) else reason(error, path)
            self._refused = f"no history is kept: {said}"
            raise HistoryError(self._refused) from error

    @property
    def recording(self) -> bool:
        """Whether it keeps what passes a hub."""
        return self._writer is not None

    @property
    def trouble(self) -> str | None:
        """Why nothing is written, or nothing for now; None while all is well."""
        return self._writer.trouble if self._writer is not None else self._refused

    def flush(self, timeout: float = FLUSH_SECONDS) -> None:
        """Wait until all that was published so far is on disk: it then outlives the process, however it ends.

        Raises
        ------
        HistoryError
            When it cannot be written; it is tried again until it can.
        TimeoutError
            When the disk takes longer than `timeout` seconds.
        """
        if self._writer is not None:
            self._writer.do(lambda _: None).result(timeout)

    def close(self) -> None:
        """Write all that was published so far, and keep no more; reading goes on to work."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Frames

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
        message, at.
        """
        return self.frame(tables.LOGS, backend, **filters)

    # One execution

    def holds(self, execution_id: str) -> bool:
        """Tell whether an execution is here."""
        self._settle()
        sql = "SELECT 1 FROM executions WHERE execution_id = ?"
        return any(db.execute(sql, (execution_id,)).fetchone() for _, db in self._open())

    def execution(self, execution_id: str) -> StoredExecution:
        """Return everything of one execution.

        Raises
        ------
        UnknownRun
            When it is not here.
        """
        self._settle()
        for path, db in self._open():
            found = read_execution(db, execution_id, path, self.artifacts)
            if found is not None:
                return found
        raise UnknownRun(execution_id)

    def last_good(self, name: str | None, before: Moment | None = None) -> StoredExecution | None:
        """Return the last execution of a plan in which every step passed; None when there is none.

        Parameters
        ----------
        name
            The plan's name.
        before
            Only what began before this.
        """
        self._settle()
        found = [run for _, db in self._open() if (run := last_good(db, name, before)) is not None]
        return self.execution(max(found)[1]) if found else None

    def expected_seconds(self, name: str | None, executions: int = 5) -> dict[tuple[str, str], float]:
        """Return how long the steps of a plan took in its last executions that ran to their end.

        It is a guess that a run may begin without: what cannot be read is left out, and not complained of.

        Parameters
        ----------
        name
            The plan's name.
        executions
            How many of the last are looked at.

        Returns
        -------
        dict
            The mean in seconds, all attempts of a step together, by `module_id` and `params` in words.
        """
        found: dict[tuple[str, str], float] = {}
        with warnings.catch_warnings(), contextlib.suppress(HistoryError, sqlite3.Error):
            warnings.simplefilter("ignore", HistoryWarning)
            for _, db in self._open():
                found |= expected_seconds(db, name, executions)
        return found

    # How it is read

    def _settle(self) -> None:
        """Have readers see what was published so far; while the disk takes nothing, what it has."""
        with contextlib.suppress(HistoryError):
            self.flush()

    def frame(self, table: Table, backend: frames.Backend | None = None, **filters: Unpack[Filters]) -> Any:
        """Return any of the frames."""
        chosen = frames.choose(backend)
        table.where(filters)
        self._settle()
        parts = [tables.read(db, table, filters) for _, db in self._open()]
        rows = [row for part in parts for row in part]
        if sum(map(bool, parts)) > 1:
            rows.sort(key=lambda row: row[0])
        return frames.build(table.columns, [row[1:] for row in rows], chosen)

    def _open(self) -> Iterator[tuple[Path, sqlite3.Connection]]:
        """Open each file in turn, for reading."""
        for path in slots.files(self.folder):
            try:
                care_for(path)
                db = slots.connect(path)
            except (sqlite3.Error, OSError) as error:
                warnings.warn(f"a part of the history is not read: {reason(error, path)}", HistoryWarning, 4)
                continue
            with contextlib.closing(db):
                db.execute("BEGIN")
                yield path, db


def care_for(path: Path) -> None:
    """Bring a file that nobody writes into order, if there is something to do."""
    with contextlib.closing(slots.connect(path)) as db:
        if not needs_care(db):
            return
    with contextlib.ExitStack() as stack:
        claim = slots.Claim.try_for(path)
        if claim is not None:
            stack.enter_context(claim)
            look_after(stack.enter_context(contextlib.closing(slots.connect(path, write=True))))
