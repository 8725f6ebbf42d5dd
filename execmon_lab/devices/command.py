"""Commands to a device: how they are written, what they gave, and the record that an observer is told."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Outcome = Literal["running", "completed", "failed"]


@dataclass
class Command:
    """One adb command: told to the observer when it starts, and again when it has ended.

    Attributes
    ----------
    text
        The command as one would type it: ``adb shell input tap 500 800``.
    timeout
        Its deadline, in seconds.
    started
        When it started, UTC.
    outcome
        ``running`` the first time it is told; then ``completed`` (it ran to its end, whatever its exit code)
        or ``failed`` (it did not; `error` says why).
    duration_seconds
        How long it took; None while it runs.
    exit_code
        The exit code on the device, where there is one.
    error
        The exception that it ended in.
    """

    text: str
    timeout: float
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcome: Outcome = "running"
    duration_seconds: float | None = None
    exit_code: int | None = None
    error: BaseException | None = None

    @property
    def message(self) -> str:
        """What the log says of it (specification, "Live Log Entry")."""
        return f"Executing ADB command: {self.text}"


Observer = Callable[[Command], None]
"""Called in the thread that runs the command, twice for each: at its start and at its end."""


class Completed(NamedTuple):
    """What a command on the device gave."""

    stdout: bytes
    stderr: bytes
    exit_code: int


def shell_line(args: str | Sequence[str]) -> str:
    """Return the line for the device's shell: a text as it is, a sequence quoted word by word."""
    return args if isinstance(args, str) else shlex.join(args)


def shell_text(line: str) -> str:
    """Return what one would type on the host to have `line` run by the device's shell."""
    plain = shlex.join(line.split()) == line
    return f"adb shell {line if plain else shlex.quote(line)}"
