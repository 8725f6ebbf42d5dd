"""Modules to steer, and what tests of steering look at."""

from __future__ import annotations

import threading

from execmon_lab.engine import module

DEADLINE = 60
"""Seconds within which everything must have happened; never the point of a test."""


@module
def passing(ctx):
    pass


@module
def failing(ctx, number=0):
    wanted = number + 1
    ctx.expect(number == wanted, "the number is the wanted one")


@module
def passing_at_last(ctx, attempts=2):
    ctx.expect(ctx.attempt >= attempts, "it is late enough")


class Held:
    """A module that waits to be let go, so that a test can act while it runs."""

    def __init__(self):
        self.go = threading.Event()
        self.begun = threading.Event()

        @module
        def held(ctx):
            self.begun.set()
            self.go.wait(DEADLINE)

        self.module = held


def step_of(execution, number):
    """Return a step's id."""
    return execution.snapshot().steps[number].step_id


def statuses(execution):
    """Return how each step stands."""
    return [step.status for step in execution.snapshot().steps]


def until_paused(execution):
    """Wait until the one device of an execution is paused."""
    execution.wait(DEADLINE, or_paused=True)
    (paused,) = execution.paused
    return paused
