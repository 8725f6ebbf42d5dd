"""The list of executions: those of this process and those of earlier ones, the newest first, by the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import NamedTuple, Protocol, get_args

import msgspec

from ..protocol import ExecutionSnapshot, ExecutionStatus, moment, timestamp

STATUSES: tuple[str, ...] = get_args(ExecutionStatus)

PAGE, LONGEST_PAGE = 100, 1000
"""How many executions a page has unless told otherwise, and at most."""


class Place(NamedTuple):
    """Where an execution is in the list: when it began (or was planned), and its id."""

    began: str
    execution_id: str

    def __str__(self) -> str:
        return f"{self.began},{self.execution_id}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what a page's `next` said, or a time.

        Raises
        ------
        ValueError, OverflowError
            When it is neither.
        """
        began, _, execution_id = text.partition(",")
        at = moment(began)
        return cls(timestamp(at if at.tzinfo is not None else at.replace(tzinfo=UTC)), execution_id.lower())


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in the list: all but its steps, which may be thousands."""

    execution_id: str
    name: str | None
    status: ExecutionStatus
    progress_percentage: int
    current_step: str | None
    total_steps: int
    failed_steps: int
    devices: tuple[str, ...]
    started_at: str | None
    duration_seconds: float | None
    report_url: str | None
    timestamp: str
    made_up: bool = False


Entry = tuple[Place, Listed]


class Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the list; `next` is the `before` of the following part, absent at the end."""

    executions: Sequence[Listed]
    next: str | None = None


class Archive(Protocol):
    """Who has the executions of earlier processes; called in a worker's thread."""

    def find(self, execution_id: str, /) -> ExecutionSnapshot | None:
        """Return the last state of one; None when there is none."""

    def page(self, limit: int, before: Place | None, status: str | None, /) -> Sequence[Entry]:
        """Return the newest, those before a place, of a status."""


def listed(state: ExecutionSnapshot, *, total: int, failed: int, made_up: bool = False) -> Listed:
    """Tell an execution by its state, which may be without its steps."""
    return Listed(
        execution_id=state.execution_id,
        name=state.name,
        status=state.status,
        progress_percentage=state.progress_percentage,
        current_step=state.current_step,
        total_steps=total,
        failed_steps=failed,
        devices=tuple(device.device_id for device in state.devices),
        started_at=state.started_at,
        duration_seconds=state.duration_seconds,
        report_url=state.report_url,
        timestamp=state.timestamp,
        made_up=made_up,
    )


def page(
    present: Iterable[ExecutionSnapshot],
    archive: Archive | None,
    *,
    limit: str | None = None,
    before: str | None = None,
    status: str | None = None,
) -> Page:
    """Make a part of the list, as a query asked for it.

    Parameters
    ----------
    present
        The executions of this process, of which the archive may have some too.
    archive
        The earlier ones.
    limit, before, status
        What was asked for: how many at most, before which `Place` or time, and of which status.

    Raises
    ------
    ValueError
        When one of them is not as it must be; the text is for the client.
    """
    if status is not None and status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(sorted(STATUSES))}")
    most = _limit(limit)
    place = _place(before)
    here = {state.execution_id: _entry(state) for state in present}
    fitting = [
        (at, execution)
        for at, execution in here.values()
        if status in (None, execution.status) and (place is None or at < place)
    ]
    if archive is not None:
        kept = archive.page(most + 1 + len(here), place, status)
        fitting += [entry for entry in kept if entry[0].execution_id not in here]
    fitting.sort(key=lambda entry: entry[0], reverse=True)
    shown = fitting[:most]
    return Page(
        executions=[execution for _, execution in shown],
        next=str(shown[-1][0]) if len(fitting) > most else None,
    )


def _entry(state: ExecutionSnapshot) -> Entry:
    place = Place(timestamp(moment(state.started_at or state.timestamp)), state.execution_id)
    failed = sum(step.status == "failed" for step in state.steps)
    return place, listed(state, total=len(state.steps), failed=failed)


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE
    if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= LONGEST_PAGE:
        return int(text)
    raise ValueError(f"limit must be a number from 1 to {LONGEST_PAGE}")


def _place(text: str | None) -> Place | None:
    try:
        return Place.parse(text) if text is not None else None
    except (ValueError, OverflowError):
        raise ValueError("before must be the `next` of a page, or a time like 2025-01-27T10:00:00Z") from None
