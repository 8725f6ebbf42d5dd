"""The phone as a process: it can be killed and stopped, and it never stays behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from execmon_lab.phone.process import PhoneError, PhoneProcess


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_life(eventually: Callable[..., bool]) -> None:
    with PhoneProcess() as phone:
        assert phone.serial == f"emulator-{phone.port - 1}"
        assert phone.alive
        first = phone.pid
        phone.pause()
        assert eventually(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED)
        phone.resume()
        phone.kill()
        assert not phone.alive
        port = phone.port
        phone.restart()
        assert phone.port == port
        assert phone.pid != first
        phone.pause()
        last = phone.pid
    assert gone(last)
    phone.close()
    with pytest.raises(PhoneError, match="closed"):
        _ = phone.pid


def test_the_phone_does_not_outlive_a_killed_parent() -> None:
    script = (
        "import sys, time\n"
        "from execmon_lab.phone.process import PhoneProcess\n"
        "print(PhoneProcess().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert gone(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "execmon_lab.phone"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if port % 2 == 0:
            with pytest.raises(PhoneError, match="odd"):
                PhoneProcess(port=port)
        else:
            with pytest.raises(PhoneError, match="Address already in use"):
                PhoneProcess(port=port)
