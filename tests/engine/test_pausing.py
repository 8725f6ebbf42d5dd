"""Pausing: between steps and on failure, on one device and on all, and what a user is given meanwhile."""

import pytest

from execmon_lab.devices import DeviceDisconnected, NoDevice, SessionClosed
from execmon_lab.engine import ExecutionEnded, module
from execmon_lab.protocol import (
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionProgress,
    ExecutionResumed,
    LogEntry,
    StepCompleted,
)

from .steering import DEADLINE, failing, passing, passing_at_last, statuses, step_of, until_paused

# Pausing


def test_a_pause_holds_the_next_step_and_lets_the_running_one_end(bench, held):
    execution = bench.start(held.module, passing)
    assert held.begun.wait(DEADLINE)

    execution.pause()
    pausing = execution.snapshot().paused
    held.go.set()
    paused = until_paused(execution)

    assert [(pause.status, pause.reason) for pause in pausing] == [("pausing", "requested")]
    assert (paused.reason, paused.device_id, paused.failure) == ("requested", "phone-1", None)
    assert paused.step_id == step_of(execution, 1)
    assert statuses(execution) == ["completed", "pending"]
    assert execution.snapshot().status == "running"

    execution.resume()
    assert execution.wait(DEADLINE).paused == ()
    assert statuses(execution) == ["completed", "completed"]


def test_a_pause_is_told_in_order(bench, held):
    execution = bench.start(held.module, passing)
    assert held.begun.wait(DEADLINE)
    execution.pause()
    held.go.set()
    until_paused(execution)
    execution.resume()
    execution.wait(DEADLINE)

    told = [message for message in bench.messages if not isinstance(message, ExecutionProgress)]
    assert [message.type_name() for message in told] == [
        "execution_state",
        "step_started",
        "execution_paused",
        "step_completed",
        "execution_paused",
        "execution_resumed",
        "step_started",
        "step_completed",
        "execution_completed",
    ]
    assert [message.status for message in bench.of(ExecutionPaused)] == ["pausing", "paused"]


def test_an_execution_may_be_paused_before_it_begins(bench):
    execution = bench.make(passing)
    execution.pause()
    execution.start()

    assert until_paused(execution).step_id == step_of(execution, 0)
    execution.resume()
    assert execution.wait(DEADLINE).status == "completed"


def test_a_pause_taken_back_before_it_held_holds_nothing(bench, held):
    execution = bench.start(held.module, passing)
    execution.pause()
    execution.resume()
    held.go.set()

    execution.wait(DEADLINE)
    assert [message.status for message in bench.of(ExecutionPaused)] == ["pausing"]
    assert len(bench.of(ExecutionResumed)) == 1


def test_pausing_twice_and_resuming_what_is_not_paused_change_nothing(bench, held):
    execution = bench.start(held.module)
    execution.resume()
    execution.pause()
    execution.pause()
    held.go.set()
    until_paused(execution)
    execution.pause()
    execution.resume()
    execution.wait(DEADLINE)

    assert len(bench.of(ExecutionPaused)) == 2
    assert len(bench.of(ExecutionResumed)) == 1


def test_a_pause_during_the_last_step_keeps_the_execution_open(bench, held):
    execution = bench.start(held.module)
    assert held.begun.wait(DEADLINE)
    execution.pause()
    held.go.set()

    paused = until_paused(execution)

    assert paused.step_id is None
    assert not execution.done
    execution.resume()
    execution.wait(DEADLINE)


def test_a_paused_execution_is_walked_through_step_by_step(bench):
    execution = bench.make(passing, failing, passing)
    execution.step()
    execution.start()
    seen = []
    for _ in range(4):
        execution.wait(DEADLINE, or_paused=True)
        seen.append(statuses(execution))
        assert len(execution.paused) == 1
        execution.step()

    execution.wait(DEADLINE)
    assert seen == [
        ["pending", "pending", "pending"],
        ["completed", "pending", "pending"],
        ["completed", "failed", "pending"],
        ["completed", "failed", "completed"],
    ]
    with pytest.raises(ExecutionEnded):
        execution.step()


