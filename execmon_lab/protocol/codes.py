"""Codes of errors and of closed connections, each named once."""

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """What `error.code` and `step_failed.error_code` can say (specification, "Error Handling")."""

    # Connection errors
    INVALID_EXECUTION_ID = "INVALID_EXECUTION_ID"
    UNAUTHORIZED = "UNAUTHORIZED"
    EXECUTION_NOT_ACTIVE = "EXECUTION_NOT_ACTIVE"
    CONNECTION_LIMIT = "CONNECTION_LIMIT"

    # Runtime errors
    DEVICE_DISCONNECTED = "DEVICE_DISCONNECTED"
    MODULE_TIMEOUT = "MODULE_TIMEOUT"
    PREVIEW_UNAVAILABLE = "PREVIEW_UNAVAILABLE"

    # Bad input
    INVALID_MESSAGE = "INVALID_MESSAGE"
    UNKNOWN_DEVICE = "UNKNOWN_DEVICE"

    # Why an attempt failed
    ADB_TIMEOUT = "ADB_TIMEOUT"
    ADB_ERROR = "ADB_ERROR"
    ASSERTION_FAILED = "ASSERTION_FAILED"
    MODULE_ERROR = "MODULE_ERROR"
    CANCELLED = "CANCELLED"


ANSWERS = frozenset(
    {
        ErrorCode.INVALID_EXECUTION_ID,
        ErrorCode.UNAUTHORIZED,
        ErrorCode.EXECUTION_NOT_ACTIVE,
        ErrorCode.CONNECTION_LIMIT,
        ErrorCode.PREVIEW_UNAVAILABLE,
        ErrorCode.INVALID_MESSAGE,
        ErrorCode.UNKNOWN_DEVICE,
    }
)
"""Codes of an `error` that answers one client, and says nothing of the execution."""


class CloseCode(IntEnum):
    """Why a connection was closed (RFC 6455, section 7.4, and its private range).

    Attributes
    ----------
    again
        Whether a client should connect again, with exponential backoff; where not, it cannot help.
    advice
        What happened, and what to do about it.
    """

    again: bool
    advice: str

    def __new__(cls, value: int, again: bool, advice: str) -> "CloseCode":
        """Make a code with what is known of it."""
        code = int.__new__(cls, value)
        code._value_, code.again, code.advice = value, again, advice
        return code

    NORMAL = 1000, False, "the execution has ended, and its end was acknowledged"
    GOING_AWAY = 1001, True, "the server goes down: connect again, it may be back"
    INVALID_DATA = 1007, False, "a text message was no UTF-8: mend the client"
    POLICY_VIOLATION = 1008, False, "a flood of messages: mend the client"
    MESSAGE_TOO_BIG = 1009, False, "a message of more than 64 KiB: mend the client"
    UNAUTHORIZED = 4401, False, "the token is missing or not valid: ask for one"
    INVALID_EXECUTION_ID = 4404, False, "there is no such execution"
    INACTIVE = 4408, False, "no message in either direction for an hour: connect when there is a need again"
    EXECUTION_NOT_ACTIVE = (
        4409,
        False,
        "the execution has ended: ask /api/v1/executions/{execution_id} for it",
    )
    TOO_SLOW = 4413, True, "too slow for the guaranteed messages: connect again with ?session="
    CONNECTION_LIMIT = 4429, True, "too many connections of this client: close one, and connect again"
