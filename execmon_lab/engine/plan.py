"""Plans: what runs, and on which of the devices."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

from msgspec import UNSET, structs

from ..devices.logcat import checked
from ..protocol import Step
from .module import Module

Distribution = Literal["each", "shared"]
"""``each``: every device runs the whole plan. ``shared``: each device takes the plan's next step."""


PARAMS_LENGTH = 200
"""Characters of a step's parameters that are told."""


@dataclass(frozen=True)
class PlannedStep:
    """A module that is to run once.

    Attributes
    ----------
    device_id
        On which device; empty while any of them may take it.
    """

    module: Module
    device_id: str
    step_id: str

    @property
    def step(self) -> Step:
        """The step as messages tell it, before anything of it has run."""
        return Step(
            step_id=self.step_id,
            device_id=self.device_id,
            module_id=self.module.module_id,
            status="pending",
            params=_in_words(self.module.params) or UNSET,
        )

    def expected(self, seconds: Mapping[tuple[str, str | None], float]) -> Step:
        """Return `step` with what it took in earlier runs.

        That is known by module and parameters in words, or by the module alone (None for the parameters).
        """
        step = self.step
        params = step.params if isinstance(step.params, str) else ""
        known = seconds.get((step.module_id, params), seconds.get((step.module_id, None)))
        return step if known is None else structs.replace(step, expected_seconds=round(known, 3))

    def renewed(self) -> PlannedStep:
        """Return the step with its module as it is now defined; raises as `Module.newest` does."""
        return replace(self, module=self.module.newest())


class Pending(NamedTuple):
    """A step that is to run: which attempt of it is next, and how many more it gets if that one fails.

    Attributes
    ----------
    by_hand
        Whether a user asked for it to run again.
    """

    planned: PlannedStep
    attempt: int
    retries: int
    by_hand: bool = False

    @classmethod
    def first(cls, planned: PlannedStep) -> Pending:
        """Make the first attempt of a step."""
        return cls(planned, 1, planned.module.retries)

    def again(self) -> Pending:
        """Make the attempt after this one."""
        return self._replace(attempt=self.attempt + 1, retries=self.retries - 1)


class Plan:
    """Modules in the order in which they run.

    Parameters
    ----------
    modules
        Made by the `module` decorator, their parameters bound by `Module.with_args`.
    name
        What to call the plan in lists and reports.
    distribution
        What several devices do: ``"each"`` runs the whole plan, or the plan is ``"shared"`` out.
    screenshots
        Keep a screenshot of every attempt.
    stop_on_failure
        Begin no further step once one has failed for good; the execution's status is then ``failed``.
    pause_on_failure
        Wait after a step that has failed for good, with the device left as it is, until the run is told to go
        on (`Run.resume`), to run the step again (`Run.retry`) or to end (`Run.cancel`). It counts where
        somebody can answer: plans that a terminal or a server's client starts go on.
    logcat
        Which lines of the devices' own logs go beside the run's, as logcat's command line has it: warnings
        and errors unless told otherwise, ``"MyApp:D *:W"`` for more, None for none. It costs a connection to
        each device, and what is read of it.

    Raises
    ------
    TypeError, ValueError
        Naming the item that is wrong.
    """

    def __init__(
        self,
        modules: Iterable[Module],
        *,
        name: str | None = None,
        distribution: Distribution = "each",
        screenshots: bool = True,
        stop_on_failure: bool = False,
        pause_on_failure: bool = False,
        logcat: str | None = "*:W",
    ) -> None:
        self.modules = _modules(modules)
        self.name = name
        if distribution not in get_args(Distribution):
            raise ValueError(f"distribution is 'each' or 'shared', not {distribution!r}")
        self.distribution: Distribution = distribution
        self.screenshots = screenshots
        self.stop_on_failure = stop_on_failure
        self.pause_on_failure = pause_on_failure
        self.logcat = checked(logcat) if logcat is not None else None

    def __len__(self) -> int:
        return len(self.modules)

    def __repr__(self) -> str:
        return f"<Plan {self.name or '(unnamed)'}: {len(self)} modules, {self.distribution}>"

    def steps_for(self, serials: Sequence[str]) -> tuple[PlannedStep, ...]:
        """Return the steps that these devices are to run, each with a fresh `step_id`.

        Raises
        ------
        ValueError
            When there is no device, or one is named twice.
        """
        if not serials:
            raise ValueError("a plan needs at least one device")
        if len(set(serials)) != len(serials):
            raise ValueError(f"a device is named twice: {', '.join(serials)}")
        if self.distribution == "each":
            return tuple(_planned(module, serial) for serial in serials for module in self.modules)
        taker = serials[0] if len(serials) == 1 else ""
        return tuple(_planned(module, taker) for module in self.modules)


def _in_words(params: Mapping[str, Any]) -> str:
    words = ", ".join(f"{name}={value}" for name, value in params.items())
    return words if len(words) <= PARAMS_LENGTH else words[: PARAMS_LENGTH - 1] + "…"


def _planned(module: Module, serial: str) -> PlannedStep:
    return PlannedStep(module, serial, str(uuid.uuid4()))


def _modules(modules: Iterable[Module]) -> tuple[Module, ...]:
    if isinstance(modules, Module):
        raise TypeError("a plan takes a list of modules: Plan([…])")
    items = tuple(modules)
    if not items:
        raise ValueError("the plan is empty: give it at least one module")
    for number, item in enumerate(items, start=1):
        if not isinstance(item, Module):
            advice = "; put @module above it" if callable(item) else ""
            what = f"the function {getattr(item, '__name__', item)!s}" if callable(item) else repr(item)
            raise TypeError(f"item {number} of the plan is {what}, not a module{advice}")
        try:
            item.check()
        except TypeError as error:
            raise TypeError(f"item {number} of the plan, {error}") from None
    return items
