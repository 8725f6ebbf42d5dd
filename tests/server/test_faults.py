"""Killed clients, handshakes that never end, crowds, a busy publisher: none harms those who are served."""

import contextlib
import gc
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.server import Server
from tests.processes import Child
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


def process(url: str, stage: str) -> Child:
    return Child([sys.executable, "-S", Path(__file__).with_name("victim.py"), url, stage, m.DEVICE])


@pytest.mark.parametrize("stage", STAGES)
def test_a_client_process_killed_in_any_stage_of_its_life_leaves_nothing(
    server: Server, join: Join, hub: Hub, execution: str, preview: Camera, stage: str
) -> None:
    staying = join(server)
    staying.get()
    with process(server.ws_url(execution), stage) as victim:
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


def test_ten_thousand_handshakes_refused_at_the_limit_harm_nobody_who_is_served(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    """Each is upgraded, told why, and closed; those served get every message meanwhile."""
    served = [join(server) for _ in range(10)]
    for consumer in served:
        consumer.get()
    refused = 10_000
    script = str(Path(__file__).with_name("crowd.py"))
    command = [sys.executable, "-S", script, server.ws_url(execution), str(refused), "100"]
    rounds = 0
    with Child(command) as crowd:
        while crowd.poll() is None:
            step = m.completed(execution)
            hub.publish(step)
            assert [consumer.get()["step_id"] for consumer in served] == [step.step_id] * 10
            rounds += 1
            time.sleep(0.05)
        assert crowd.ended() == (0, f"{refused}\n", "")
    assert rounds > 1
    assert count(server, 'execmon_connections_closed_total{code="4429"}') == refused
    eventually(lambda: count(server, "execmon_connections") == 10)
    served[0].socket.close()
    assert join(server).get()["type"] == "execution_state"


def test_all_goes_on_while_the_main_thread_is_busy_for_ten_seconds_in_pure_python(tmp_path: Path) -> None:
    """A real lab and its virtual phone; the interpreter's turns, 5 ms each, are what its threads wait for.

    So pictures come later and, on a machine with nothing to spare, fewer; nothing waits for the loop's end.
    """
    script = str(Path(__file__).with_name("busy.py"))
    command = [sys.executable, script, str(tmp_path), "10"]
    with Child(command, stdin=subprocess.PIPE) as kernel:
        url, device = kernel.stdout.readline().split()
        arrived: list[tuple[float, str]] = []
        with RawClient(url, answers=True) as client:
            client.say(type="start_preview", device_id=device)
            client.until("preview_frame")
            kernel.stdin.write("\n")
            kernel.stdin.flush()
            while (message := client.get())["type"] != "execution_completed":
                arrived.append((time.monotonic(), message["type"]))
        begun, ended, status = kernel.stdout.readline().split()
        assert kernel.wait(DEADLINE) == 0
    while_busy = Counter(kind for at, kind in arrived if float(begun) < at < float(ended))
    assert status == "running"
    assert while_busy["preview_frame"] >= 30
    assert while_busy["log_entry"] >= 5
    assert while_busy["execution_progress"] >= 3


def test_those_who_knock_while_it_closes_are_left_nowhere(tmp_path: Path) -> None:
    """What is left of one is a ResourceWarning, once it is collected."""
    with contextlib.ExitStack() as knocking:
        for turn in range(30):
            server = Server(Hub(), ArtifactStore(tmp_path)).start()
            for _ in range(20):
                client = knocking.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", server.port))
            time.sleep(turn % 3 * 0.0005)
            server.close()
        gc.collect()
