"""Runs that wait for their devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import execmon_lab as em
from execmon_lab.runqueue import QueueFull, RunQueue

DEADLINE = 60.0
Eventually = Callable[..., bool]


@em.module(timeout=60)
def endless_module(ctx: em.Context) -> None:
    ctx.sleep(600)


@em.module(timeout=20)
def quick_module(ctx: em.Context) -> None:
    ctx.log.info("quick")


ENDLESS, QUICK = em.Plan([endless_module]), em.Plan([quick_module])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[em.Lab]:
    with em.Lab(history=tmp_path_factory.mktemp("history")) as lab:
        yield lab


def test_each_begins_when_the_device_is_free(lab: em.Lab, no_leaks: None) -> None:
    first, *others = [lab.enqueue(plan) for plan in (ENDLESS, QUICK, QUICK)]
    with pytest.raises(TimeoutError):
        others[0].wait(0.6)
    assert [run.state.status for run in (first, *others)] == ["running", "pending", "pending"]
    first.cancel()
    assert [run.wait(DEADLINE).status for run in others] == ["completed", "completed"]


def test_it_waits_for_a_device_that_another_run_took(lab: em.Lab) -> None:
    direct = lab.start(ENDLESS)
    waiting = lab.enqueue(QUICK)
    with pytest.raises(TimeoutError):
        waiting.wait(0.6)
    direct.cancel()
    assert waiting.wait(DEADLINE).status == "completed"


def test_one_that_is_cancelled_holds_up_nobody(lab: em.Lab) -> None:
    first, cancelled, last = [lab.enqueue(plan) for plan in (ENDLESS, QUICK, QUICK)]
    cancelled.cancel()
    first.cancel()
    assert last.wait(DEADLINE).status == "completed"
    assert cancelled.state.status == "cancelled"
    assert cancelled.state.steps[0].attempts == ()


def test_its_length_is_bounded(lab: em.Lab, eventually: Eventually) -> None:
    blocker = lab.start(ENDLESS)
    queue = RunQueue(most=2)
    runs = [lab.prepare(QUICK) for _ in range(3)]
    queue.put(runs[0])
    queue.put(runs[1])
    with pytest.raises(QueueFull, match="2 runs wait"):
        queue.put(runs[2])
    blocker.cancel()
    assert eventually(lambda: len(queue) == 0)
    queue.put(runs[2])
    assert [run.wait(DEADLINE).status for run in runs] == ["completed"] * 3
    queue.close()
    with pytest.raises(QueueFull):
        queue.check()


def test_closing_the_lab_begins_no_more(tmp_path: Path, no_leaks: None) -> None:
    with em.Lab(history=tmp_path) as lab:
        runs = [lab.enqueue(plan) for plan in (ENDLESS, QUICK, QUICK)]
    assert [run.state.status for run in runs] == ["cancelled"] * 3
    assert runs[1].state.steps[0].attempts == ()
    with pytest.raises(em.LabClosed):
        lab.prepare(QUICK)


def test_runs_of_clients_are_forgotten_when_there_are_many(
    lab: em.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("execmon_lab.lab.KEPT_RUNS", 2)
    started = []
    for _ in range(4):
        started.append(lab._serve(lambda: QUICK))
        lab.runs[-1].wait(DEADLINE)
    known = {execution.execution_id for execution in lab.hub.executions()}
    assert [execution in known for execution in started] == [False, False, True, True]
    assert {run.execution_id for run in lab.runs} & set(started) == set(started[2:])
