"""The thread that sends for all widgets."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import pytest

from execmon_lab.widgets.pump import Pump


class Job:
    """Counts its flushes, and asks for more as it is told."""

    def __init__(self, again: Callable[[float], float | None] = lambda now: None) -> None:
        self.again = again
        self.flushed = threading.Semaphore(0)
        self.threads: set[threading.Thread] = set()

    def flush(self, now: float) -> float | None:
        self.threads.add(threading.current_thread())
        self.flushed.release()
        return self.again(now)

    def was_flushed(self, times: int = 1) -> bool:
        return all(self.flushed.acquire(timeout=20) for _ in range(times))


def test_a_job_is_flushed_when_it_comes_when_it_asks_and_when_it_is_woken() -> None:
    pump, asked = Pump(), Job(lambda now: now + 0.01)
    woken = Job()
    pump.add(asked)
    pump.add(woken)
    assert asked.was_flushed(5)
    assert woken.was_flushed()
    pump.wake(woken, time.monotonic() + 0.01)
    assert woken.was_flushed()
    pump.wake(woken)
    assert woken.was_flushed()
    assert len(asked.threads | woken.threads) == 1
    pump.remove(asked)
    pump.remove(woken)


@pytest.mark.usefixtures("no_leaks")
def test_the_thread_lives_only_while_there_are_jobs() -> None:
    pump = Pump()
    for _ in range(3):
        first, second = Job(), Job()
        pump.add(first)
        pump.add(second)
        assert second.was_flushed()
        pump.remove(first)
        pump.remove(first)
        pump.remove(second)


def test_a_job_let_go_is_not_flushed_again() -> None:
    pump, job, other = Pump(), Job(lambda now: now), Job()
    pump.add(job)
    pump.add(other)
    assert job.was_flushed(2)
    pump.remove(job)
    while job.flushed.acquire(blocking=False):
        pass
    pump.wake(job)
    pump.wake(other)
    assert other.was_flushed(2)
    assert not job.flushed.acquire(blocking=False)
    pump.remove(other)


def test_a_job_may_let_itself_go() -> None:
    pump = Pump()

    def leave(_: float) -> None:
        pump.remove(job)

    job = Job(leave)
    pump.add(job)
    assert job.was_flushed()
    pump.remove(job)


def test_a_job_that_fails_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: float) -> float:
        raise ZeroDivisionError

    pump, bad, good = Pump(), Job(fail), Job(lambda now: now + 0.01)
    pump.add(bad)
    pump.add(good)
    assert good.was_flushed(3)
    assert "could not send" in caplog.text
    pump.wake(bad)
    assert bad.was_flushed(2)
    pump.remove(bad)
    pump.remove(good)


def test_a_wake_never_puts_a_job_off() -> None:
    pump, job = Pump(), Job(lambda now: now + 0.02)
    pump.add(job)
    assert job.was_flushed()
    pump.wake(job, math.inf)
    assert job.was_flushed()
    pump.remove(job)
