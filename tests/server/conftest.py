"""A real server on a real hub; the tests publish what an engine would."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceStatus, DeviceSummary, timestamp
from execmon_lab.server import Server, Settings
from execmon_lab.state import planned

DEVICE = "emulator-5554"
DEADLINE = 20.0
"""Seconds after which something that should have come will not come."""


class Devices:
    def __init__(self, *names: str) -> None:
        self.known = {name: _status(name, "available") for name in names}

    def statuses(self) -> dict[str, DeviceStatus]:
        return dict(self.known)


def _status(name: str, status: Any) -> DeviceStatus:
    return DeviceStatus(device_id=name, status=status, last_seen=timestamp())


class Consumer:
    """A foreign client: it knows the specification and plain JSON, and nothing of this project."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def get(self) -> dict[str, Any]:
        return json.loads(self.socket.recv(timeout=DEADLINE))

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.get())["type"] != kind:
            pass
        return message

    def rest(self) -> list[dict[str, Any]]:
        """Everything until the connection is closed."""
        return [json.loads(message) for message in self.socket]

    def say(self, **message: object) -> None:
        self.socket.send(json.dumps(message))


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


@pytest.fixture
def devices() -> Devices:
    return Devices(DEVICE)


@pytest.fixture
def execution(hub: Hub) -> str:
    execution_id = str(uuid.uuid4())
    summary = DeviceSummary(device_id=DEVICE, status="available", last_seen=timestamp())
    hub.publish(planned(execution_id, devices=[summary]))
    return execution_id


@pytest.fixture
def start(hub: Hub, artifacts: ArtifactStore, devices: Devices) -> Iterator[Callable[..., Server]]:
    """Start a server; `settings` by keyword, the rest as `Server` takes it."""
    servers: list[Server] = []

    def start(settings: dict[str, Any] | None = None, **options: Any) -> Server:
        options.setdefault("devices", devices)
        server = Server(hub, artifacts, settings=Settings(**(settings or {})), **options)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    return start()


@pytest.fixture
def join(execution: str) -> Iterator[Callable[..., Consumer]]:
    """Connect to the execution; the query follows the address."""
    with contextlib.ExitStack() as sockets:

        def join(server: Server, query: str = "", execution_id: str = execution, **options: Any) -> Consumer:
            url = server.ws_url(execution_id) + query
            return Consumer(sockets.enter_context(connect(url, open_timeout=DEADLINE, **options)))

        yield join
