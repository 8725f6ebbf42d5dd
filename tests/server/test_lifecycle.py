"""Connection limits, deadlines, and the codes with which connections end."""

import asyncio
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import limits
from execmon_lab.server import Server, Settings
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Camera, Consumer, eventually
from tests.server.raw import RawClient

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def refused(consumer: Consumer) -> tuple[dict[str, Any], int]:
    """The one `error`, and the code with which the connection is closed after it."""
    error = consumer.get()
    assert error["type"] == "error"
    with pytest.raises(ConnectionClosed) as closed:
        consumer.get()
    assert closed.value.rcvd is not None
    return error, closed.value.rcvd.code


@pytest.mark.parametrize(
    "name", [str(uuid.uuid4()), "nonsense", "", "..%2f..", "x" * 3000, "%00", "{}", "1/2", "ü"]
)
def test_an_execution_that_is_not_known(server: Server, join: Join, name: str) -> None:
    error, code = refused(join(server, execution_id=name))
    assert (error["code"], code) == ("INVALID_EXECUTION_ID", 4404)


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_an_execution_that_has_ended(
    server: Server, join: Join, hub: Hub, execution: str, status: str
) -> None:
    hub.publish(m.ended(execution, status))
    error, code = refused(join(server))
    assert (error["code"], code) == ("EXECUTION_NOT_ACTIVE", 4409)


def test_the_eleventh_connection_of_a_client(server: Server, join: Join) -> None:
    served = [join(server) for _ in range(10)]
    for consumer in served:
        assert consumer.get()["type"] == "execution_state"
    error, code = refused(join(server))
    assert (error["code"], code) == ("CONNECTION_LIMIT", 4429)
    served[0].socket.close()
    assert join(server).get()["type"] == "execution_state"


def test_connections_are_counted_for_each_token(start: Start, join: Join) -> None:
    server = start({"connections_per_client": 1}, tokens={"one": "first", "other": "second"})
    assert join(server, "?token=first").get()["type"] == "execution_state"
    assert join(server, "?token=second").get()["type"] == "execution_state"
    assert refused(join(server, "?token=second"))[1] == 4429


def test_an_inactive_hour_ends_with_4408(start: Start, hub: Hub, execution: str) -> None:
    server = start({"inactivity_seconds": 0.5})
    with RawClient(server.ws_url(execution), answers=True) as client:
        client.get()
        client.rest()
        assert client.close_code == 4408


def test_pings_and_pongs_are_no_activity(start: Start, execution: str) -> None:
    server = start({"inactivity_seconds": 0.5})
    with RawClient(server.ws_url(execution), answers=True) as client:
        client.get()
        client.socket.settimeout(0.05)
        while client.close_code is None:
            with contextlib.suppress(TimeoutError):
                client.rest()
            with contextlib.suppress(ConnectionError):
                client.send(b"here", Opcode.PING)
                client.pong(b"here too")
        assert client.close_code == 4408


def test_the_numbers_are_those_of_the_specification() -> None:
    """Tests shorten them; this one holds what a server goes by where nobody does."""
    given = Settings()
    assert (given.connections_per_client, given.previews_per_connection) == (10, 5)
    assert (given.inactivity_seconds, given.session_seconds, given.pong_seconds) == (3600, 300, 20)
    assert (given.frames_in_flight, given.message_bytes) == (2, 64 * 1024)
    assert (limits.PROGRESS_PER_SECOND, limits.LOGS_PER_SECOND) == (1, 100)
    assert (limits.PREVIEW_FPS_MIN, limits.PREVIEW_FPS_MAX, limits.PROGRESS_SILENCE_SECONDS) == (10, 15, 2)


def test_messages_of_either_side_are_activity(start: Start, hub: Hub, execution: str) -> None:
    server = start({"inactivity_seconds": 3})
    with RawClient(server.ws_url(execution), answers=True) as client:
        client.get()
        for number in range(6):
            threading.Event().wait(0.6)
            if number % 2:
                hub.publish(m.completed(execution))
                client.until("step_completed")
            else:
                client.say(type="unsubscribe_device", device_id=m.DEVICE)
        assert client.close_code is None


def test_a_server_that_goes_down_says_1001(start: Start, join: Join) -> None:
    server = start()
    consumers = [join(server) for _ in range(3)]
    for consumer in consumers:
        consumer.get()
    server.close()
    server.close()
    for consumer in consumers:
        with pytest.raises(ConnectionClosed) as closed:
            consumer.get()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


def test_a_dead_client_does_not_keep_a_server_from_closing(start: Start, execution: str) -> None:
    server = start({"shutdown_seconds": 0.3})
    with RawClient(server.ws_url(execution)):
        server.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("execmon-server")]


def test_the_first_client_is_waited_for(start: Start, join: Join, execution: str) -> None:
    came: list[str] = []
    server = start(on_connect=came.append)
    assert not server.wait_for_client(0.05)
    consumer = join(server)
    consumer.get()
    assert server.wait_for_client(DEADLINE)
    assert came == [execution]


def test_one_that_is_refused_is_not_waited_for(start: Start, join: Join) -> None:
    server = start()
    refused(join(server, execution_id="nonsense"))
    assert not server.wait_for_client(0.05)


def test_a_port_that_is_taken_is_an_error_of_start(
    server: Server, hub: Hub, artifacts: ArtifactStore
) -> None:
    with pytest.raises(OSError, match="address already in use"):
        Server(hub, artifacts, port=server.port).start()


def test_a_client_that_closes_is_answered(server: Server, join: Join) -> None:
    consumer = join(server)
    consumer.get()
    consumer.socket.close(1000)
    with pytest.raises(ConnectionClosed) as closed:
        consumer.get()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_it_serves_in_a_running_loop_too(hub: Hub, artifacts: ArtifactStore, execution: str) -> None:
    async def run() -> tuple[Any, int | None]:
        server = Server(hub, artifacts)
        ready = asyncio.Event()
        task = asyncio.create_task(server.serve(ready.set))
        await ready.wait()
        async with connect(server.ws_url(execution)) as socket:
            first = json.loads(await socket.recv())
            server.close()
            await socket.wait_closed()
            code = socket.close_code
        await task
        return first["type"], code

    assert asyncio.run(asyncio.wait_for(run(), DEADLINE)) == ("execution_state", 1001)


def test_a_listener_that_fails_harms_nobody(start: Start, join: Join) -> None:
    def fail(execution_id: str) -> None:
        raise RuntimeError("mine")

    consumer = join(start(on_connect=fail))
    assert consumer.get()["type"] == "execution_state"
    consumer.say(type="subscribe_device", device_id=m.DEVICE)
    assert consumer.get()["type"] == "device_status"


def test_a_client_killed_at_any_stage_leaves_nothing(
    start: Start, join: Join, hub: Hub, execution: str, preview: Camera
) -> None:
    server = start({"connections_per_client": 2})
    staying = join(server)
    staying.get()
    for _ in range(5):
        for stage in range(4):
            client = RawClient(server.ws_url(execution))
            if stage > 0:
                client.get()
            if stage > 1:
                client.say(type="start_preview", device_id=m.DEVICE)
                client.until("preview_frame")
            if stage > 2:
                hub.publish(m.ended(str(uuid.uuid4())))
                hub.publish(m.completed(execution))
            client.cut()
            # The place of the one that was killed is free again.
            served = RawClient(server.ws_url(execution))
            deadline = time.monotonic() + DEADLINE
            while served.get()["type"] == "error":
                served.cut()
                assert time.monotonic() < deadline
                served = RawClient(server.ws_url(execution))
            served.cut()
    eventually(lambda: not preview.watching)
