"""How a report writes times, counts and other people's text: the same in every format."""

import re
from datetime import UTC, datetime

from ..protocol import ExecutionSnapshot, Step

STATUS = {
    "completed": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "running": "running",
    "pending": "not run",
}
"""What a report calls the status of a step or an attempt."""

MARKS = {"completed": "✓", "failed": "✗", "skipped": "–", "running": "…", "pending": "·"}
"""A status as a sign, for those who see no colours."""

_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(end - 2)}{chr(end - 1)}" for end in range(1 << 16, 16 << 16, 1 << 16)
)

# Control characters, halves of surrogate pairs, what turns the direction of the text around it, and what no
# font outside of one app has a sign for.
_UNPRINTABLE = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069{_NO_CHARACTERS}"
    "\ue000-\uf8ff\U000f0000-\U0010ffff]"
)


def plain(text: str) -> str:
    r"""Write somebody's text so that it can stand in HTML, XML, JSON and PDF.

    What none of them can show, and what would change the direction of the text around it, becomes an escape
    such as ``\x1b``; line breaks and tabs stay.
    """
    return _UNPRINTABLE.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n"))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 1 << 8 else f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def duration(seconds: float | None) -> str:
    """Write seconds: ``0.42 s``, ``12.5 s``, ``3:07``, ``1:02:03``; nothing when unknown."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def change(seconds: float | None, before: float | None) -> str:
    """Write the difference to an earlier duration: ``+0.4 s (+25 %)``; nothing when one is unknown."""
    if seconds is None or before is None:
        return ""
    difference = seconds - before
    share = f" ({difference / before:+.0%})".replace("%", " %") if before > 0 else ""
    return f"{difference:+.2f} s{share}".replace("-", "−")


def moment(text: str | None) -> str:
    """Write a message's timestamp for people: ``2025-01-27 10:30:00 UTC``; nothing when unknown."""
    return "" if text is None else f"{when(text):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(text: str) -> str:
    """Write a message's timestamp as a time of day, UTC: ``10:30:00.500``."""
    return f"{when(text):%H:%M:%S.%f}"[:-3]


def when(text: str) -> datetime:
    """Read a message's timestamp."""
    return datetime.fromisoformat(text).astimezone(UTC)


def counted(count: int, one: str) -> str:
    """Write a number of things: ``1 step``, ``1,200 steps``."""
    return f"{count:,} {one if count == 1 else one + 's'}"


def outcome(state: ExecutionSnapshot) -> str:
    """Say in a sentence how an execution went: ``14 of 15 steps passed, 1 failed, in 41.2 s.``"""
    told = [f"{tally(state.steps)['completed']} of {counted(len(state.steps), 'step')} passed"]
    told += [
        f"{count} {STATUS[status]}"
        for status, count in tally(state.steps).items()
        if count and status != "completed"
    ]
    if state.duration_seconds is not None:
        told.append(f"in {duration(state.duration_seconds)}")
    return ", ".join(told) + "."


def verdict(state: ExecutionSnapshot, *, interrupted: bool = False) -> tuple[str, str]:
    """Return how an execution is to be seen as a whole: as a step's status would tell it, and in a word."""
    if interrupted:
        return "failed", "Interrupted"
    if state.status == "completed":
        passed = not tally(state.steps)["failed"]
        return ("completed", "Passed") if passed else ("failed", "Failed")
    return state.status, {
        "pending": "Not begun",
        "running": "Running",
        "cancelled": "Cancelled",
        "failed": "Could not go on",
    }.get(state.status, state.status.capitalize())


def tally(steps: tuple[Step, ...]) -> dict[str, int]:
    """Count steps by status."""
    return {status: sum(step.status == status for step in steps) for status in STATUS}
