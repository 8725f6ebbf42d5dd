"""A run in the user's hands: paused, its device used, its steps run again, on a virtual phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import execmon_lab as em
from execmon_lab.devices import NoDevice, SessionClosed

DEADLINE = 60.0


@em.module
def opening_settings(ctx: em.Context) -> None:
    ctx.device.start("android.settings.SETTINGS")
    ctx.device.wait_for("Network & internet")


@em.module
def looking_for_nothing(ctx: em.Context, text: str) -> None:
    ctx.device.find(text)


@em.module
def slow(ctx: em.Context) -> None:
    ctx.sleep(600)


PLAN = em.Plan([opening_settings, looking_for_nothing.with_args(text="Flux capacitor")], name="settings")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history")) as lab:
        yield lab


def paused_run(lab: em.Lab) -> em.Run:
    run = lab.prepare(PLAN)
    run.pause_on_failure = True
    run.start()
    run.wait(DEADLINE, or_paused=True)
    return run


def test_the_device_of_a_failure_can_be_used_from_a_cell(lab: em.Lab) -> None:
    run = paused_run(lab)

    failure = run.failure
    assert failure is not None
    assert failure.params == {"text": "Flux capacitor"}
    assert "no element with text='Flux capacitor'" in failure.message
    phone = run.device
    assert phone is failure.device
    assert "Network & internet" in phone.screen_text()
    phone.tap_on("Network & internet")
    assert phone.wait_for("Airplane mode")
    assert run.state.status == "running"

    run.resume()
    assert run.wait(DEADLINE).status == "completed"
    with pytest.raises(SessionClosed, match="the execution goes on"):
        phone.home()
    with pytest.raises(RuntimeError, match="no device is paused"):
        _ = run.device


def test_a_user_mends_what_the_step_looked_for_and_runs_it_again(
    lab: em.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paused_run(lab)

    @em.module
    def mended(ctx: em.Context, text: str) -> None:
        ctx.device.find("Display")

    monkeypatch.setitem(globals(), "looking_for_nothing", mended)
    assert run.retry() is run

    state = run.wait(DEADLINE)
    assert [step.status for step in state.steps] == ["completed", "completed"]
    assert [attempt.status for attempt in state.steps[1].attempts] == ["failed", "completed"]
    assert state.steps[1].module_id == "looking_for_nothing"


def test_a_step_of_an_ended_run_runs_again_in_a_run_that_continues_it(lab: em.Lab) -> None:
    run = lab.start(PLAN)
    state = run.wait(DEADLINE)

    again = run.retry("opening_settings")

    assert again is not run
    assert again.state.continues == run.execution_id
    assert again.state.name == "settings (again)"
    assert [step.status for step in again.wait(DEADLINE).steps] == ["completed"]
    assert run.state == state
    assert again in lab.runs
    assert not again.pause_on_failure
    run.pause_on_failure = True
    once_more = again.retry("opening_settings")
    assert once_more.wait(DEADLINE).name == "settings (again)"
    waiting = run.retry("opening_settings")
    assert waiting.pause_on_failure, "as the run does whose step it is"
    waiting.wait(DEADLINE)


def test_a_run_again_needs_the_device_to_be_free(lab: em.Lab) -> None:
    run = lab.start(PLAN)
    run.wait(DEADLINE)
    other = lab.start(em.Plan([slow]))
    runs = list(lab.runs)

    with pytest.raises(NoDevice, match="busy"):
        run.retry(run.state.steps[0])
    assert lab.runs == runs, "no execution is left that never begins"
    other.cancel()
    other.wait(DEADLINE)


def test_which_step_is_meant_must_be_clear(lab: em.Lab) -> None:
    run = lab.prepare(em.Plan([opening_settings, opening_settings]))

    with pytest.raises(ValueError, match="opening_settings is in the plan 2 times"):
        run.retry("opening_settings")
    with pytest.raises(ValueError, match="there is no step 'nonsense': there are opening_settings"):
        run.retry("nonsense")
    with pytest.raises(ValueError, match="not paused on a failure"):
        run.retry()
    run.cancel()


def test_a_run_that_a_client_starts_does_not_wait_for_anybody(tmp_path: Path) -> None:
    plan = em.Plan([looking_for_nothing.with_args(text="x")], pause_on_failure=True)
    with em.Lab(history=tmp_path, plans={"settings": plan}) as lab:
        execution_id = lab._serve(plan)
        run = next(run for run in lab.runs if run.execution_id == execution_id)
        assert run.wait(DEADLINE).status == "completed"


def test_closing_the_lab_ends_a_paused_run(tmp_path: Path, no_leaks: None) -> None:
    with em.Lab(history=tmp_path) as lab:
        run = paused_run(lab)
    assert run.state.status == "cancelled"
    assert run.done
