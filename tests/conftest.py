"""What tests share: one private adb server and one virtual phone, and phones to break.

`adb_server` and `phone` last for the whole run: a test leaves the phone running and on any screen.
`own_phone` is a phone of one test, which may kill it or stop it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator

import hypothesis
import psutil
import pytest

from execmon_lab.devices import AdbServer, Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from tests.processes import Child

Eventually = Callable[..., bool]
ANIMATION_SCALES = ("window_animation_scale", "transition_animation_scale", "animator_duration_scale")

# No test asserts a time: on a machine that is busy every example may be slow.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# A shell begins what runs in its background with interrupts ignored, and so would begin what the tests begin.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _eventually(condition: Callable[[], object], within: float = 60.0) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what its processes said, and the end of each output: the last screens tell all."""
    report = yield
    if report.failed:
        told = [(f"Captured stderr of {child}", child.complaints()) for child in Child.running.values()]
        report.sections = [(name, _end_of(text)) for name, text in report.sections + told]
    return report


def _end_of(text: str) -> str:
    lines = [line if len(line) <= 300 else f"{line[:300]} …" for line in text.splitlines()]
    return "\n".join(lines if len(lines) <= 60 else ["…", *lines[-60:]])


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something holds, for `within` seconds at most; tell whether it came to hold."""
    return _eventually


@pytest.fixture(scope="session")
def adb_server() -> Iterator[PrivateAdbServer]:
    """A private adb server."""
    with AdbServer.private() as server:
        yield server


@pytest.fixture(scope="session")
def phone(adb_server: PrivateAdbServer) -> Iterator[PhoneProcess]:
    """A virtual phone on the adb server, for all tests that break nothing.

    Its animations are off, as is common where phones are tested: what a command shows is there when it ends.
    """
    with PhoneProcess(adb_ports=[adb_server.port]) as process:
        with DevicePool(adb_server, [process.serial]) as pool:
            session = pool.wait_available(process.serial, timeout=30).session()
            for scale in ANIMATION_SCALES:
                session.shell(f"settings put global {scale} 0")
        yield process


@pytest.fixture
def own_phone(adb_server: PrivateAdbServer) -> Iterator[PhoneProcess]:
    """A virtual phone of the test's own, to be killed and stopped."""
    with PhoneProcess(adb_ports=[adb_server.port]) as process:
        yield process


@pytest.fixture(scope="session")
def pool(adb_server: PrivateAdbServer, phone: PhoneProcess) -> Iterator[DevicePool]:
    """A pool that has `phone` in it and nothing else."""
    with DevicePool(adb_server, [phone.serial]) as pool:
        pool.wait_available(phone.serial, timeout=30)
        yield pool


@pytest.fixture(scope="session")
def device(pool: DevicePool, phone: PhoneProcess) -> Device:
    """The `phone` as a device."""
    return pool.get(phone.serial)


@pytest.fixture
def session(device: Device) -> Iterator[DeviceSession]:
    """A session on `phone`."""
    session = device.session()
    yield session
    session.interrupt()


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail when the test leaves a thread or a process behind."""
    process = psutil.Process()
    threads = _threads()
    children = set(process.children(recursive=True))
    descriptors = process.num_fds()
    yield
    assert _eventually(lambda: _threads() <= threads, 30), threading.enumerate()
    assert _eventually(lambda: set(process.children(recursive=True)) <= children, 30), process.children()
    assert _eventually(lambda: process.num_fds() <= descriptors, 30), os.listdir("/proc/self/fd")


def _threads() -> set[threading.Thread]:
    """Without the workers of asyncio's loops, which come as they are needed and end with their loop."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
