"""The one port's door: reads a request's head and decides who serves it."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from .problem import PROBLEM_TYPE, problem_text
from .settings import Settings
from .wire import Wire

ENDPOINT = "/ws/executions/"
"""Specification, "Connection Endpoints"."""

_END = b"\r\n\r\n"


class Entrance(asyncio.Protocol):
    """Reads the head of a request, within bounds, and gives the transport to a WebSocket or an HTTP protocol.

    Parameters
    ----------
    settings
        The head's size and the time it may take.
    loop
        The loop that the transport belongs to.
    websocket, http
        Make the protocol that goes on.
    admit
        Told of a new transport; false when there is no room for it.
    """

    def __init__(
        self,
        settings: Settings,
        loop: asyncio.AbstractEventLoop,
        websocket: Callable[[], Wire],
        http: Callable[[], asyncio.Protocol],
        admit: Callable[[asyncio.BaseTransport], bool],
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._websocket = websocket
        self._http = http
        self._admit = admit
        self._head = bytearray()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the head."""
        self._transport = cast(asyncio.Transport, transport)
        if not self._admit(transport):
            self._transport.abort()
            return
        self._deadline = self._loop.call_later(self._settings.head_seconds, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Collect the head; hand over once it is whole."""
        searched = max(0, len(self._head) - len(_END) + 1)
        self._head += data
        end = self._head.find(_END, searched)
        if (end if end >= 0 else len(self._head)) > self._settings.head_bytes:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"a request's head may have {self._settings.head_bytes} bytes",
            )
        elif end >= 0:
            self._hand_over(bytes(self._head[:end]), bytes(self._head[end + len(_END) :]))

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the deadline."""
        if self._deadline is not None:
            self._deadline.cancel()

    def _hand_over(self, head: bytes, rest: bytes) -> None:
        assert self._transport is not None
        assert self._deadline is not None
        self._deadline.cancel()
        if head.count(b"\n") != head.count(b"\r\n"):
            # Where such a head ends is read one way here and another way there.
            self._refuse(HTTPStatus.BAD_REQUEST, "each line of a request's head ends in CR LF")
            return
        protocol: Wire | asyncio.Protocol = self._websocket() if is_upgrade(head) else self._http()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        # First the head alone: what came along with it is for a connection that has been answered.
        protocol.data_received(head + _END)
        if rest:
            protocol.data_received(rest)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        assert self._transport is not None
        body = problem_text(status, reason)
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Content-Type: {PROBLEM_TYPE}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        self._transport.write("\r\n".join(lines).encode() + _END + body)
        self._transport.close()


def is_upgrade(head: bytes) -> bool:
    """Tell whether a request's head asks for a WebSocket at the endpoint."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[1].startswith(ENDPOINT):
        return False
    fields = (line.partition(":") for line in lines)
    return any(
        name.strip().lower() == "upgrade" and "websocket" in value.lower() for name, _, value in fields
    )
