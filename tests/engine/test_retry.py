"""Running a step again: where it comes in, what it counts, and which definition of its module runs."""

import linecache
import textwrap
import threading

import pytest

from execmon_lab.devices import NoDevice
from execmon_lab.engine import ExecutionEnded, Module, module
from execmon_lab.protocol import (
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionResumed,
    StepCompleted,
    StepFailed,
    StepStarted,
)

from .steering import DEADLINE, failing, passing, passing_at_last, statuses, step_of, until_paused


class Cells:
    """A notebook's namespace: each cell is compiled for itself, and may define a name anew."""

    def __init__(self):
        self.names = {"__name__": "__main__", "module": module}
        self.count = 0

    def run(self, source):
        self.count += 1
        name = f"<cell {self.count}>"
        source = textwrap.dedent(source)
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        exec(compile(source, name, "exec"), self.names)
        return self.names

    def __getitem__(self, name):
        return self.names[name]


@pytest.fixture
def cells():
    return Cells()


# Running a step again


def test_a_failed_step_that_passes_when_run_again_counts_as_passed(bench):
    execution = bench.start(passing_at_last, passing, pause_on_failure=True)
    execution.retry(until_paused(execution).failure.step)

    state = execution.wait(DEADLINE)

    assert statuses(execution) == ["completed", "completed"]
    assert [(a.attempt, a.status) for a in state.steps[0].attempts] == [(1, "failed"), (2, "completed")]
    (end,) = bench.of(ExecutionCompleted)
    assert (end.total_steps, end.successful_steps, end.failed_steps) == (2, 2, 0)
    (failed,) = bench.of(StepFailed)
    assert failed.will_retry is False
    assert state.progress_percentage == 100


def test_a_step_that_fails_again_pauses_again(bench):
    execution = bench.start(passing_at_last.with_args(attempts=3), pause_on_failure=True)
    first = until_paused(execution).failure
    execution.retry(first.step)
    second = until_paused(execution).failure

    assert (first.attempt, second.attempt) == (1, 2)
    execution.retry(second.step)
    execution.wait(DEADLINE)
    assert [m.retry_attempt for m in bench.of(StepFailed)] == [1, 2]
    assert statuses(execution) == ["completed"]


def test_a_step_that_passed_may_be_run_again_and_fail(bench, held):
    @module
    def passing_once(ctx):
        ctx.expect(ctx.attempt == 1, "it is the first time")

    execution = bench.start(passing_once, held.module, passing)
    assert held.begun.wait(DEADLINE)
    execution.retry(step_of(execution, 0))
    held.go.set()

    state = execution.wait(DEADLINE)

    assert statuses(execution) == ["failed", "completed", "completed"]
    started = [m.module_id for m in bench.of(StepStarted)]
    assert started == ["passing_once", "held", "passing_once", "passing"]
    (end,) = bench.of(ExecutionCompleted)
    assert (end.successful_steps, end.failed_steps) == (2, 1)
    assert state.progress_percentage == 100


def test_another_step_may_be_run_again_while_a_failure_pauses(bench):
    execution = bench.start(passing, passing_at_last, pause_on_failure=True)
    paused = until_paused(execution)
    execution.retry(step_of(execution, 0))
    bench.await_message(lambda m: isinstance(m, StepCompleted) and m.attempt == 2)

    again = until_paused(execution)
    assert again.failure.step == paused.failure.step
    assert again.device is not paused.device
    execution.retry(again.failure.step)
    execution.wait(DEADLINE)
    assert statuses(execution) == ["completed", "completed"]


def test_a_step_run_again_during_a_requested_pause_leaves_it_paused(bench, held):
    execution = bench.start(passing, held.module, passing)
    assert held.begun.wait(DEADLINE)
    execution.pause()
    held.go.set()
    until_paused(execution)

    execution.retry(step_of(execution, 0))
    bench.await_message(lambda m: isinstance(m, StepCompleted) and m.attempt == 2)
    paused = until_paused(execution)

    assert paused.step_id == step_of(execution, 2)
    assert [m.status for m in bench.of(ExecutionPaused)] == ["pausing", "paused", "pausing", "paused"]
    assert bench.of(ExecutionResumed) == []
    execution.resume()


def test_a_step_run_again_gets_one_attempt(bench):
    execution = bench.start(failing.with_options(retries=1), pause_on_failure=True)
    execution.retry(until_paused(execution).failure.step)
    bench.await_message(lambda m: isinstance(m, StepFailed) and m.retry_attempt == 3)
    until_paused(execution)
    execution.resume()
    execution.wait(DEADLINE)

    assert [m.will_retry for m in bench.of(StepFailed)] == [True, False, False]


def test_what_cannot_be_run_again_is_told(bench, held):
    execution = bench.start(passing, held.module, passing)
    assert held.begun.wait(DEADLINE)

    with pytest.raises(RuntimeError, match="held is running: run it again when it has ended"):
        execution.retry(step_of(execution, 1))
    with pytest.raises(RuntimeError, match="passing has not run yet"):
        execution.retry(step_of(execution, 2))
    with pytest.raises(ValueError, match="no step nonsense"):
        execution.retry("nonsense")
    execution.retry(step_of(execution, 0))
    with pytest.raises(RuntimeError, match="passing is to run again already"):
        execution.retry(step_of(execution, 0))
    held.go.set()
    execution.wait(DEADLINE)
    with pytest.raises(ExecutionEnded, match="has ended"):
        execution.retry(step_of(execution, 0))


