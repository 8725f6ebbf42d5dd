"""The phone as a process: it can be killed and stopped, and it never stays behind."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable

import psutil
import pytest

from execmon_lab.phone.process import PhoneError, PhoneProcess
from tests.processes import Child, gone


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
    assert eventually(lambda: gone(last))
    phone.close()
    with pytest.raises(PhoneError, match="closed"):
        _ = phone.pid


def test_the_phone_does_not_outlive_a_killed_parent(eventually: Callable[..., bool]) -> None:
    script = (
        "import sys, time\n"
        "from execmon_lab.phone.process import PhoneProcess\n"
        "print(PhoneProcess().pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with Child([sys.executable, "-c", script]) as parent:
        pid = int(parent.stdout.readline())
    assert eventually(lambda: gone(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with Child([sys.executable, "-m", "execmon_lab.phone"]) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.ended() == (0, "", "")


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if port % 2 == 0:
            with pytest.raises(PhoneError, match="odd"):
                PhoneProcess(port=port)
        else:
            with pytest.raises(PhoneError, match="Address already in use"):
                PhoneProcess(port=port)
