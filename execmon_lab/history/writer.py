"""The one thread that writes: messages in from the hub, transactions of a tenth of a second out."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..executionlog import ExecutionLog
from ..hub import Envelope, Hub
from ..protocol import DeviceStatus, ExecutionSnapshot, Level, Message
from . import chunks
from .errors import HistoryError, is_broken, reason
from .recorded import Recorded
from .slots import Claim, claim_any, connect
from .upkeep import begun_anew, opened

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_SECONDS = 0.1
"""How long messages are collected for one transaction."""

CLOSED = "the history is closed"

RETRY_SECONDS = 1.0
"""How long after a disk took nothing it is tried again."""

PACK_SECONDS = 3.0
"""How long after an execution's end its log is compressed; the recorder may have a last word."""

REMEMBERED = 32
"""Executions that ended, for which late lines of their log may still come."""


class _Task(Generic[T]):
    """Something to be done with the file, in its turn."""

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self._work = work
        self.future: Future[T] = Future()

    def run(self, db: sqlite3.Connection) -> None:
        try:
            self.future.set_result(self._work(db))
        except BaseException as error:
            self.future.set_exception(error)
            if not isinstance(error, Exception):
                raise

    def refuse(self, reason: str) -> None:
        self.future.set_exception(HistoryError(reason))


