"""An execution's state in words, as a person at a notebook or a terminal reads it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import ExecutionSnapshot, Step


def in_words(state: ExecutionSnapshot) -> str:
    """Tell a state: a line for the execution, and one for each step."""
    counts = Counter(step.status for step in state.steps)
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    spent = "" if state.duration_seconds is None else f", in {state.duration_seconds:.1f} s"
    head = f"{state.name or 'execution'}: {state.status}; {told or 'no steps'}{spent}  ({state.execution_id})"
    several = len({step.device_id for step in state.steps}) > 1
    return "\n".join((head, *(f"  {_line(step, several)}" for step in state.steps)))


def _line(step: Step, several: bool) -> str:
    last = step.attempts[-1] if step.attempts else None
    parts = [f"{step.status:<9}", step.module_id, step.device_id if several else "", step.params or ""]
    if last is not None and last.error_code is not None:
        parts.append(f"· attempt {last.attempt}: {last.error_code}")
    return " ".join(filter(None, parts))
