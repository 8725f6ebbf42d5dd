"""An execution's time line as an SVG: a lane a device, a bar an attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from ..protocol import Attempt, ExecutionSnapshot, Step
from . import words

WIDTH = 720
_LEFT, _RIGHT = 6, 6
_BAR, _LABEL, _GAP = 18, 17, 12
_AXIS = 20
_TICKS = 8
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

# Presentation attributes, the weakest there are: a page's style sheet may set other colours.
_FILLS = {"completed": "#1e8e3e", "failed": "#d93025", "skipped": "#ffffff", "running": "#0b57d0"}


class _Span(NamedTuple):
    step: Step
    number: int
    attempt: Attempt
    begin: float
    end: float


def svg(state: ExecutionSnapshot) -> str:
    """Draw when each attempt of an execution ran, and on which device.

    The status of a bar is told by its sign and its outline as well as by its colour.

    Parameters
    ----------
    state
        The execution; attempts without a known beginning are left out.

    Returns
    -------
    str
        A whole SVG document, `WIDTH` units wide; empty when no attempt has a known time.
    """
    spans = list(_spans(state))
    if not spans:
        return ""
    begin = min(span.begin for span in spans)
    length = max(max(span.end for span in spans) - begin, 0.001)
    scale = (WIDTH - _LEFT - _RIGHT) / length
    lanes = list(dict.fromkeys(span.step.device_id for span in spans))
    bottom = len(lanes) * (_LABEL + _BAR + _GAP)
    parts = [*_axis(length, scale, bottom)]
    for lane, device in enumerate(lanes):
        top = lane * (_LABEL + _BAR + _GAP)
        parts.append(
            f'<text class="lane" x="{_LEFT}" y="{top + 12}" font-size="10" fill="#3c4043">'
            f"{escape(words.plain(device))}</text>"
        )
        for span in spans:
            if span.step.device_id == device:
                parts.append(_bar(span, begin, scale, top + _LABEL))
    height = bottom + _AXIS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="Noto Sans, sans-serif" role="img" data-begin="{begin:.3f}" '
        f'data-seconds="{length:.3f}" data-left="{_LEFT}" data-scale="{scale:.6f}" data-bottom="{bottom}">'
        f"<title>{escape(text(state))}</title>{''.join(parts)}</svg>"
    )


def text(state: ExecutionSnapshot) -> str:
    """Say what `svg` shows, for those who cannot see it."""
    spans = list(_spans(state))
    lanes = list(dict.fromkeys(span.step.device_id for span in spans))
    failed = sum(span.attempt.status == "failed" for span in spans)
    return (
        f"Time line of {words.counted(len(spans), 'attempt')} on {words.counted(len(lanes), 'device')}; "
        f"{failed} failed."
    )


def _spans(state: ExecutionSnapshot) -> Iterator[_Span]:
    now = words.when(state.timestamp).timestamp()
    for number, step in enumerate(state.steps, 1):
        for attempt in step.attempts:
            if attempt.started_at is not None:
                begin = words.when(attempt.started_at).timestamp()
                ended = attempt.ended_at
                end = words.when(ended).timestamp() if ended is not None else max(now, begin)
                yield _Span(step, number, attempt, begin, end)


def _bar(span: _Span, begin: float, scale: float, top: float) -> str:
    attempt, step = span.attempt, span.step
    x = _LEFT + (span.begin - begin) * scale
    width = max((span.end - span.begin) * scale, 1.5)
    dashes = ' stroke-dasharray="3 2"' if attempt.status == "skipped" else ""
    told = f"{span.number}. {words.plain(step.module_id)}, attempt {attempt.attempt}: "
    told += f"{words.STATUS[attempt.status]}, {words.duration(span.end - span.begin)}"
    mark = ""
    if width > 11:
        ink = "#3c4043" if attempt.status == "skipped" else "#ffffff"
        mark = (
            f'<text x="{x + width / 2:.1f}" y="{top + 13:.1f}" font-size="11" font-weight="bold" '
            f'text-anchor="middle" fill="{ink}">{words.MARKS[attempt.status]}</text>'
        )
    elif attempt.status == "failed":
        mark = f'<path d="M{x + width / 2:.1f} {top - 1:.1f}l-3 -4h6z" fill="#d93025"/>'
    return (
        f'<g class="bar {attempt.status}" data-at="{span.begin:.3f}" data-end="{span.end:.3f}">'
        f"<title>{escape(told)}</title>"
        f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2" '
        f'fill="{_FILLS[attempt.status]}" stroke="#3c4043" stroke-width="0.5"{dashes}/>{mark}</g>'
    )


def _axis(length: float, scale: float, bottom: float) -> Iterable[str]:
    step = next((step for step in _STEPS if length / step <= _TICKS), length / _TICKS)
    for number in range(int(length / step) + 1):
        x = _LEFT + number * step * scale
        anchor = "start" if number == 0 else "end" if x > WIDTH - 30 else "middle"
        yield (
            f'<path class="tick" d="M{x:.1f} 0V{bottom}" stroke="#dadce0" stroke-width="0.6"/>'
            f'<text class="axis" x="{x:.1f}" y="{bottom + 13}" font-size="9" text-anchor="{anchor}" '
            f'fill="#5f6368">{_tick(number * step)}</text>'
        )


def _tick(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else words.duration(seconds)
