"""What goes wrong with a device, and how it is told: never as an empty success."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from execmon_lab.devices import (
    AdbError,
    AdbTimeout,
    Command,
    Device,
    DeviceDisconnected,
    DevicePool,
    NoDevice,
    PrivateAdbServer,
)
from execmon_lab.phone.process import PhoneProcess

Eventually = Callable[..., bool]


@pytest.fixture
def own_pool(adb_server: PrivateAdbServer, own_phone: PhoneProcess) -> Iterator[DevicePool]:
    with DevicePool(adb_server, [own_phone.serial], heartbeat=0.3) as pool:
        yield pool


@pytest.fixture
def own_device(own_pool: DevicePool, own_phone: PhoneProcess) -> Device:
    return own_pool.wait_available(own_phone.serial, timeout=30)


def for_ever(check: Callable[[], bool]) -> None:
    while True:
        assert check()


def during(device: Device, command: str, fault: Callable[[], None], timeout: float = 60.0) -> Command:
    """Run a command, let the fault happen when it is under way, and return the command's record."""
    told: list[Command] = []
    under_way = threading.Event()

    def observe(record: Command) -> None:
        told.append(record)
        under_way.set()

    def break_it() -> None:
        under_way.wait(20)
        device.session().shell("sleep 0.1")  # it has reached the device by now
        fault()

    breaker = threading.Thread(target=break_it)
    breaker.start()
    with pytest.raises((DeviceDisconnected, AdbTimeout, AdbError)):
        device.session(observe).shell(command, timeout=timeout)
    breaker.join(20)
    return told[-1]


def test_a_phone_killed_during_a_command(own_device: Device, own_phone: PhoneProcess) -> None:
    record = during(own_device, "sleep 50", own_phone.kill)
    assert isinstance(record.error, DeviceDisconnected)
    assert record.error.code == "DEVICE_DISCONNECTED"
    assert str(record.error).startswith(f"Device {own_phone.serial} disconnected during execution")
    assert record.duration_seconds is not None


def test_a_phone_killed_between_commands(own_device: Device, own_phone: PhoneProcess) -> None:
    own_phone.kill()
    with pytest.raises(DeviceDisconnected):
        own_device.session().shell("true")


def test_a_phone_killed_during_a_screenshot_gives_no_picture(
    own_device: Device, own_phone: PhoneProcess
) -> None:
    threading.Timer(0.2, own_phone.kill).start()
    session = own_device.session()
    with pytest.raises(DeviceDisconnected):
        for_ever(lambda: session.screenshot().size == (720, 1280))


def test_a_phone_that_hangs_is_told_by_the_heartbeat(own_device: Device, own_phone: PhoneProcess) -> None:
    record = during(own_device, "sleep 50", own_phone.pause)
    assert isinstance(record.error, DeviceDisconnected)
    assert "does not answer" in str(record.error)
    assert record.duration_seconds is not None


def test_a_phone_that_hangs_is_told_by_the_deadline(
    adb_server: PrivateAdbServer, own_phone: PhoneProcess
) -> None:
    with DevicePool(adb_server, [own_phone.serial], heartbeat=600) as pool:
        session = pool.wait_available(own_phone.serial, timeout=30).session()
        own_phone.pause()
        with pytest.raises(AdbTimeout):
            session.shell("true", timeout=0.3)
        with pytest.raises(AdbTimeout):
            session.screenshot(timeout=0.3)


def test_a_phone_that_hung_is_back_when_it_goes_on(
    own_device: Device, own_phone: PhoneProcess, own_pool: DevicePool, eventually: Eventually
) -> None:
    own_phone.pause()
    assert eventually(lambda: own_pool.snapshot()[own_phone.serial].status == "offline")
    with pytest.raises(DeviceDisconnected, match="does not answer"):
        own_device.session().shell("true")
    own_phone.resume()
    assert own_pool.wait_available(own_phone.serial, timeout=20) is own_device
    assert own_device.session().shell("echo back") == "back\n"


def test_a_phone_that_was_killed_is_back_under_its_serial(
    own_device: Device, own_phone: PhoneProcess, own_pool: DevicePool
) -> None:
    session = own_device.session()
    before = own_device.transport_id
    threading.Timer(0.1, own_phone.kill).start()
    with pytest.raises(DeviceDisconnected):
        session.shell("sleep 50", timeout=60)
    with pytest.raises(NoDevice, match="offline"):
        own_pool.wait_available(own_phone.serial, timeout=0.1)
    own_phone.restart()
    assert own_pool.wait_available(own_phone.serial, timeout=30) is own_device
    assert own_device.transport_id != before
    assert session.shell("echo back") == "back\n"


def test_an_adb_server_killed_during_a_command(own_device: Device, own_pool: DevicePool) -> None:
    server = own_pool.server
    assert isinstance(server, PrivateAdbServer)
    record = during(own_device, "sleep 50", lambda: os.kill(server.pid, signal.SIGKILL))
    assert isinstance(record.error, DeviceDisconnected | AdbError)
    device = own_pool.wait_available(own_device.serial, timeout=30)
    assert device.session().shell("echo back") == "back\n"


def test_a_service_that_the_device_does_not_have_is_not_taken_for_its_death(own_device: Device) -> None:
    lane = own_device.lane()
    with (
        pytest.raises(AdbError, match="refused the service"),
        lane.service("no-such-service:", "adb nothing", 10),
    ):
        pytest.fail("the service opened")
    assert own_device.online


def test_heavy_traffic_while_the_phone_dies_again_and_again_gives_only_named_errors(
    own_device: Device, own_phone: PhoneProcess, own_pool: DevicePool
) -> None:
    stop = threading.Event()
    unexpected: list[BaseException] = []
    successes = 0

    def hammer() -> None:
        nonlocal successes
        session = own_device.session()
        while not stop.is_set():
            try:
                assert session.shell("echo whole") == "whole\n"
                successes += 1
            except DeviceDisconnected:
                stop.wait(0.02)
            except BaseException as error:  # noqa: BLE001 - told by the test's own thread
                unexpected.append(error)
                return

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        stop.wait(0.2)
        own_phone.kill()
        own_phone.restart()
        own_pool.wait_available(own_phone.serial, timeout=30)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert unexpected == []
    assert successes > 0
