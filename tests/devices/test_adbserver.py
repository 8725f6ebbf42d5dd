"""The adb server: ours, and the user's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import adbutils
import psutil
import pytest

from execmon_lab.devices import AdbServer, PrivateAdbServer, ServerError
from tests.processes import Child, gone, listener, run

Eventually = Callable[..., bool]


def answers(server: AdbServer) -> bool:
    try:
        return server.client.server_version() >= 41
    except (OSError, EOFError, adbutils.AdbError):
        return False


@pytest.mark.usefixtures("no_leaks")
def test_it_answers_adbutils_and_the_adb_command(eventually: Eventually) -> None:
    with AdbServer.private() as server:
        assert answers(server)
        command = [adbutils.adb_path(), "-P", str(server.port), "devices"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        assert listed.stdout.startswith("List of devices attached")
        assert "daemon started" not in listed.stdout + listed.stderr
    assert eventually(lambda: not psutil.pid_exists(server.pid))


@pytest.mark.usefixtures("no_leaks")
def test_closing_twice_is_no_error() -> None:
    server = AdbServer.private()
    server.close()
    server.close()


@pytest.mark.usefixtures("no_leaks")
def test_it_is_back_on_the_same_port_after_it_was_killed(eventually: Eventually) -> None:
    with AdbServer.private() as server:
        for _ in range(3):
            before = server.pid
            os.kill(before, signal.SIGKILL)
            assert eventually(lambda before=before: server.pid != before)  # type: ignore[misc]
            assert answers(server)


@pytest.mark.usefixtures("no_leaks")
def test_it_is_back_after_the_adb_command_ended_it(eventually: Eventually) -> None:
    with AdbServer.private() as server:
        before = server.pid
        command = [adbutils.adb_path(), "-P", str(server.port), "kill-server"]
        subprocess.run(command, capture_output=True, check=True, timeout=30)
        assert eventually(lambda: server.pid != before)
        assert answers(server)


@pytest.mark.usefixtures("no_leaks")
def test_two_do_not_know_of_each_other() -> None:
    with AdbServer.private() as one, AdbServer.private() as other:
        assert one.port != other.port
        before = other.pid
        one.close()
        assert answers(other)
        assert other.pid == before


@pytest.mark.usefixtures("no_leaks")
def test_a_port_that_is_taken_is_told() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ServerError, match="choose another"),
    ):
        AdbServer.private(taken.getsockname()[1])


@pytest.mark.usefixtures("no_leaks")
def test_a_binary_that_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBUTILS_ADB_PATH", "/nonexistent/adb")
    with pytest.raises(ServerError, match="not found"):
        AdbServer.private()


def test_it_does_not_outlive_a_process_that_is_killed(eventually: Eventually) -> None:
    program = """
import sys, time
from execmon_lab.devices import AdbServer
server = AdbServer.private()
print(server.pid, flush=True)
time.sleep(600)
"""
    with Child([sys.executable, "-c", program]) as owner:
        server = int(owner.stdout.readline())
        leash = psutil.Process(server).ppid()
        assert psutil.pid_exists(server)
        owner.kill()
        owner.wait()
        assert eventually(lambda: gone(server))
        assert eventually(lambda: gone(leash))


def test_it_does_not_outlive_a_process_that_forgot_to_close_it(eventually: Eventually) -> None:
    program = "from execmon_lab.devices import AdbServer; print(AdbServer.private().pid, flush=True)"
    owner = run([sys.executable, "-c", program])
    assert (owner.status, owner.err) == (0, "")
    assert eventually(lambda: gone(int(owner.out)))


class TestTheUsers:
    def test_it_is_where_the_environment_says(
        self, adb_server: PrivateAdbServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(adb_server.port))
        server = AdbServer.user()
        assert (server.host, server.port) == ("127.0.0.1", adb_server.port)
        assert answers(server)

    def test_it_runs_on_when_closed(
        self, adb_server: PrivateAdbServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(adb_server.port))
        before = adb_server.pid
        AdbServer.user().close()
        assert answers(adb_server)
        assert adb_server.pid == before

    @pytest.mark.usefixtures("no_leaks")
    def test_it_is_started_when_there_is_none(
        self, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        monkeypatch.setenv("ADB_MDNS", "0")
        monkeypatch.setenv("ADB_USB", "0")
        server = AdbServer.user()
        pid = listener(port)
        try:
            assert answers(server)
        finally:
            os.kill(pid, signal.SIGKILL)  # asked to end it may hang for ever
        assert eventually(lambda: gone(pid))

    def test_a_distant_one_that_does_not_answer_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANDROID_ADB_SERVER_ADDRESS", "127.0.0.2")
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "23999")
        with pytest.raises(ServerError, match=r"127\.0\.0\.2:23999; start it there"):
            AdbServer.user()


def test_its_client_starts_no_server_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(adbutils.errors.AdbConnectionError, match="no adb server answers"):
        AdbServer("127.0.0.1", port).client.list()
