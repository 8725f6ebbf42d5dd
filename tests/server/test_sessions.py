"""Sessions: whose they are, how long they are kept (specification, "Reconnection Handling")."""

import uuid
from collections.abc import Callable

from execmon_lab.hub import Envelope, Hub
from execmon_lab.server import Server, Settings
from execmon_lab.server.parcel import Parcel
from execmon_lab.server.session import Sessions
from execmon_lab.state import planned
from tests.server import messages as m
from tests.server.conftest import Consumer, eventually
from tests.server.raw import RawClient
from tests.server.test_faults import count

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def guaranteed(messages: list[dict[str, object]]) -> list[str]:
    """What identifies each guaranteed message, in order."""
    kinds = ("step_completed", "step_failed", "error", "execution_completed")
    return [str(message.get("step_id", message["type"])) for message in messages if message["type"] in kinds]


def test_what_was_missed_in_between_is_in_the_state_and_not_replayed(
    server: Server, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution), answers=True) as client:
        session = client.get()["session_id"]
    eventually(lambda: count(server, "execmon_connections") == 0)
    missed = m.completed(execution)
    hub.publish(m.log_entry(execution, "missed"))
    hub.publish(missed)
    with RawClient(server.ws_url(execution) + f"?session={session}", answers=True) as client:
        state = client.get()
        assert [step["step_id"] for step in state["steps"]] == [missed.step_id]
        hub.publish(m.ended(execution))
        assert [message["type"] for message in client.rest()] == ["execution_completed"]


def test_without_the_session_nothing_is_replayed(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        first = client.get()["session_id"]
        hub.publish(m.completed(execution))
        client.until("step_completed")
    with RawClient(server.ws_url(execution), answers=True) as client:
        assert client.get()["session_id"] != first
        hub.publish(m.ended(execution))
        assert [message["type"] for message in client.rest()] == ["execution_completed"]


def test_a_session_is_served_after_the_execution_has_ended(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        session = client.get()["session_id"]
        step = m.completed(execution)
        hub.publish(step)
        client.until("step_completed")
    eventually(lambda: count(server, "execmon_connections") == 0)
    hub.publish(m.ended(execution))
    with RawClient(server.ws_url(execution) + f"?session={session}", answers=True) as client:
        assert client.get()["status"] == "completed"
        assert [message["step_id"] for message in client.rest()] == [step.step_id]
        assert client.close_code == 1000
    with RawClient(server.ws_url(execution)) as client:
        assert client.get()["code"] == "EXECUTION_NOT_ACTIVE"
        client.rest()
        assert client.close_code == 4409


def test_a_session_that_was_fully_served_is_over(server: Server, hub: Hub, execution: str) -> None:
    with RawClient(server.ws_url(execution), answers=True) as client:
        session = client.get()["session_id"]
        hub.publish(m.ended(execution))
        client.rest()
    with RawClient(server.ws_url(execution) + f"?session={session}") as client:
        assert client.get()["code"] == "EXECUTION_NOT_ACTIVE"


def test_the_return_takes_over_from_a_connection_that_is_not_known_to_be_gone(
    server: Server, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution)) as old:
        session = old.get()["session_id"]
        hub.publish(m.completed(execution))
        step = old.until("step_completed")["step_id"]
        with RawClient(server.ws_url(execution) + f"?session={session}", answers=True) as new:
            assert new.get()["session_id"] == session
            assert new.get()["step_id"] == step
            assert old.rest() == []
            hub.publish(m.ended(execution))
            assert guaranteed(new.rest()) == ["execution_completed"]


def test_another_token_cannot_resume_a_session(start: Start, join: Join, execution: str) -> None:
    server = start(tokens={"one": "first", "other": "second"})
    session = join(server, "?token=first").get()["session_id"]
    assert join(server, f"?token=second&session={session}").get()["session_id"] != session


def test_a_session_belongs_to_its_execution(server: Server, join: Join, hub: Hub, execution: str) -> None:
    other = str(uuid.uuid4())
    hub.publish(planned(other))
    session = join(server).get()["session_id"]
    assert join(server, f"?session={session}", execution_id=other).get()["session_id"] != session


def test_an_unknown_session_is_a_new_one(server: Server, join: Join) -> None:
    assert join(server, "?session=nonsense").get()["session_id"] not in ("nonsense", "")


class TestRegistry:
    def test_sessions_wait_for_five_minutes(self) -> None:
        sessions = Sessions(Settings())
        session = sessions.open("execution", "client")
        sessions.detach(session, now=0.0)
        sessions.expire(now=299.9)
        assert sessions.resume(session.id, "execution", "client", now=299.9) is session
        sessions.detach(session, now=300.0)
        assert sessions.resume(session.id, "execution", "client", now=600.1) is None
        sessions.expire(now=600.1)
        assert len(sessions) == 0

    def test_a_client_that_comes_and_goes_leaves_a_bounded_number(self) -> None:
        sessions = Sessions(Settings(sessions_per_client=3))
        kept = [sessions.open("execution", "client") for _ in range(5)]
        for session in kept:
            sessions.detach(session, now=0.0)
        assert len(sessions) == 3
        assert sessions.resume(kept[1].id, "execution", "client", now=1.0) is None
        assert sessions.resume(kept[4].id, "execution", "client", now=1.0) is kept[4]

    def test_more_unacknowledged_than_allowed_is_known(self, execution: str) -> None:
        session = Sessions(Settings()).open(execution, "client")
        few = Settings(unacknowledged_messages=2)
        parcel = Parcel(Envelope(m.completed(execution)))
        for _ in range(2):
            session.number(parcel)
        assert not session.exceeds(few)
        last = session.number(parcel)
        assert session.exceeds(few)
        session.acknowledge(last)
        assert not session.exceeds(few)
        assert not session.exceeds(Settings(unacknowledged_bytes=0))
