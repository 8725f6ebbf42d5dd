"""Mobly's AndroidDevice, unmodified, against the virtual phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mobly.controllers import android_device
from mobly.controllers.android_device_lib import adb as mobly_adb

from execmon_lab.phone.process import PhoneProcess

from .conftest import wait_until


@pytest.fixture
def ad(
    phone: PhoneProcess, environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[android_device.AndroidDevice]:
    monkeypatch.setattr("logging.log_path", str(tmp_path), raising=False)
    device = android_device.AndroidDevice(phone.serial)
    yield device
    device.services.stop_all()
    if device.is_adb_root:
        device.adb.unroot()
        device.adb.wait_for_device()


def test_build_info(ad: android_device.AndroidDevice) -> None:
    info = ad.build_info
    assert info["build_id"]
    assert int(info["build_version_sdk"]) >= 21
    assert info["debuggable"] == "1"
    assert ad.model
    assert ad.is_boot_completed()
    assert ad.is_rootable


def test_lists_the_phone(ad: android_device.AndroidDevice) -> None:
    assert ad.serial in android_device.list_adb_devices()


def test_shell(ad: android_device.AndroidDevice) -> None:
    assert ad.adb.shell("echo hello") == b"hello\n"
    assert ad.adb.shell(["echo", "one", "two"]) == b"one two\n"
    with pytest.raises(mobly_adb.AdbError) as failure:
        ad.adb.shell("echo out; exit 3")
    assert failure.value.ret_code == 3
    assert ad.adb.getprop("ro.build.version.sdk") == ad.build_info["build_version_sdk"]
    assert not ad.adb.has_shell_command("no-such-command")


def test_logcat_service(ad: android_device.AndroidDevice) -> None:
    ad.services.logcat.start()
    assert ad.services.logcat.is_alive
    path = Path(ad.services.logcat.adb_logcat_file_path)
    ad.adb.shell("log -t mobly line")
    wait_until(lambda: "mobly" in path.read_text(), "the line is in the file")
    ad.services.logcat.stop()
    assert not ad.services.logcat.is_alive


def test_root(ad: android_device.AndroidDevice) -> None:
    ad.root_adb()
    assert ad.is_adb_root
    assert ad.adb.shell("id -u") == b"0\n"


def test_reboot(ad: android_device.AndroidDevice) -> None:
    ad.adb.shell("echo kept > /data/local/tmp/mobly")
    ad.reboot()
    assert ad.is_boot_completed()
    assert ad.adb.shell("cat /data/local/tmp/mobly") == b"kept\n"
