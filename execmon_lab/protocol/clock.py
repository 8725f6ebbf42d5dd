"""Timestamps as messages carry them."""

from datetime import UTC, datetime

Instant = float | datetime | str
"""A time as a caller may give it: seconds since the epoch, a `datetime`, or a text as messages carry it."""


def timestamp(moment: datetime | None = None) -> str:
    """Write a moment as messages do: UTC, RFC 3339, `Z`, milliseconds.

    Parameters
    ----------
    moment
        An aware datetime; now, when absent.

    Returns
    -------
    str
        For example ``"2025-01-27T10:30:30.500Z"``.
    """
    moment = datetime.now(UTC) if moment is None else moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def moment(text: str) -> datetime:
    """Read a message's timestamp.

    Raises
    ------
    ValueError
        When `text` is not RFC 3339.
    """
    return datetime.fromisoformat(text)


def epoch(at: Instant) -> float:
    """Return a time as seconds since the epoch; one without a zone is UTC, as all times here are.

    Raises
    ------
    ValueError
        When a text is no time.
    """
    if isinstance(at, str):
        at = moment(at)
    if isinstance(at, datetime):
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    return at
