"""The synchronous face of the client: the same messages, without asyncio.

with connect(url) as execution:
    for message in execution:
        …
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from ..protocol import ExecutionSnapshot, Quality, ServerMessage
from . import client as asynchronous
from .frames import Frame

T = TypeVar("T")


def connect(
    url: str,
    *,
    token: str | None = None,
    acknowledge: bool = False,
    full: bool = True,
    reconnect_seconds: float = 300.0,
    on_lost: Callable[[str, float], object] | None = None,
) -> "Client":
    """Follow an execution; see `execmon_lab.client.connect` for the parameters and errors.

    `on_lost` is called in the client's thread.

    Returns
    -------
    Client
        To be used with ``with``.
    """
    return Client(
        asynchronous.connect(
            url,
            token=token,
            acknowledge=acknowledge,
            full=full,
            reconnect_seconds=reconnect_seconds,
            on_lost=on_lost,
        )
    )


class Client:
    """An execution as its endpoint tells it, for a program without asyncio; see `connect`.

    Methods may be called from any thread. Each raises what the asynchronous client's method of the same name
    raises.
    """

    def __init__(self, client: asynchronous.Client) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="execmon-client", daemon=True)

    def __enter__(self) -> Self:
        """Connect."""
        self._thread.start()
        try:
            self._do(self._client.__aenter__())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave, and end the client's thread; doing so twice is no error."""
        if not self._thread.is_alive():
            return
        self._do(self._client.close())
        self._do(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state, folded from every message that has arrived."""
        if not self._thread.is_alive():
            return self._client.state

        async def state() -> ExecutionSnapshot:
            return self._client.state

        # In the loop's thread, where no message can come in between.
        return self._do(state())

    def __iter__(self) -> Iterator[ServerMessage]:
        while (message := self.next()) is not None:
            yield message

    def next(self, timeout: float | None = None) -> ServerMessage | None:
        """Wait for the next message; None when the execution has ended.

        Raises
        ------
        TimeoutError
            When none came within `timeout` seconds.
        """
        return self._do(asyncio.wait_for(self._client.next(), timeout))

    def subscribe(self, device_id: str) -> None:
        """Ask for a device's status, now and whenever it changes."""
        self._do(self._client.subscribe(device_id))

    def unsubscribe(self, device_id: str) -> None:
        """Ask for a device's status no longer."""
        self._do(self._client.unsubscribe(device_id))

    def start_preview(
        self, device_id: str, quality: Quality = "medium", *, only_changes: bool = False
    ) -> None:
        """Ask for a device's picture, as messages."""
        self._do(self._client.start_preview(device_id, quality, only_changes=only_changes))

    def stop_preview(self, device_id: str) -> None:
        """Ask for a device's picture no longer."""
        self._do(self._client.stop_preview(device_id))

    def preview(
        self, device_id: str, quality: Quality = "medium", *, only_changes: bool = False
    ) -> Iterator[Frame]:
        """Iterate over a device's pictures, always the newest."""
        frames = self._client.preview(device_id, quality, only_changes=only_changes)
        try:
            while (frame := self._do(anext(frames, None))) is not None:
                yield frame
        finally:
            self._do(frames.aclose())

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            # An interrupt of the one who waits; what it waited for must not take a message nobody sees.
            future.cancel()
            raise
