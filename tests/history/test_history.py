"""What was published is what can be read: as a state, as a log, as frames."""

from __future__ import annotations

import tempfile
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from execmon_lab.history import History
from execmon_lab.hub import Hub
from execmon_lab.protocol import (
    ExecutionCompleted,
    ExecutionSnapshot,
    LogEntry,
    Message,
    Step,
    StepCompleted,
    StepFailed,
)
from execmon_lab.state import planned
from tests.strategies import EXECUTION, executions, fresh, messages, stamp

DEVICE = "emulator-5554"
Execution = tuple[ExecutionSnapshot, list[Message]]


@settings(max_examples=25, deadline=None)
@given(st.one_of(executions(), st.tuples(st.just(fresh(3)), st.lists(messages(), max_size=30))), st.data())
def test_the_state_that_is_read_is_the_hubs(execution: Execution, data: st.DataObject) -> None:
    start, sequence = execution
    cut = data.draw(st.integers(0, len(sequence)))
    hub = Hub()
    with tempfile.TemporaryDirectory() as folder, History(folder) as history:
        history.record(hub)
        hub.publish(start)
        for part in (sequence[:cut], sequence[cut:]):
            for message in part:
                hub.publish(message)
            stored = history.execution(EXECUTION)
            assert stored.state == hub.snapshot(EXECUTION)
        assert list(stored.logs) == [message for message in sequence if isinstance(message, LogEntry)]


def test_it_tells_how_long_a_plans_steps_took_lately(history: History, hub: Hub) -> None:
    for number, seconds in enumerate((100.0, 2.0, 4.0)):
        run(hub, f"00000000-0000-4000-8000-00000000000{number}", seconds, began=number)
    assert history.expected_seconds("plan") == {}, "what is published is not waited for"
    history.flush()
    of_any_plan = {("sms_test_module", None): (106 + 3 * 0.5) / 3}
    assert history.expected_seconds("plan", executions=2) == {
        ("sms_test_module", "to=5550100"): 3.5,
        **of_any_plan,
    }
    assert history.expected_seconds("another") == of_any_plan


def run(hub: Hub, execution_id: str, seconds: float, began: int) -> None:
    """Publish an execution of one step that failed in half a second and then passed."""
    step = {"device_id": DEVICE, "step_id": execution_id, "module_id": "sms_test_module"}
    start = planned(execution_id, [Step(**step, status="pending", params="to=5550100")], name="plan")
    hub.publish(replace(start, started_at=stamp(began)))
    common = {"execution_id": execution_id, "timestamp": stamp(began + 1), "screenshot_url": None, **step}
    failure = {"error_code": "MODULE_ERROR", "error_message": "", "retry_attempt": 1, "will_retry": True}
    hub.publish(StepFailed(**common, **failure, duration_seconds=0.5))
    hub.publish(StepCompleted(**common, status="completed", duration_seconds=seconds))
    counts = {"total_steps": 1, "successful_steps": 1, "failed_steps": 0}
    ended = {"execution_id": execution_id, "duration_seconds": seconds, "report_url": "/r"}
    hub.publish(ExecutionCompleted(**ended, **counts, status="completed", timestamp=stamp(began + 2)))


def test_what_is_told_after_the_end_does_not_move_the_end(history: History, hub: Hub) -> None:
    run(hub, EXECUTION, 2.0, began=0)
    late = {"execution_id": EXECUTION, "device_id": DEVICE, "module_id": "device", "timestamp": stamp(60)}
    hub.publish(LogEntry(**late, level="INFO", message="the recording was written"))
    history.flush()
    stored = history.execution(EXECUTION)
    assert stored.ended_at == datetime.fromisoformat(stamp(2))
    assert [line.message for line in stored.logs] == ["the recording was written"]
    assert stored.state == hub.snapshot(EXECUTION)
