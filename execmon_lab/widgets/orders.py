"""What a page has the execution do, and what the page is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

from ..devices import DeviceError
from .parcel import Parcel


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=str.lower):
    """What all have in common."""


class Pause(Order, frozen=True, kw_only=True):
    """Begin no further step, on one device or on all."""

    device_id: str | None = None


class Resume(Order, frozen=True, kw_only=True):
    """Go on, on one device or on all."""

    device_id: str | None = None


class Step(Order, frozen=True, kw_only=True):
    """Run one step and pause again, on one device or on all."""

    device_id: str | None = None


class Retry(Order, frozen=True, kw_only=True):
    """Run a step again."""

    step_id: str


class PauseOnFailure(Order, frozen=True, kw_only=True, tag="pause_on_failure"):
    """Pause, or do not, where a step fails for good."""

    on: bool


AnyOrder = Pause | Resume | Step | Retry | PauseOnFailure


class Steerable(Protocol):
    """What carries orders out: a `Run`, here or elsewhere."""

    def pause(self, device_id: str | None = None, /) -> None:
        """Begin no further step, on one device or on all."""

    def resume(self, device_id: str | None = None, /) -> None:
        """Go on, on one device or on all."""

    def step(self, device_id: str | None = None, /) -> None:
        """Run one step and pause again, on one device or on all."""

    def retry(self, step: str, /) -> object:
        """Run a step again."""


@runtime_checkable
class Switchable(Protocol):
    """What can be told whether to pause on a failure: a `Run` of this process."""

    pause_on_failure: bool


class Orders:
    """Has orders carried out, and answers the page that gave them.

    Parameters
    ----------
    run
        What carries them out.
    answer
        Sends a parcel to the pages; from any thread.
    again
        Is given what runs a step again whose execution has ended.
    """

    def __init__(
        self,
        run: Steerable,
        answer: Callable[[Parcel], None],
        again: Callable[[object], None] = lambda _: None,
    ) -> None:
        self._run = run
        self._again = again
        self._switch = run if isinstance(run, Switchable) else None
        self._answer = answer

    @property
    def pause_on_failure(self) -> bool | None:
        """Whether the run pauses on a failure; None where that cannot be switched."""
        return self._switch.pause_on_failure if self._switch is not None else None

    def take(self, page: str, number: int, order: AnyOrder) -> None:
        """Carry an order out; the page is told None, or why it was not."""
        answer = {"kind": "steered", "page": page, "id": number, "refused": None}
        try:
            self._carry_out(order)
            if isinstance(order, Retry) and (started := self._run.retry(order.step_id)) is not self._run:
                self._again(started)
                answer["continued"] = True
        except (RuntimeError, ValueError, TypeError, DeviceError, OSError) as error:
            answer["refused"] = str(error)
        self._answer(Parcel(answer))

    def _carry_out(self, order: AnyOrder) -> None:
        match order:
            case Pause(device_id=device_id):
                self._run.pause(device_id)
            case Resume(device_id=device_id):
                self._run.resume(device_id)
            case Step(device_id=device_id):
                self._run.step(device_id)
            case PauseOnFailure(on=on):
                if self._switch is None:
                    raise RuntimeError("this cannot be switched from here")
                self._switch.pause_on_failure = on
