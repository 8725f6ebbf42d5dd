"""Killed clients, handshakes that never end, crowds, a busy publisher: none harms those who are served."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.conftest import DEADLINE, Camera, Consumer, eventually
from tests.server.raw import RawClient
from tests.server.victim import STAGES, handshake

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def count(server: Server, name: str) -> int:
    """Return a number that the server tells of itself."""
    with urllib.request.urlopen(server.url + "/metrics", timeout=DEADLINE) as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line.split()[1] for line in lines if line.startswith(name + " "))))


@contextlib.contextmanager
def process(url: str, stage: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-S", str(Path(__file__).with_name("victim.py")), url, stage, m.DEVICE]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield victim
    finally:
        victim.kill()
        victim.communicate()


@pytest.mark.parametrize("stage", STAGES)
def test_a_client_process_killed_in_any_stage_of_its_life_leaves_nothing(
    server: Server, join: Join, hub: Hub, execution: str, preview: Camera, stage: str
) -> None:
    staying = join(server)
    staying.get()
    with process(server.ws_url(execution), stage) as victim:
        assert victim.stdout is not None
        if stage == "not acknowledging":
            assert victim.stdout.readline() == "greeted\n"
            hub.publish(m.completed(execution))
            staying.until("step_completed")
        assert victim.stdout.readline() == "ready\n"
        victim.send_signal(signal.SIGKILL)
        victim.wait(DEADLINE)
        for _ in range(20):
            hub.publish(m.completed(execution))
            assert staying.get()["type"] == "step_completed"
        eventually(lambda: count(server, "execmon_connections") == 1)
        eventually(lambda: not preview.watching)


def test_a_client_process_killed_while_it_came_back_may_come_back_again(
    server: Server, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution)) as first:
        session = first.get()["session_id"]
        step = m.completed(execution)
        hub.publish(step)
        first.until("step_completed")
    for _ in range(3):
        with process(server.ws_url(execution) + f"?session={session}", "greeted") as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            victim.send_signal(signal.SIGKILL)
    with RawClient(server.ws_url(execution) + f"?session={session}", answers=True) as last:
        assert last.get()["session_id"] == session
        assert last.get()["step_id"] == step.step_id


@pytest.mark.parametrize("pace", ["nothing more", "a byte at a time"])
def test_a_handshake_that_never_ends_is_dropped_at_its_deadline(
    start: Start, join: Join, hub: Hub, execution: str, pace: str
) -> None:
    """However it dribbles: the deadline is for the whole head, and each byte brings no new one."""
    server = start({"head_seconds": 0.5})
    served = join(server)
    served.get()
    request = handshake(server.ws_url(execution))
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as slow:
        slow.sendall(request[:20])
        sent = 20
        with contextlib.suppress(ConnectionError):
            slow.settimeout(0.05)
            while True:
                with contextlib.suppress(TimeoutError):
                    if not slow.recv(100):
                        break
                if pace == "a byte at a time":
                    slow.sendall(request[sent : sent + 1])
                    sent += 1
                    assert sent < len(request)
    hub.publish(m.completed(execution))
    assert served.get()["type"] == "step_completed"


def test_thousands_of_handshakes_refused_at_the_limit_harm_nobody_who_is_served(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    """Each is upgraded, told why, and closed; those served get every message meanwhile."""
    served = [join(server) for _ in range(10)]
    for consumer in served:
        consumer.get()
    refused = 2_000
    steps = [m.completed(execution) for _ in range(100)]
    crowd = threading.Thread(target=lambda: asyncio.run(_crowd(server, execution, refused)))
    crowd.start()
    for step in steps:
        hub.publish(step)
        for consumer in served:
            assert consumer.get()["step_id"] == step.step_id
    crowd.join(60)
    assert not crowd.is_alive()
    assert count(server, 'execmon_connections_closed_total{code="4429"}') == refused
    eventually(lambda: count(server, "execmon_connections") == 10)
    served[0].socket.close()
    assert join(server).get()["type"] == "execution_state"


async def _crowd(server: Server, execution: str, many: int) -> None:
    """Knock from 20 sides at once; each answer must be one `error` and the close code."""
    request = handshake(server.ws_url(execution))

    async def knock() -> None:
        for _ in range(many // 20):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            answer = await reader.readuntil(b"\x88")
            writer.transport.abort()
            assert answer.startswith(b"HTTP/1.1 101 ")
            assert answer.count(b"CONNECTION_LIMIT") == 1

    await asyncio.gather(*(knock() for _ in range(20)))


WATCHER = """
import json, sys, time
from websockets.sync.client import connect
with connect(sys.argv[1], compression=None) as socket:
    socket.recv()
    socket.send(json.dumps({"type": "start_preview", "device_id": sys.argv[2]}))
    for text in socket:
        if json.loads(text)["type"] == "preview_frame":
            print(time.monotonic(), flush=True)
"""


def test_frames_go_on_while_the_main_thread_is_busy_in_pure_python(server: Server, execution: str) -> None:
    """They come later by the interpreter's turns, which change every 5 ms; none waits for the loop's end."""
    command = [sys.executable, "-c", WATCHER, server.ws_url(execution), m.DEVICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        try:
            watcher.stdout.readline()
            begun = time.monotonic()
            while (ended := time.monotonic()) < begun + 1.8:
                pass
        finally:
            watcher.kill()
        arrived = [float(line) for line in watcher.stdout if line.endswith("\n")]
    while_busy = [at for at in arrived if begun + 0.5 < at < ended]
    assert len(while_busy) >= 10
