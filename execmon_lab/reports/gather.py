"""From an execution to the facts that a report states of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import UNSET

from ..protocol import Action, Attempt, ExecutionSnapshot, LogEntry, Step, timestamp
from . import timeline, words
from .facts import (
    ActionFacts,
    AttemptFacts,
    ComparisonFacts,
    DeviceFacts,
    Facts,
    FailureFacts,
    Line,
    ProblemFacts,
    StepFacts,
)
from .material import Material
from .pictures import PictureBook

LINES_BEFORE, LINES_AFTER = 20, 3
"""How many lines of its device's log a failure is shown with, before its end and after."""

Key = tuple[str, str, str, int]
Earlier = dict[Key, float]


def gather(material: Material) -> Facts:
    """Collect what every format of a report states.

    Parameters
    ----------
    material
        The execution, and what was kept beside it.
    """
    state = material.state
    logs = list(material.logs)
    book = PictureBook(material)
    status, verdict = words.verdict(state, interrupted=material.interrupted)
    earlier = _durations(material.earlier)
    steps = tuple(
        _step(number, step, book, next((earlier[key] for key in keys if key in earlier), None))
        for number, (step, keys) in enumerate(zip(state.steps, _keys(state.steps), strict=True), 1)
    )
    failures = tuple(
        failure
        for number, step in enumerate(state.steps, 1)
        for failure in _failures(number, step, steps[number - 1], logs)
    )
    return Facts(
        execution_id=state.execution_id,
        title=words.plain(state.name or "Execution"),
        status=status,
        verdict=verdict,
        outcome=words.outcome(state),
        started=words.moment(state.started_at),
        duration=words.duration(state.duration_seconds),
        counts=_counts(state, steps),
        steps=steps,
        failures=failures,
        problems=_problems(state),
        devices=_devices(material),
        pictures=book.pictures,
        comparison=_comparison(state, material.earlier),
        log=_told_of(logs),
        timeline=timeline.svg(state),
        timeline_text=timeline.text(state),
        made=words.moment(timestamp()),
    )


def _counts(state: ExecutionSnapshot, steps: Sequence[StepFacts]) -> tuple[tuple[str, int], ...]:
    tally = words.tally(state.steps)
    shown = ("completed", "failed", "skipped", "running", "pending")
    counts = [(words.STATUS[s], tally[s]) for s in shown if tally[s] or s in ("completed", "failed")]
    return (*counts, ("flaky", sum(step.flaky for step in steps)))


def _step(number: int, step: Step, book: PictureBook, before: float | None) -> StepFacts:
    last = step.attempts[-1] if step.attempts else None
    seconds = last.duration_seconds if last is not None else None
    return StepFacts(
        number=number,
        module=words.plain(step.module_id),
        params=words.plain(step.params) if isinstance(step.params, str) else "",
        device=words.plain(step.device_id),
        status=step.status,
        word=words.STATUS[step.status],
        mark=words.MARKS[step.status],
        flaky=step.status == "completed" and any(a.status == "failed" for a in step.attempts),
        duration=words.duration(seconds),
        before=words.duration(before),
        change=words.change(seconds, before) if step.status == "completed" else "",
        attempts=tuple(_attempt(number, step, attempt, book) for attempt in step.attempts),
    )


def _attempt(number: int, step: Step, attempt: Attempt, book: PictureBook) -> AttemptFacts:
    caption = f"Step {number}, {words.plain(step.module_id)}, attempt {attempt.attempt}: "
    caption += words.STATUS[attempt.status]
    return AttemptFacts(
        number=attempt.attempt,
        status=attempt.status,
        mark=words.MARKS[attempt.status],
        at=words.when(attempt.started_at).timestamp() if attempt.started_at else None,
        duration=words.duration(attempt.duration_seconds),
        error_code=words.plain(attempt.error_code or ""),
        error_message=words.plain(attempt.error_message or ""),
        traceback=words.plain((attempt.traceback or "").rstrip()),
        picture=book.add(attempt.screenshot_url, caption),
        actions=tuple(_action(action) for action in attempt.actions),
    )