class Writer:
    """Keeps what passes a hub, in the file of a claimed slot.

    The hub's publishers only append to a queue; nothing they do waits for the disk. When the disk takes
    nothing, what came is kept in memory and tried again, and the log of what runs tells so.

    Parameters
    ----------
    claim
        The right to the file; closed with the writer.
    hub
        Whose messages are kept, before their rates are limited.

    Raises
    ------
    HistoryError
        When the file was written by a newer program.
    sqlite3.Error
        When it cannot be opened, or is none.
    """

    def __init__(self, claim: Claim, hub: Hub) -> None:
        self._claim = claim
        self._hub = hub
        self._db = opened(claim.path)
        self._queue: deque[Message | _Task[Any]] = deque()
        self._wake = threading.Event()
        self._now = threading.Event()
        self._closing = False
        self._anew = False
        self._to_pack = dict.fromkeys(chunks.unpacked_logs(self._db), 0.0)
        self._live: OrderedDict[str, Recorded] = OrderedDict()
        self.trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()
        self._subscription = hub.subscribe(">", self._take, shaped=False)

    @property
    def path(self) -> Path:
        """The file."""
        return self._claim.path

    def do(self, task: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Have something done with the file, after all that was published before.

        It fails with a `HistoryError` while the disk takes nothing.
        """
        waiting = _Task(task)
        if self._closing:
            waiting.refuse(CLOSED)
        else:
            self._queue.append(waiting)
            self._hurry()
        return waiting.future

    def close(self) -> None:
        """Write all that was published so far, and end; twice is no error."""
        self._subscription.close()
        self._closing = True
        self._hurry()
        self._thread.join()

    def _hurry(self) -> None:
        """Have the batch written now."""
        self._now.set()
        self._wake.set()

    def _take(self, envelope: Envelope) -> None:
        """Take a message, in its publisher's thread."""
        self._queue.append(envelope.message)
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        try:
            while True:
                if not self._wake.wait(PACK_SECONDS if self._to_pack else None):
                    self._pack()
                    continue
                self._now.wait(RETRY_SECONDS if self.trouble else BATCH_SECONDS)
                self._now.clear()
                self._wake.clear()
                closing = self._closing  # what is set after this wakes it again
                self._batch()
                if closing and not self._queue:
                    return
                if self.trouble:
                    self._wake.set()
        finally:
            self._db.close()
            self._claim.close()
            for left in self._queue:
                if isinstance(left, _Task):
                    left.refuse(CLOSED)

    def _batch(self) -> None:
        """Write what has come, up to the next task, and do that."""
        task: _Task[Any] | None = None
        while self._queue and task is None:
            item = self._queue.popleft()
            if isinstance(item, _Task):
                task = item
            else:
                self._fold(item)
        if self._queue:
            self._hurry()
        if task is not None or self._closing:
            for recorded in self._live.values():
                recorded.hear()  # whoever waits will read
        written = self._write(asked=task is not None)
        if task is not None and written:
            task.run(self._db)
        elif task is not None:
            task.refuse(f"the history could not be written: {self.trouble}")

    def _fold(self, message: Message) -> None:
        try:
            for recorded in self._concerned(message):
                recorded.take(message)
        except Exception:
            log.exception("a message could not be kept: %s", message)

    def _concerned(self, message: Message) -> Iterable[Recorded]:
        execution_id = getattr(message, "execution_id", None)
        known = self._live.get(execution_id) if isinstance(execution_id, str) else None
        if known is not None:
            return (known,)
        if isinstance(message, DeviceStatus):
            return [r for r in self._live.values() if not r.ended and r.has_device(message.device_id)]
        if isinstance(message, ExecutionSnapshot):
            self._live[message.execution_id] = Recorded(message)
        return ()

    def _write(self, *, asked: bool = False) -> bool:
        """Write what is not on disk yet, or be ready for what is asked; tell whether it could be."""
        dirty = [recorded for recorded in self._live.values() if recorded.dirty]
        if not dirty and not asked:
            return self.trouble is None
        try:
            if self._claim.lost:
                self._begin_elsewhere()
            self._db.execute("BEGIN IMMEDIATE")
            for recorded in dirty:
                self._put(recorded)
            self._db.execute("COMMIT")
        except (OSError, HistoryError) as error:
            self._complain(error)
            return False
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if is_broken(error) and not self._anew and self._begin_anew(error):
                return self._write(asked=asked)
            self._complain(error)
            return False
        for recorded in dirty:
            if recorded.ended and recorded.row is not None:
                self._to_pack[recorded.row] = time.monotonic() + PACK_SECONDS
            recorded.settle()
        self._recovered()
        self._forget()
        return True

    def _begin_anew(self, error: sqlite3.Error) -> bool:
        """Set the broken file aside, and begin a new one with all that is in hand; tell whether it can be."""
        for recorded in self._live.values():
            recorded.renew(self._db)
        self._to_pack.clear()
        self._anew = True  # a disk that breaks what was just written is not to be filled
        self._db.close()
        try:
            told = begun_anew(self._claim.path, error)
            self._db = opened(self._claim.path)
        except (OSError, sqlite3.Error) as further:
            log.warning("the broken file stays: %s", reason(further, self._claim.path))
            self._db = connect(self._claim.path, write=True)
            return False
        self._tell("WARN", told)
        return True

    def _begin_elsewhere(self) -> None:
        """Begin a new file with all that goes on, where the old one was deleted; raises when it cannot be."""
        claim = claim_any(self._claim.path.parent)
        try:
            db = opened(claim.path)
        except BaseException:
            claim.close()
            raise
        for execution_id, recorded in list(self._live.items()):
            if recorded.ended and not recorded.dirty:
                del self._live[execution_id]
            else:
                recorded.renew(self._db)
        self._to_pack.clear()
        self._db.close()
        self._claim.close()
        path, self._db, self._claim = self._claim.path, db, claim
        self._tell("WARN", f"{path} was deleted; a new one is begun, with what runs now")

    def _put(self, recorded: Recorded) -> None:
        try:
            recorded.write(self._db)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("execution %s is kept no further", recorded.execution_id)
            del self._live[recorded.execution_id]

    def _pack(self) -> None:
        """Compress a part of what has ended; what comes meanwhile waits for one part, not for all."""
        now = time.monotonic()
        ripe = [row for row, when in self._to_pack.items() if when <= now]
        if not ripe or self.trouble:
            return
        try:
            more = chunks.pack(self._db, ripe[0])
        except sqlite3.Error as error:
            log.warning("a log could not be compressed: %s", reason(error, self._claim.path))
            more = False
        if not more:
            del self._to_pack[ripe[0]]

    def _forget(self) -> None:
        ended = [execution_id for execution_id, recorded in self._live.items() if recorded.ended]
        for execution_id in ended[:-REMEMBERED]:
            del self._live[execution_id]

    def _complain(self, error: sqlite3.Error | OSError | HistoryError) -> None:
        if self.trouble is None:
            told = str(error) if isinstance(error, HistoryError) else reason(error, self._claim.path)
            self.trouble = told
            self._tell("WARN", f"History is not kept for now: {self.trouble}")

    def _recovered(self) -> None:
        if self.trouble is None:
            return
        self.trouble = None
        lost = sum(recorded.lost for recorded in self._live.values())
        for recorded in self._live.values():
            recorded.lost = 0
        missing = f"; {lost} lines of log are missing" if lost else ", and nothing of it is missing"
        self._tell("INFO", f"History is kept again{missing}")

    def _tell(self, level: Level, text: str) -> None:
        """Tell the log of each execution that runs, and Python's own."""
        log.log(logging.getLevelNamesMapping()[level], "%s", text)
        for recorded in list(self._live.values()):
            for device_id in recorded.devices if not recorded.ended else ():
                ExecutionLog(self._hub, recorded.execution_id, "history").say(device_id, level, text)
