"""The facts that every format of a report states."""

from __future__ import annotations

from msgspec.structs import replace

from execmon_lab.reports import Material
from execmon_lab.reports.gather import LINES_AFTER, gather

from . import executions


def test_steps_with_their_attempts() -> None:
    facts = gather(executions.material())
    assert [step.word for step in facts.steps] == ["passed", "passed", "failed", "skipped", "not run"]
    assert [step.flaky for step in facts.steps] == [False, True, False, False, False]
    assert [len(step.attempts) for step in facts.steps] == [1, 2, 2, 1, 0]
    assert [(action.name, action.depth) for action in facts.steps[0].attempts[0].actions] == [
        ("dial", 0),
        ("wait", 1),
    ]


def test_a_passed_step_is_compared_with_the_last_good_run() -> None:
    facts = gather(executions.material())
    assert facts.comparison is not None
    assert facts.comparison.change == "+2.00 s (+25 %)"
    assert (facts.steps[0].before, facts.steps[0].change) == ("1.6 s", "+0.40 s (+25 %)")
    assert facts.steps[2].change == ""


def test_the_same_step_twice_is_compared_with_its_own_like() -> None:
    now = executions.state()
    twice = replace(now, steps=(now.steps[0], replace(now.steps[0], step_id=now.steps[1].step_id)))
    first, second = (
        replace(step, attempts=(executions.attempt(1, "completed", 0, seconds),))
        for step, seconds in zip(twice.steps, (1, 4), strict=True)
    )
    facts = gather(Material(twice, earlier=replace(twice, steps=(first, second))))
    assert [step.before for step in facts.steps] == ["1.0 s", "4.0 s"]


def test_a_step_on_a_device_of_another_name_is_compared_all_the_same() -> None:
    before = executions.earlier()
    moved = replace(before, steps=tuple(replace(step, device_id="emulator-7000") for step in before.steps))
    facts = gather(Material(executions.state(), earlier=moved))
    assert facts.steps[0].before == "1.6 s"


def test_each_failure_comes_with_the_log_around_it() -> None:
    facts = gather(executions.material())
    assert [(f.step, f.attempt, f.final) for f in facts.failures] == [
        (2, 1, False),
        (3, 1, False),
        (3, 2, True),
    ]
    last = facts.failures[-1]
    assert [line.text for line in last.log] == [f"line {n}" for n in range(32, 41 + LINES_AFTER)]
    assert last.picture


def test_a_screenshot_that_is_gone_or_damaged_is_left_out() -> None:
    whole = executions.material()
    damaged = Material(whole.state, screenshot={"/1.png": b"no picture"}.get)
    facts = gather(damaged)
    assert facts.pictures == ()
    assert all(attempt.picture == "" for step in facts.steps for attempt in step.attempts)


def test_an_execution_that_has_not_begun() -> None:
    state = executions.state()
    fresh = replace(
        state,
        status="pending",
        started_at=None,
        duration_seconds=None,
        errors=(),
        steps=tuple(replace(step, status="pending", attempts=()) for step in state.steps),
    )
    facts = gather(Material(fresh))
    assert (facts.verdict, facts.timeline, facts.failures) == ("Not begun", "", ())