def _action(action: Action) -> ActionFacts:
    return ActionFacts(
        name=words.plain(action.path[-1] if action.path else ""),
        depth=max(0, len(action.path) - 1),
        status=words.STATUS[action.status],
        duration=words.duration(action.duration_seconds),
    )


def _failures(number: int, step: Step, facts: StepFacts, logs: Sequence[LogEntry]) -> list[FailureFacts]:
    return [
        FailureFacts(
            step=number,
            attempt=attempt.attempt,
            title=f"Step {number}, {words.plain(step.module_id)}, attempt {attempt.attempt}",
            final=attempt is step.attempts[-1],
            error_code=told.error_code,
            error_message=told.error_message,
            traceback=told.traceback,
            picture=told.picture,
            log=_excerpt(step, attempt, logs),
        )
        for attempt, told in zip(step.attempts, facts.attempts, strict=True)
        if attempt.status == "failed"
    ]


def _excerpt(step: Step, attempt: Attempt, logs: Sequence[LogEntry]) -> tuple[Line, ...]:
    """The log of the attempt's device around its end; of the attempt alone where it ran for longer."""
    if attempt.ended_at is None:
        return ()
    ours = [entry for entry in logs if entry.device_id == step.device_id]
    until = sum(entry.timestamp <= attempt.ended_at for entry in ours)
    since = attempt.started_at or ""
    chosen = [entry for entry in ours[max(0, until - LINES_BEFORE) : until] if entry.timestamp >= since]
    return tuple(_line(entry) for entry in [*chosen, *ours[until : until + LINES_AFTER]])


def _line(entry: LogEntry) -> Line:
    return Line(
        time=words.time_of_day(entry.timestamp),
        level=entry.level,
        module=words.plain(entry.module_id if entry.source is UNSET else entry.source),
        text=words.plain(entry.message),
    )


def _problems(state: ExecutionSnapshot) -> tuple[ProblemFacts, ...]:
    return tuple(
        ProblemFacts(
            time=words.time_of_day(problem.timestamp),
            code=words.plain(problem.code),
            text=words.plain(problem.message),
            device=words.plain(problem.device_id or ""),
        )
        for problem in state.errors
    )


def _devices(material: Material) -> tuple[DeviceFacts, ...]:
    return tuple(
        DeviceFacts(
            device=words.plain(device.device_id),
            facts=tuple(
                (words.plain(name), words.plain(value))
                for name, value in material.devices.get(device.device_id, {}).items()
            ),
        )
        for device in material.state.devices
    )


def _comparison(state: ExecutionSnapshot, earlier: ExecutionSnapshot | None) -> ComparisonFacts | None:
    if earlier is None:
        return None
    return ComparisonFacts(
        execution_id=earlier.execution_id,
        started=words.moment(earlier.started_at),
        duration=words.duration(earlier.duration_seconds),
        change=words.change(state.duration_seconds, earlier.duration_seconds),
    )


def _durations(earlier: ExecutionSnapshot | None) -> Earlier:
    """Seconds of the passed steps of an earlier run, by what a step of another run has in common with it."""
    if earlier is None:
        return {}
    return {
        key: step.attempts[-1].duration_seconds
        for step, keys in zip(earlier.steps, _keys(earlier.steps), strict=True)
        for key in keys
        if step.status == "completed" and step.attempts and step.attempts[-1].duration_seconds is not None
    }


def _keys(steps: Sequence[Step]) -> list[tuple[Key, Key]]:
    """What a step shares with its like in another run: on the same device, else (serials change) on any."""
    seen: Counter[tuple[str, ...]] = Counter()
    keys = []
    for step in steps:
        params = step.params if isinstance(step.params, str) else ""
        pair = []
        for device in (step.device_id, ""):
            named = (step.module_id, params, device)
            seen[named] += 1
            pair.append((*named, seen[named]))
        keys.append((pair[0], pair[1]))
    return keys


def _told_of(logs: Sequence[LogEntry]) -> str:
    if not logs:
        return "No log was kept."
    levels = Counter(entry.level for entry in logs)
    told = ", ".join(
        f"{levels[level]:,} {level}" for level in ("ERROR", "WARN", "INFO", "DEBUG") if levels[level]
    )
    return f"{words.counted(len(logs), 'line')} of log: {told}."
