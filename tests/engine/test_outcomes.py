"""What an attempt's end is told as."""

import runpy
import time

import pytest

from execmon_lab.devices import AdbError, AdbTimeout, DeviceDisconnected, ElementNotFound
from execmon_lab.engine import module
from execmon_lab.protocol import (
    ActionCompleted,
    ErrorMessage,
    ExecutionCompleted,
    LogEntry,
    StepCompleted,
    StepFailed,
    StepStarted,
)


@module
def passing(ctx):
    pass


def raising(error):
    @module
    def failing(ctx):
        raise error

    return failing


def test_a_module_that_returns_is_completed(bench):
    state = bench.run(passing)

    (told,) = bench.of(StepCompleted)
    assert (told.status, told.device_id, told.module_id, told.attempt) == (
        "completed",
        "phone-1",
        "passing",
        1,
    )
    assert state.status == "completed"
    assert [step.status for step in state.steps] == ["completed"]


def test_a_skipped_step_is_told_with_its_reason_and_counts_as_neither(bench):
    @module
    def skipping(ctx):
        try:
            ctx.skip("no SIM card")
        except Exception:  # noqa: BLE001
            raise AssertionError("a skip is not to be caught by accident") from None

    bench.run(skipping)

    (told,) = bench.of(StepCompleted)
    assert (told.status, told.reason, told.screenshot_url) == ("skipped", "no SIM card", None)
    (end,) = bench.of(ExecutionCompleted)
    assert (end.status, end.total_steps, end.successful_steps, end.failed_steps) == ("completed", 1, 0, 0)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (AssertionError("the text is on the screen"), "ASSERTION_FAILED", "the text is on the screen"),
        (ElementNotFound("no element 'Send'"), "ASSERTION_FAILED", "no element 'Send'"),
        (AdbTimeout("adb shell true", 30), "ADB_TIMEOUT", "ADB command timed out after 30 seconds"),
        (AdbError("adb shell false", 1), "ADB_ERROR", "adb shell false failed with exit code 1"),
        (
            DeviceDisconnected("phone-1"),
            "DEVICE_DISCONNECTED",
            "Device phone-1 disconnected during execution",
        ),
        (KeyError("to"), "MODULE_ERROR", "KeyError: 'to'"),
        (RuntimeError(), "MODULE_ERROR", "RuntimeError"),
        (SystemExit(3), "MODULE_ERROR", "SystemExit: 3"),
        (KeyboardInterrupt(), "MODULE_ERROR", "KeyboardInterrupt"),
    ],
)
def test_an_exception_is_told_by_its_code(bench, error, code, message):
    state = bench.run(raising(error), passing)

    (told,) = bench.of(StepFailed)
    assert (told.error_code, told.error_message, told.will_retry) == (code, message, False)
    assert [step.status for step in state.steps] == ["failed", "completed"]
    assert state.status == "completed"


def test_an_exception_without_a_text_of_its_own_is_told_all_the_same(bench):
    class Broken(Exception):
        def __str__(self):
            raise ValueError

    bench.run(raising(Broken()))

    assert bench.of(StepFailed)[0].error_message.startswith("Broken: (its text cannot be had")


def test_the_traceback_holds_the_users_frames_alone(bench):
    def deeper():
        int("x")

    @module
    def failing(ctx):
        with ctx.action("convert"):
            deeper()

    bench.run(failing)

    (told,) = bench.of(StepFailed)
    assert "in failing" in told.traceback
    assert "in deeper" in told.traceback
    assert "ValueError: invalid literal" in told.traceback
    assert "execmon_lab" not in told.traceback.replace(__file__, "")


