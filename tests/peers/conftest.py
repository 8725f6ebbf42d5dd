"""A private adb server and one virtual phone, shared by all tests of unmodified peers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import adbutils
import pytest
from adbutils import AdbClient, AdbDevice

from execmon_lab.phone.process import PhoneProcess
from tests.processes import Child, listener

DEADLINE = 60.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Adb:
    """The adb command line against the private server."""

    binary: str
    port: int
    env: dict[str, str]

    def __call__(
        self, *words: str, input: bytes | None = None, check: bool = True, serial: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        target = ["-s", serial] if serial else []
        return subprocess.run(
            [self.binary, *target, *words],
            env=self.env,
            input=input,
            capture_output=True,
            timeout=60,
            check=check,
        )

    def text(self, *words: str) -> str:
        return self(*words).stdout.decode()

    def start(self, *words: str) -> Child:
        return Child([self.binary, *words], env=self.env, stdin=subprocess.PIPE)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE:.0f} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adb]:
    """A server of its own: another port, another home with its own keys, no USB, no mDNS."""
    port = free_port()
    home = tmp_path_factory.mktemp("home")
    env = {
        **os.environ,
        "ANDROID_ADB_SERVER_PORT": str(port),
        "ADB_MDNS": "0",
        "ADB_USB": "0",
        "HOME": str(home),
        "ADB_VENDOR_KEYS": "",
    }
    env.pop("ANDROID_SERIAL", None)
    adb = Adb(adbutils.adb_path(), port, env)
    adb("start-server")
    yield adb
    os.kill(listener(port), signal.SIGKILL)  # asked to end it may hang for ever


@pytest.fixture(scope="session")
def phone(adb_server: Adb) -> Iterator[PhoneProcess]:
    """The phone that the tests share; who changes it puts it back."""
    with PhoneProcess(adb_ports=[adb_server.port]) as phone:
        wait_until(lambda: f"{phone.serial}\tdevice" in adb_server.text("devices"), "the phone is listed")
        yield phone


@pytest.fixture
def adb(adb_server: Adb, phone: PhoneProcess) -> Adb:
    """The command line, bound to the phone."""
    env = {**adb_server.env, "ANDROID_SERIAL": phone.serial}
    return Adb(adb_server.binary, adb_server.port, env)


@pytest.fixture
def client(adb_server: Adb) -> AdbClient:
    """adbutils' client of the private server."""
    return AdbClient(host="127.0.0.1", port=adb_server.port)


@pytest.fixture
def device(client: AdbClient, phone: PhoneProcess) -> AdbDevice:
    """adbutils' device."""
    return client.device(phone.serial)


@pytest.fixture
def environment(adb_server: Adb, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private server as the default of libraries that start adb themselves."""
    for name in ("ANDROID_ADB_SERVER_PORT", "ADB_MDNS", "ADB_USB", "HOME"):
        monkeypatch.setenv(name, adb_server.env[name])
    folder = Path(adb_server.binary).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
