"""An execution that runs in another process or on another machine, as a notebook's user holds it."""

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from ..client import Address, http
from ..hub import Hub
from ..protocol import ExecutionSnapshot
from ..tail import LogTail
from ..viewed import Viewed
from .link import Link
from .log import RemoteLog
from .recording import RemoteRecording

if TYPE_CHECKING:
    from ..widgets import ExecutionView


def connect(url: str, token: str | None = None, *, reconnect_seconds: float = 300.0) -> "RemoteRun":
    """Follow an execution that runs elsewhere; shown in a cell, it is the live view of it.

    Parameters
    ----------
    url
        The execution's address, ``ws://…/ws/executions/<execution_id>``, or the same with http or https.
        Behind a Jupyter proxy ``https://hub.example/user/me/proxy/8000/ws/executions/<execution_id>?token=…``,
        with the hub's own token.
    token
        For a server that asks for one.
    reconnect_seconds
        How long to try to get a lost connection back.

    Returns
    -------
    RemoteRun
        Of an execution that has ended already, the outcome.

    Raises
    ------
    ValueError
        When `url` is no execution's address.
    ExecutionError
        When the server does not serve it; `ExecutionError.code` says why.
    ConnectionLost
        When the connection is closed without a word, as by a proxy that the server refuses.
    OSError
        When there is no such server.
    InvalidHandshake
        When what is there refuses, or is no such server (``websockets.exceptions``).
    """
    return RemoteRun(url, token, reconnect_seconds=reconnect_seconds)


class RemoteRun(Viewed):
    """An execution that runs elsewhere; see `connect` for the parameters and errors.

    It is shown by the same widget as one of this process: a private hub is fed by the WebSocket client, and
    the pictures come over the same connection. Leaving it (``with``) leaves the execution as it is.

    Attributes
    ----------
    recording : RemoteRecording
        What its devices showed, by time.
    """

    def __init__(self, url: str, token: str | None = None, *, reconnect_seconds: float = 300.0) -> None:
        self._address = Address.parse(url)
        self._token = token
        self.recording = RemoteRecording(self._address, token)
        self._again: list[RemoteRun] = []
        self._hub = Hub(shaping=False)
        self._tail = LogTail(self._hub, "*")  # the hub has no other execution
        self._log = RemoteLog(self._address, token, self._tail)
        self._link = Link(self._address, token, self._hub, self._log, reconnect_seconds)
        self._link.open()
        [state] = self._hub.executions()
        self._execution_id = state.execution_id

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        return self._execution_id

    @property
    def url(self) -> str:
        """The WebSocket address, without the query, which may hold a token."""
        return self._address.websocket.partition("?")[0]

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state, as far as it was told: status, progress, every step with its attempts."""
        return self._hub.snapshot(self._execution_id)

    @property
    def done(self) -> bool:
        """True once nothing more will be told: it has ended, or the connection has for good."""
        return self._link.done.is_set()

    def wait(self, timeout: float | None = None) -> ExecutionSnapshot:
        """Wait until the execution has ended.

        Parameters
        ----------
        timeout
            Seconds; without end, when absent. Interrupting the wait ends nothing.

        Raises
        ------
        TimeoutError
            When it has not ended by then.
        ConnectionLost, ExecutionError, OSError
            When its end will not be known, because the connection ended for good.
        """
        if not self._link.done.wait(timeout):
            raise TimeoutError(
                f"execution {self._execution_id} has not ended after {timeout:g} s; it goes on"
            )
        if self._link.failure is not None:
            raise self._link.failure
        return self.state

    def cancel(self) -> None:
        """Have it end there; returns once the server has agreed.

        Raises
        ------
        OSError
            When the server does not; the text says why.
        """
        http.cancel(self._address, self._token)

    def pause(self, device_id: str | None = None) -> None:
        """Have no further step begin there, on one device or on all; the running ones go on to their end.

        Raises
        ------
        OSError
            When the server does not; the text says why.
        """
        self._steer("pause", device_id)

    def resume(self, device_id: str | None = None) -> None:
        """Go on there, on one device or on all; a failure that it is paused on stands. Raises as `pause`."""
        self._steer("resume", device_id)

    def step(self, device_id: str | None = None) -> None:
        """Run one step there and pause again, on one device or on all. Raises as `pause` does."""
        self._steer("step", device_id)

    def retry(self, step: str) -> "RemoteRun":
        """Run a step again there, as its module is defined there.

        Parameters
        ----------
        step
            The `step_id` of one in `state`.

        Returns
        -------
        RemoteRun
            The run that the new attempt is part of: this one, or, when it has ended, a new one.

        Raises
        ------
        OSError
            When the server does not; the text says why.
        """
        execution_id = http.steer(self._address, f"steps/{step}/retry", self._token)
        if execution_id == self._execution_id:
            return self
        again = RemoteRun(self._address.of(execution_id).websocket, self._token)
        self._again.append(again)
        return again

    def _allowed(self) -> frozenset[str]:
        """What the server lets us do; one that does not say is asked each time, and may refuse."""
        try:
            return http.allowed(self._address, self._token)
        except OSError:
            return frozenset({"cancel", "retry"})

    def _steer(self, verb: str, device_id: str | None) -> None:
        query = f"?{urlencode({'device_id': device_id})}" if device_id is not None else ""
        http.steer(self._address, verb + query, self._token)

    def close(self) -> None:
        """End the connection and the view; the execution goes on. Closing twice is no error.

        So it does with the runs that `retry` has made.
        """
        for again in self._again:
            again.close()
        self._link.close()
        self._tail.close()
        if "view" in self.__dict__:
            self.view.close()

    @cached_property
    def view(self) -> "ExecutionView":
        """The widget: the same one however often it is displayed."""
        from ..widgets import ExecutionView  # only notebooks pay for the import of ipywidgets

        allowed = self._allowed()
        return ExecutionView(
            execution_id=self._execution_id,
            hub=self._hub,
            preview=self._link.previews,
            cancel=self.cancel if "cancel" in allowed else None,
            steering=self if "retry" in allowed else None,
            artifacts=RemoteScreenshots(self._address, self._token),
            logs=self._tail.kept,
            kept_log=self._log,
            recording=self.recording,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = self.state
        return f"RemoteRun({state.status}, {len(state.steps)} steps, {self._execution_id})"


class RemoteScreenshots:
    """The screenshots of a server, for the widget's pages.

    Parameters
    ----------
    address, token
        As for `connect`.
    """

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._token = token

    def screenshot(self, url: str) -> "RemoteScreenshot":
        """Fetch the picture behind a `screenshot_url`.

        Raises
        ------
        FileNotFoundError
            When the server does not give it.
        """
        if not url.startswith("/"):
            raise FileNotFoundError(f"{url!r} is not an address on {self._address.server}")
        try:
            return RemoteScreenshot(http.fetch(self._address, url, self._token))
        except OSError as error:
            raise FileNotFoundError(f"{self._address.server} does not give {url}: {error}") from error


class RemoteScreenshot:
    """A picture that was fetched, in the manner of a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_bytes(self) -> bytes:
        """Return the PNG."""
        return self._data