def test_a_device_that_had_left_takes_a_step_again(bench, held):
    bench.pool = type(bench.pool)("phone-1", "phone-2")
    both = threading.Barrier(2)

    @module
    def waiting_on_the_second(ctx):
        both.wait(DEADLINE)
        if ctx.device.serial == "phone-2" or ctx.attempt > 1:
            held.begun.set()
            held.go.wait(DEADLINE)

    execution = bench.start(waiting_on_the_second)
    bench.await_message(lambda m: isinstance(m, StepCompleted))
    both.reset()
    thread = threading.Thread(target=both.wait, args=(DEADLINE,))
    thread.start()
    execution.retry(step_of(execution, 0))
    thread.join()
    held.go.set()

    state = execution.wait(DEADLINE)
    assert [len(step.attempts) for step in state.steps] == [2, 1]
    assert statuses(execution) == ["completed", "completed"]
    assert bench.pool.held == set()


def test_a_device_that_another_has_taken_since_is_not_taken_away(bench, held):
    bench.pool = type(bench.pool)("phone-1", "phone-2")

    @module
    def waiting_on_the_second(ctx):
        if ctx.device.serial == "phone-2":
            held.go.wait(DEADLINE)

    execution = bench.start(waiting_on_the_second)
    bench.await_message(lambda m: isinstance(m, StepCompleted))
    while "phone-1" in bench.pool.held:
        threading.Event().wait(0.01)
    bench.pool.acquire("phone-1")

    with pytest.raises(NoDevice, match="busy"):
        execution.retry(step_of(execution, 0))
    held.go.set()
    assert execution.wait(DEADLINE).status == "completed"


def test_a_cancel_ends_a_step_that_is_run_again(bench):
    begun = threading.Event()

    @module
    def failing_then_waiting(ctx):
        ctx.expect(ctx.attempt > 1, "again")
        begun.set()
        ctx.sleep(600)

    execution = bench.start(failing_then_waiting, pause_on_failure=True)
    execution.retry(until_paused(execution).failure.step)
    assert begun.wait(DEADLINE)
    execution.cancel()

    state = execution.wait(DEADLINE)
    assert [a.error_code for a in state.steps[0].attempts] == ["ASSERTION_FAILED", "CANCELLED"]


# The module as it is now defined


def test_a_step_runs_again_as_its_module_is_now_defined(bench, cells):
    cells.run("""
        @module(timeout=5)
        def check(ctx, number):
            ctx.expect(number == 1, f"{number} is 1")
    """)
    execution = bench.start(cells["check"].with_args(number=2), pause_on_failure=True)
    step = until_paused(execution).failure.step
    cells.run("""
        @module(timeout=7)
        def check(ctx, number, wanted=2):
            ctx.log.info("the new one has %g s", ctx._attempt.planned.module.timeout)
            ctx.expect(number == wanted, f"{number} is {wanted}")
    """)
    execution.retry(step)

    execution.wait(DEADLINE)
    assert statuses(execution) == ["completed"]
    assert "the new one has 7 s" in bench.logged()


def test_a_new_definition_that_does_not_fit_is_refused_and_the_pause_goes_on(bench, cells):
    cells.run("""
        @module
        def check(ctx, number):
            ctx.expect(False, "no")
    """)
    execution = bench.start(cells["check"].with_args(number=2), pause_on_failure=True)
    step = until_paused(execution).failure.step
    cells.run("""
        @module
        def check(ctx, amount):
            pass
    """)
    with pytest.raises(
        TypeError, match=r"the new definition does not fit the step: check: .*it takes amount"
    ):
        execution.retry(step)

    assert until_paused(execution).failure.step == step
    execution.resume()


class TestNewest:
    """Which definition counts."""

    def test_without_another_it_is_the_module_itself(self):
        bound = passing_at_last.with_args(attempts=3)
        assert bound.newest() is bound

    def test_a_module_that_was_made_inside_a_function_stays_as_it_is(self):
        @module
        def passing(ctx):
            raise LookupError

        assert passing.newest() is passing

    def test_options_of_the_new_definition_count_unless_they_were_given_to_the_step(self, cells):
        cells.run("@module(timeout=5, retries=1)\ndef check(ctx): pass")
        plain, changed = cells["check"], cells["check"].with_options(name="first check", retries=4)
        cells.run("@module(timeout=9, retries=2)\ndef check(ctx): pass")

        assert (plain.newest().timeout, plain.newest().retries) == (9, 2)
        newest = changed.newest()
        assert (newest.module_id, newest.timeout, newest.retries) == ("first check", 9, 4)
        assert newest.newest() is newest

    def test_modules_that_a_loop_makes_are_not_taken_for_each_other(self, cells):
        cells.run("""
            made = []
            for wanted in (1, 2):
                @module
                def check(ctx, wanted=wanted):
                    return wanted
                made.append(check)
        """)
        first, second = cells["made"]
        assert first.newest() is first
        assert second.newest() is second

    def test_a_function_that_lost_its_decorator_is_still_found(self, cells):
        cells.run("@module(timeout=5)\ndef check(ctx): raise LookupError")
        old = cells["check"]
        cells.run("def check(ctx): return 5")

        newest = old.newest()
        assert isinstance(newest, Module)
        assert (newest("ctx"), newest.timeout) == (5, 5)

    def test_a_name_that_is_something_else_now_leaves_the_module_as_it_is(self, cells):
        cells.run("@module\ndef check(ctx): pass")
        old = cells["check"]
        cells.run("check = 5")
        assert old.newest() is old
        cells.run("del check")
        assert old.newest() is old

    def test_a_name_that_was_bound_again_gives_its_function_alone(self, cells):
        cells.run("@module\ndef check(ctx, number): return number")
        old = cells["check"].with_args(number=1)
        cells.run("@module\ndef check(ctx, number): return -number\ncheck = check.with_args(number=7)")
        assert old.newest()("ctx") == -1