BARE = """
def failing(ctx):
    count, wanted = 2, 3
    assert (
        count
        == wanted
    )

def silent(ctx):
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", "assert count == wanted (count = 2, wanted = 3, plan.py:5)"),
        ("silent", "raise AssertionError (plan.py:10)"),
    ],
)
def test_a_bare_assert_is_told_by_its_source_and_values(bench, tmp_path, name, message):
    source = tmp_path / "plan.py"  # not in this file, whose asserts pytest rewrites
    source.write_text(BARE)
    plan = runpy.run_path(str(source))

    bench.run(module(plan[name]))

    assert bench.of(StepFailed)[0].error_message == message


def test_a_soft_check_fails_the_attempt_at_its_end(bench):
    reached = []

    @module
    def failing(ctx):
        ctx.expect(False, "first", soft=True)
        ctx.expect(1, "never", soft=True)
        ctx.expect(None, "second", soft=True)
        reached.append(True)

    bench.run(failing)

    (told,) = bench.of(StepFailed)
    assert reached == [True]
    assert (told.error_code, told.error_message) == ("ASSERTION_FAILED", "2 checks failed: first; second")
    assert bench.logged("WARN") == ["Check failed: first", "Check failed: second"]


def test_a_hard_check_fails_the_attempt_at_once(bench):
    @module
    def failing(ctx):
        ctx.expect([], "the list is not empty")
        ctx.log.info("not reached")

    step = bench.only_step(failing)

    assert step.attempts[0].error_message == "the list is not empty"
    assert bench.logged() == []


def test_a_lost_device_is_also_told_as_an_error(bench):
    bench.run(raising(DeviceDisconnected("phone-1")))

    (error,) = bench.of(ErrorMessage)
    assert (error.code, error.device_id) == ("DEVICE_DISCONNECTED", "phone-1")
    assert error.message == "Device phone-1 disconnected during execution"


# Retries


def test_a_retry_is_an_attempt_of_its_own(bench):
    @module(retries=2)
    def flaky(ctx):
        ctx.expect(ctx.attempt == 2, f"attempt {ctx.attempt}")

    step = bench.only_step(flaky)

    (failed,) = bench.of(StepFailed)
    assert (failed.retry_attempt, failed.will_retry) == (1, True)
    assert [start.attempt for start in bench.of(StepStarted)] == [1, 2]
    assert step.status == "completed"
    assert [attempt.status for attempt in step.attempts] == ["failed", "completed"]


def test_a_step_fails_for_good_when_its_retries_are_used_up(bench):
    step = bench.only_step(raising(OSError("no")).with_options(retries=2))

    told = [(message.retry_attempt, message.will_retry) for message in bench.of(StepFailed)]
    assert told == [(1, True), (2, True), (3, False)]
    assert step.status == "failed"
    assert bench.of(ExecutionCompleted)[0].failed_steps == 1


def test_a_skip_is_not_tried_again(bench):
    @module(retries=2)
    def skipping(ctx):
        ctx.skip("not here")

    assert len(bench.only_step(skipping).attempts) == 1


# The context


def test_log_entries_say_where_they_come_from(bench):
    @module
    def talking(ctx):
        ctx.log.debug("d")
        ctx.log.info("%s of %s", 1, 2)
        ctx.log.warn("100 %")
        ctx.log.warning("w")
        ctx.log.error("e")

    step = bench.only_step(talking)

    entries = bench.of(LogEntry)
    assert [(entry.level, entry.message) for entry in entries] == [
        ("DEBUG", "d"),
        ("INFO", "1 of 2"),
        ("WARN", "100 %"),
        ("WARN", "w"),
        ("ERROR", "e"),
    ]
    assert {(entry.device_id, entry.module_id, entry.step_id, entry.attempt) for entry in entries} == {
        ("phone-1", "talking", step.step_id, 1)
    }


def test_every_command_of_the_session_is_logged(bench):
    @module
    def tapping(ctx):
        ctx.device.shell(["input", "tap", "500", "800"])

    bench.run(tapping)

    assert bench.logged("INFO") == ["Executing ADB command: adb shell input tap 500 800"]


def test_a_command_that_fails_is_logged_with_its_duration(bench):
    def refuse():
        raise AdbError("adb shell id", None, "no")

    bench.pool.get("phone-1").answer = refuse

    @module
    def asking(ctx):
        ctx.device.shell(["id"])

    bench.run(asking)

    (warning,) = bench.logged("WARN")
    assert warning.startswith("ADB command failed after 0.000 s: adb shell id: adb shell id failed: no")


def test_actions_are_told_with_their_path_and_their_failure(bench):
    @module
    def composing(ctx):
        with ctx.action("send"):
            with ctx.action("compose"):
                time.sleep(0)
            with ctx.action("press"):
                raise ValueError("no button")

    step = bench.only_step(composing)

    told = [(action.path, action.status) for action in bench.of(ActionCompleted)]
    assert told == [(("send", "compose"), "completed"), (("send", "press"), "failed"), (("send",), "failed")]
    assert [action.path for action in step.attempts[0].actions] == [path for path, _ in told]
    assert bench.logged("DEBUG") == ["Action: send", "Action: send / compose", "Action: send / press"]


def test_a_skip_inside_an_action_is_no_failure_of_it(bench):
    @module
    def skipping(ctx):
        with ctx.action("look"):
            ctx.skip("nothing there")

    bench.run(skipping)

    assert [action.status for action in bench.of(ActionCompleted)] == ["completed"]


def test_the_context_knows_what_it_runs(bench):
    seen = []

    @module(name="look")
    def looking(ctx, to):
        seen.append(
            (ctx.module_id, ctx.step_id, ctx.execution_id, ctx.attempt, dict(ctx.params), ctx.cancelled)
        )
        seen.append(ctx)

    state = bench.run(looking.with_args(to="5550100"))

    assert seen[0] == ("look", state.steps[0].step_id, state.execution_id, 1, {"to": "5550100"}, False)
    assert seen[1].cancelled, "a context that is kept is over when its attempt is"
