"""The execution as plain HTML: what a saved notebook shows where no widget can live.

It needs no script and no style sheet, and takes its colours from the page, be it light or dark.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from ..protocol import Attempt, ExecutionSnapshot, Step
from ..state import FINAL

STEPS = 500
"""So many steps are shown; a notebook is not where thousands are kept."""

_GOOD, _BAD, _PLAIN = "#1f9d55", "#e5484d", "#8a93a0"
_LOOKS = {
    "completed": ("✓", "passed", _GOOD),
    "failed": ("✗", "failed", _BAD),
    "skipped": ("↷", "skipped", _PLAIN),
    "running": ("…", "running", _PLAIN),
    "pending": ("·", "to come", _PLAIN),
}
_LEFT = {"running": ("!", "interrupted", _BAD), "pending": ("–", "not run", _PLAIN)}
_VERDICTS = {
    "pending": "not started",
    "running": "running",
    "completed": "passed",
    "failed": "stopped by an error",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
}
_LINE = "1px solid #8a93a066"
_CELL = f'style="text-align:left;vertical-align:top;padding:3px 12px 3px 0;border-top:{_LINE}"'
_RIGHT = f'style="text-align:right;vertical-align:top;padding:3px 12px 3px 0;border-top:{_LINE};width:1%"'
_HEAD = 'style="text-align:left;padding:3px 12px 3px 0"'


def render(state: ExecutionSnapshot, picture: bytes | None = None) -> str:
    """Write a state as HTML that needs neither scripts nor style sheets.

    Parameters
    ----------
    state
        The execution.
    picture
        The device's last picture, a JPEG.
    """
    return (
        f'<div data-execmon="{escape(state.execution_id)}" style="display:flex;flex-wrap:wrap;gap:20px;'
        f'align-items:flex-start;padding:12px;border:{_LINE};border-radius:10px">'
        + _image(state, picture)
        + '<div style="flex:1 1 420px;min-width:0">'
        + _headline(state)
        + _errors(state)
        + _table(state)
        + _foot(state)
        + "</div></div>"
    )


def _headline(state: ExecutionSnapshot) -> str:
    failed = sum(step.status == "failed" for step in state.steps)
    bad = failed or state.status in ("failed", "cancelled", "interrupted")
    verdict = f"{failed} failed" if state.status == "completed" and failed else _VERDICTS[state.status]
    mark, _, colour = _LOOKS["failed" if bad else "completed" if state.status == "completed" else "running"]
    facts = [f"{state.progress_percentage} %", *_counts(state)]
    if state.duration_seconds is not None:
        facts.append(_seconds(state.duration_seconds))
    devices = ", ".join(escape(device.device_id) for device in state.devices)
    return (
        '<p style="margin:0 0 4px;font-size:1.15em">'
        f'<strong style="color:{colour}">{mark}</strong> '
        f"<strong>{escape(state.name or 'Execution')}</strong>: {verdict}</p>"
        f'<p style="margin:0 0 8px">{" · ".join(facts)}{" · on " + devices if devices else ""}</p>'
    )


def _looks(state: ExecutionSnapshot) -> dict[str, tuple[str, str, str]]:
    """What still runs when its execution has ended was interrupted, and what was to come does not."""
    return _LOOKS | _LEFT if state.status in FINAL else _LOOKS


def _counts(state: ExecutionSnapshot) -> Iterable[str]:
    for status, (_, word, _) in _looks(state).items():
        count = sum(step.status == status for step in state.steps)
        if count:
            yield f"{count} {word}"


def _errors(state: ExecutionSnapshot) -> str:
    rows = "".join(
        f"<li><code>{escape(error.code)}</code> {escape(error.message)}</li>" for error in state.errors
    )
    return f'<ul style="margin:0 0 8px;padding-left:1.2em">{rows}</ul>' if rows else ""


def _table(state: ExecutionSnapshot) -> str:
    if not state.steps:
        return ""
    several = len({step.device_id for step in state.steps}) > 1
    looks = _looks(state)
    rows = "".join(
        _row(number, step, looks[step.status], several) for number, step in enumerate(state.steps[:STEPS], 1)
    )
    more = len(state.steps) - STEPS
    beyond = f'<tr><td colspan="5" {_CELL}>and {more} more steps</td></tr>' if more > 0 else ""
    heads = "".join(
        f'<th scope="col" {_HEAD}>{word}</th>' for word in ("#", "Step", "Outcome", "Duration", "Result")
    )
    return (
        '<table style="border-collapse:collapse;table-layout:auto;width:100%;margin:0">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}{beyond}</tbody></table>"
    )


def _row(number: int, step: Step, look: tuple[str, str, str], several: bool) -> str:
    under = " · ".join(word for word in (step.device_id if several else "", step.params or "") if word)
    small = f"<br><small>{escape(under)}</small>" if under else ""
    mark, word, colour = look
    last = step.attempts[-1] if step.attempts else None
    tried = f" <small>({len(step.attempts)} attempts)</small>" if len(step.attempts) > 1 else ""
    seconds = "" if last is None or last.duration_seconds is None else _seconds(last.duration_seconds)
    return (
        f"<tr><td {_RIGHT}>{number}</td><td {_CELL}>{escape(step.module_id)}{small}</td>"
        f'<td {_CELL}><strong style="color:{colour}">{mark}</strong> {word}{tried}</td>'
        f"<td {_CELL}>{seconds}</td><td {_CELL}>{_result(step)}</td></tr>"
    )


def _result(step: Step) -> str:
    """What each failed attempt said, the last one's traceback folded away."""
    failed = [attempt for attempt in step.attempts if attempt.error_code or attempt.error_message]
    several = len(step.attempts) > 1
    words = "<br>".join(_failure(attempt, several) for attempt in failed)
    traceback = next((attempt.traceback for attempt in reversed(failed) if attempt.traceback), None)
    if traceback is None:
        return words
    return (
        f"{words}<details><summary>Traceback</summary>"
        f'<pre style="overflow:auto;max-height:240px;margin:4px 0">{escape(traceback)}</pre></details>'
    )


def _failure(attempt: Attempt, several: bool) -> str:
    which = f"<small>{attempt.attempt}.</small> " if several else ""
    code = f"<code>{escape(attempt.error_code)}</code> " if attempt.error_code else ""
    return f"{which}{code}{escape(attempt.error_message or '')}"


def _foot(state: ExecutionSnapshot) -> str:
    over = state.status in FINAL
    told = "Ended" if over else "Not ended yet; this is how it stood"
    at = f"{state.timestamp[:19].replace('T', ' ')} UTC"
    return (
        f'<p style="margin:8px 0 0"><small>{told} at {escape(at)} · '
        f"execution {escape(state.execution_id)}</small></p>"
    )


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _image(state: ExecutionSnapshot, picture: bytes | None) -> str:
    if picture is None:
        return ""
    data = base64.b64encode(picture).decode()
    device = state.devices[0].device_id if state.devices else "the device"
    return (
        f'<img alt="The last picture of {escape(device)}" '
        f'style="width:180px;max-width:100%;border:{_LINE};border-radius:8px" '
        f'src="data:image/jpeg;base64,{data}">'
    )
