"""The connection to an execution elsewhere, which feeds a hub of this process."""

import asyncio
import threading
from collections.abc import Coroutine

from ..client import Address, ConnectionLost, ExecutionError, http
from ..client.client import connect
from ..hub import Hub
from ..protocol import (
    ANSWERS,
    ErrorMessage,
    ExecutionSnapshot,
    Level,
    LogEntry,
    PreviewFrame,
    ServerMessage,
    timestamp,
)
from ..state import FINAL
from .log import RemoteLog
from .previews import RemotePreviews

CONNECTION_LOST = "CONNECTION_LOST"
"""Code of the error that tells, on this side alone, that no more will be heard of the execution."""


class Link:
    """Follows an execution in a thread of its own, and publishes all that is told on a hub.

    A lost connection is told in the execution's log and to those who watch its devices.

    Parameters
    ----------
    address, token, reconnect_seconds
        As for `execmon_lab.client.connect`.
    hub
        Where to; it does not shape, for the server has.
    log
        Has the lines that were written before the connection stood; they are published first.

    Attributes
    ----------
    done
        Set once nothing more will come.
    failure
        Why nothing more will come, when it is not that the execution has ended.
    previews
        The pictures of the execution's devices.
    """

    def __init__(
        self, address: Address, token: str | None, hub: Hub, log: RemoteLog, reconnect_seconds: float
    ) -> None:
        self.done = threading.Event()
        self.failure: Exception | None = None
        self._address = address
        self._token = token
        self._hub = hub
        self._log = log
        self._client = connect(
            address.websocket, token=token, reconnect_seconds=reconnect_seconds, on_lost=self._lost
        )
        self.previews = RemotePreviews(self._client, self._do)
        self._away = False
        self._closed = False
        self._known = threading.Event()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="execmon-link", daemon=True)

    def open(self) -> None:
        """Connect, and wait for the execution's state and its log; raises what `execmon_lab.connect` does."""
        self._thread.start()
        try:
            self._known.wait()
        except BaseException:  # an interrupt
            self.close()
            raise
        if not self._hub.executions():
            self._thread.join()
            assert self.failure is not None
            raise self.failure

    def close(self) -> None:
        """Leave, and end the thread; doing so twice is no error."""
        with self._lock:
            self._closed = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _do(self, coroutine: Coroutine[object, object, object]) -> None:
        with self._lock:
            if self._loop is None:
                coroutine.close()
                raise RuntimeError("the connection to the execution has ended")
            asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    # In the thread

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except asyncio.CancelledError:
            self.failure = ConnectionLost(1000, "the connection was closed on this side")
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            self.failure = error
            self._tell_failure(error)
        finally:
            self.previews.end(str(self.failure or "The execution has ended"))
            self.done.set()
            self._known.set()

    async def _live(self) -> None:
        with self._lock:
            if self._closed:
                raise asyncio.CancelledError
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            await self._follow()
        finally:
            with self._lock:
                self._loop = self._task = None

    async def _follow(self) -> None:
        try:
            async with self._client as messages:
                async for message in messages:
                    await self._take(message)
        except ExecutionError as error:
            # It ended before we came, or while we were away for too long.
            await self._show(await asyncio.to_thread(http.outcome, self._address, self._token, error))

    async def _take(self, message: ServerMessage) -> None:
        match message:
            case PreviewFrame():
                self.previews.take(message)
            case ErrorMessage(code=code, device_id=str(device_id)) if code in ANSWERS:
                self.previews.fail(message.message, device_id)
            case ExecutionSnapshot():
                await self._begin(message)
            case LogEntry() if self._log.has(message):
                pass
            case _:
                self._hub.publish(message)

    async def _begin(self, state: ExecutionSnapshot) -> None:
        if not self._away and state.status not in FINAL:
            for device in state.devices:
                await self._client.subscribe(device.device_id)
        await self._show(state)
        self._known.set()

    async def _show(self, state: ExecutionSnapshot) -> None:
        """Publish a state, and before it what the log got while there was no connection."""
        came_back, self._away = self._away, False
        notes: list[tuple[Level, str]] = [("INFO", "connected again")] if came_back else []
        when = "of the meantime" if came_back else "from before"
        try:
            entries, lost = await self._log.missed()
        except OSError as error:
            notes.append(("WARN", f"log lines {when} cannot be had: {error}"))
        else:
            for entry in entries:
                self._hub.publish(entry)
            if lost and came_back:
                notes.append(("WARN", f"some log lines {when} are not kept any more"))
        self._hub.publish(state)
        for level, text in notes:
            self._note(level, text)

    def _lost(self, reason: str, wait: float) -> None:
        if not self._away:
            self._away = True
            self._note("WARN", f"connection lost ({reason}); trying to get it back")
            self.previews.fail("The connection was lost; trying to get it back")

    def _note(self, level: Level, text: str) -> None:
        """Put a line of our own into the execution's log."""
        for state in self._hub.executions():
            self._hub.publish(
                LogEntry(
                    execution_id=state.execution_id,
                    device_id=state.devices[0].device_id if state.devices else "",
                    level=level,
                    message=text,
                    module_id="connection",
                    timestamp=timestamp(),
                )
            )

    def _tell_failure(self, error: Exception) -> None:
        for state in self._hub.executions():
            self._hub.publish(
                ErrorMessage(
                    code=getattr(error, "code", CONNECTION_LOST),
                    message=f"no more will be heard of the execution: {error}",
                    execution_id=state.execution_id,
                    timestamp=timestamp(),
                )
            )
