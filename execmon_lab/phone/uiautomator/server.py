"""The HTTP server that uiautomator2's jar would be: JSON-RPC over POST, and a ping."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from execmon_lab.phone.system.system import StreamReader, StreamWriter, System
from execmon_lab.phone.uiautomator.methods import Methods, NotFoundError
from execmon_lab.phone.uiautomator.selector import SelectorError

logger = logging.getLogger(__name__)

MAX_HEAD = 16 << 10
MAX_BODY = 4 << 20
# codes of the JSON-RPC 2.0 specification, section 5.1
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, SERVER_ERROR = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32000,
)
UI_OBJECT_NOT_FOUND = -32001


class UiServer:
    """Answers HTTP on connections that the phone's network hands over.

    Attributes
    ----------
    stopped : asyncio.Event
        Set when a client asked the server to stop.
    """

    def __init__(self, system: System) -> None:
        self._methods = Methods(system)
        self.stopped = asyncio.Event()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        buffer = bytearray()
        try:
            while True:
                request = await _request(reader, buffer)
                if request is None:
                    return
                method, path, body, keep = request
                status, kind, content = await self._answer(method, path, body)
                head = (
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
                    f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
                )
                writer.write(head.encode() + content)
                await writer.drain()
                if not keep:
                    return
        except (ConnectionError, ValueError) as error:
            logger.debug("uiautomator connection ended: %s", error)
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[str, str, bytes]:
        path = path.partition("?")[0]
        if path == "/ping":
            return "200 OK", "text/plain", b"pong"
        if path == "/stop":
            self.stopped.set()
            return "200 OK", "text/plain", b"Server stopped!!!"
        if path.startswith("/jsonrpc") and method == "POST":
            return "200 OK", "application/json", json.dumps(await self.call(body)).encode()
        return "404 Not Found", "text/plain", b"Not Found!!!"

    async def call(self, body: bytes) -> dict[str, Any]:
        """Answer a JSON-RPC request."""
        try:
            request = json.loads(body)
        except ValueError as error:
            return _error(None, PARSE_ERROR, f"Parse error: {error}")
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _error(None, INVALID_REQUEST, "Invalid Request")
        identifier, params = request.get("id"), request.get("params") or []
        method = self._methods.get(request["method"])
        if method is None:
            return _error(identifier, METHOD_NOT_FOUND, f"Method not found: {request['method']}")
        try:
            result = await (method(**params) if isinstance(params, dict) else method(*params))
        except NotFoundError as error:
            return _error(identifier, UI_OBJECT_NOT_FOUND, str(error))
        except (TypeError, SelectorError, ValueError, OverflowError) as error:
            return _error(identifier, INVALID_PARAMS, f"Invalid params: {error}")
        return {"jsonrpc": "2.0", "id": identifier, "result": result}


def _error(identifier: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": message, "data": message}}


async def _request(reader: StreamReader, buffer: bytearray) -> tuple[str, str, bytes, bool] | None:
    """Read a request: method, path, body, whether the connection stays; None at the end.

    Raises
    ------
    ValueError
        It is no HTTP, or too large.
    """
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        if len(buffer) > MAX_HEAD:
            raise ValueError("the head of the request is too large")
        data = await reader.read(65536)
        if not data:
            return None
        buffer += data
    lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    del buffer[: end + 4]
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise ValueError("not an HTTP request")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
    }
    length = int(headers.get("content-length") or 0)
    if not 0 <= length <= MAX_BODY:
        raise ValueError("the body of the request is too large")
    while len(buffer) < length:
        data = await reader.read(65536)
        if not data:
            return None
        buffer += data
    body = bytes(buffer[:length])
    del buffer[:length]
    return (
        words[0],
        words[1],
        body,
        headers.get("connection", "").lower() != "close" and words[2] != "HTTP/1.0",
    )
