"""A connection cut at any moment, and its session resumed (decisions, "Guaranteed delivery …").

What the server had sent and was not acknowledged comes again; what was published while it knew of no
connection is told by the state alone. Together every guaranteed message of a run is there, exactly once.
"""

import itertools
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from execmon_lab.hub import Hub
from execmon_lab.protocol import Message
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.conftest import DEADLINE
from tests.server.raw import RawClient

GUARANTEED = ("step_completed", "step_failed", "error", "execution_completed")

Name = tuple[str, str]
"""What makes a guaranteed message that one: its type, and its step or text."""


def a_run(execution: str) -> list[Message]:
    """Guaranteed messages of every type, also side by side, with others between them."""
    return [
        m.progress(execution),
        m.log_entry(execution),
        m.completed(execution),
        m.failed(execution),
        m.log_entry(execution),
        replace(m.error(execution), message="first"),
        m.completed(execution),
        replace(m.error(execution), message="second"),
        m.failed(execution),
        m.completed(execution),
        m.ended(execution),
    ]


RUN = len(a_run(""))


def names(messages: Iterable[Message | dict[str, Any]]) -> list[Name]:
    """Name the guaranteed messages, in order."""
    found = []
    for message in messages:
        fields = message if isinstance(message, dict) else _fields(message)
        if fields["type"] in GUARANTEED:
            found.append((fields["type"], fields.get("step_id") or fields.get("message") or ""))
    return found


def _fields(message: Message) -> dict[str, Any]:
    return {
        "type": message.type_name(),
        **{name: getattr(message, name, None) for name in ("step_id", "message")},
    }


def told(state: dict[str, Any]) -> set[Name]:
    """Name the guaranteed messages that a state holds."""
    steps = ((step, attempt) for step in state["steps"] for attempt in step["attempts"])
    found = {(f"step_{attempt['status']}", step["step_id"]) for step, attempt in steps}
    found |= {("error", error["message"]) for error in state.get("errors", ())}
    return found | ({("execution_completed", "")} if state["status"] == "completed" else set())


def united(first: list[Name], second: list[Name]) -> list[Name]:
    """Leave out of the second what the first has; within one connection nothing may be twice."""
    for received in (first, second):
        assert len(set(received)) == len(received)
    repeated = [name for name in second if name in first]
    assert repeated == second[: len(repeated)]
    assert repeated == first[len(first) - len(repeated) :]
    return [*first, *second[len(repeated) :]]


class Follower:
    """A consumer that acknowledges in one of the ways that there are."""

    def __init__(self, server: Server, execution: str, way: str, session: str = "") -> None:
        asked = {"ack": "app"} if way == "by messages" else {}
        query = "&".join(f"{k}={v}" for k, v in ({"session": session} | asked).items() if v)
        self.raw = RawClient(server.ws_url(execution) + f"?{query}", answers=way == "by pongs")
        self._by_messages = way == "by messages"

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *error: object) -> None:
        self.raw.cut()

    def get(self) -> dict[str, Any]:
        message = self.raw.get()
        if self._by_messages and "seq" in message:
            self.raw.say(type="ack", seq=message["seq"])
        return message

    def unread(self) -> list[dict[str, Any]]:
        """What has arrived, and may be acknowledged by pongs, though nobody has asked for it yet."""
        return self.raw.messages

    def rest(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield self.get()
            except EOFError:
                return


@pytest.mark.parametrize("way", ["by pongs", "by messages", "not at all"])
@pytest.mark.parametrize("cut", range(RUN + 1))
def test_a_run_that_waits_for_the_return_is_received_whole_wherever_it_is_cut(
    server: Server, hub: Hub, execution: str, cut: int, way: str
) -> None:
    run = a_run(execution)
    with Follower(server, execution, way) as follower:
        session = follower.get()["session_id"]
        first = []
        for message in run[:cut]:
            hub.publish(message)
            first.append(follower.get())
    again = "by messages" if way == "by messages" else "by pongs"
    with Follower(server, execution, again, session) as follower:
        state = follower.get()
        for message in run[cut:]:
            hub.publish(message)
        second = list(follower.rest())
        if state["type"] == "error":
            # The very end had been acknowledged, and with it the session was over.
            assert (state["code"], cut) == ("EXECUTION_NOT_ACTIVE", RUN)
        else:
            assert (state["type"], state["session_id"]) == ("execution_state", session)
            assert follower.raw.close_code == 1000
    assert united(names(first), names(second)) == names(run)
    if way == "not at all":
        assert names(second) == names(run)


@pytest.mark.parametrize("cut", range(RUN + 1))
def test_what_was_sent_and_never_read_comes_again(server: Server, hub: Hub, execution: str, cut: int) -> None:
    run = a_run(execution)
    with Follower(server, execution, "by pongs") as witness, Follower(server, execution, "by pongs") as deaf:
        session = deaf.get()["session_id"]
        witness.get()
        for message in run[:cut]:
            hub.publish(message)
            witness.get()
    with Follower(server, execution, "by pongs", session) as follower:
        assert follower.get()["session_id"] == session
        for message in run[cut:]:
            hub.publish(message)
        assert names(follower.rest()) == names(run)


@pytest.mark.parametrize("way", ["by pongs", "by messages"])
@pytest.mark.parametrize("cut", range(0, 3 * (RUN - 2) + 1, 2))  # the progress of three parts may come as one
def test_of_a_run_that_goes_on_each_guaranteed_message_is_received_or_in_the_state(
    server: Server, hub: Hub, execution: str, cut: int, way: str
) -> None:
    """Nobody waits for the consumer: what happens while it is away, it learns from the state."""
    run = [*itertools.chain(*(_unlike(a_run(execution)[:-1], part) for part in "abc")), m.ended(execution)]
    pause = threading.Event()
    publisher = threading.Thread(target=lambda: [(hub.publish(one), pause.wait(0.0005)) for one in run])
    with Follower(server, execution, way) as follower:
        session = follower.get()["session_id"]
        publisher.start()
        first = list(itertools.islice(follower.rest(), cut)) + follower.unread()
    with Follower(server, execution, way, session) as follower:
        state = follower.get()
        if state["type"] == "error":
            # All of it had arrived before the cut, and with the last pong the session was over.
            assert state["code"] == "EXECUTION_NOT_ACTIVE"
            assert names(first) == names(run)
            return
        assert state["type"] == "execution_state"
        assert state["session_id"] == session
        second = list(follower.rest())
        assert follower.raw.close_code == 1000
    publisher.join(DEADLINE)
    received, expected = united(names(first), names(second)), names(run)
    missed = [name for name in expected if name not in received]
    assert set(missed) <= told(state)
    assert [name for name in expected if name not in missed] == received
    # One absence: what was missed lies between what came before it and what came after.
    assert not missed or missed == expected[expected.index(missed[0]) :][: len(missed)]


def _unlike(run: list[Message], part: str) -> list[Message]:
    """Tell the errors of one part of a run from those of another."""
    return [replace(x, message=f"{part} {x.message}") if x.type_name() == "error" else x for x in run]
