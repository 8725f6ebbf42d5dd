"""A report as Chrome trace events: Perfetto and ``chrome://tracing`` open it.

The format is described in Google's document "Trace Event Format". Times are microseconds; each device is a
thread of one process, the execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ..protocol import Action, Attempt, Step
from . import words
from .material import Material

Event = dict[str, Any]

_PROCESS = 1


def trace(material: Material) -> bytes:
    """Write a report as Chrome trace JSON.

    Parameters
    ----------
    material
        The execution.
    """
    state = material.state
    others = {"execution_id": state.execution_id, "status": state.status}
    return msgspec.json.encode({"traceEvents": list(_events(material)), "otherData": others})


def _events(material: Material) -> Iterator[Event]:
    state = material.state
    threads = {device.device_id: number for number, device in enumerate(state.devices, 1)}
    yield _name("process_name", words.plain(state.name or state.execution_id), 0)
    for device, thread in threads.items():
        yield _name("thread_name", words.plain(device), thread)
    for number, step in enumerate(state.steps, 1):
        thread = threads.setdefault(step.device_id, len(threads) + 1)
        for attempt in step.attempts:
            if attempt.started_at is not None:
                yield from _attempt(number, step, attempt, thread, state.timestamp)
    for problem in state.errors:
        yield {
            "name": problem.code,
            "cat": "error",
            "ph": "i",
            "s": "g",
            "ts": _microseconds(problem.timestamp),
            "pid": _PROCESS,
            "tid": threads.get(problem.device_id or "", 0),
            "args": {"message": words.plain(problem.message)},
        }


def _attempt(number: int, step: Step, attempt: Attempt, thread: int, now: str) -> Iterator[Event]:
    begin = _microseconds(attempt.started_at or now)
    end = _microseconds(attempt.ended_at or now)
    told = {
        "step": number,
        "step_id": step.step_id,
        "attempt": attempt.attempt,
        "status": attempt.status,
        "params": step.params if isinstance(step.params, str) else None,
        "error_code": attempt.error_code,
        "error_message": attempt.error_message,
    }
    yield {
        "name": words.plain(step.module_id),
        "cat": "step",
        "ph": "X",
        "ts": begin,
        "dur": max(0, end - begin),
        "pid": _PROCESS,
        "tid": thread,
        "args": {
            name: words.plain(v) if isinstance(v, str) else v for name, v in told.items() if v is not None
        },
    }
    for action, since, until in _nested(attempt.actions, begin, end):
        yield {
            "name": words.plain(" / ".join(action.path)),
            "cat": "action",
            "ph": "X",
            "ts": since,
            "dur": until - since,
            "pid": _PROCESS,
            "tid": thread,
            "args": {"status": action.status},
        }


def _nested(actions: Sequence[Action], begin: int, end: int) -> Iterator[tuple[Action, int, int]]:
    """Give actions with their begin and end, each within its outer one and after the one before.

    They are told as they end, to the millisecond: by that much they would cross, and slices may not.
    """
    done: list[tuple[tuple[str, ...], int, int]] = []
    for action in actions:
        until = min(max(_microseconds(action.timestamp), begin), max(begin, end))
        since = max(begin, until - round(action.duration_seconds * 1e6))
        while done and done[-1][0][: len(action.path)] == action.path != done[-1][0]:
            since = min(since, done.pop()[1])
        if done:
            since = min(max(since, done[-1][2]), until)
        done.append((action.path, since, until))
        yield action, since, until


def _name(kind: str, name: str, thread: int) -> Event:
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": {"name": name}}


def _microseconds(text: str) -> int:
    return round(words.when(text).timestamp() * 1e6)
