"""The pool: who is there, who is free."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from execmon_lab.devices import AdbServer, DevicePool, NoDevice, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess

Eventually = Callable[..., bool]
Told = list[tuple[str, str, datetime | None]]


def test_devices_are_found_by_themselves(adb_server: PrivateAdbServer, phone: PhoneProcess) -> None:
    with DevicePool(adb_server) as pool:
        assert phone.serial in [device.serial for device in pool.wait(1, timeout=30)]
        assert pool.snapshot()[phone.serial].status == "available"


def test_only_the_named_ones_are_seen(
    adb_server: PrivateAdbServer, phone: PhoneProcess, own_phone: PhoneProcess
) -> None:
    with DevicePool(adb_server, [own_phone.serial]) as pool:
        pool.wait_available(own_phone.serial, timeout=30)
        assert list(pool.snapshot()) == [own_phone.serial]
        with pytest.raises(NoDevice, match=phone.serial):
            pool.get(phone.serial)


def test_a_named_one_is_known_before_it_comes(adb_server: PrivateAdbServer) -> None:
    with DevicePool(adb_server, ["R58M30ABCDE"]) as pool:
        assert pool.snapshot()["R58M30ABCDE"] == ("R58M30ABCDE", "offline", None)
        assert not pool.get("R58M30ABCDE").online


def test_a_phone_that_was_not_confirmed_is_unauthorized(
    adb_server: PrivateAdbServer, eventually: Eventually
) -> None:
    with (
        PhoneProcess(adb_ports=[adb_server.port], secure=True) as phone,
        DevicePool(adb_server, [phone.serial]) as pool,
    ):
        assert eventually(lambda: pool.snapshot()[phone.serial].status == "unauthorized")
        with pytest.raises(NoDevice, match="confirm the question on the screen"):
            pool.wait(serials=[phone.serial], timeout=0.1)


def test_several_are_given_in_the_order_asked_for(
    adb_server: PrivateAdbServer, phone: PhoneProcess, own_phone: PhoneProcess
) -> None:
    with DevicePool(adb_server) as pool:
        wanted = [own_phone.serial, phone.serial]
        assert [device.serial for device in pool.wait(serials=wanted, timeout=30)] == wanted
        assert len(pool.wait(2, timeout=30)) >= 2


def test_waiting_in_vain_tells_what_is_there_and_what_to_do(pool: DevicePool, phone: PhoneProcess) -> None:
    with pytest.raises(NoDevice, match=r"R58M not there after 0\.1 s") as caught:
        pool.wait(serials=["R58M"], timeout=0.1)
    assert f"{phone.serial} (available)" in str(caught.value)
    assert "connect one, or start a virtual phone" in str(caught.value)
    assert caught.value.code == "UNKNOWN_DEVICE"


def test_a_named_one_that_never_came_is_not_listed_but_the_others_are(
    adb_server: PrivateAdbServer, phone: PhoneProcess, eventually: Eventually
) -> None:
    with DevicePool(adb_server, ["R58M"]) as pool:

        def told() -> str:
            with pytest.raises(NoDevice) as caught:
                pool.wait(serials=["R58M"], timeout=0)
            return str(caught.value)

        assert eventually(lambda: f"{phone.serial} (available)" in told())
        assert "R58M (" not in told()


class TestHolding:
    def test_a_device_that_is_taken_is_busy_until_it_is_given_back(
        self, pool: DevicePool, phone: PhoneProcess
    ) -> None:
        with pool.held(phone.serial) as device:
            assert device.serial == phone.serial
            assert pool.snapshot()[phone.serial].status == "busy"
            with pytest.raises(NoDevice, match="is busy"):
                pool.acquire(phone.serial)
        assert pool.snapshot()[phone.serial].status == "available"

    def test_several_are_taken_together_or_not_at_all(
        self, adb_server: PrivateAdbServer, phone: PhoneProcess
    ) -> None:
        told: list[str] = []

        def note(serial: str, status: str, _: object) -> None:
            if serial == phone.serial:
                told.append(status)

        with DevicePool(adb_server, [phone.serial, "R58M"], on_status=note) as pool:
            pool.wait_available(phone.serial, timeout=20)
            with pytest.raises(NoDevice, match="R58M is offline"):
                pool.acquire_all([phone.serial, "R58M"])
            assert "busy" not in told
            pool.acquire_all([phone.serial])
            assert told[-1] == "busy"
            with pytest.raises(NoDevice, match="is busy"):
                pool.acquire_all([phone.serial])

    def test_one_that_waits_gets_it_next(self, pool: DevicePool, phone: PhoneProcess) -> None:
        pool.acquire(phone.serial)
        threading.Timer(0.1, pool.release, [phone.serial]).start()
        pool.acquire(phone.serial, timeout=20)
        pool.release(phone.serial)

    def test_a_device_that_is_away_cannot_be_taken(self, adb_server: PrivateAdbServer) -> None:
        with DevicePool(adb_server, ["R58M"]) as pool, pytest.raises(NoDevice, match="R58M is offline"):
            pool.acquire("R58M")


class TestStatus:
    def test_each_change_is_told_once_and_in_order(
        self, adb_server: PrivateAdbServer, own_phone: PhoneProcess, eventually: Eventually
    ) -> None:
        told: Told = []
        with DevicePool(adb_server, [own_phone.serial], lambda *change: told.append(change)) as pool:
            pool.wait_available(own_phone.serial, timeout=30)
            with pool.held(own_phone.serial):
                own_phone.kill()
                assert eventually(lambda: told[-1][1] == "offline")
                own_phone.restart()
                pool.wait_available(own_phone.serial, timeout=30)
            assert eventually(lambda: told[-1][1] == "available")
        statuses = [status for _, status, _ in told]
        assert [s for s in statuses if s != "offline"] == ["available", "busy", "busy", "available"]
        assert all(one != after for one, after in itertools.pairwise(statuses))
        seen = [moment for _, status, moment in told if status != "offline"]
        assert all(moment is not None and moment <= datetime.now(UTC) for moment in seen)

    def test_the_callback_may_use_the_pool(
        self, adb_server: PrivateAdbServer, phone: PhoneProcess, eventually: Eventually
    ) -> None:
        told: list[str] = []
        made = threading.Event()

        def take(serial: str, status: str, last_seen: datetime | None) -> None:
            told.append(status)
            if status == "available" and "busy" not in told and made.wait(30):
                pool.acquire(serial)

        with DevicePool(adb_server, [phone.serial], take) as pool:
            made.set()
            assert eventually(lambda: "busy" in told)

    def test_a_callback_that_fails_stops_nothing(
        self, adb_server: PrivateAdbServer, phone: PhoneProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        with DevicePool(adb_server, [phone.serial], lambda *change: 1 / 0) as pool:
            pool.wait_available(phone.serial, timeout=30)
            with pool.held(phone.serial):
                assert pool.snapshot()[phone.serial].status == "busy"
        assert "on_status failed" in caplog.text

    def test_the_heartbeat_keeps_last_seen_fresh(
        self, adb_server: PrivateAdbServer, phone: PhoneProcess, eventually: Eventually
    ) -> None:
        with DevicePool(adb_server, [phone.serial], heartbeat=0.1) as pool:
            pool.wait_available(phone.serial, timeout=30)

            def seen() -> datetime:
                moment = pool.snapshot()[phone.serial].last_seen
                assert moment is not None
                return moment

            first = seen()
            assert eventually(lambda: (seen() - first).total_seconds() > 0.3)


@pytest.mark.usefixtures("no_leaks")
def test_no_thread_is_left(adb_server: PrivateAdbServer, phone: PhoneProcess) -> None:
    with DevicePool(adb_server) as pool:
        pool.wait(1, timeout=30)
    pool.close()


@pytest.mark.usefixtures("no_leaks")
def test_no_thread_is_left_where_the_server_went_first() -> None:
    server = AdbServer.private()
    pool = DevicePool(server, heartbeat=0.1)
    server.close()
    pool.close()


@pytest.mark.usefixtures("no_leaks")
def test_two_servers_and_their_phones_do_not_disturb_each_other(eventually: Eventually) -> None:
    with (
        AdbServer.private() as one,
        AdbServer.private() as other,
        PhoneProcess(adb_ports=[one.port]) as here,
        PhoneProcess(adb_ports=[other.port]) as there,
        DevicePool(one) as pool,
        DevicePool(other) as other_pool,
    ):
        pool.wait(1)
        other_pool.wait(1)
        assert list(pool.snapshot()) == [here.serial]
        assert list(other_pool.snapshot()) == [there.serial]
        one.close()
        here.kill()
        assert eventually(lambda: pool.snapshot()[here.serial].status == "offline")
        assert other_pool.get(there.serial).session().shell("echo on") == "on\n"
