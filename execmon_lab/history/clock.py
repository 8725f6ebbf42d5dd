"""Messages' timestamps as numbers: a history keeps whole milliseconds since the epoch."""

from datetime import UTC, date, datetime, time
from functools import lru_cache

from ..protocol import moment, timestamp

Moment = datetime | date | str | float
"""A time to filter by: seconds since the epoch, or a date; without a time zone it is taken as UTC."""


def milliseconds(text: str) -> int:
    """Return a message's timestamp as milliseconds since the epoch.

    Raises
    ------
    ValueError
        When it is none.
    """
    if len(text) == 24 and text[19] == ".":
        return _second(text[:19]) + int(text[20:23])
    return round(moment(text).timestamp() * 1000)


@lru_cache(maxsize=8)
def _second(text: str) -> int:
    """Messages come in bursts: most share their second with the one before."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000


def written(ms: int) -> str:
    """Return milliseconds since the epoch as a message's timestamp."""
    return timestamp(datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000))


def bound(at: Moment) -> int:
    """Return a time that a user gave as milliseconds since the epoch.

    Raises
    ------
    ValueError
        When a text is no date.
    TypeError
        When it is nothing of the sort.
    """
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise ValueError(f"{at!r} is no time: write 2026-11-01, or 2026-11-01T10:30") from None
    if isinstance(at, datetime):
        aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    if isinstance(at, date):
        return round(datetime.combine(at, time(), UTC).timestamp() * 1000)
    if isinstance(at, int | float) and not isinstance(at, bool):
        return round(at * 1000)
    raise TypeError(f"give a date, a time, or seconds since the epoch, not {type(at).__name__}")
