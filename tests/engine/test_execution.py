"""Executions: what is told from start to end, on one device and on several."""

import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from execmon_lab.devices import DeviceDisconnected, NoDevice
from execmon_lab.engine import module
from execmon_lab.protocol import (
    ErrorMessage,
    ExecutionCompleted,
    ExecutionProgress,
    ExecutionSnapshot,
    LogEntry,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from execmon_lab.state import ExecutionState

from .conftest import Bench


@module
def passing(ctx):
    pass


@module
def failing(ctx):
    ctx.expect(False, "never")


@module
def bound(ctx, to):
    pass


# Start and end


def test_an_execution_is_known_before_it_begins(bench):
    execution = bench.make(passing, name="nightly")

    state = bench.hub.snapshot(execution.execution_id)

    assert (state.status, state.name, state.current_step) == ("pending", "nightly", None)
    assert [(step.module_id, step.status) for step in state.steps] == [("passing", "pending")]
    assert [(device.device_id, device.status) for device in state.devices] == [("phone-1", "available")]


def test_a_step_says_how_long_it_took_in_earlier_runs(bench):
    expected = {("passing", ""): 2.5, ("passing", None): 8.0, ("failing", "to=1"): 9.0, ("bound", None): 4.0}
    execution = bench.make(passing, failing, bound.with_args(to="5550100"), expected=expected)

    state = bench.hub.snapshot(execution.execution_id)

    assert [step.expected_seconds for step in state.steps] == [2.5, UNSET, 4.0]


def test_an_unknown_device_is_refused_before_anything_is_told(bench):
    bench.pool.devices.clear()
    with pytest.raises(ValueError, match="at least one device"):
        bench.make(passing)
    assert bench.messages == []


def test_a_device_that_is_busy_is_told_at_the_start_and_the_others_are_given_back(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    execution = bench.make(passing)
    bench.pool.acquire("phone-2")

    with pytest.raises(NoDevice, match="busy"):
        execution.start()

    assert bench.pool.held == {"phone-2"}
    bench.pool.release("phone-2")
    execution.start()
    assert execution.wait(30).status == "completed"
    assert bench.pool.held == set()


def test_an_execution_runs_only_once(bench):
    execution = bench.start(passing)
    with pytest.raises(RuntimeError, match="only once"):
        execution.start()


def test_the_devices_are_free_when_the_end_is_told(bench):
    held = []
    bench.hub.subscribe("execution.*.execution_completed", lambda envelope: held.append(set(bench.pool.held)))

    bench.run(passing)

    assert held == [set()]


def test_the_end_tells_totals_report_and_duration(bench):
    state = bench.run(passing, failing, passing)

    (end,) = bench.of(ExecutionCompleted)
    assert (end.status, end.total_steps, end.successful_steps, end.failed_steps) == ("completed", 3, 2, 1)
    assert end.report_url == f"/api/v1/reports/{state.execution_id}?format=pdf"
    assert end.duration_seconds == round(end.duration_seconds, 3)
    assert bench.messages[-1] is end


def test_a_step_is_told_in_order(bench):
    bench.run(passing, failing)

    kinds = [m.type_name() for m in bench.messages if not isinstance(m, ExecutionProgress)]
    assert kinds == [
        "execution_state",
        "step_started",
        "step_completed",
        "step_started",
        "step_failed",
        "execution_completed",
    ]


def test_a_plan_may_end_at_its_first_failure(bench):
    state = bench.run(passing, failing.with_options(retries=1), passing, stop_on_failure=True)

    assert [step.status for step in state.steps] == ["completed", "failed", "pending"]
    assert len(state.steps[1].attempts) == 2
    assert state.status == "failed"


def test_a_failing_hub_consumer_does_not_disturb_the_execution(bench, caplog):
    def broken(envelope):
        raise RuntimeError("no")

    with bench.hub.subscribe(">", broken):
        assert bench.run(passing).status == "completed"
    assert "a subscriber of > failed" in caplog.text


def test_a_fault_of_the_engine_itself_ends_the_execution_as_failed(bench, monkeypatch, caplog):
    execution = bench.make(passing, passing)
    monkeypatch.setattr(execution._runners[0]._reporter, "attempt", None)

    execution.start()

    assert execution.wait(30).status == "failed"
    assert "the engine failed on phone-1" in caplog.text


# Progress


def test_progress_is_told_at_each_step_and_never_goes_back(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2", "phone-3")

    bench.run(*[passing, failing] * 10)

    told = [message.progress_percentage for message in bench.of(ExecutionProgress)]
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 100
    assert len(told) > 60
    assert {message.current_step for message in bench.of(ExecutionProgress)} == {"passing", "failing"}


def test_progress_is_told_while_a_step_runs(bench):
    go = threading.Event()

    @module
    def waiting(ctx):
        go.wait()

    execution = bench.start(passing, waiting)
    bench.await_message(lambda m: isinstance(m, StepStarted) and m.module_id == "waiting")
    told = len(bench.of(ExecutionProgress))
    bench.await_message(lambda m: len(bench.of(ExecutionProgress)) >= told + 2)
    go.set()
    execution.wait(30)

    assert bench.of(ExecutionProgress)[told].progress_percentage == 50


def test_a_cancelled_execution_tells_where_it_stopped(bench):
    known = threading.Event()

    @module
    def cancelling(ctx):
        known.wait(30)
        execution.cancel()
        ctx.sleep(600)

    execution = bench.start(passing, cancelling, passing, passing)
    known.set()
    execution.wait(30)

    last, end = bench.messages[-2:]
    assert isinstance(last, ExecutionProgress)
    assert last.progress_percentage == 50
    assert isinstance(end, ExecutionCompleted)


# Several devices


def meeting(parties):
    barrier = threading.Barrier(parties)

    @module
    def together(ctx):
        barrier.wait(30)

    return together


def test_each_device_runs_the_whole_plan_at_the_same_time(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")

    state = bench.run(meeting(2), passing)

    assert [(step.device_id, step.module_id, step.status) for step in state.steps] == [
        ("phone-1", "together", "completed"),
        ("phone-1", "passing", "completed"),
        ("phone-2", "together", "completed"),
        ("phone-2", "passing", "completed"),
    ]


def test_a_shared_plan_runs_each_step_once_on_whoever_is_free(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")

    state = bench.run(*[meeting(2)] * 4, distribution="shared")

    assert Counter(step.device_id for step in state.steps) == {"phone-1": 2, "phone-2": 2}
    assert {step.status for step in state.steps} == {"completed"}
    assert len(bench.of(StepCompleted)) == 4


# Lost devices


def losing(device, error=True):
    """Make a module whose first attempt loses the device."""

    @module(retries=1)
    def loser(ctx):
        if ctx.attempt == 1:
            device.detach()
            if error:
                raise DeviceDisconnected(device.serial)
            ctx.sleep(600)

    return loser


def is_away(message):
    return isinstance(message, LogEntry) and "is away" in message.message


@pytest.mark.parametrize("error", [True, False], ids=["a command fails", "no command runs"])
def test_the_plan_goes_on_when_a_lost_device_returns(bench, error):
    device = bench.pool.get("phone-1")
    execution = bench.start(losing(device, error), passing)
    waiting = bench.await_message(is_away)
    device.attach(2)
    state = execution.wait(30)

    (lost,) = bench.of(StepFailed)
    assert (lost.error_code, lost.will_retry, lost.screenshot_url) == ("DEVICE_DISCONNECTED", True, None)
    (problem,) = bench.of(ErrorMessage)
    assert (problem.code, problem.message) == (
        "DEVICE_DISCONNECTED",
        "Device phone-1 disconnected during execution",
    )
    assert waiting.module_id == "device"
    assert [step.status for step in state.steps] == ["completed", "completed"]
    assert state.status == "completed"


def test_a_device_lost_between_steps_is_told_as_an_error(bench):
    device = bench.pool.get("phone-1")
    bench.hub.subscribe("execution.*.step_completed", lambda _: device.detach())
    execution = bench.start(passing, passing)
    bench.await_message(is_away)
    device.attach(2)

    assert [step.status for step in execution.wait(30).steps] == ["completed", "completed"]
    assert [error.code for error in bench.of(ErrorMessage)] == ["DEVICE_DISCONNECTED"]
    assert bench.of(StepFailed) == []


def test_a_step_that_reboots_its_device_is_not_ended_for_it(bench):
    device = bench.pool.get("phone-1")
    beats = threading.Semaphore(0)
    bench.hub.subscribe("execution.*.execution_progress", lambda _: beats.release(), shaped=False)

    @module
    def rebooting(ctx):
        ctx.device.shell(["reboot"])
        device.detach()
        for _ in range(5):  # long enough for the watchdog to have looked several times
            beats.acquire()
        device.attach(2)

    assert bench.run(rebooting).steps[0].status == "completed"


def test_the_remaining_steps_fail_when_the_device_does_not_return(bench):
    state = bench.run(losing(bench.pool.get("phone-1")), passing, passing, device_timeout=0.1)

    assert [step.status for step in state.steps] == ["failed"] * 3
    assert [step.attempts[-1].error_code for step in state.steps] == ["DEVICE_DISCONNECTED"] * 3
    (end,) = bench.of(ExecutionCompleted)
    assert (end.status, end.failed_steps) == ("failed", 3)
    assert bench.logged("ERROR") == ["phone-1 did not return within 0.1 s"]


def test_a_device_lost_in_the_last_step_is_not_waited_for(bench):
    module = losing(bench.pool.get("phone-1")).with_options(retries=0)

    state = bench.run(passing, module, device_timeout=600)

    assert (state.status, [step.status for step in state.steps]) == ("completed", ["completed", "failed"])


def test_the_others_go_on_when_one_device_is_lost_for_good(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    bench.pool.get("phone-1").detach()

    state = bench.run(passing, passing, device_timeout=0.1)

    assert [(step.device_id, step.status) for step in state.steps] == [
        ("phone-1", "failed"),
        ("phone-1", "failed"),
        ("phone-2", "completed"),
        ("phone-2", "completed"),
    ]
    assert state.status == "completed"


def test_another_device_takes_over_what_a_lost_one_was_to_run(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    both = threading.Barrier(2)

    @module(retries=1)
    def fragile(ctx):
        if ctx.attempt == 1:
            both.wait(30)
            if ctx.device.serial == "phone-1":
                bench.pool.get("phone-1").detach()
                raise DeviceDisconnected("phone-1")

    state = bench.run(fragile, fragile, passing, distribution="shared", device_timeout=600)

    assert [step.status for step in state.steps] == ["completed"] * 3
    assert {step.device_id for step in state.steps} == {"phone-2"}
    assert state.status == "completed"


# Any mix of outcomes


ENDINGS = ("pass", "fail", "error", "skip", "exit")


@module
def ending(ctx, endings):
    with ctx.action("end"):
        match endings[min(ctx.attempt, len(endings)) - 1]:
            case "fail":
                raise AssertionError("failed")
            case "error":
                raise LookupError("nothing")
            case "exit":
                raise SystemExit
            case "skip":
                ctx.skip("skipped")


def expected(endings, retries):
    """Return a step's status and the number of its attempts."""
    for attempt in range(1, retries + 2):
        last = endings[min(attempt, len(endings)) - 1]
        if last in ("pass", "skip"):
            return ("completed" if last == "pass" else "skipped"), attempt
    return "failed", retries + 1


steps = st.lists(
    st.tuples(st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=3), st.integers(0, 2)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, devices=st.integers(1, 3), shared=st.booleans())
def test_any_mix_of_outcomes_gives_consistent_totals_and_state(tmp_path_factory, steps, devices, shared):
    bench = Bench(None)
    bench.pool = type(bench.pool)(*(f"phone-{n}" for n in range(1, devices + 1)))
    modules = [ending.with_args(endings=endings).with_options(retries=retries) for endings, retries in steps]

    state = bench.run(*modules, screenshots=False, distribution="shared" if shared else "each")
    assert bench.executions[0].close() == ()

    wanted = [expected(*step) for step in steps] * (1 if shared else devices)
    assert [(step.status, len(step.attempts)) for step in state.steps] == wanted
    counts = Counter(status for status, _ in wanted)
    (end,) = bench.of(ExecutionCompleted)
    assert (end.total_steps, end.successful_steps, end.failed_steps) == (
        len(wanted),
        counts["completed"],
        counts["failed"],
    )
    assert end.status == state.status == "completed"
    assert state.progress_percentage == 100
    first, *rest = bench.messages
    assert isinstance(first, ExecutionSnapshot)
    folded = ExecutionState(first)
    for message in rest:
        folded.fold(message)
    assert folded.snapshot() == state
