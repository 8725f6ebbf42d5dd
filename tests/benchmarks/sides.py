"""The servers that are measured, each in a process of its own: ours, and what it is held against.

A serving process takes orders through a pipe: play a programme of messages, or say what it has used so far.
All sides send the same bytes at the same moments. The others publish in their own loop, which is the best
case for them; ours is published to from another thread, as an execution does.
"""

import asyncio
import base64
import contextlib
import itertools
import multiprocessing
import os
import random
import resource
import struct
import tempfile
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import websockets.asyncio.server as ws
from websockets.http11 import Request
from websockets.server import ServerProtocol

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import (
    DeviceStatus,
    DeviceSummary,
    ExecutionCompleted,
    LogEntry,
    Message,
    StepCompleted,
    encode,
    timestamp,
)
from execmon_lab.server import Server, Settings
from execmon_lab.state import planned

EXECUTION = "550e8400-e29b-41d4-a716-446655440000"
PATH = f"/ws/executions/{EXECUTION}"
DEVICE = "emulator-5554"
DEVICES = 10
STORM_DEVICES = 40
FRAME_BYTES = 150_000
LOG_BYTES = 300
_HEAD = f'{{"type":"preview_frame","device_id":"{DEVICE}","frame_data":"data:image/jpeg;base64,'.encode()
_STAMP = 20
_TAIL = b'","width":720,"height":1280,"timestamp":"2025-01-27T10:30:30.500Z"}'
# A JPEG's bytes are as good as random: compression, where it is on, saves a quarter of its text.
_IMAGE = base64.b64encode(random.Random(0).randbytes(FRAME_BYTES))
_REST = _IMAGE[: FRAME_BYTES - len(_HEAD) - _STAMP - len(_TAIL)] + _TAIL

Kind = Literal["frame", "log", "storm", "step", "end", "sample"]


class Beat(NamedTuple):
    """So many messages of a kind, so many seconds after the beginning."""

    at: float
    kind: Kind
    count: int = 1


class Sample(NamedTuple):
    """What the serving process held at a moment."""

    at: float
    resident: int
    sockets: int


@dataclass
class Played:
    """What came of a programme."""

    began: float
    samples: list[Sample] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


def stamped_frame() -> bytes:
    """Make a preview message of `FRAME_BYTES` that says when it was published."""
    stamp = b"%0*d" % (_STAMP, time.monotonic_ns())
    return b"".join((_HEAD, stamp, _REST))


def stamp_of(prefix: bytes) -> int:
    """Return when a frame was published (monotonic, nanoseconds)."""
    return int(prefix[len(_HEAD) : len(_HEAD) + _STAMP])


def steady(kind: Kind, per_second: float, seconds: float, burst: int = 1, begin: float = 0.0) -> list[Beat]:
    """Make the beats of a steady stream that comes in bursts."""
    count = round(per_second * seconds / burst)
    return [Beat(begin + n * burst / per_second, kind, burst) for n in range(count)]


def _log(device: str) -> LogEntry:
    def entry(text: str) -> LogEntry:
        return LogEntry(
            execution_id=EXECUTION,
            device_id=device,
            level="INFO",
            message=text,
            module_id="ui_interaction_module",
            timestamp="2025-01-27T10:30:30.000Z",
        )

    return entry("x" * (LOG_BYTES - len(encode(entry("")))))


def _step() -> StepCompleted:
    return StepCompleted(
        execution_id=EXECUTION,
        device_id=DEVICE,
        step_id=str(uuid.uuid4()),
        module_id="call_test_module",
        status="completed",
        duration_seconds=12.5,
        screenshot_url="/api/v1/artifacts/screenshots/step_001.png",
        timestamp="2025-01-27T10:30:15.000Z",
    )


def _end() -> ExecutionCompleted:
    return ExecutionCompleted(
        execution_id=EXECUTION,
        status="completed",
        duration_seconds=8.0,
        total_steps=1,
        successful_steps=1,
        failed_steps=0,
        report_url=f"/api/v1/reports/{EXECUTION}?format=pdf",
        timestamp="2025-01-27T10:33:00.000Z",
    )


