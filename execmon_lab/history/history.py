"""A history: what every execution was, asked as data frames, while they run and afterwards."""

from __future__ import annotations

import contextlib
import errno
import functools
import heapq
import itertools
import logging
import sqlite3
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack

import platformdirs

from ..hub import Hub
from ..protocol import ExecutionSnapshot, LogEntry
from ..state import FINAL
from . import archive, keeping, recordings, retention, slots
from .artifacts import ArtifactStore
from .clock import Moment, milliseconds
from .errors import HistoryError, HistoryWarning, RunIsLive, UnknownRun, reason
from .queries import Queries
from .recordings import RecordingIndex
from .retention import Retention
from .rows import put_facts
from .store import Store
from .stored import (
    Brief,
    Place,
    StoredExecution,
    expected_seconds,
    last_good,
    newest,
    read_execution,
)
from .tables import Filters
from .writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

FLUSH_SECONDS = 30.0
"""How long `History.flush` waits for the disk."""


def default_folder() -> Path:
    """Return where a history lives unless told otherwise: the user's data folder."""
    return platformdirs.user_data_path("execmon-lab")


class History(Queries):
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
        self._store = Store(self.folder)
        self.artifacts = self._store.artifacts
        self._refused: str | None = None
        self._pruning: threading.Thread | None = None
        self._closing = False

    def __repr__(self) -> str:
        return f"<History in {self.folder}>"

    # Keeping

    def record(self, hub: Hub, keep: Retention | None = None) -> None:
        """Keep what passes a hub from now on, until `close`.

        Parameters
        ----------
        hub
            Whose messages.
        keep
            What of earlier runs is deleted now, as by `prune`, beside all else; nothing, when absent.

        Raises
        ------
        HistoryError
            When nothing can be kept there; the text says why, and what to do.
        """
        if self._store.writer is not None:
            raise HistoryError("this history records already")
        claim: slots.Claim | None = None
        try:
            claim = slots.claim_any(self.folder)
            self._store.writer = Writer(claim, hub)
        except (OSError, sqlite3.Error, HistoryError) as error:
            path = claim.path if claim is not None else self.folder
            if claim is not None:
                claim.close()
            said = str(error) if isinstance(error, HistoryError) else reason(error, path)
            self._refused = f"no history is kept: {said}"
            raise HistoryError(self._refused) from error
        if keep is not None:
            name = "history-retention"
            self._pruning = threading.Thread(target=self._prune, args=(keep,), name=name, daemon=True)
            self._pruning.start()

    def _prune(self, keep: Retention) -> None:
        try:
            gone = self.prune(keep)
        except (HistoryError, OSError, sqlite3.Error) as error:
            log.warning("old runs could not be deleted: %s", error)
        else:
            for execution_id in gone:
                log.info(
                    "execution %s was deleted from the history: it was kept for long enough", execution_id
                )

    @property
    def recording(self) -> bool:
        """Whether it keeps what passes a hub."""
        return self._store.writer is not None

    @property
    def trouble(self) -> str | None:
        """Why nothing is written, or nothing for now; None while all is well."""
        return self._store.writer.trouble if self._store.writer is not None else self._refused

    def note_device(self, execution_id: str, device_id: str, facts: Mapping[str, str]) -> None:
        """Keep what is known of a device of an execution that is recorded here; returns at once."""
        if self._store.writer is not None:
            self._store.writer.do(functools.partial(put_facts, execution_id, device_id, dict(facts)))

    def note_recording(self, execution_id: str, indices: Iterable[RecordingIndex]) -> None:
        """Keep the index of what was recorded of an execution that is recorded here; returns at once."""
        if self._store.writer is not None:
            self._store.writer.do(functools.partial(recordings.put, execution_id, tuple(indices)))

    def flush(self, timeout: float = FLUSH_SECONDS) -> None:
        """Wait until all that was published so far is on disk: it then outlives the process, however it ends.

        Raises
        ------
        HistoryError
            When it cannot be written; it is tried again until it can.
        TimeoutError
            When the disk takes longer than `timeout` seconds.
        """
        if self._store.writer is not None:
            self._store.writer.do(lambda _: None).result(timeout)

    def close(self) -> None:
        """Write all that was published so far, and keep no more; reading goes on to work."""
        self._closing = True
        if self._pruning is not None:
            self._pruning.join()
        if self._store.writer is not None:
            self._store.writer.close()
            self._store.writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # One execution

    def holds(self, execution_id: str) -> bool:
        """Tell whether an execution is here."""
        self._settle()
        sql = "SELECT 1 FROM executions WHERE execution_id = ?"
        return any(self._store.each(lambda _, db: db.execute(sql, (execution_id,)).fetchone()))

    def execution(self, execution_id: str) -> StoredExecution:
        """Return everything of one execution.

        Raises
        ------
        UnknownRun
            When it is not here.
        """
        self._settle()
        found = self._store.each(lambda path, db: read_execution(db, execution_id, path, self.artifacts))
        for stored in filter(None, found):
            return stored
        raise UnknownRun(execution_id)

    def newest(
        self, limit: int = 50, *, before: Place | None = None, **filters: Unpack[Filters]
    ) -> list[Brief]:
        """Return the newest executions, the newest first, without their steps.

        Parameters
        ----------
        limit
            How many at most.
        before
            Only those before the `place` of another.
        filters
            As for `executions`; errors too.
        """
        self._settle()
        found = self._store.each(lambda _, db: newest(db, limit, before, filters))
        merged = heapq.merge(*found, key=lambda brief: brief.place, reverse=True)
        return list(itertools.islice(merged, limit))

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
        found = list(filter(None, self._store.each(lambda _, db: last_good(db, name, before))))
        return self.execution(max(found)[1]) if found else None

    def expected_seconds(self, name: str | None, executions: int = 5) -> dict[tuple[str, str | None], float]:
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
            The mean in seconds, all attempts of a step together, by `module_id` and `params` in words; with
            None for the parameters what the module's steps took lately in any plan.
        """
        found: dict[tuple[str, str | None], float] = {}
        with warnings.catch_warnings(), contextlib.suppress(HistoryError, sqlite3.Error):
            warnings.simplefilter("ignore", HistoryWarning)
            for took in self._store.each(lambda _, db: expected_seconds(db, name, executions)):
                found |= took
        return found

    # What is kept

    def add(
        self,
        state: ExecutionSnapshot,
        logs: Iterable[LogEntry] = (),
        *,
        made_up: bool = False,
        devices: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Add an execution that was not recorded here.

        Parameters
        ----------
        state, logs
            Its last state, and its log.
        made_up
            Whether it is an invented example; the frames say so.
        devices
            What is known of each device.

        Raises
        ------
        ValueError
            When it has not ended.
        HistoryError
            When it is here already, or the folder cannot be written.
        """
        if state.status not in FINAL:
            raise ValueError(f"execution {state.execution_id} has not ended: it is {state.status}")
        record = keeping.Record(
            status=state.status,
            ended_at=milliseconds(state.timestamp),
            duration_s=state.duration_seconds,
            made_up=made_up,
            devices={serial: dict(facts) for serial, facts in (devices or {}).items()},
        )
        self._put(state, record, logs)

    def export(self, execution_id: str, path: str | Path | None = None) -> Path:
        """Write one run to a file that another machine's history can `import_run`.

        Parameters
        ----------
        execution_id
            Which.
        path
            The file; ``<execution_id>.execmon.zip`` here, when absent. One that exists is replaced.

        Raises
        ------
        UnknownRun
            When it is not here.
        RunIsLive
            When it has not ended.
        OSError
            When the file cannot be written.
        """
        stored = self.execution(execution_id)
        [record] = [r for r in self._store.each(lambda _, db: _record(db, execution_id)) if r is not None]
        target = Path(path) if path is not None else Path(f"{execution_id}.execmon.zip")
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
        shots = stored.screenshots.values()
        archive.write(target, stored.state, record, stored.logs, shots, stored.recording)
        return target

    def import_run(self, path: str | Path) -> StoredExecution:
        """Take in a run that `export` wrote, from whatever machine.

        Raises
        ------
        BadArchive
            When the file is none, or not as it must be; nothing of it is kept then.
        HistoryError
            When the run is here already, or the folder cannot be written.
        OSError
            When there is no such file.
        """
        with archive.Archive(Path(path)) as source:
            if self.holds(source.head.execution_id):
                raise HistoryError(f"execution {source.head.execution_id} is in the history already")
            self.artifacts.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.artifacts.root, prefix="import-") as folder:
                unpacked = source.unpack(Path(folder))
                placed = archive.place(*unpacked, source.head.execution_id, self.artifacts)
            try:
                self._put(source.state, source.head.record, source.logs())
            except BaseException:
                retention.remove(placed)
                raise
        return self.execution(source.head.execution_id)

    def delete(self, execution_id: str) -> None:
        """Delete a run with its screenshots and its recording.

        Raises
        ------
        UnknownRun
            When it is not here.
        RunIsLive
            When it has not ended, or another process writes the file that it is in.
        """
        self._settle()
        stored = self.execution(execution_id)
        if stored.ended_at is None:
            raise RunIsLive(f"execution {execution_id} has not ended")
        self._store.change(stored._file, lambda db: _delete(db, execution_id, self.artifacts))

    def surplus(self, keep: Retention | None = None) -> list[retention.Kept]:
        """Return the runs that `prune` would delete, the oldest first."""
        self._settle()
        found = self._store.each(lambda path, db: retention.kept(db, path, self.artifacts))
        return retention.surplus(itertools.chain.from_iterable(found), keep or Retention())

    def prune(self, keep: Retention | None = None) -> list[str]:
        """Delete the runs that are too old, or that take too much room; never one that has not ended.

        Parameters
        ----------
        keep
            For how long, and in how much room; `Retention()`, when absent.

        Returns
        -------
        list of str
            The runs that were deleted, the oldest first. Runs in a file that another process writes at the
            time are left for the next time.
        """
        gone = []
        for run in self.surplus(keep):
            if self._closing:
                break
            task = functools.partial(_delete, execution_id=run.execution_id, artifacts=self.artifacts)
            with contextlib.suppress(RunIsLive):
                self._store.change(run.file, task)
                gone.append(run.execution_id)
        return gone

    def _put(self, state: ExecutionSnapshot, record: keeping.Record, logs: Iterable[LogEntry]) -> None:
        if self.holds(state.execution_id):
            raise HistoryError(f"execution {state.execution_id} is in the history already")
        try:
            self._store.change_any(lambda db: keeping.add(db, state, record, logs))
        except (OSError, sqlite3.Error) as error:
            raise HistoryError(f"nothing can be kept in {reason(error, self.folder)}") from error

    # How it is read

    def _settle(self) -> None:
        """Have readers see what was published so far; while the disk takes nothing, what it has."""
        with contextlib.suppress(HistoryError):
            self.flush()

    def read(self, task: Callable[[Path, sqlite3.Connection], T]) -> list[T]:
        """Do something with each file, which has what was published so far; see `Store.each`."""
        self._settle()
        return self._store.each(task)


def _record(db: sqlite3.Connection, execution_id: str) -> keeping.Record | None:
    try:
        return keeping.record_of(db, execution_id)
    except UnknownRun:
        return None


def _delete(db: sqlite3.Connection, execution_id: str, artifacts: ArtifactStore) -> None:
    """Delete the files first: what a kill leaves then is a run without pictures, and not the reverse."""
    retention.remove(retention.artifact_paths(db, execution_id, artifacts))
    keeping.delete(db, execution_id)
