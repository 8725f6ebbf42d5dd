"""Deadlines and cancels hold whatever the module does, and what was given up does nothing more."""

import threading
import time
from time import sleep as usual_sleep

import pytest

from execmon_lab.engine import module, sleeping
from execmon_lab.protocol import (
    ActionCompleted,
    ErrorMessage,
    ExecutionCompleted,
    LogEntry,
    StepCompleted,
    StepFailed,
    StepStarted,
)

SHORT = 0.2
"""Seconds; the timeout of modules that never end by themselves."""


@module
def passing(ctx):
    pass


@module(timeout=SHORT)
def looping(ctx):
    while True:
        pass


@module(timeout=SHORT)
def catching(ctx):
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001
            continue


@module(timeout=SHORT)
def catching_everything(ctx):
    for _ in range(3):
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001, S110
            pass


@module(timeout=SHORT)
def sleeping_long(ctx):
    time.sleep(600)


@module(timeout=SHORT)
def waiting_long(ctx):
    ctx.sleep(600)


@module(timeout=SHORT)
def talking(ctx):
    while True:
        ctx.log.info("still here")


@module(timeout=SHORT)
def commanding(ctx):
    while True:
        ctx.device.shell(["true"])


STUBBORN = [looping, catching, catching_everything, sleeping_long, waiting_long, talking, commanding]


@pytest.mark.parametrize("stubborn", STUBBORN, ids=lambda m: m.module_id)
def test_the_timeout_holds_whatever_the_module_does(bench, stubborn):
    state = bench.run(stubborn, passing)

    (told,) = bench.of(StepFailed)
    assert (told.error_code, told.will_retry) == ("MODULE_TIMEOUT", False)
    assert told.error_message == "Module execution exceeded its timeout of 0.2 seconds"
    assert f"in {stubborn.module_id}" in told.traceback
    (error,) = bench.of(ErrorMessage)
    assert (error.code, error.device_id) == ("MODULE_TIMEOUT", "phone-1")
    assert [step.status for step in state.steps] == ["failed", "completed"]
    assert not [text for text in bench.logged("WARN") if "left behind" in text]


@pytest.mark.parametrize("stubborn", STUBBORN, ids=lambda m: m.module_id)
def test_a_cancel_ends_whatever_the_module_does(bench, stubborn):
    execution = bench.start(stubborn.with_options(timeout=600), passing)
    bench.await_message(lambda m: isinstance(m, StepStarted))

    execution.cancel()
    state = execution.wait(30)

    (told,) = bench.of(StepFailed)
    assert (told.error_code, told.will_retry) == ("CANCELLED", False)
    (end,) = bench.of(ExecutionCompleted)
    assert (end.status, end.total_steps, end.successful_steps, end.failed_steps) == ("cancelled", 2, 0, 1)
    assert [step.status for step in state.steps] == ["failed", "pending"]
    assert bench.messages[-1] is end


def test_a_timeout_is_tried_again(bench):
    @module(timeout=SHORT, retries=1)
    def slow_at_first(ctx):
        if ctx.attempt == 1:
            time.sleep(600)

    step = bench.only_step(slow_at_first)

    assert step.status == "completed"
    assert [attempt.error_code for attempt in step.attempts] == ["MODULE_TIMEOUT", None]


def test_an_action_that_the_timeout_cuts_off_is_told_as_failed(bench):
    @module(timeout=SHORT)
    def composing(ctx):
        with ctx.action("send"), ctx.action("wait"):
            time.sleep(600)

    bench.run(composing)

    told = [(action.path, action.status) for action in bench.of(ActionCompleted)]
    assert told == [(("send", "wait"), "failed"), (("send",), "failed")]


def test_a_module_that_cannot_be_ended_is_left_behind_and_named(bench):
    release = threading.Event()

    @module(timeout=SHORT)
    def deaf(ctx):
        try:
            release.wait()
        finally:
            ctx.log.info("too late")

    execution = bench.start(deaf, passing)
    state = execution.wait(30)

    assert [step.status for step in state.steps] == ["failed", "completed"]
    assert [text for text in bench.logged("WARN") if "could not be ended" in text]
    (left,) = execution.close(timeout=0.1)
    assert left.startswith("deaf on phone-1, attempt 1, at ")
    assert "release.wait()" in left
    release.set()
    assert execution.close() == ()
    assert "too late" not in bench.logged()


def test_an_attempt_that_was_given_up_does_nothing_more(bench):
    release, ended = threading.Event(), threading.Event()
    refused = []

    def try_all(ctx):
        for verb in (
            lambda: ctx.log.info("too late"),
            lambda: ctx.device.shell(["reboot"]),
            lambda: ctx.screenshot(),
            lambda: ctx.sleep(0),
            lambda: ctx.action("late").__enter__(),
        ):
            try:
                verb()
            except BaseException as error:  # noqa: BLE001
                refused.append(type(error).__name__)

    @module(timeout=SHORT)
    def late(ctx):
        while not release.is_set():
            try:
                release.wait()
            except BaseException:  # noqa: BLE001
                continue
        try_all(ctx)
        ended.set()

    execution = bench.start(late)
    execution.wait(30)
    before = list(bench.messages)
    release.set()
    execution.close()

    assert bench.messages == before
    assert ended.is_set()
    assert refused == ["AttemptEnded", "SessionClosed", "SessionClosed", "AttemptEnded", "AttemptEnded"]


