"""What a delivered message costs the server, beside a raw asyncio writer and `websockets.broadcast`.

Each way of sending runs in a process of its own on one core and sends the same messages, at the same rate,
to the same number of connections; the readers run on another core. CPU time is that of the whole sending
process.

    python tests/benchmarks/bench_server.py [connections] [seconds]
"""

import asyncio
import json
import multiprocessing
import os
import selectors
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import DeviceSummary, LogEntry, PreviewFrame, encode, timestamp
from execmon_lab.server import Server, Settings
from execmon_lab.server.parcel import text_frame
from execmon_lab.state import planned

EXECUTION = str(uuid.uuid4())
DEVICE = "emulator-5554"
FRAME = encode(
    PreviewFrame(
        device_id=DEVICE,
        frame_data="data:image/jpeg;base64," + "A" * 150_000,
        width=1080,
        height=1920,
        timestamp=timestamp(),
    )
)


def log_entry(number: int) -> LogEntry:
    return LogEntry(
        execution_id=EXECUTION,
        device_id=f"{DEVICE}-{number % 20}",
        level="INFO",
        message="x" * 90,
        module_id="ui_interaction_module",
        timestamp=timestamp(),
    )


class Scene:
    """What is sent: frames or log entries, at a rate."""

    def __init__(self, kind: str, rate: float, seconds: float) -> None:
        self.kind, self.rate, self.seconds = kind, rate, seconds

    def play(self, send: Callable[[int], None]) -> int:
        begin = time.monotonic()
        count = int(self.rate * self.seconds)
        for number in range(count):
            send(number)
            time.sleep(max(0.0, begin + (number + 1) / self.rate - time.monotonic()))
        return count


class Shown:
    changed = True
    message = FRAME


class Watch:
    def close(self) -> None:
        pass


def ours(scene: Scene, connections: int, pipe: Connection) -> None:
    """Send by the hub and the preview, as a lab does."""
    viewers: list[Callable[[Any], None]] = []

    class Camera:
        def watch(self, device_id: str, quality: str, on_frame: Any, on_error: Any) -> Watch:
            viewers.append(on_frame)
            return Watch()

    hub = Hub()
    device = DeviceSummary(device_id=DEVICE, status="available", last_seen=timestamp())
    hub.publish(planned(EXECUTION, devices=[device]))
    settings = Settings(connections_per_client=connections + 1)
    with Server(hub, ArtifactStore(Path("unused")), Camera(), settings=settings) as server:
        pipe.send(server.ws_url(EXECUTION))
        pipe.recv()
        if scene.kind == "frame":
            _measure(scene, pipe, lambda number: [show(Shown) for show in viewers] and None)
        else:
            _measure(scene, pipe, lambda number: hub.publish(log_entry(number)))


