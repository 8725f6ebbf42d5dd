"""How a run is steered: paused, its device used from a cell, a step run again, let go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, cast

from .devices import DeviceSession
from .engine import Execution, ExecutionEnded, Failure, Paused, PlannedStep


class HasStep(Protocol):
    """A step, or what tells of one: of `Run.state`, a `Failure`, a `Paused`."""

    @property
    def step_id(self) -> str | None:
        """The step's UUID."""


Again = Callable[[PlannedStep, str, str], "Steering"]
"""Starts a run of one step on a device, which continues an execution that has ended."""


class Steering:
    """What a run has to be steered by.

    Parameters
    ----------
    execution
        What is steered.
    again
        Starts a run of a step whose execution has ended.
    """

    def __init__(self, execution: Execution, again: Again) -> None:
        self._execution = execution
        self._again = again

    def pause(self, device_id: str | None = None) -> None:
        """Have no further step begin, on one device or on all; the running ones go on to their end.

        A run that has not begun waits before its first step.

        Raises
        ------
        ExecutionEnded
            When the execution has ended.
        ValueError
            When the device is none of the run's.
        """
        self._execution.pause(device_id)

    def resume(self, device_id: str | None = None) -> None:
        """Go on, on one device or on all; a failure that it is paused on stands. Raises as `pause` does."""
        self._execution.resume(device_id)

    def step(self, device_id: str | None = None) -> None:
        """Run one step and pause again, on one device or on all. Raises as `pause` does.

        A device that is at a step pauses when that has ended.
        """
        self._execution.step(device_id)

    def retry(self, step: str | HasStep | None = None) -> Self:
        """Run a step again, as its module is now defined; returns at once.

        In a notebook, edit the cell that defines the module, run it, and call this. The step keeps what it is
        bound to. It is its device's next, also while that is paused, and its outcome is that of the last
        attempt; a pause on its failure ends when it passes. An execution that has ended is final: then the
        step runs in a new one, which names the execution that it continues.

        Parameters
        ----------
        step
            A step of `state`, or its `step_id`; a module's name where it is in the plan once. When absent,
            the step that the run is paused on.

        Returns
        -------
        Self
            The run that the new attempt is part of: this one, or a new one.

        Raises
        ------
        ValueError
            When there is no such step, or several.
        RuntimeError
            When it has not ended yet, or is to run again already.
        TypeError
            When the module's new definition does not take the parameters.
        NoDevice
            When the step's device is away, or at work for another run.
        """
        step_id = self._step_id(step)
        try:
            self._execution.retry(step_id)
        except ExecutionEnded:
            known = next(known for known in self._execution.snapshot().steps if known.step_id == step_id)
            planned = self._execution.planned(step_id).renewed()
            return cast("Self", self._again(planned, known.device_id, self._execution.execution_id))
        return self

    @property
    def paused(self) -> tuple[Paused, ...]:
        """The devices that wait to be let go, each with its `device` for use meanwhile; empty when none."""
        return self._execution.paused

    @property
    def failure(self) -> Failure | None:
        """The failure that the run is paused on: its step, error, traceback, params, locals and device."""
        return next((paused.failure for paused in self.paused if paused.failure is not None), None)

    @property
    def device(self) -> DeviceSession:
        """The device that is paused, to be used from a cell until the run goes on.

        Raises
        ------
        RuntimeError
            When no device is paused, or several: then `paused` has them.
        """
        paused = self.paused
        if len(paused) == 1:
            return paused[0].device
        if not paused:
            raise RuntimeError("no device is paused: pause() the run, or let it pause_on_failure")
        names = ", ".join(pause.device_id for pause in paused)
        raise RuntimeError(f"{names} are paused: take one, as run.paused[0].device")

    @property
    def pause_on_failure(self) -> bool:
        """Whether a device waits after a step that failed for good; the plan's word at first."""
        return self._execution.pause_on_failure

    @pause_on_failure.setter
    def pause_on_failure(self, wanted: bool) -> None:
        self._execution.pause_on_failure = wanted

    def _step_id(self, step: str | HasStep | None) -> str:
        if step is None:
            step = self.failure
            if step is None:
                raise ValueError("the run is not paused on a failure: name the step that is to run again")
        if not isinstance(step, str):
            if not hasattr(step, "step_id"):
                raise TypeError(f"a step is one of run.state.steps, or a module's name, not {step!r}")
            if step.step_id is None:
                raise ValueError(f"no step follows here: {step}")
            return step.step_id
        steps = self._execution.snapshot().steps
        found = [known for known in steps if step in (known.step_id, known.module_id)]
        if len(found) == 1:
            return found[0].step_id
        if found:
            raise ValueError(f"{step} is in the plan {len(found)} times: give one of run.state.steps")
        names = ", ".join(dict.fromkeys(known.module_id for known in steps))
        raise ValueError(f"there is no step {step!r}: there are {names}")
