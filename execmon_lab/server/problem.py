"""An answer that says what is wrong, the same wherever it is found out (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

PROBLEM_TYPE = "application/problem+json"


def problem_text(status: HTTPStatus, detail: str) -> bytes:
    """Write the body of the answer."""
    said = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return msgspec.json.encode(said)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Make the answer."""
    kept = {k: v for k, v in (headers or {}).items() if k.lower() not in ("content-type", "content-length")}
    return web.Response(
        status=status,
        body=problem_text(HTTPStatus(status), detail),
        content_type=PROBLEM_TYPE,
        headers=kept,
    )


class HttpProtocol(web.RequestHandler):
    """aiohttp's side of a connection, which answers what it cannot read as all else is answered.

    What was sent is not said again: it may hold a token.
    """

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Say that a request is none, or that the server failed."""
        super().handle_error(request, status, exc, message)
        unreadable = status == HTTPStatus.BAD_REQUEST
        answer = problem(status, "this is no HTTP/1.1 request" if unreadable else "the server failed")
        answer.force_close()
        return answer