class Side(ABC):
    """One way to serve; `obey` is called in the serving process's main thread."""

    def __init__(self) -> None:
        self._logs = itertools.cycle([_log(f"emulator-{5554 + 2 * n}") for n in range(DEVICES)])
        self._storm = itertools.cycle([_log(f"192.168.1.{n}:5555") for n in range(STORM_DEVICES)])

    @abstractmethod
    def open(self) -> int:
        """Begin to serve; returns the port."""

    @abstractmethod
    def play(self, beats: list[Beat]) -> Played:
        """Publish what a programme says, when it says it."""

    @abstractmethod
    def close(self) -> None:
        """End serving."""

    def obey(self, order: Any) -> Any:
        """Play a list of beats, or answer ``"cpu"`` (seconds used so far) or ``"resident"`` (bytes)."""
        if order == "cpu":
            used = resource.getrusage(resource.RUSAGE_SELF)
            return used.ru_utime + used.ru_stime
        if order == "resident":
            return sample(0.0).resident
        return self.play(order)

    def message(self, kind: Kind, played: Played) -> Message:
        """Make the next message of a kind."""
        if kind == "log":
            return next(self._logs)
        if kind == "storm":
            return next(self._storm)
        if kind == "step":
            step = _step()
            played.steps.append(step.step_id)
            return step
        return _end()


def sample(began: float) -> Sample:
    """Look at this process."""
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Sample(time.monotonic() - began, resident, len(os.listdir("/proc/self/fd")))


# Ours


class _Shown(NamedTuple):
    message: bytes
    changed: bool = True


class _Camera:
    """Stands in for the preview: the programme takes the pictures."""

    def __init__(self) -> None:
        self.show: Callable[[Any], None] | None = None

    def watch(self, device_id: str, quality: str, on_frame: Any, on_error: Any, /) -> "_Camera":
        self.show = on_frame
        return self

    def close(self) -> None:
        self.show = None


class _Devices:
    def statuses(self) -> Mapping[str, DeviceStatus]:
        return {DEVICE: DeviceStatus(device_id=DEVICE, status="busy", last_seen=timestamp())}


