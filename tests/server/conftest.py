"""A real server on a real hub; the tests publish what an engine would."""

import base64
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceStatus, DeviceSummary, PreviewFrame, encode, timestamp
from execmon_lab.server import Server, Settings
from execmon_lab.state import planned

DEVICE = "emulator-5554"
DEADLINE = 60.0
"""Seconds after which something that should have come will not come."""


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


class Camera:
    """Gives the same small picture 50 times a second to all who watch; says who watches."""

    def __init__(self) -> None:
        self.watching: list[Shot] = []
        self.refuse: str | None = None

    def watch(self, device_id: str, quality: Any, on_frame: Any, on_error: Any) -> "Shot":
        if self.refuse is not None:
            raise RuntimeError(self.refuse)
        shot = Shot(self, device_id, quality, on_frame, on_error)
        self.watching.append(shot)
        shot.thread.start()
        return shot

    def close(self) -> None:
        for shot in list(self.watching):
            shot.close()


class Shot:
    def __init__(self, camera: Camera, device_id: str, quality: str, on_frame: Any, on_error: Any) -> None:
        self.camera, self.device_id, self.quality = camera, device_id, quality
        self.on_frame, self.on_error = on_frame, on_error
        self.changed = True
        self.data = b"\xff\xd8 a picture \xff\xd9"
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.stop.wait(0.02):
            self.on_frame(Shown(self.device_id, self.data, self.changed))

    def close(self) -> None:
        self.stop.set()
        if self in self.camera.watching:
            self.camera.watching.remove(self)


class Shown:
    def __init__(self, device_id: str, data: bytes, changed: bool) -> None:
        self.changed = changed
        self.message = encode(
            PreviewFrame(
                device_id=device_id,
                frame_data="data:image/jpeg;base64," + base64.b64encode(data).decode(),
                width=720,
                height=1280,
                timestamp=timestamp(),
            )
        )


@pytest.fixture
def preview() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.close()


@pytest.fixture
def execution(hub: Hub) -> str:
    execution_id = str(uuid.uuid4())
    summary = DeviceSummary(device_id=DEVICE, status="available", last_seen=timestamp())
    hub.publish(planned(execution_id, devices=[summary]))
    return execution_id


@pytest.fixture
def start(
    hub: Hub, artifacts: ArtifactStore, devices: Devices, preview: Camera
) -> Iterator[Callable[..., Server]]:
    """Start a server; `settings` by keyword, the rest as `Server` takes it."""
    servers: list[Server] = []

    def start(settings: dict[str, Any] | None = None, **options: Any) -> Server:
        options.setdefault("devices", devices)
        options.setdefault("preview", preview)
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
