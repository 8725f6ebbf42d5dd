"""The asyncio client: typed messages of one execution, however often the connection is lost."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import UnsetType
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from ..protocol import (
    ANSWERS,
    Ack,
    ErrorCode,
    ErrorMessage,
    ExecutionSnapshot,
    InvalidMessage,
    Message,
    PreviewFrame,
    Quality,
    ServerMessage,
    StartPreview,
    StopPreview,
    SubscribeDevice,
    UnsubscribeDevice,
    decode_server,
    encode,
)
from ..state import ExecutionState
from .address import Address
from .backoff import delays
from .errors import FINAL_REFUSALS, RECONNECT, ConnectionLost, ExecutionError
from .frames import Frame, FrameSlot
from .mailbox import Mailbox

log = logging.getLogger(__name__)

MESSAGE_BYTES = 64 * 1024 * 1024
"""The largest message that is accepted: a full-size frame of a large screen, with room to spare."""

REMEMBERED = 2_000
"""Guaranteed messages that are remembered, to know those again that a resumed session repeats."""

_STRANGE = "the server did not begin with execution_state"


def connect(
    url: str,
    *,
    token: str | None = None,
    acknowledge: bool = False,
    full: bool = True,
    reconnect_seconds: float = 300.0,
    on_lost: Callable[[str, float], object] | None = None,
) -> "Client":
    """Follow an execution.

    Parameters
    ----------
    url
        The endpoint's address, ``ws://…/ws/executions/<execution_id>``, or the same with http or https.
    token
        For a server that asks for one.
    acknowledge
        False: a guaranteed message is acknowledged when it arrives. True: when the program asks for the one
        after it, so that one which fails over a message is sent it again when it resumes.
    full
        Ask for messages and fields beyond the specification's, such as `step_started`.
    reconnect_seconds
        How long to try to get a lost connection back; 0 not at all.
    on_lost
        Called in the loop's thread each time a connection is lost or could not be had again, with the reason
        and the seconds until the next attempt; the state that follows says that it is back.

    Returns
    -------
    Client
        To be used with ``async with``.

    Raises
    ------
    ValueError
        When `url` is no such address.
    """
    return Client(
        Address.parse(url).websocket,
        token=token,
        acknowledge=acknowledge,
        full=full,
        reconnect_seconds=reconnect_seconds,
        on_lost=on_lost,
    )


class Client:
    """An execution as its endpoint tells it; see `connect`.

    Iterating over it gives every message, typed, the state first, and ends when the execution has ended.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        acknowledge: bool,
        full: bool,
        reconnect_seconds: float,
        on_lost: Callable[[str, float], object] | None = None,
    ) -> None:
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._acknowledge = acknowledge
        self._query = {"detail": "full"} if full else {}
        if acknowledge:
            self._query["ack"] = "app"
        self._reconnect_seconds = reconnect_seconds
        self._on_lost = on_lost
        self._state: ExecutionState | None = None
        self._session_id: str | None = None
        self._socket: ClientConnection | None = None
        self._mailbox = Mailbox()
        self._opened: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._devices: set[str] = set()
        self._previews: dict[str, StartPreview] = {}
        self._slots: dict[str, list[FrameSlot]] = {}
        self._own_previews: Counter[str] = Counter()
        self._seen: dict[Message, None] = {}
        self._seq_filed = 0
        self._unacknowledged: int | None = None
        self._greeted = False

    # Life

    async def __aenter__(self) -> Self:
        """Connect.

        Raises
        ------
        ExecutionError
            When the endpoint does not serve the connection, and says why.
        ConnectionLost
            When it is closed without a word, as by a proxy that the server refuses.
        OSError, InvalidHandshake
            When there is no such endpoint.
        """
        self._opened = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="execmon-client")
        try:
            await asyncio.shield(self._opened)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave; doing so twice is no error."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._end(None)

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state, folded from every message that has arrived."""
        if self._state is None:
            raise RuntimeError("not connected: use 'async with connect(…) as execution'")
        return self._state.snapshot()

    @property
    def session_id(self) -> str | None:
        """The session, for another program to go on with (``?session=``) within five minutes."""
        return self._session_id

    # Messages

    def __aiter__(self) -> AsyncIterator[ServerMessage]:
        return self

    async def __anext__(self) -> ServerMessage:
        message = await self.next()
        if message is None:
            raise StopAsyncIteration
        return message

    async def next(self) -> ServerMessage | None:
        """Wait for the next message.

        Returns
        -------
        ServerMessage or None
            None when the execution has ended, or after `close`.

        Raises
        ------
        ExecutionError
            When a connection that was lost is not served again.
        ConnectionLost
            When it could not be had again in time, or was closed for good.
        """
        if self._unacknowledged is not None:
            seq, self._unacknowledged = self._unacknowledged, None
            await self._send(Ack(seq=seq))
        message = await self._mailbox.get()
        number = getattr(message, "seq", None)
        if self._acknowledge and isinstance(number, int):
            self._unacknowledged = number
        return message  # type: ignore[return-value]  # nothing else is filed

    # Requests

    async def subscribe(self, device_id: str) -> None:
        """Ask for a device's status, now and whenever it changes (`DeviceStatus`)."""
        self._devices.add(device_id)
        await self._send(SubscribeDevice(device_id=device_id))

    async def unsubscribe(self, device_id: str) -> None:
        """Ask for a device's status no longer."""
        self._devices.discard(device_id)
        await self._send(UnsubscribeDevice(device_id=device_id))

    async def start_preview(
        self, device_id: str, quality: Quality = "medium", *, only_changes: bool = False
    ) -> None:
        """Ask for a device's picture, as `PreviewFrame` messages; asking again changes the quality."""
        self._previews[device_id] = wish = StartPreview(
            device_id=device_id, quality=quality, only_changes=only_changes
        )
        await self._send(wish)

    async def stop_preview(self, device_id: str) -> None:
        """Ask for a device's picture no longer."""
        self._previews.pop(device_id, None)
        await self._send(StopPreview(device_id=device_id))

    async def preview(
        self, device_id: str, quality: Quality = "medium", *, only_changes: bool = False
    ) -> AsyncGenerator[Frame, None]:
        """Iterate over a device's pictures, always the newest; leaving the iteration stops the preview.

        While it runs, the device's frames are not among the messages.

        Raises
        ------
        ExecutionError
            `PREVIEW_UNAVAILABLE` or `UNKNOWN_DEVICE`.
        """
        slot = FrameSlot()
        slots = self._slots.setdefault(device_id, [])
        slots.append(slot)
        try:
            await self.start_preview(device_id, quality, only_changes=only_changes)
            async for frame in slot:
                yield frame
        finally:
            slots.remove(slot)
            if not slots:
                self._slots.pop(device_id, None)
                await self.stop_preview(device_id)

    async def _send(self, message: Message) -> None:
        # Without a connection nothing is lost: what is wished is asked for again with the next one.
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(encode(message).decode())

    # The connection

    async def _run(self) -> None:
        """Keep a connection until the execution has ended or there is no hope of another."""
        try:
            await self._end(await self._connections())
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for messages are told
            await self._end(error)

    async def _connections(self) -> Exception | None:
        loop = asyncio.get_running_loop()
        waits: Iterator[float] = delays()
        lost_at = loop.time()
        while True:
            try:
                code, reason = await self._connection()
                if code is None:
                    return None
                if self._state is None:
                    return ConnectionLost(code, f"closed before the state was told ({reason or 'no reason'})")
                if self._greeted:
                    waits, lost_at = delays(), loop.time()
            except ExecutionError as error:
                if self._state is None or error.code in FINAL_REFUSALS:
                    raise
                code, reason = 1006, str(error)
            except (OSError, InvalidHandshake) as error:
                if self._state is None:
                    raise
                code, reason = 1006, str(error)
            wait = next(waits)
            if code not in RECONNECT or loop.time() + wait - lost_at > self._reconnect_seconds:
                return ConnectionLost(code, reason)
            log.info("connection lost (%s), again in %.1f s", reason or code, wait)
            if self._on_lost is not None:
                self._on_lost(reason or f"close code {code}", wait)
            await asyncio.sleep(wait)

    async def _connection(self) -> tuple[int | None, str]:
        """Serve one connection; return its close code and reason, no code when the execution has ended."""
        self._greeted = False  # a proxy may take a connection that the server behind it does not
        query = dict(self._query)
        if self._session_id is not None:
            query["session"] = self._session_id
        async with open_socket(
            _with_query(self._url, query),
            additional_headers=self._headers,
            compression=None,
            max_size=MESSAGE_BYTES,
            # The server pings; a client that does too could give up a connection that is only slow.
            ping_interval=None,
        ) as socket:
            try:
                await self._greet(socket)
                self._socket = socket
                await self._wish_again()
                while True:
                    await self._take(await socket.recv())
            except ConnectionClosed as closed:
                if self._state is not None and self._state.ended:
                    return None, ""
                return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, str(closed))
            finally:
                self._socket = None

    async def _greet(self, socket: ClientConnection) -> None:
        try:
            first = decode_server(await socket.recv())
        except InvalidMessage as error:
            raise ExecutionError(ErrorCode.INVALID_MESSAGE, f"{_STRANGE}: {error}") from error
        if isinstance(first, ErrorMessage):
            raise ExecutionError(first.code, first.message)
        if not isinstance(first, ExecutionSnapshot):
            raise ExecutionError(ErrorCode.INVALID_MESSAGE, f"{_STRANGE}, but with {first.type_name()}")
        session_id = first.session_id if isinstance(first.session_id, str) else None
        if session_id != self._session_id:
            # Another session counts anew.
            self._session_id, self._seq_filed, self._unacknowledged = session_id, 0, None
        if self._state is None:
            self._state = ExecutionState(first)
        else:
            self._state.fold(first)
        await self._mailbox.put(first)
        self._greeted = True
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    async def _wish_again(self) -> None:
        for device_id in self._devices:
            await self._send(SubscribeDevice(device_id=device_id))
        for wish in self._previews.values():
            await self._send(wish)

    async def _take(self, data: str | bytes) -> None:
        try:
            message = decode_server(data)
        except InvalidMessage as error:
            log.warning("a message that this version does not know was left out: %s", error)
            return
        if message.GUARANTEED and self._is_repeated(message):
            return
        assert self._state is not None
        if isinstance(message, ErrorMessage) and message.code in ANSWERS:
            self._tell_previews(message)
        else:
            self._state.fold(message)
        slots = self._slots.get(message.device_id) if isinstance(message, PreviewFrame) else None
        if slots and isinstance(message, PreviewFrame):
            for slot in slots:
                slot.put(message)
            return
        await self._mailbox.put(message)

    def _is_repeated(self, message: ServerMessage) -> bool:
        """Know a guaranteed message again: by its number, or else by being the same in every field."""
        seq = getattr(message, "seq", None)
        if isinstance(seq, int):
            repeated = seq <= self._seq_filed
            self._seq_filed = max(seq, self._seq_filed)
            return repeated
        if message in self._seen:
            return True
        self._seen[message] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    def _tell_previews(self, message: ErrorMessage) -> None:
        if isinstance(message.device_id, UnsetType):
            return
        for slot in self._slots.get(message.device_id, ()):
            slot.end(ExecutionError(message.code, message.message))

    async def _end(self, error: Exception | None) -> None:
        if self._opened is not None and not self._opened.done():
            if error is None:
                self._opened.cancel()
            else:
                self._opened.set_exception(error)
        for slots in self._slots.values():
            for slot in slots:
                slot.end(error)
        await self._mailbox.end(error)


def _with_query(url: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(more)
    return urlunsplit(parts._replace(query=urlencode(query)))
