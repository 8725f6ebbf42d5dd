"""A report as CSV, for spreadsheets: a row an attempt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ..protocol import Attempt, Step
from . import words
from .material import Material

COLUMNS = (
    "step",
    "step_id",
    "device_id",
    "module_id",
    "params",
    "status",
    "attempt",
    "attempt_status",
    "started_at",
    "ended_at",
    "duration_s",
    "adb_s",
    "error_code",
    "error_message",
    "screenshot_url",
)
"""The first line. `status` is the step's, and all after `attempt` the attempt's; times are UTC."""

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula, which may do anything."""


def spreadsheet(material: Material) -> bytes:
    """Write a report as CSV (RFC 4180), in UTF-8 with the mark by which spreadsheets know that.

    A text that a spreadsheet would take for a formula has an apostrophe before it, as one would type it.

    Parameters
    ----------
    material
        The execution.
    """
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for number, step in enumerate(material.state.steps, 1):
        table.writerows(_rows(number, step))
    return buffer.getvalue().encode("utf-8-sig")


def _rows(number: int, step: Step) -> Iterator[list[object]]:
    params = step.params if isinstance(step.params, str) else None
    head = [number, *map(_text, (step.step_id, step.device_id, step.module_id, params, step.status))]
    for attempt in step.attempts:
        yield [*head, *_cells(attempt)]
    if not step.attempts:
        yield head + [""] * (len(COLUMNS) - len(head))


def _cells(attempt: Attempt) -> list[object]:
    texts = (attempt.error_code, attempt.error_message, attempt.screenshot_url)
    return [
        attempt.attempt,
        attempt.status,
        attempt.started_at,
        attempt.ended_at,
        attempt.duration_seconds,
        attempt.adb_seconds,
        *map(_text, texts),
    ]


def _text(text: str | None) -> str:
    shown = words.plain(text or "")
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