def raw(scene: Scene, connections: int, pipe: Connection) -> None:
    """Write ready-made bytes to asyncio transports."""
    transports: list[asyncio.Transport] = []

    class Writer(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if self.transport not in transports:
                key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
                from websockets.utils import accept_key

                self.transport.write(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept_key(key).encode() + b"\r\n\r\n"
                )
                transports.append(self.transport)

    async def listen(loop: asyncio.AbstractEventLoop) -> str:
        listener = await loop.create_server(Writer, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"

    def send(payload: bytes) -> None:
        frame = text_frame(payload)
        for transport in transports:
            transport.write(frame)

    _in_loop(scene, pipe, listen, send)


def library(scene: Scene, connections: int, pipe: Connection) -> None:
    """Send by `websockets.broadcast`."""
    sockets: set[ServerConnection] = set()

    async def handler(socket: ServerConnection) -> None:
        sockets.add(socket)
        await socket.wait_closed()

    async def listen(loop: asyncio.AbstractEventLoop) -> str:
        server = await serve(handler, "127.0.0.1", 0, compression=None).__aenter__()
        return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"

    _in_loop(scene, pipe, listen, lambda payload: broadcast(sockets, payload.decode()))


def _in_loop(scene: Scene, pipe: Connection, listen: Any, send: Callable[[bytes], None]) -> None:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    pipe.send(asyncio.run_coroutine_threadsafe(listen(loop), loop).result())
    pipe.recv()
    if scene.kind == "frame":
        _measure(scene, pipe, lambda number: loop.call_soon_threadsafe(send, FRAME) and None)
    else:
        _measure(
            scene, pipe, lambda number: loop.call_soon_threadsafe(send, encode(log_entry(number))) and None
        )


def _measure(scene: Scene, pipe: Connection, send: Callable[[int], None]) -> None:
    begin = time.process_time()
    scene.play(send)
    time.sleep(0.3)
    pipe.send(time.process_time() - begin)
    pipe.recv()


class Reader:
    """Reads as cheaply as Python can, answers pings, and counts messages."""

    def __init__(self, url: str, *wishes: dict[str, str]) -> None:
        uri = parse_uri(url)
        self.socket = socket.create_connection((uri.host, uri.port))
        protocol = ClientProtocol(uri)
        protocol.send_request(protocol.connect())
        for data in protocol.data_to_send():
            self.socket.sendall(data)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        for wish in wishes:
            self.socket.sendall(Frame(Opcode.TEXT, json.dumps(wish).encode()).serialize(mask=True))
        self.messages = 0
        self._skip = 0
        self._rest = b""

    def read(self, buffer: bytearray) -> None:
        count = self.socket.recv_into(buffer)
        if self._skip >= count:
            self._skip -= count
            return
        data = self._rest + bytes(memoryview(buffer)[self._skip : count])
        self._skip, at = 0, 0
        while len(data) - at >= 10 or (len(data) - at >= 2 and data[at + 1] < 126):
            opcode, length, header = data[at] & 15, data[at + 1], 2
            if length == 126:
                length, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, header = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if opcode == Opcode.PING:
                if len(data) - at < header + length:
                    break
                payload = data[at + header : at + header + length]
                self.socket.sendall(Frame(Opcode.PONG, payload).serialize(mask=True))
            else:
                self.messages += 1
            at += header + length
        self._skip = max(0, at - len(data))
        self._rest = data[at:]


def run(way: Callable[..., None], core: int, scene: Scene, connections: int) -> tuple[float, int]:
    """Return the CPU seconds for each delivered message, and how many were delivered."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_pinned, args=(way, core, scene, connections, there))
    process.start()
    url = here.recv()
    wishes = [{"type": "start_preview", "device_id": DEVICE}] if way is ours and scene.kind == "frame" else []
    readers = [Reader(url, *wishes) for _ in range(connections)]
    selector = selectors.DefaultSelector()
    for reader in readers:
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    selector.register(here, selectors.EVENT_READ, None)
    buffer = bytearray(1 << 20)
    time.sleep(0.5)
    before = sum(reader.messages for reader in readers)
    here.send("go")
    while True:
        for key, _ in selector.select():
            if key.data is None:
                cpu = here.recv()
                delivered = sum(reader.messages for reader in readers) - before
                here.send("end")
                process.join()
                for reader in readers:
                    reader.socket.close()
                return cpu / delivered, delivered
            key.data.read(buffer)


def _pinned(way: Callable[..., None], core: int, *arguments: object) -> None:
    os.sched_setaffinity(0, {core})
    way(*arguments)


def main() -> None:
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    for scene in (Scene("frame", 12, seconds), Scene("log", 200, seconds)):
        costs: dict[str, list[float]] = {}
        for way in (raw, ours, library) * 3:
            cost, delivered = run(way, min(cores), scene, connections)
            costs.setdefault(way.__name__, []).append(cost)
            print(f"{scene.kind:6} {way.__name__:8} {cost * 1e6:7.1f} µs a message, {delivered} delivered")
        best = {name: min(values) for name, values in costs.items()}
        print(
            f"{scene.kind:6} server / raw = {best['ours'] / best['raw']:.2f}, "
            f"server / broadcast = {best['ours'] / best['library']:.2f}"
        )


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
