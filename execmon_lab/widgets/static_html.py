"""The execution as plain HTML: what a saved notebook shows where no widget can live."""

from __future__ import annotations

import base64
from html import escape

from ..protocol import Attempt, ExecutionSnapshot, Step

_MARKS = {"completed": "✓", "failed": "✗", "skipped": "↷", "running": "…", "pending": "·"}
_WORDS = {
    "completed": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "running": "running",
    "pending": "to come",
}


def render(state: ExecutionSnapshot, picture: bytes | None = None) -> str:
    """Write a state as HTML that needs neither scripts nor style sheets.

    Parameters
    ----------
    state
        The execution.
    picture
        The device's last picture, a JPEG.
    """
    counts = {word: sum(step.status == status for step in state.steps) for status, word in _WORDS.items()}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    seconds = "" if state.duration_seconds is None else f" in {state.duration_seconds:.1f} s"
    errors = "".join(f"<li><code>{escape(e.code)}</code> {escape(e.message)}</li>" for e in state.errors)
    several = len({step.device_id for step in state.steps}) > 1
    rows = "".join(_row(number, step, several) for number, step in enumerate(state.steps, 1))
    return (
        '<div style="display:flex;gap:16px;align-items:flex-start">'
        + _image(picture)
        + f"<div><p><strong>{escape(state.name or 'Execution')}</strong>: {state.status}{seconds}, "
        f"{state.progress_percentage} %. {escape(told)}</p>"
        + (f"<ul>{errors}</ul>" if errors else "")
        + '<table><thead><tr><th>#</th><th style="text-align:left">Step</th><th></th><th>Attempts</th>'
        '<th>Duration</th><th style="text-align:left">Result</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>"
    )


def _row(number: int, step: Step, several: bool) -> str:
    last = step.attempts[-1] if step.attempts else None
    name = f"{step.module_id} ({step.device_id})" if several else step.module_id
    params = f' <small style="opacity:.7">{escape(step.params)}</small>' if step.params else ""
    seconds = "" if last is None or last.duration_seconds is None else f"{last.duration_seconds:.2f} s"
    return (
        f'<tr><td>{number}</td><td style="text-align:left">{escape(name)}{params}</td>'
        f"<td>{_MARKS[step.status]} {_WORDS[step.status]}</td><td>{len(step.attempts)}</td>"
        f'<td>{seconds}</td><td style="text-align:left">{_result(last)}</td></tr>'
    )


def _result(attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    code = f"<code>{escape(attempt.error_code)}</code> " if attempt.error_code else ""
    return code + escape(attempt.error_message or "")


def _image(picture: bytes | None) -> str:
    if picture is None:
        return ""
    data = base64.b64encode(picture).decode()
    return f'<img alt="The device\'s screen" style="width:180px" src="data:image/jpeg;base64,{data}">'
