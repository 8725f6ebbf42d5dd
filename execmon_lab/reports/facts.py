"""What a report states, as data: every format writes the same facts, in the same words."""

from __future__ import annotations

import msgspec


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A screenshot, scaled down; `name` is unique in the report, `caption` says what it shows."""

    name: str
    caption: str
    jpeg: bytes
    width: int
    height: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log: time of day, level, module, text."""

    time: str
    level: str
    module: str
    text: str


class ActionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An action of an attempt; `depth` counts the actions around it."""

    name: str
    depth: int
    status: str
    duration: str


class AttemptFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt; texts are empty where there is nothing to say."""

    number: int
    status: str
    mark: str
    at: float | None
    duration: str
    error_code: str
    error_message: str
    traceback: str
    picture: str
    actions: tuple[ActionFacts, ...]


class StepFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One step: `duration` is its last attempt's, `flaky` that it passed after an attempt that failed."""

    number: int
    module: str
    params: str
    device: str
    status: str
    word: str
    mark: str
    flaky: bool
    duration: str
    before: str
    change: str
    attempts: tuple[AttemptFacts, ...]


class FailureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that failed, with the log around its end; `final` when the step failed for good."""

    step: int
    attempt: int
    title: str
    final: bool
    error_code: str
    error_message: str
    traceback: str
    picture: str
    log: tuple[Line, ...]


class ProblemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An error of the execution itself."""

    time: str
    code: str
    text: str
    device: str


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A device, and what is known of it: pairs of a name and a value."""

    device: str
    facts: tuple[tuple[str, str], ...]


class ComparisonFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The last good run of the same plan, to which the steps' `before` and `change` refer."""

    execution_id: str
    started: str
    duration: str
    change: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report of one execution states.

    `status` is how the run as a whole is to be seen (``completed`` only when no step failed), `verdict` the
    same in a word.
    """

    execution_id: str
    title: str
    status: str
    verdict: str
    outcome: str
    started: str
    duration: str
    counts: tuple[tuple[str, int], ...]
    steps: tuple[StepFacts, ...]
    failures: tuple[FailureFacts, ...]
    problems: tuple[ProblemFacts, ...]
    devices: tuple[DeviceFacts, ...]
    pictures: tuple[Picture, ...]
    comparison: ComparisonFacts | None
    log: str
    timeline: str
    timeline_text: str
    made: str