def test_the_verdict_is_told_before_the_thread_has_ended(bench):
    release = threading.Event()

    @module(timeout=SHORT)
    def deaf(ctx):
        release.wait()

    execution = bench.start(deaf)
    bench.await_message(lambda m: isinstance(m, StepFailed))
    assert not execution.done
    release.set()
    execution.wait(30)


def test_a_cancel_comes_through_while_a_picture_is_taken(bench):
    device = bench.pool.get("phone-1")
    entered = threading.Event()

    class Slow(type(device.session())):
        def screenshot(self, timeout=30.0):
            entered.set()
            while not self._lane.closed:
                usual_sleep(0.01)
            self._lane.check()

    device.session = lambda observer=None: Slow(device, device.lane(observer))
    execution = bench.start(passing, passing)
    assert entered.wait(30)

    execution.cancel()
    state = execution.wait(30)

    assert [step.status for step in state.steps] == ["completed", "pending"]
    assert any("No screenshot was kept" in text for text in bench.logged("WARN"))


# Executions that are cancelled, closed, or waited for


def test_an_execution_that_never_began_can_be_cancelled(bench):
    execution = bench.make(passing)

    execution.cancel()

    assert execution.done
    assert execution.wait(0).status == "cancelled"
    with pytest.raises(RuntimeError, match="only once"):
        execution.start()


def test_cancelling_twice_or_after_the_end_changes_nothing(bench):
    execution = bench.start(passing)
    state = execution.wait(30)

    execution.cancel()
    execution.cancel()

    assert execution.wait(0) == state
    assert len(bench.of(ExecutionCompleted)) == 1


def test_a_retry_that_was_announced_and_is_cancelled_is_told_to_have_failed(bench):
    device = bench.pool.get("phone-1")

    @module(retries=1)
    def losing(ctx):
        device.detach()
        ctx.expect(False, "the device is there")

    execution = bench.start(losing)
    bench.await_message(lambda m: isinstance(m, LogEntry) and "is away" in m.message)
    execution.cancel()
    state = execution.wait(30)

    assert [attempt.error_code for attempt in state.steps[0].attempts] == ["ASSERTION_FAILED", "CANCELLED"]
    assert (state.status, state.steps[0].status) == ("cancelled", "failed")


def test_waiting_can_time_out_and_the_execution_goes_on(bench):
    go = threading.Event()

    @module
    def waiting(ctx):
        go.wait()

    execution = bench.start(waiting)
    with pytest.raises(TimeoutError, match=r"has not ended after 0\.01 s; it goes on"):
        execution.wait(0.01)
    go.set()
    assert execution.wait(30).steps[0].status == "completed"


def test_an_interrupted_wait_leaves_the_execution_alone(bench, monkeypatch):
    go = threading.Event()

    @module
    def waiting(ctx):
        go.wait()

    execution = bench.start(waiting)

    def interrupted(timeout=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(execution._done, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            execution.wait()
    go.set()
    assert execution.wait(30).status == "completed"


# time.sleep


def test_time_sleep_is_given_back_after_the_last_execution(bench):
    before = time.sleep
    seen = []

    @module
    def looking(ctx):
        seen.append(time.sleep)

    bench.run(looking)

    assert seen == [sleeping.sleep]
    assert time.sleep is before


def test_other_threads_sleep_as_usual_while_an_execution_runs(bench):
    seen = []

    @module
    def spawning(ctx):
        thread = threading.Thread(target=lambda: seen.append(time.sleep(0.01)))
        thread.start()
        thread.join()

    bench.run(spawning)

    assert seen == [None]


@pytest.mark.parametrize(("length", "error"), [(-1, ValueError), ("1", TypeError), (None, TypeError)])
def test_the_sleep_in_place_refuses_what_the_usual_one_refuses(bench, length, error):
    @module
    def sleeper(ctx):
        with pytest.raises(error):
            time.sleep(length)
        time.sleep(0)
        time.sleep(0.001)

    assert bench.only_step(sleeper).status == "completed"


def test_a_late_attempt_that_returns_does_not_become_completed(bench):
    release = threading.Event()

    @module(timeout=SHORT)
    def late(ctx):
        release.wait()

    execution = bench.start(late)
    bench.await_message(lambda m: isinstance(m, StepFailed))
    release.set()

    assert execution.wait(30).steps[0].status == "failed"
    assert bench.of(StepCompleted) == []
