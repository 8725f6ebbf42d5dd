"""Steering over HTTP: what is asked reaches the execution, and why it was not done is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from execmon_lab.devices import NoDevice
from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.test_http import ask, problem
from tests.steered import FakeRun

Start = Callable[..., Server]


@pytest.fixture
def steered(execution: str) -> FakeRun:
    return FakeRun(execution)


@pytest.fixture
def steerable(start: Start, steered: FakeRun) -> Server:
    return start(steering=lambda execution_id: steered if execution_id == steered.execution_id else None)


def post(server: Server, execution: str, what: str) -> tuple[int, dict[str, object]]:
    response, content = ask(server, f"/api/v1/executions/{execution}/{what}", "POST")
    if response.status >= 400:
        return response.status, problem(response, content)
    return response.status, json.loads(content)


def test_what_is_asked_reaches_the_execution(steerable: Server, steered: FakeRun, execution: str) -> None:
    for what in ("pause", "resume?device_id=emulator-5554", "step", "steps/s1/retry"):
        assert post(steerable, execution.upper(), what) == (202, {"execution_id": execution})
    assert steered.told == [("pause", None), ("resume", "emulator-5554"), ("step", None), ("retry", "s1")]


def test_whether_it_pauses_on_a_failure_is_told_and_switched(
    steerable: Server, steered: FakeRun, execution: str
) -> None:
    def on() -> object:
        return json.loads(ask(steerable, f"/api/v1/executions/{execution}/pause_on_failure")[1])["on"]

    assert on() is False
    assert post(steerable, execution, "pause_on_failure?on=true")[0] == 202
    assert (on(), steered.pause_on_failure) == (True, True)
    assert post(steerable, execution, "pause_on_failure?on=false")[0] == 202
    assert (on(), steered.pause_on_failure) == (False, False)
    assert post(steerable, execution, "pause_on_failure?on=perhaps")[0] == 422
    assert post(steerable, "550e8400-e29b-41d4-a716-446655440999", "pause_on_failure?on=true")[0] == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("it has ended"), 409),
        (TypeError("the new definition does not fit the step"), 409),
        (NoDevice("emulator-5554 is away"), 409),
        (ValueError("this execution has no step s1"), 422),
    ],
)
def test_what_cannot_be_done_is_told(
    steerable: Server, steered: FakeRun, execution: str, error: Exception, status: int
) -> None:
    steered.error = error
    answered, said = post(steerable, execution, "steps/s1/retry")
    assert (answered, said["detail"]) == (status, str(error))


def test_another_execution_and_another_verb_are_not_found(steerable: Server, execution: str) -> None:
    assert post(steerable, "550e8400-e29b-41d4-a716-446655440999", "pause")[0] == 404
    assert post(steerable, execution, "explode")[0] == 404
    assert ask(steerable, f"/api/v1/executions/{execution}/pause")[0].status == 405


def test_a_server_that_was_given_no_way_to_steer_says_so(server: Server, execution: str) -> None:
    assert post(server, execution, "pause")[0] == 501


def test_the_token_that_guards_the_rest_guards_this(start: Start, steered: FakeRun, execution: str) -> None:
    server = start(steering=lambda _: steered, tokens={"ann": "s3cret"})
    assert post(server, execution, "pause")[0] == 401
    assert post(server, execution, "pause?token=s3cret")[0] == 202
    assert steered.told == [("pause", None)]


class TestWhatIsAllowed:
    def test_it_is_told_while_it_runs_and_after_the_end(
        self, start: Start, hub: Hub, steered: FakeRun, execution: str
    ) -> None:
        server = start(steering=lambda _: steered, cancel=lambda _: None)
        assert allowed(server, execution) == [
            *("cancel", "pause", "resume", "step", "retry", "pause_on_failure")
        ]
        hub.publish(m.ended(execution))
        assert allowed(server, execution) == ["retry"]

    def test_a_server_to_look_at_allows_nothing(self, server: Server, execution: str) -> None:
        assert allowed(server, execution) == []

    def test_of_an_execution_that_nobody_runs_any_more_nothing_is(self, start: Start, execution: str) -> None:
        server = start(steering=lambda _: None, cancel=lambda _: None)
        assert allowed(server, execution) == ["cancel"]
        assert allowed(server, "550e8400-e29b-41d4-a716-446655440999") == []


def allowed(server: Server, execution: str) -> list[str]:
    return list(json.loads(ask(server, f"/api/v1/executions/{execution}/steering")[1])["allowed"])


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:1", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_a_page_of_another_site_cannot_steer(
    steerable: Server, steered: FakeRun, execution: str, origin: str, kind: str
) -> None:
    """A browser tells the origin with every POST, whatever a form or a script makes of it."""
    headers = {"Origin": origin, "Content-Type": kind}
    for what in ("pause", "steps/s1/retry"):
        response, content = ask(steerable, f"/api/v1/executions/{execution}/{what}", "POST", b"{}", headers)
        assert "Origin" in problem(response, content)["detail"]
        assert response.status == 403
    assert steered.told == []


def test_a_page_of_this_server_can(steerable: Server, steered: FakeRun, execution: str) -> None:
    ask(steerable, f"/api/v1/executions/{execution}/pause", "POST", headers={"Origin": steerable.url})
    assert steered.told == [("pause", None)]
