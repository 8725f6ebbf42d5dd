"""The client: typed messages, state, previews, errors."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from execmon_lab import protocol as p
from execmon_lab.client import ExecutionError, connect, sync
from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Camera

Start = Callable[..., Server]


def test_it_iterates_over_typed_messages_until_the_execution_has_ended(
    server: Server, hub: Hub, execution: str
) -> None:
    steps = [m.started(execution), m.progress(execution), m.log_entry(execution), m.failed(execution)]

    async def follow() -> list[p.Message]:
        received: list[p.Message] = []
        async with connect(server.ws_url(execution)) as client:
            for message in (*steps, m.ended(execution)):
                hub.publish(message)
            async for message in client:
                received.append(message)
            assert client.state.status == "completed"
            assert client.state.steps == hub.snapshot(execution).steps
        return received

    state, *rest, end = asyncio.run(asyncio.wait_for(follow(), DEADLINE))
    assert isinstance(state, p.ExecutionSnapshot)
    assert rest == steps
    assert isinstance(end, p.ExecutionCompleted)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("hello", "INVALID_MESSAGE: the server did not begin with execution_state: JSON is malformed"),
        (b"\xff", "INVALID_MESSAGE: the server did not begin with execution_state: JSON is malformed"),
        ('{"type": "execution_state"}', "INVALID_MESSAGE: .* missing required field `execution_id`"),
        (p.encode(m.log_entry("x")).decode(), "INVALID_MESSAGE: .* but with log_entry"),
        (p.encode(m.error("x")).decode(), "DEVICE_DISCONNECTED: Device"),
    ],
)
def test_a_server_that_begins_otherwise_is_told_of(said: str | bytes, told: str) -> None:
    async def begin(socket: ServerConnection) -> None:
        await socket.send(said)
        await socket.wait_closed()

    async def follow() -> None:
        async with serve(begin, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ExecutionError, match=told):
                async with connect(f"ws://127.0.0.1:{port}/ws/executions/x"):
                    pass

    asyncio.run(asyncio.wait_for(follow(), DEADLINE))


def test_plain_means_the_specification_alone(server: Server, hub: Hub, execution: str) -> None:
    async def follow() -> list[p.Message]:
        async with connect(server.ws_url(execution), full=False) as client:
            hub.publish(m.started(execution))
            hub.publish(m.failed(execution))
            hub.publish(m.ended(execution))
            return [message async for message in client]

    _, failed, _ = asyncio.run(asyncio.wait_for(follow(), DEADLINE))
    assert isinstance(failed, p.StepFailed)
    assert failed.traceback is p.messages.UNSET


def test_the_synchronous_face_gives_the_same_messages(server: Server, hub: Hub, execution: str) -> None:
    with sync.connect(server.ws_url(execution)) as client:
        steps = [m.progress(execution), m.completed(execution)]
        for message in (*steps, m.ended(execution)):
            hub.publish(message)
        received = list(client)
        assert received[1:-1] == steps
        assert client.state.status == "completed"


def test_a_status_is_asked_for_and_told(server: Server, hub: Hub, execution: str) -> None:
    with sync.connect(server.ws_url(execution)) as client:
        client.subscribe(m.DEVICE)
        assert isinstance(client.next(DEADLINE), p.ExecutionSnapshot)
        status = client.next(DEADLINE)
        assert isinstance(status, p.DeviceStatus)
        assert status.status == "available"
        client.unsubscribe(m.DEVICE)


def test_previews_are_iterated_over_as_pictures(server: Server, preview: Camera, execution: str) -> None:
    with sync.connect(server.ws_url(execution)) as client:
        frames = client.preview(m.DEVICE, "low")
        first = next(frames)
        assert (first.width, first.height, first.jpeg) == (720, 1280, b"\xff\xd8 a picture \xff\xd9")
        assert next(frames).timestamp >= first.timestamp
        assert [shot.quality for shot in preview.watching] == ["low"]
        frames.close()


def test_a_preview_that_cannot_be_had_raises(server: Server, preview: Camera, execution: str) -> None:
    preview.refuse = "the screen is off"
    with sync.connect(server.ws_url(execution)) as client:
        with pytest.raises(ExecutionError, match="the screen is off") as raised:
            next(client.preview(m.DEVICE))
        assert raised.value.code == "PREVIEW_UNAVAILABLE"
        with pytest.raises(ExecutionError) as raised:
            next(client.preview("nobody"))
        assert raised.value.code == "UNKNOWN_DEVICE"


def test_an_unknown_execution_raises_with_its_code(server: Server) -> None:
    with pytest.raises(ExecutionError) as raised, sync.connect(server.ws_url("not-a-uuid")):
        pass
    assert raised.value.code == "INVALID_EXECUTION_ID"


def test_an_ended_execution_raises_with_its_code(server: Server, hub: Hub, execution: str) -> None:
    hub.publish(m.ended(execution))
    with pytest.raises(ExecutionError) as raised, sync.connect(server.ws_url(execution)):
        pass
    assert raised.value.code == "EXECUTION_NOT_ACTIVE"


def test_a_token_is_given(start: Start, execution: str) -> None:
    server = start(tokens={"ci": "secret"})
    with sync.connect(server.ws_url(execution), token="secret") as client:
        assert client.state.execution_id == execution
    with pytest.raises(ExecutionError) as raised, sync.connect(server.ws_url(execution), token="wrong"):
        pass
    assert raised.value.code == "UNAUTHORIZED"


def test_no_server_is_an_os_error(execution: str) -> None:
    with pytest.raises(OSError), sync.connect(f"ws://127.0.0.1:1/ws/executions/{execution}"):  # noqa: PT011
        pass


def test_the_synchronous_client_works_where_a_loop_runs_already(
    server: Server, hub: Hub, execution: str
) -> None:
    async def in_a_notebook() -> p.Message | None:
        with sync.connect(server.ws_url(execution)) as client:
            return client.next(DEADLINE)

    assert isinstance(asyncio.run(in_a_notebook()), p.ExecutionSnapshot)
