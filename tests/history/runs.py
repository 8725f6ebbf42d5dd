"""Made-up runs, published on a hub."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from msgspec.structs import replace

from execmon_lab.hub import Hub
from execmon_lab.protocol import ExecutionSnapshot, Message, StepCompleted
from execmon_lab.state import ExecutionState
from tests.strategies import EXECUTION, Script, fresh


def script(screenshot: str | None = None) -> tuple[ExecutionSnapshot, list[Message]]:
    """Three steps: one passes, one passes on its second attempt, one fails."""
    start, script = fresh(3), Script()
    first, second, third = start.steps
    script.start(first, 1)
    script.log(first, "Executing ADB command: input tap 1 2")
    script.act(first, 1)
    script.complete(first, 1, skipped=False)
    script.start(second, 1)
    script.fail(second, 1, again=True)
    script.start(second, 2)
    script.log(second, "once more")
    script.complete(second, 2, skipped=False)
    script.start(third, 1)
    script.fail(third, 1, again=False)
    script.end(3, 1, cancelled=False)
    messages = [
        replace(message, screenshot_url=screenshot)
        if isinstance(message, StepCompleted) and message.step_id == first.step_id
        else message
        for message in script.messages
    ]
    return start, messages


def publish(hub: Hub, *, screenshot: str | None = None, execution_id: str = EXECUTION) -> None:
    """Publish a whole run."""
    start, messages = script(screenshot)
    for message in (start, *messages):
        hub.publish(replace(message, execution_id=execution_id))


def publish_until(hub: Hub, count: int) -> Sequence[Message]:
    """Publish the first messages of a run, which then goes on."""
    start, messages = script()
    for message in (start, *messages[:count]):
        hub.publish(message)
    return messages[count:]


def folded(execution_id: str | None = None, *, name: str | None = None) -> ExecutionSnapshot:
    """The last state of a run."""
    start, messages = script()
    state = ExecutionState(start)
    for message in messages:
        state.fold(message)
    return replace(state.snapshot(), execution_id=execution_id or str(uuid.uuid4()), name=name)