class Ours(Side):
    """The server itself, on a hub."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._hub = Hub()
        self._camera = _Camera()
        self._folder = tempfile.TemporaryDirectory()
        self._server = Server(
            self._hub,
            ArtifactStore(Path(self._folder.name)),
            self._camera,
            devices=_Devices(),
            settings=Settings(connections_per_client=10_000, **settings),
        )

    def open(self) -> int:
        device = DeviceSummary(device_id=DEVICE, status="busy", last_seen=timestamp())
        self._hub.publish(planned(EXECUTION, devices=[device]))
        return self._server.start().port

    def play(self, beats: list[Beat]) -> Played:
        played = Played(time.monotonic())
        for beat in beats:
            pause = played.began + beat.at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            for _ in range(beat.count):
                if beat.kind == "sample":
                    played.samples.append(sample(played.began))
                elif beat.kind == "frame":
                    if self._camera.show is not None:
                        self._camera.show(_Shown(stamped_frame()))
                else:
                    self._hub.publish(self.message(beat.kind, played))
        return played

    def close(self) -> None:
        self._server.close()
        self._folder.cleanup()


# The others


class LoopSide(Side):
    """A server on asyncio in a thread, which publishes in its own loop."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._ready: dict[int, bytes] = {}

    def open(self) -> int:
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self.listen(), self._loop).result()

    def play(self, beats: list[Beat]) -> Played:
        return asyncio.run_coroutine_threadsafe(self._play(beats), self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @abstractmethod
    async def listen(self) -> int:
        """Begin to serve in the loop; returns the port."""

    @abstractmethod
    async def send(self, payload: bytes) -> None:
        """Send a text message to all."""

    async def _play(self, beats: list[Beat]) -> Played:
        played = Played(time.monotonic())
        for beat in beats:
            pause = played.began + beat.at - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            for _ in range(beat.count):
                if beat.kind == "sample":
                    played.samples.append(sample(played.began))
                elif beat.kind == "frame":
                    await self.send(stamped_frame())
                else:
                    await self.send(self._encoded(self.message(beat.kind, played)))
        return played

    def _encoded(self, message: Message) -> bytes:
        """Return a log entry's bytes ready-made; they are the same ones again and again."""
        if not isinstance(message, LogEntry):
            return encode(message, "plain")
        ready = self._ready.get(id(message))
        if ready is None:
            ready = self._ready[id(message)] = encode(message, "plain")
        return ready


class Raw(LoopSide):
    """Bytes that are framed once, written to bare asyncio transports: nothing but the handshake."""

    def __init__(self) -> None:
        super().__init__()
        self.transports: dict[asyncio.Transport, None] = {}
        self._framed: dict[bytes, bytes] = {}

    async def listen(self) -> int:
        server = await self._loop.create_server(lambda: _RawConnection(self), "127.0.0.1", 0, backlog=1024)
        return int(server.sockets[0].getsockname()[1])

    async def send(self, payload: bytes) -> None:
        framed = _frame(payload)
        for transport in self.transports:
            transport.write(framed)


class _RawConnection(asyncio.Protocol):
    def __init__(self, side: Raw) -> None:
        self._side = side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._handshake = ServerProtocol()

    def data_received(self, data: bytes) -> None:
        if self._transport in self._side.transports:
            return
        self._handshake.receive_data(data)
        for event in self._handshake.events_received():
            assert isinstance(event, Request)
            self._handshake.send_response(self._handshake.accept(event))
            self._transport.writelines(self._handshake.data_to_send())
            self._side.transports[self._transport] = None
            del self._handshake

    def connection_lost(self, error: Exception | None) -> None:
        self._side.transports.pop(self._transport, None)


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


class Broadcast(LoopSide):
    """`websockets` and its `broadcast`, the fastest way it has; compression off."""

    async def listen(self) -> int:
        async def hold(connection: ws.ServerConnection) -> None:
            await connection.wait_closed()

        self._server = await ws.serve(hold, "127.0.0.1", 0, compression=None, backlog=1024)
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def send(self, payload: bytes) -> None:
        ws.broadcast(self._server.connections, payload, text=True)


class Uvicorn(LoopSide):
    """uvicorn and starlette as they come, all `send_text` at once, so that no consumer waits for another.

    They compress for every consumer that offers it, as browsers do.
    """

    options: ClassVar[dict[str, Any]] = {}

    async def listen(self) -> int:
        import uvicorn
        from starlette.applications import Starlette
        from starlette.routing import WebSocketRoute
        from starlette.websockets import WebSocket, WebSocketDisconnect

        self.sockets: dict[WebSocket, None] = {}

        async def hold(socket: WebSocket) -> None:
            await socket.accept()
            self.sockets[socket] = None
            with contextlib.suppress(WebSocketDisconnect):
                while True:
                    await socket.receive_text()
            del self.sockets[socket]

        config = uvicorn.Config(
            Starlette(routes=[WebSocketRoute("/", hold)]),
            host="127.0.0.1",
            port=0,
            lifespan="off",
            log_level="error",
            **self.options,
        )
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        self._serving = self._loop.create_task(server.main_loop())
        return int(server.servers[0].sockets[0].getsockname()[1])

    async def send(self, payload: bytes) -> None:
        text = payload.decode()
        await asyncio.gather(*(connection.send_text(text) for connection in self.sockets))


class UvicornBare(Uvicorn):
    """The same with compression off and the quickest of its WebSocket implementations."""

    options: ClassVar[dict[str, Any]] = {"ws": "websockets-sansio", "ws_per_message_deflate": False}


class UvicornInTurn(UvicornBare):
    """The same, one `send_text` after the other: a consumer that stops reading stops all of them."""

    async def send(self, payload: bytes) -> None:
        text = payload.decode()
        for connection in tuple(self.sockets):
            await connection.send_text(text)


SIDES: dict[str, Callable[..., Side]] = {
    "ours": Ours,
    "raw": Raw,
    "broadcast": Broadcast,
    "uvicorn as it comes": Uvicorn,
    "uvicorn, no compression": UvicornBare,
    "uvicorn, no compression, in turn": UvicornInTurn,
}


def _serve(name: str, core: int, pipe: Connection, settings: dict[str, Any]) -> None:
    os.sched_setaffinity(0, {core})
    side = SIDES[name](**settings)
    pipe.send(side.open())
    while (order := pipe.recv()) is not None:
        try:
            pipe.send(side.obey(order))
        except Exception as error:  # noqa: BLE001 - raised again where the order came from
            pipe.send(error)
    # The measured process ends at once: thousands of connections need no farewell.
    os._exit(0)


@dataclass
class Serving:
    """A serving process, as the benchmark sees it."""

    name: str
    port: int
    pipe: Connection


@contextlib.contextmanager
def serving(name: str, core: int, **settings: Any) -> Iterator[Serving]:
    """Run a side on one core for as long as the context lasts."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(name, core, theirs, settings), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(30):
            raise TimeoutError(f"{name} did not start")
        yield Serving(name, ours.recv(), ours)
    finally:
        with contextlib.suppress(OSError):
            ours.send(None)
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()


def merged(*streams: Iterable[Beat]) -> list[Beat]:
    """Make one programme of several streams."""
    return sorted((beat for stream in streams for beat in stream), key=lambda beat: beat.at)
