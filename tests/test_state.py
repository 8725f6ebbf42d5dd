"""The fold, by its properties; what it gives in which case, the vectors say (`test_vectors`)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.protocol import (
    DeviceSummary,
    ExecutionCompleted,
    ExecutionSnapshot,
    LogEntry,
    Message,
    StepCompleted,
    StepFailed,
)
from execmon_lab.state import FINAL, OPEN, ExecutionState, planned
from tests.strategies import EXECUTION, executions, fresh, messages, stamp

Execution = tuple[ExecutionSnapshot, list[Message]]


def folded(start: ExecutionSnapshot, sequence: list[Message]) -> ExecutionState:
    state = ExecutionState(start)
    for message in sequence:
        state.fold(message)
    return state


@given(executions(), st.data())
def test_a_snapshot_and_the_rest_equal_the_whole(execution: Execution, data: st.DataObject) -> None:
    start, sequence = execution
    cut = data.draw(st.integers(0, len(sequence)))
    half = folded(start, sequence[:cut]).snapshot()
    assert folded(half, sequence[cut:]).snapshot() == folded(start, sequence).snapshot()


@given(executions(), st.data())
def test_guaranteed_messages_told_again_change_nothing(execution: Execution, data: st.DataObject) -> None:
    start, sequence = execution
    cut = data.draw(st.integers(0, len(sequence)))
    state = folded(start, sequence[:cut])
    before = state.snapshot()
    guaranteed = [message for message in sequence[:cut] if message.GUARANTEED]
    for message in data.draw(st.lists(st.sampled_from(guaranteed))) if guaranteed else []:
        state.fold(message)
    assert state.snapshot() == before


@given(st.lists(messages(), max_size=30))
def test_progress_never_goes_back(sequence: list[Message]) -> None:
    state, before = ExecutionState(fresh()), 0
    for message in sequence:
        state.fold(message)
        now = state.snapshot().progress_percentage
        assert now >= before
        before = now


@given(st.lists(messages(), max_size=30))
def test_a_step_once_closed_is_opened_only_by_a_later_attempt(sequence: list[Message]) -> None:
    state = ExecutionState(fresh())
    closed: dict[str, int] = {}
    for message in sequence:
        state.fold(message)
        for step in state.steps:
            last = step.attempts[-1].attempt if step.attempts else 0
            if step.status not in OPEN:
                closed[step.step_id] = last
            elif step.step_id in closed:
                assert last > closed[step.step_id]


@given(executions())
def test_a_step_stands_as_its_last_attempt_does(execution: Execution) -> None:
    for step in folded(*execution).steps:
        if step.attempts and step.status != "running":
            assert step.status == step.attempts[-1].status


@given(executions())
def test_nothing_is_paused_in_an_execution_that_has_ended(execution: Execution) -> None:
    state = folded(*execution)
    assert not (state.ended and state.snapshot().paused)


@given(st.lists(messages(), max_size=30))
def test_attempts_are_numbered_once_each_and_in_order(sequence: list[Message]) -> None:
    for step in folded(fresh(), sequence).steps:
        numbers = [attempt.attempt for attempt in step.attempts]
        assert numbers == sorted(set(numbers))


@given(st.sampled_from(sorted(FINAL)), st.lists(messages(), max_size=20))
def test_an_execution_that_ended_stays_ended(status: str, sequence: list[Message]) -> None:
    end = ExecutionCompleted(
        execution_id=EXECUTION,
        status=status,
        duration_seconds=5.0,
        total_steps=3,
        successful_steps=3,
        failed_steps=0,
        report_url="/r",
        timestamp=stamp(1),
    )
    after = folded(fresh(), [end, *sequence]).snapshot()
    assert (after.status, after.current_step, after.duration_seconds) == (status, None, 5.0)


@given(executions())
def test_a_plain_consumer_comes_to_the_same_outcome(execution: Execution) -> None:
    """Without the additive messages, and without the steps in advance, steps end alike."""
    start, sequence = execution
    bare = ExecutionSnapshot(
        execution_id=EXECUTION,
        status="pending",
        progress_percentage=0,
        current_step=None,
        devices=(),
        steps=(),
        timestamp=stamp(0),
    )
    plain = folded(bare, [message for message in sequence if not message.ADDITIVE])
    full = {step.step_id: step.status for step in folded(start, sequence).steps}
    for step in plain.steps:
        assert step.status == full[step.step_id]


@given(executions())
def test_the_steps_agree_with_the_messages(execution: Execution) -> None:
    start, sequence = execution
    steps = {step.step_id: step for step in folded(start, sequence).steps}
    for message in sequence:
        if isinstance(message, StepCompleted):
            assert isinstance(message.attempt, int)
            attempt = steps[message.step_id].attempts[message.attempt - 1]
            assert attempt.status == message.status
        if isinstance(message, StepFailed):
            attempt = steps[message.step_id].attempts[message.retry_attempt - 1]
            assert (attempt.status, attempt.error_code) == ("failed", message.error_code)


def test_a_planned_execution_has_not_begun() -> None:
    device = DeviceSummary(device_id="emulator-5554", status="available", last_seen=stamp(0))
    state = ExecutionState(planned(EXECUTION, devices=[device], name="smoke"))
    assert (state.snapshot().status, state.snapshot().name) == ("pending", "smoke")
    assert not state.ended
    assert state.has_device("emulator-5554")
    assert not state.has_device("R58M")


def test_a_log_entry_does_not_begin_an_execution() -> None:
    state = ExecutionState(fresh())
    state.fold(
        LogEntry(
            execution_id=EXECUTION,
            device_id="emulator-5554",
            level="INFO",
            message="waiting",
            module_id="device",
            timestamp=stamp(1),
        )
    )
    assert (state.snapshot().status, state.snapshot().started_at) == ("pending", None)