def test_stepping_is_given_up_by_going_on(bench, held):
    execution = bench.start(held.module, passing, passing)
    execution.step()
    held.go.set()
    until_paused(execution)
    execution.step()
    execution.resume()

    execution.wait(DEADLINE)
    assert statuses(execution) == ["completed"] * 3


def test_one_device_is_paused_while_the_other_goes_on(bench):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    execution = bench.make(passing, passing)
    execution.pause("phone-2")
    execution.start()

    paused = until_paused(execution)
    bench.await_message(lambda m: isinstance(m, StepCompleted) and len(bench.of(StepCompleted)) == 2)

    assert paused.device_id == "phone-2"
    assert statuses(execution) == ["completed", "completed", "pending", "pending"]
    execution.resume("phone-1")
    assert execution.paused
    execution.resume("phone-2")
    assert execution.wait(DEADLINE).status == "completed"
    with pytest.raises(ExecutionEnded, match="has ended"):
        execution.pause()


def test_a_device_that_waits_for_the_others_steps_is_paused_as_well(bench, held):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    execution = bench.start(held.module, distribution="shared")
    assert held.begun.wait(DEADLINE)

    execution.pause()

    assert len(execution.paused) == 1
    execution.resume()
    held.go.set()
    assert execution.wait(DEADLINE).status == "completed"


def test_a_device_of_another_execution_is_refused(bench):
    execution = bench.make(passing)
    with pytest.raises(ValueError, match="phone-9 is no device of this execution: it has phone-1"):
        execution.pause("phone-9")


def test_progress_is_told_while_an_execution_is_paused(bench):
    execution = bench.make(passing)
    execution.pause()
    execution.start()
    until_paused(execution)

    told = len(bench.of(ExecutionProgress))
    bench.await_message(lambda m: len(bench.of(ExecutionProgress)) >= told + 3)
    execution.resume()


def test_a_paused_execution_can_be_cancelled(bench):
    execution = bench.make(passing, passing)
    execution.pause()
    execution.start()
    until_paused(execution)

    execution.cancel()

    state = execution.wait(DEADLINE)
    assert (state.status, statuses(execution), state.paused) == ("cancelled", ["pending", "pending"], ())


def test_a_wait_that_times_out_tells_of_the_pause(bench):
    execution = bench.make(passing)
    execution.pause()
    execution.start()
    until_paused(execution)

    with pytest.raises(TimeoutError, match=r"it is paused on phone-1, and goes on when it is resumed"):
        execution.wait(0.01)
    execution.resume()


def test_paused_time_is_no_modules_time(bench):
    @module(timeout=1.0)
    def quick(ctx):
        pass

    execution = bench.make(passing, quick)
    execution.pause()
    execution.start()
    until_paused(execution)
    told = len(bench.of(ExecutionProgress))
    bench.await_message(lambda m: len(bench.of(ExecutionProgress)) >= told + 4)  # two seconds
    execution.resume()

    assert execution.wait(DEADLINE).status == "completed"
    assert statuses(execution) == ["completed", "completed"]


# The device of a paused execution


def test_the_device_of_a_pause_is_the_users_until_it_goes_on(bench):
    execution = bench.make(passing)
    execution.pause()
    execution.start()
    device = until_paused(execution).device

    assert device is until_paused(execution).device
    assert device.shell(["getprop"]) == "getprop"
    told = bench.of(LogEntry)[-1]
    assert (told.module_id, told.message) == ("manual", "Executing ADB command: adb shell getprop")

    execution.resume()
    execution.wait(DEADLINE)
    with pytest.raises(SessionClosed, match="the execution goes on, and has the device again"):
        device.shell(["getprop"])


# Pausing on failure


def test_a_failure_pauses_with_all_that_is_known_of_it(bench):
    execution = bench.start(failing.with_args(number=3), passing, pause_on_failure=True)

    paused = until_paused(execution)

    failure = paused.failure
    assert paused.reason == "failure"
    assert paused.step_id == failure.step == failure.step_id == step_of(execution, 0)
    assert (failure.module_id, failure.device_id, failure.attempt) == ("failing", "phone-1", 1)
    assert (failure.code, failure.message) == ("ASSERTION_FAILED", "the number is the wanted one")
    assert isinstance(failure.error, AssertionError)
    assert failure.params == {"number": 3}
    assert failure.locals["wanted"] == 4
    assert 'ctx.expect(number == wanted, "the number is the wanted one")' in failure.traceback
    assert failure.device is paused.device
    assert "ASSERTION_FAILED: the number is the wanted one" in repr(failure)
    assert statuses(execution) == ["failed", "pending"]
    execution.resume()
    assert execution.wait(DEADLINE).status == "completed"
    (end,) = bench.of(ExecutionCompleted)
    assert (end.successful_steps, end.failed_steps) == (1, 1)


