"""Orders of pages: each is carried out and answered, and why one was not is told in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from execmon_lab.devices import NoDevice
from execmon_lab.engine import ExecutionEnded
from execmon_lab.widgets.commands import Steer, read
from execmon_lab.widgets.orders import Orders, Pause, PauseOnFailure, Resume, Retry, Step
from execmon_lab.widgets.parcel import Parcel
from tests.steered import FakeRun


def take(run: FakeRun, order: Any) -> str | None:
    """Give an order, and return what the page was answered."""
    answers: list[Parcel] = []
    Orders(run, answers.append).take("p", 3, order)
    (answer,) = answers
    refused: str | None = answer.content.pop("refused")
    assert answer.content == {"kind": "steered", "page": "p", "id": 3}
    return refused


def test_each_order_is_carried_out_and_answered() -> None:
    run = FakeRun()
    orders = (Pause(), Pause(device_id="phone-1"), Resume(), Resume(device_id="phone-1"), Retry(step_id="s1"))
    for order in (*orders, Step(device_id="phone-1"), PauseOnFailure(on=True)):
        assert take(run, order) is None
    assert run.told == [
        ("pause", None),
        ("pause", "phone-1"),
        ("resume", None),
        ("resume", "phone-1"),
        ("retry", "s1"),
        ("step", "phone-1"),
    ]
    assert run.pause_on_failure is True


def test_what_runs_a_step_of_an_ended_run_again_is_handed_on_and_told() -> None:
    run, another, answers, continued = FakeRun(), FakeRun(), [], []
    run.continued = another
    Orders(run, answers.append, continued.append).take("p", 3, Retry(step_id="s1"))
    assert continued == [another]
    assert answers[0].content["continued"] is True


def test_what_cannot_be_switched_is_told() -> None:
    run = FakeRun()
    del run.pause_on_failure
    assert Orders(run, print).pause_on_failure is None
    assert take(run, PauseOnFailure(on=True)) == "this cannot be switched from here"


@pytest.mark.parametrize(
    "error",
    [
        ExecutionEnded("the execution has ended"),
        NoDevice("phone-1 is away"),
        TypeError("the new definition does not fit"),
        ValueError("this execution has no step s9"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(error: Exception) -> None:
    run = FakeRun()
    run.error = error
    assert take(run, Retry(step_id="s9")) == str(error)


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ({"do": "pause"}, Pause()),
        ({"do": "resume", "device_id": "phone-1"}, Resume(device_id="phone-1")),
        ({"do": "step", "device_id": "phone-1"}, Step(device_id="phone-1")),
        ({"do": "retry", "step_id": "s1"}, Retry(step_id="s1")),
        ({"do": "pause_on_failure", "on": True}, PauseOnFailure(on=True)),
    ],
)
def test_orders_are_read_as_pages_write_them(content: dict[str, Any], order: object) -> None:
    assert read({"kind": "steer", "page": "p", "id": 3, "order": content}) == Steer(
        page="p",
        id=3,
        order=order,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("content", [{}, {"do": "explode"}, {"do": "retry"}, {"do": "pause_on_failure"}])
def test_what_is_no_order_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read({"kind": "steer", "page": "p", "id": 3, "order": content})
