"""What a report is made of: an execution's state, and what was kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..protocol import ExecutionSnapshot, LogEntry


class Still(NamedTuple):
    """A picture of a recording: seconds since the epoch, and a JPEG."""

    at: float
    jpeg: bytes


def _no_screenshot(_: str) -> bytes | None:
    return None


def no_film(device_id: str, count: int) -> Iterable[Still]:
    """Give no pictures: nothing was recorded."""
    return ()


@dataclass(frozen=True)
class Material:
    """An execution that a report can be written of, while it runs or after.

    Attributes
    ----------
    state
        The execution.
    logs
        Its log, the oldest line first; read once.
    devices
        What is known of each device, by serial: for example ``{"model": "Pixel 8"}``.
    screenshot
        Gives the file behind a `screenshot_url`; None when there is none.
    film
        Gives the recording of a device, thinned to at most so many pictures; none when there is no recording.
    earlier
        The last good run of the same plan, to compare with.
    interrupted
        Whether the process that ran it died.
    """

    state: ExecutionSnapshot
    logs: Iterable[LogEntry] = ()
    devices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    screenshot: Callable[[str], bytes | None] = _no_screenshot
    film: Callable[[str, int], Iterable[Still]] = no_film
    earlier: ExecutionSnapshot | None = None
    interrupted: bool = False
