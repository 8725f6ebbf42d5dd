"""Live messages: who gets what, and in which shape."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from execmon_lab.engine.watchdog import HEARTBEAT_SECONDS
from execmon_lab.hub import Hub
from execmon_lab.protocol import encode, limits
from execmon_lab.server import Server
from execmon_lab.shaping import Shaper
from tests.fields import FIELDS
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Consumer, Devices

Join = Callable[..., Consumer]


def play(hub: Hub, execution: str) -> list[str]:
    """Publish a message of every type, the end last; return the specification's types in their order."""
    for message in (
        m.started(execution),
        m.progress(execution),
        m.log_entry(execution),
        m.completed(execution),
        m.failed(execution),
        m.error(execution),
        m.ended(execution),
    ):
        hub.publish(message)
    return [
        "execution_progress",
        "log_entry",
        "step_completed",
        "step_failed",
        "error",
        "execution_completed",
    ]


def test_the_first_message_is_the_execution_state(server: Server, join: Join, execution: str) -> None:
    state = join(server).get()
    assert state["type"] == "execution_state"
    assert state["execution_id"] == execution
    assert state["status"] == "pending"
    assert state["acknowledgement"] == "transport"
    assert state["session_id"]
    assert [device["device_id"] for device in state["devices"]] == [m.DEVICE]


