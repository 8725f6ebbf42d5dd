"""What the server's HTTP side does for one who follows an execution; these calls block."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec

from ..protocol import ErrorCode, ExecutionSnapshot, LogEntry
from .address import Address
from .errors import ExecutionError

TIMEOUT = 10.0
"""Seconds that an answer may take."""

LARGEST = 64 * 1024 * 1024
"""Bytes that are read of an answer."""


def state(address: Address, token: str | None = None) -> ExecutionSnapshot:
    """Ask for an execution's state, also of one that has ended.

    Raises
    ------
    OSError
        When the server does not give it; the text says why.
    """
    body = fetch(address, f"/api/v1/executions/{address.execution_id}", token)
    try:
        return msgspec.json.decode(body, type=ExecutionSnapshot)
    except msgspec.DecodeError as error:
        raise OSError(f"{address.server} answered with no execution's state: {error}") from error


def outcome(address: Address, token: str | None, refusal: ExecutionError) -> ExecutionSnapshot:
    """Ask for the outcome of an execution that the server does not let one follow: it has ended.

    One of an earlier time is unknown where connections are made, and kept in the server's history.

    Parameters
    ----------
    refusal
        Why the connection was refused.

    Raises
    ------
    ExecutionError
        `refusal`, where it is of another kind, or the server gives no outcome.
    """
    if refusal.code not in (ErrorCode.EXECUTION_NOT_ACTIVE, ErrorCode.INVALID_EXECUTION_ID):
        raise refusal
    try:
        return state(address, token)
    except OSError as error:
        raise refusal from error


class _Log(msgspec.Struct):
    entries: list[LogEntry]
    lost: int


def log(address: Address, token: str | None = None) -> tuple[list[LogEntry], int]:
    """Ask for the newest lines of an execution's log.

    Returns
    -------
    tuple
        The lines, the oldest first, and how many before them the server does not give.

    Raises
    ------
    OSError
        When the server does not give them; the text says why.
    """
    return _log(address, "", token)


def log_part(
    address: Address,
    side: Literal["before", "after"],
    line: Mapping[str, str | int],
    token: str | None = None,
) -> tuple[list[LogEntry], int]:
    """Ask for the lines before a line of the log, or for those of its device after it.

    Parameters
    ----------
    line
        Which, by its ``at`` (RFC 3339), ``device_id``, ``message`` and ``source``; ``limit`` is how many are
        wanted, ``skip`` how many behind it are not.

    Returns
    -------
    tuple
        As of `log`.

    Raises
    ------
    OSError
        When the server does not give them; the text says why.
    """
    return _log(address, f"/{side}?{urlencode(line)}", token)


def _log(address: Address, part: str, token: str | None) -> tuple[list[LogEntry], int]:
    try:
        body = fetch(address, f"/api/v1/executions/{address.execution_id}/logs{part}", token)
    except urllib.error.HTTPError as error:
        raise OSError(error.msg) from error
    try:
        found = msgspec.json.decode(body, type=_Log)
    except msgspec.DecodeError as error:
        raise OSError(f"{address.server} answered with no log: {error}") from error
    return found.entries, found.lost


def cancel(address: Address, token: str | None = None) -> None:
    """Have an execution end; one that has ended already is no error.

    Raises
    ------
    OSError
        When the server does not do it; the text says why.
    """
    try:
        fetch(address, f"/api/v1/executions/{address.execution_id}", token, method="DELETE")
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise OSError(error.msg) from error


def steer(address: Address, what: str, token: str | None = None) -> str:
    """Have an execution pause, go on, or run a step again.

    Parameters
    ----------
    what
        ``pause``, ``resume`` or ``step``, with ``?device_id=…`` for one device; ``steps/<step_id>/retry``.

    Returns
    -------
    str
        The id of the execution that goes on from here: another one, where a step of an ended one runs again.

    Raises
    ------
    OSError
        When the server does not do it; the text says why.
    """
    try:
        body = fetch(address, f"/api/v1/executions/{address.execution_id}/{what}", token, method="POST")
    except urllib.error.HTTPError as error:
        raise OSError(error.msg) from error
    answer: dict[str, str] = msgspec.json.decode(body, type=dict[str, str])
    return answer["execution_id"]


def allowed(address: Address, token: str | None = None) -> frozenset[str]:
    """Ask what the server lets a client do to an execution at present.

    Returns
    -------
    frozenset of str
        Of ``cancel``, ``pause``, ``resume``, ``step`` and ``retry``.

    Raises
    ------
    OSError
        When the server does not say.
    """
    body = fetch(address, f"/api/v1/executions/{address.execution_id}/steering", token)
    try:
        return frozenset(msgspec.json.decode(body, type=dict[str, list[str]])["allowed"])
    except (msgspec.DecodeError, KeyError) as error:
        raise OSError(f"{address.server} does not say what it allows: {error}") from error


def fetch(address: Address, path: str, token: str | None = None, *, method: str = "GET") -> bytes:
    """Get what is at a path of the server; parameters and errors are those of `ask`."""
    return ask(address, path, token, method=method)[0]


def ask(
    address: Address, path: str, token: str | None = None, *, method: str = "GET"
) -> tuple[bytes, Mapping[str, str]]:
    """Get what is at a path of the server, and the headers that came with it.

    Parameters
    ----------
    address
        The execution's, which may hold tokens of its own.
    path
        As messages give it, for example a `screenshot_url`.
    token
        For a server that asks for one.

    Raises
    ------
    OSError
        When the server cannot be reached or refuses; the text says why (RFC 9457, `detail`).
    """
    request = urllib.request.Request(address.http(path), method=method)
    if token is not None:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            body: bytes = answer.read(LARGEST)
            return body, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            error.msg = _detail(error.read(64 * 1024)) or error.msg
        raise


def _detail(body: bytes) -> str | None:
    try:
        problem = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    detail = problem.get("detail")
    return detail if isinstance(detail, str) else None
