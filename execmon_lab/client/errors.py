"""What can go wrong between a client and the endpoint, and what to do about it."""

from ..protocol import CloseCode, ErrorCode

RECONNECT = frozenset({code for code in CloseCode if code.again} | {1005, 1006, 1011, 1012, 1013, 1014})
"""Close codes after which connecting again may help; after any other it cannot.

Besides its own: 1005 is what a proxy makes of a code that it swallows, 1006 is no close at all, and the
others are those of a server or a gateway in passing trouble (RFC 6455, section 7.4, and its registry).
"""

REFUSALS = frozenset(
    {
        ErrorCode.UNAUTHORIZED,
        ErrorCode.INVALID_EXECUTION_ID,
        ErrorCode.EXECUTION_NOT_ACTIVE,
        ErrorCode.CONNECTION_LIMIT,
    }
)
"""Codes of the `error` that a connection which cannot be served is sent instead of the state."""

FINAL_REFUSALS = REFUSALS - {ErrorCode.CONNECTION_LIMIT}
"""Those of them that connecting again does not change."""


class ExecutionError(Exception):
    """The endpoint does not serve this connection.

    Attributes
    ----------
    code
        For example ``"EXECUTION_NOT_ACTIVE"`` (specification, "Connection Errors").
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ConnectionLost(Exception):
    """The connection ended before the execution did, and was not to be had again.

    Attributes
    ----------
    close_code
        The WebSocket close code; 1006 where there was none.
    """

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"{reason or 'the connection was lost'} (close code {close_code})")
        self.close_code = close_code
