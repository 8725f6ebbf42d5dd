"""Guaranteed delivery with acknowledgement (decisions, "Guaranteed delivery with acknowledgement")."""

import json
from collections import Counter
from collections.abc import Callable

from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.conftest import Consumer
from tests.server.raw import RawClient

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def guaranteed(messages: list[dict[str, object]]) -> list[object]:
    return [
        message["step_id"] for message in messages if message["type"] in ("step_completed", "step_failed")
    ]


def test_after_guaranteed_messages_comes_a_ping_that_numbers_them(
    server: Server, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        numbers = []
        for _ in range(3):
            hub.publish(m.completed(execution))
            client.until("step_completed")
            numbers.append(int.from_bytes(client.next_ping()))
        assert numbers == sorted(set(numbers))


def test_logs_and_progress_are_not_pinged_for(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        hub.publish(m.log_entry(execution))
        hub.publish(m.progress(execution))
        client.until("execution_progress")
        hub.publish(m.completed(execution))
        client.next_ping()
        assert not client.pings


def test_without_a_pong_the_connection_is_aborted(start: Start, hub: Hub, execution: str) -> None:
    server = start({"pong_seconds": 0.3})
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        hub.publish(m.completed(execution))
        assert guaranteed(client.rest())
        assert client.close_code is None


def test_a_client_that_answers_only_the_newest_ping_acknowledges_all(
    start: Start, hub: Hub, execution: str
) -> None:
    server = start()
    with RawClient(server.ws_url(execution)) as client:
        session = client.get()["session_id"]
        for _ in range(3):
            hub.publish(m.completed(execution))
            client.until("step_completed")
            newest = client.next_ping()
        client.pong(newest)
        client.say(type="subscribe_device", device_id=m.DEVICE)
        client.until("device_status")
    with RawClient(server.ws_url(execution) + f"?session={session}") as client:
        client.get()
        hub.publish(m.ended(execution))
        assert not guaranteed(client.rest_until("execution_completed"))


def test_a_pong_that_was_not_asked_for_acknowledges_nothing(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        session = client.get()["session_id"]
        for payload in (b"", b"99", b"-1", b"\xff", b"9" * 100, "²".encode()):
            client.pong(payload)
        hub.publish(m.completed(execution))
        step = client.until("step_completed")["step_id"]
        client.pong(b"99")
    with RawClient(server.ws_url(execution) + f"?session={session}") as client:
        client.get()
        assert client.get()["step_id"] == step


class TestApplicationAcknowledgement:
    def test_the_state_says_which_acknowledgement_is_awaited(self, server: Server, join: Join) -> None:
        assert join(server, "?ack=app").get()["acknowledgement"] == "application"

    def test_guaranteed_messages_carry_a_rising_number_and_others_none(
        self, server: Server, join: Join, hub: Hub, execution: str
    ) -> None:
        consumer = join(server, "?ack=app")
        consumer.get()
        for message in (
            m.log_entry(execution),
            m.completed(execution),
            m.failed(execution),
            m.error(execution),
            m.ended(execution),
        ):
            hub.publish(message)
        received = [consumer.get() for _ in range(5)]
        assert ["seq" in message for message in received] == [False, True, True, True, True]
        assert [message["seq"] for message in received[1:]] == [1, 2, 3, 4]
        consumer.say(type="ack", seq=4)
        assert consumer.rest() == []

    def test_pongs_do_not_acknowledge(self, server: Server, hub: Hub, execution: str) -> None:
        with RawClient(server.ws_url(execution) + "?ack=app", answers=True) as client:
            session = client.get()["session_id"]
            hub.publish(m.completed(execution))
            assert client.until("step_completed")["seq"] == 1
            client.next_ping()
            hub.publish(m.completed(execution))
            client.until("step_completed")
            client.say(type="ack", seq=1)
            client.say(type="subscribe_device", device_id=m.DEVICE)
            client.until("device_status")
        with RawClient(server.ws_url(execution) + f"?ack=app&session={session}") as client:
            client.get()
            assert client.get()["seq"] == 2

    def test_what_was_not_sent_cannot_be_acknowledged(self, server: Server, join: Join) -> None:
        consumer = join(server, "?ack=app")
        consumer.say(type="ack", seq=7)
        error = consumer.until("error")
        assert error["code"] == "INVALID_MESSAGE"
        assert "seq" in error["message"]

    def test_a_connection_that_did_not_ask_for_it_is_told(self, server: Server, join: Join) -> None:
        consumer = join(server)
        consumer.say(type="ack", seq=0)
        assert consumer.until("error")["code"] == "INVALID_MESSAGE"

    def test_an_end_that_is_never_acknowledged_is_closed_with_4413(
        self, start: Start, hub: Hub, execution: str
    ) -> None:
        server = start({"pong_seconds": 0.3})
        with RawClient(server.ws_url(execution) + "?ack=app", answers=True) as client:
            client.get()
            hub.publish(m.ended(execution))
            client.rest()
            assert client.close_code == 4413


class TestSlowConsumers:
    def test_guaranteed_messages_wait_in_order_behind_a_full_network(
        self, server: Server, hub: Hub, execution: str
    ) -> None:
        with RawClient(server.ws_url(execution), answers=True, receive_buffer=4096) as client:
            client.get()
            steps = [m.completed(execution, module_id="x" * 1500) for _ in range(400)]
            for step in steps:
                hub.publish(step)
                hub.publish(m.progress(execution, 50))
            hub.publish(m.ended(execution))
            received = client.rest()
            assert guaranteed(received) == [step.step_id for step in steps]
            assert received[-1]["type"] == "execution_completed"
            assert received[-2]["type"] == "execution_progress"
            assert client.close_code == 1000

    def test_too_many_that_wait_close_with_4413_and_stay_with_the_session(
        self, start: Start, hub: Hub, execution: str
    ) -> None:
        server = start({"queued_messages": 50, "unsent_bytes": 4096})
        steps = [m.completed(execution, module_id="x" * 20_000) for _ in range(400)]
        with RawClient(server.ws_url(execution), answers=True, receive_buffer=4096) as client:
            session = client.get()["session_id"]
            for step in steps:
                hub.publish(step)
            first = guaranteed(client.rest())
            assert client.close_code == 4413
        with RawClient(server.ws_url(execution) + f"?session={session}", answers=True) as client:
            again = client.get()
            assert again["type"] == "execution_state"
            hub.publish(m.ended(execution))
            second = guaranteed(client.rest())
        assert first
        assert len(second) >= 50
        assert set(first) | set(second) >= {step.step_id for step in steps[: len(first) + 50]}

    def test_a_dead_reader_delays_nobody_and_is_dropped(
        self, start: Start, join: Join, hub: Hub, execution: str
    ) -> None:
        server = start({"pong_seconds": 1.0, "unsent_bytes": 4096})
        with RawClient(server.ws_url(execution), receive_buffer=4096) as dead:
            alive = join(server)
            alive.get()
            for number in range(300):
                hub.publish(m.log_entry(execution, f"{number} " + "x" * 4000, device=f"device-{number}"))
            hub.publish(m.completed(execution))
            kinds = Counter(alive.get()["type"] for _ in range(301))
            assert kinds == {"log_entry": 300, "step_completed": 1}
            dead.rest()

    def test_shed_log_entries_are_counted_in_one_warning(
        self, start: Start, hub: Hub, execution: str
    ) -> None:
        server = start({"log_ring": 20, "unsent_bytes": 4096})
        with RawClient(server.ws_url(execution), answers=True, receive_buffer=4096) as client:
            client.get()
            for number in range(500):
                hub.publish(m.log_entry(execution, f"{number} " + "x" * 10_000, device=f"device-{number}"))
            hub.publish(m.ended(execution))
            logs = [message for message in client.rest() if message["type"] == "log_entry"]
        warnings = [entry for entry in logs if entry["level"] == "WARN"]
        shed = sum(int(str(entry["message"]).split()[0]) for entry in warnings)
        assert shed > 0
        assert shed + len(logs) - len(warnings) == 500
        assert json.dumps(logs[-1])  # the newest survived
        assert str(logs[-1]["message"]).startswith("499 ")


def test_one_who_acknowledges_each_message_by_itself_is_no_flood(
    start: Start, join: Join, hub: Hub, execution: str
) -> None:
    server = start({"messages_burst": 20, "messages_per_second": 1.0})
    consumer = join(server, "?ack=app")
    consumer.get()
    for number in range(1, 101):
        hub.publish(m.completed(execution))
        assert consumer.get()["seq"] == number
        consumer.say(type="ack", seq=number)
    hub.publish(m.ended(execution))
    assert consumer.get()["type"] == "execution_completed"


def test_a_late_acknowledgement_is_taken_by_the_next_connection(
    server: Server, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution) + "?ack=app", answers=True) as client:
        session = client.get()["session_id"]
        hub.publish(m.completed(execution))
        client.until("step_completed")
        client.say(type="ack", seq=1)
        client.say(type="subscribe_device", device_id=m.DEVICE)
        client.until("device_status")
    with RawClient(server.ws_url(execution) + f"?ack=app&session={session}", answers=True) as client:
        client.get()
        client.say(type="ack", seq=1)
        client.say(type="subscribe_device", device_id=m.DEVICE)
        assert client.get()["type"] == "device_status"
