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
    """Why a connection was closed (RFC 6455, section 7.4, and its private range)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    UNAUTHORIZED = 4401
    INVALID_EXECUTION_ID = 4404
    INACTIVE = 4408
    EXECUTION_NOT_ACTIVE = 4409
    TOO_SLOW = 4413
    CONNECTION_LIMIT = 4429
