"""Connections that are lost: coming back, and giving up (specification, "Reconnection Handling")."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from execmon_lab import protocol as p
from execmon_lab.client import ConnectionLost, ExecutionError, client, connect, sync
from execmon_lab.client.backoff import delays
from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.client.relay import Relay
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Camera

Start = Callable[..., Server]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between attempts; how long is tested where delays are."""
    monkeypatch.setattr(client, "delays", lambda: delays(0.02, 0.1))


@pytest.mark.parametrize("acknowledge", [False, True], ids=["transport", "application"])
def test_each_guaranteed_message_comes_exactly_once_however_often_the_connection_is_cut(
    server: Server, hub: Hub, execution: str, acknowledge: bool
) -> None:
    steps = [m.completed(execution) for _ in range(12)]
    received: list[str] = []
    with (
        Relay(server.ws_url(execution)) as relay,
        sync.connect(relay.url, acknowledge=acknowledge) as follower,
    ):
        assert isinstance(follower.next(DEADLINE), p.ExecutionSnapshot)
        for number, step in enumerate(steps):
            hub.publish(step)
            received += _steps_until(follower, step.step_id)
            if number % 3 == 1:
                relay.cut()
                message = follower.next(DEADLINE)
                while not isinstance(message, p.ExecutionSnapshot):
                    received += [message.step_id] if isinstance(message, p.StepCompleted) else []
                    message = follower.next(DEADLINE)
        hub.publish(m.ended(execution))
        received += [message.step_id for message in follower if isinstance(message, p.StepCompleted)]
        assert relay.connections == 5
    assert received == [step.step_id for step in steps]


def _steps_until(follower: sync.Client, step_id: str) -> list[str]:
    seen: list[str] = []
    while step_id not in seen:
        message = follower.next(DEADLINE)
        assert message is not None
        if isinstance(message, p.StepCompleted):
            seen.append(message.step_id)
    return seen


def test_what_a_program_did_not_finish_comes_again_with_application_acknowledgement(
    server: Server, hub: Hub, execution: str
) -> None:
    async def fail_over(step_id: str) -> str:
        async with connect(server.ws_url(execution), acknowledge=True) as first:
            session = first.session_id
            hub.publish(m.completed(execution, step_id=step_id))
            async for message in first:
                if isinstance(message, p.StepCompleted):
                    break  # taken, but never finished with
        async with connect(server.ws_url(execution) + f"?session={session}", acknowledge=True) as second:
            async for message in second:
                if isinstance(message, p.StepCompleted):
                    return message.step_id
        return ""

    wanted = m.completed(execution).step_id
    assert asyncio.run(asyncio.wait_for(fail_over(wanted), DEADLINE)) == wanted


def test_subscriptions_and_previews_are_asked_for_again(
    server: Server, hub: Hub, preview: Camera, execution: str
) -> None:
    with Relay(server.ws_url(execution)) as relay, sync.connect(relay.url) as follower:
        follower.subscribe(m.DEVICE)
        frames = follower.preview(m.DEVICE, "low")
        next(frames)
        relay.cut()
        before = next(frames).timestamp
        while next(frames).timestamp <= before:
            pass
        kinds = [type(follower.next(DEADLINE)) for _ in range(4)]
        assert kinds == [p.ExecutionSnapshot, p.DeviceStatus] * 2
        frames.close()


def test_a_server_that_is_away_for_a_while_is_waited_for(server: Server, hub: Hub, execution: str) -> None:
    with Relay(server.ws_url(execution)) as relay, sync.connect(relay.url) as follower:
        follower.next(DEADLINE)
        relay.refusing = True
        relay.cut()
        with pytest.raises(TimeoutError):
            follower.next(0.3)
        relay.refusing = False
        assert isinstance(follower.next(DEADLINE), p.ExecutionSnapshot)


def test_patience_has_an_end(server: Server, execution: str) -> None:
    with (
        Relay(server.ws_url(execution)) as relay,
        sync.connect(relay.url, reconnect_seconds=0.3) as follower,
    ):
        follower.next(DEADLINE)
        relay.refusing = True
        relay.cut()
        with pytest.raises(ConnectionLost):
            follower.next(DEADLINE)


def test_without_reconnection_the_loss_is_told_at_once(server: Server, execution: str) -> None:
    with (
        Relay(server.ws_url(execution)) as relay,
        sync.connect(relay.url, reconnect_seconds=0) as follower,
    ):
        follower.next(DEADLINE)
        relay.cut()
        with pytest.raises(ConnectionLost) as lost:
            follower.next(DEADLINE)
        assert lost.value.close_code == 1006
        assert relay.connections == 1


def test_an_execution_that_ended_in_the_meantime_ends_the_iteration(
    server: Server, hub: Hub, execution: str
) -> None:
    with Relay(server.ws_url(execution)) as relay, sync.connect(relay.url) as follower:
        follower.next(DEADLINE)
        relay.refusing = True
        relay.cut()
        hub.publish(m.ended(execution))
        relay.refusing = False
        *_, last = list(follower)
        assert isinstance(last, p.ExecutionSnapshot | p.ExecutionCompleted)
        assert follower.state.status == "completed"


def test_a_refusal_that_cannot_change_is_not_tried_again(start: Start, hub: Hub, execution: str) -> None:
    server = start({"session_seconds": 0.0})
    with Relay(server.ws_url(execution)) as relay, sync.connect(relay.url) as follower:
        follower.next(DEADLINE)
        relay.refusing = True
        relay.cut()
        with pytest.raises(TimeoutError):
            follower.next(0.1)
        hub.publish(m.ended(execution))
        relay.refusing = False
        with pytest.raises(ExecutionError) as raised:
            list(follower)
        assert raised.value.code == "EXECUTION_NOT_ACTIVE"
        assert relay.connections == 2


def test_a_server_that_closes_with_a_final_code_is_left(start: Start, execution: str) -> None:
    server = start({"inactivity_seconds": 0.2})
    with sync.connect(server.ws_url(execution)) as follower:
        follower.next(DEADLINE)
        with pytest.raises(ConnectionLost) as lost:
            follower.next(DEADLINE)
        assert lost.value.close_code == 4408


def test_delays_double_up_to_a_bound_and_vary() -> None:
    bounds = [0.25 * 2**n for n in range(7)] + [30.0] * 5
    for delay, bound in zip(itertools.islice(delays(), 12), bounds, strict=True):
        assert bound / 2 <= delay <= bound
    assert len(set(itertools.islice(delays(), 12))) == 12