def test_several_clients_get_every_message_in_order_and_with_exactly_the_specified_fields(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    consumers = [join(server) for _ in range(5)]
    for consumer in consumers:
        consumer.get()
    expected = play(hub, execution)
    for consumer in consumers:
        received = consumer.rest()
        assert [message["type"] for message in received] == expected
        for message in received:
            assert set(message) - {"type"} == FIELDS[message["type"]]


def test_detail_full_adds_messages_and_fields(server: Server, join: Join, hub: Hub, execution: str) -> None:
    consumer = join(server, "?detail=full")
    consumer.get()
    play(hub, execution)
    received = {message["type"]: message for message in consumer.rest()}
    assert received["step_started"]["attempt"] == 1
    assert received["step_failed"]["duration_seconds"] == 30.0
    assert received["log_entry"]["step_id"]


def test_the_end_is_acknowledged_and_then_closed_with_1000(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    consumer = join(server)
    consumer.get()
    hub.publish(m.ended(execution))
    assert consumer.until("execution_completed")["status"] == "completed"
    with pytest.raises(ConnectionClosed) as closed:
        consumer.get()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_a_client_that_comes_later_gets_the_state_as_it_is_then(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    first = join(server)
    first.get()
    done = m.completed(execution)
    hub.publish(done)
    first.until("step_completed")
    state = join(server).get()
    assert [(step["step_id"], step["status"]) for step in state["steps"]] == [(done.step_id, "completed")]


def test_no_message_is_missing_or_twice_between_the_state_and_what_follows(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    """Clients connect while steps are published; each step is in the state or comes later, never both."""
    import threading

    steps = [m.completed(execution) for _ in range(300)]
    publisher = threading.Thread(target=lambda: [hub.publish(step) for step in steps])
    publisher.start()
    consumers = [join(server) for _ in range(8)]
    # The state before the end: a consumer that is served after it gets no state.
    states = [consumer.get() for consumer in consumers]
    publisher.join()
    hub.publish(m.ended(execution))
    for consumer, state in zip(consumers, states, strict=True):
        known = [step["step_id"] for step in state["steps"]]
        live = [message["step_id"] for message in consumer.rest() if message["type"] == "step_completed"]
        assert known + live == [step.step_id for step in steps]


def test_a_burst_comes_in_order_and_each_consumer_gets_only_what_it_asked_for(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    plain, full = join(server), join(server, "?detail=full")
    plain.get(), full.get()
    run = []
    for number in range(120):
        run.append(m.log_entry(execution, "x" * (number * number % 4000), device=f"device-{number % 7}"))
        if number % 5 == 0:
            run.append(m.started(execution))
        if number % 50 == 49:
            run.append(m.completed(execution))
    run.append(m.ended(execution))
    for message in run:
        hub.publish(message)
    everything = [json.loads(encode(message, "full")) for message in run]
    exact = [json.loads(encode(message, "plain")) for message in run if not message.ADDITIVE]
    assert full.rest() == everything
    assert plain.rest() == exact


def test_other_executions_are_not_heard(server: Server, join: Join, hub: Hub, execution: str) -> None:
    from execmon_lab.state import planned

    other = "550e8400-e29b-41d4-a716-446655440000"
    hub.publish(planned(other))
    consumer = join(server)
    consumer.get()
    hub.publish(m.completed(other))
    hub.publish(m.error(execution))
    assert consumer.get()["type"] == "error"


class TestDevices:
    def test_subscribing_answers_with_the_present_status(self, server: Server, join: Join) -> None:
        consumer = join(server)
        consumer.get()
        consumer.say(type="subscribe_device", device_id=m.DEVICE)
        status = consumer.get()
        assert (status["type"], status["device_id"], status["status"]) == (
            "device_status",
            m.DEVICE,
            "available",
        )
        assert set(status) - {"type"} == FIELDS["device_status"]

    def test_changes_reach_only_those_who_subscribed(
        self, server: Server, join: Join, hub: Hub, execution: str
    ) -> None:
        asked, silent = join(server), join(server)
        asked.say(type="subscribe_device", device_id=m.DEVICE)
        asked.until("device_status")
        hub.publish(m.device_status("busy"))
        assert asked.get()["status"] == "busy"
        hub.publish(m.ended(execution))
        assert "device_status" not in {message["type"] for message in silent.rest()}

    def test_subscribing_twice_and_unsubscribing_what_is_not_there_change_nothing(
        self, server: Server, join: Join, hub: Hub, execution: str
    ) -> None:
        consumer = join(server)
        consumer.get()
        consumer.say(type="unsubscribe_device", device_id=m.DEVICE)
        consumer.say(type="stop_preview", device_id=m.DEVICE)
        consumer.say(type="subscribe_device", device_id=m.DEVICE)
        consumer.say(type="subscribe_device", device_id=m.DEVICE)
        consumer.say(type="unsubscribe_device", device_id="nobody")
        consumer.say(type="subscribe_device", device_id="nobody")
        assert consumer.get()["type"] == "device_status"
        assert consumer.get()["code"] == "UNKNOWN_DEVICE"

    def test_after_unsubscribing_nothing_comes(
        self, server: Server, join: Join, hub: Hub, execution: str
    ) -> None:
        consumer = join(server)
        consumer.say(type="subscribe_device", device_id=m.DEVICE)
        consumer.until("device_status")
        consumer.say(type="unsubscribe_device", device_id=m.DEVICE)
        consumer.say(type="subscribe_device", device_id="nobody")
        consumer.until("error")
        hub.publish(m.device_status("offline"))
        hub.publish(m.ended(execution))
        assert [message["type"] for message in consumer.rest()] == ["execution_completed"]

    def test_an_unknown_device_is_told(self, server: Server, join: Join, devices: Devices) -> None:
        consumer = join(server)
        for kind in ("subscribe_device", "start_preview"):
            consumer.say(type=kind, device_id="nobody")
            error = consumer.until("error")
            assert (error["code"], error["device_id"]) == ("UNKNOWN_DEVICE", "nobody")
            assert set(error) - {"type"} == FIELDS["error"]


class TestLastProgress:
    def test_the_last_progress_comes_before_the_end(
        self, server: Server, join: Join, hub: Hub, execution: str
    ) -> None:
        consumer = join(server)
        consumer.get()
        for percentage in (1, 50, 100):
            hub.publish(m.progress(execution, percentage))
        hub.publish(m.ended(execution))
        received: list[dict[str, Any]] = consumer.rest()
        assert received[-1]["type"] == "execution_completed"
        assert received[-2]["progress_percentage"] == 100


def test_no_compression_is_agreed_to(server: Server, join: Join) -> None:
    consumer = join(server, compression="deflate")
    assert consumer.socket.protocol.extensions == []
    json.loads(consumer.socket.recv(timeout=DEADLINE))


def test_the_state_is_enough_to_draw_the_present_picture(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    failed, done = m.failed(execution), m.completed(execution)
    for message in (m.progress(execution, 40), failed, done, m.error(execution), m.device_status("busy")):
        hub.publish(message)
    state = join(server).get()
    assert {
        "type",
        "execution_id",
        "status",
        "progress_percentage",
        "current_step",
        "devices",
        "steps",
        "started_at",
        "session_id",
        "acknowledgement",
        "timestamp",
    } <= set(state)
    assert (state["status"], state["progress_percentage"]) == ("running", 40)
    assert state["current_step"] == "sms_test_module"
    assert [(device["device_id"], device["status"]) for device in state["devices"]] == [(m.DEVICE, "busy")]
    outcomes = {step["step_id"]: [a["status"] for a in step["attempts"]] for step in state["steps"]}
    assert outcomes == {failed.step_id: ["failed"], done.step_id: ["completed"]}
    assert [error["code"] for error in state["errors"]] == ["DEVICE_DISCONNECTED"]


def test_a_step_waits_for_no_limit_of_other_messages(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    """More logs and progress than may go out in a second; nothing is published after the steps."""
    consumer = join(server)
    consumer.get()
    for number in range(150):
        hub.publish(m.log_entry(execution, str(number)))
        hub.publish(m.progress(execution, number * 100 // 150))
    hub.publish(m.completed(execution))
    hub.publish(m.failed(execution))
    logs = 0
    while (message := consumer.get())["type"] != "step_completed":
        logs += message["type"] == "log_entry"
    assert logs == 99  # the hundredth place of the second is kept for a notice
    assert consumer.get()["type"] == "step_failed"


def test_every_change_of_a_device_is_told(server: Server, join: Join, hub: Hub, execution: str) -> None:
    consumer = join(server)
    consumer.say(type="subscribe_device", device_id=m.DEVICE)
    consumer.until("device_status")
    changes = ["busy", "available", "offline", "unauthorized"] * 50
    for status in changes:
        hub.publish(m.device_status(status))
    assert [consumer.get()["status"] for _ in changes] == changes


@given(st.lists(st.floats(0, 0.4), min_size=20, max_size=60))
def test_a_running_execution_is_never_silent_for_long(late: list[float]) -> None:
    """The engine tells progress at each heartbeat; late by some of it, and shaped, it still comes in time."""
    shaper = Shaper()
    told = [
        now
        for beat, delay in enumerate(late)
        for now in [beat * HEARTBEAT_SECONDS + delay]
        for _ in shaper.shape(m.progress(""), now)
    ]
    assert all(later - earlier <= limits.PROGRESS_SILENCE_SECONDS for earlier, later in pairwise(told))
