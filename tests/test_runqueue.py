"""Runs that wait for their devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import execmon_lab as em
from execmon_lab.devices import NoDevice
from execmon_lab.runqueue import QueueFull, RunQueue, begin

DEADLINE = 60.0
Eventually = Callable[..., bool]


@em.module(timeout=60)
def endless_module(ctx: em.Context) -> None:
    ctx.sleep(600)


@em.module(timeout=20)
def quick_module(ctx: em.Context) -> None:
    ctx.log.info("quick")


ENDLESS, QUICK = em.Plan([endless_module]), em.Plan([quick_module])


@dataclass(eq=False)
class Job:
    """A run as the queue sees it, on devices that are free or not."""

    number: int
    serials: tuple[str, ...]
    busy: set[str]
    begun: list[Job]
    done: bool = False

    def start(self) -> None:
        if not self.busy.isdisjoint(self.serials):
            raise NoDevice("busy")
        self.busy.update(self.serials)
        self.begun.append(self)


@dataclass
class Floor:
    """Devices, what runs on them, and who waits."""

    busy: set[str] = field(default_factory=set)
    begun: list[Job] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)

    def add(self, number: int, serials: set[str]) -> None:
        self.waiting.append(Job(number, tuple(sorted(serials)), self.busy, self.begun))

    def turn(self) -> None:
        self.waiting = list(begin(self.waiting))

    def finish(self, serial: str) -> None:
        for job in self.begun:
            if serial in job.serials and not job.done:
                job.done = True
                self.busy.difference_update(job.serials)


devices = st.sampled_from(["a", "b", "c", "d"])
#: Runs that come (the devices each wants) and runs that end (one of whose devices is named).
events = st.lists(st.frozensets(devices, min_size=1) | devices, max_size=40)


def played(happenings: list[frozenset[str] | str]) -> Iterator[Floor]:
    """Let things happen, and the queue look after each of them; in the end everything ends."""
    floor = Floor()
    for number, happening in enumerate(happenings):
        if isinstance(happening, str):
            floor.finish(happening)
        else:
            floor.add(number, set(happening))
        floor.turn()
        yield floor
    while floor.busy:
        floor.finish(min(floor.busy))
        floor.turn()
        yield floor


@given(events)
def test_each_device_is_given_out_in_the_order_in_which_the_runs_came(
    happenings: list[frozenset[str] | str],
) -> None:
    *_, floor = [Floor(), *played(happenings)]
    assert floor.waiting == []
    for device in "abcd":
        order = [job.number for job in floor.begun if device in job.serials]
        assert order == sorted(order)


@given(events)
def test_none_waits_but_for_a_busy_device_or_one_that_an_earlier_one_wants(
    happenings: list[frozenset[str] | str],
) -> None:
    for floor in played(happenings):
        taken = set(floor.busy)
        for job in floor.waiting:
            assert not taken.isdisjoint(job.serials)
            taken.update(job.serials)


@given(events, st.data())
def test_one_that_is_cancelled_keeps_no_device(
    happenings: list[frozenset[str] | str], data: st.DataObject
) -> None:
    for floor in played(happenings):
        if floor.waiting:
            cancelled = data.draw(st.sampled_from(floor.waiting))
            cancelled.done = True
            floor.turn()
            assert cancelled not in floor.waiting


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


def test_one_on_a_free_device_overtakes_those_that_wait_for_another(tmp_path: Path, no_leaks: None) -> None:
    with em.Lab(phones=2, history=tmp_path) as lab:
        first, second = lab.serials
        blocker = lab.enqueue(ENDLESS, [first])
        both, overtaking = lab.enqueue(QUICK), lab.enqueue(QUICK, [second])
        with pytest.raises(TimeoutError):
            overtaking.wait(0.6)  # the second device is kept for the run that wants both
        both.cancel()
        assert overtaking.wait(DEADLINE).status == "completed"
        assert lab.enqueue(QUICK, [second]).wait(DEADLINE).status == "completed"
        assert blocker.state.status == "running"


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