def test_the_retries_of_a_module_come_before_the_pause(bench):
    execution = bench.start(failing.with_options(retries=2), pause_on_failure=True)

    assert until_paused(execution).failure.attempt == 3
    execution.resume()


def test_a_module_that_was_ended_from_outside_has_no_exception(bench):
    @module(timeout=0.1)
    def endless(ctx):
        ctx.sleep(600)

    execution = bench.start(endless, pause_on_failure=True)

    failure = until_paused(execution).failure
    assert (failure.code, failure.error, failure.locals) == ("MODULE_TIMEOUT", None, {})
    assert "ctx.sleep(600)" in failure.traceback
    execution.resume()


def test_what_passes_and_what_is_skipped_does_not_pause(bench):
    @module
    def skipping(ctx):
        ctx.skip("no")

    bench.run(passing, skipping, pause_on_failure=True)
    assert bench.of(ExecutionPaused) == []


def test_pausing_on_failure_can_be_switched_while_it_runs(bench, held):
    execution = bench.start(held.module, failing, failing)
    execution.pause_on_failure = True
    held.go.set()
    until_paused(execution)
    execution.pause_on_failure = False
    execution.resume()

    execution.wait(DEADLINE)
    assert len(bench.of(ExecutionPaused)) == 1


def test_a_plan_that_stops_on_failure_stops_when_the_failure_stands(bench):
    execution = bench.start(failing, passing, pause_on_failure=True, stop_on_failure=True)
    until_paused(execution)
    execution.resume()

    assert execution.wait(DEADLINE).status == "failed"
    assert statuses(execution) == ["failed", "pending"]


def test_a_plan_that_stops_on_failure_goes_on_when_it_was_mended(bench):
    execution = bench.start(passing_at_last, passing, pause_on_failure=True, stop_on_failure=True)
    execution.retry(until_paused(execution).failure.step)

    assert execution.wait(DEADLINE).status == "completed"
    assert statuses(execution) == ["completed", "completed"]


def test_a_device_lost_in_a_step_is_not_waited_for_while_that_pauses(bench):
    device = bench.pool.get("phone-1")

    @module
    def losing(ctx):
        if ctx.attempt == 1:
            device.detach()
            raise DeviceDisconnected(device.serial)

    execution = bench.start(losing, passing, pause_on_failure=True, device_timeout=0.05)
    paused = until_paused(execution)

    assert paused.failure.code == "DEVICE_DISCONNECTED"
    with pytest.raises(DeviceDisconnected):
        device.transport_id  # noqa: B018
    with pytest.raises(NoDevice, match="phone-1 is away: losing can run again when it is back"):
        execution.retry(paused.step_id)
    told = len(bench.of(ExecutionProgress))
    bench.await_message(lambda m: len(bench.of(ExecutionProgress)) >= told + 2)
    assert not execution.done
    device.attach(2)
    execution.retry(paused.step_id)
    assert execution.wait(DEADLINE).status == "completed"
    assert statuses(execution) == ["completed", "completed"]


def test_a_pause_stops_the_wait_for_a_lost_device(bench):
    device = bench.pool.get("phone-1")

    @module
    def losing(ctx):
        device.detach()

    execution = bench.start(losing, passing, device_timeout=1.0)
    bench.await_message(lambda m: isinstance(m, LogEntry) and "is away" in m.message)
    execution.pause()
    until_paused(execution)
    told = len(bench.of(ExecutionProgress))
    bench.await_message(lambda m: len(bench.of(ExecutionProgress)) >= told + 4)  # longer than the timeout
    assert statuses(execution) == ["completed", "pending"]
    device.attach(2)
    execution.resume()
    assert execution.wait(DEADLINE).status == "completed"
