"""adb-shell, a client of the protocol itself: direct TCP, with and without RSA."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from adb_shell.adb_device import AdbDeviceTcp
from adb_shell.auth.keygen import keygen
from adb_shell.auth.sign_pythonrsa import PythonRSASigner
from adb_shell.exceptions import DeviceAuthError, TcpTimeoutException

from execmon_lab.phone.process import PhoneProcess

from .conftest import Adb, wait_until

TIMEOUT = 10.0


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> PythonRSASigner:
    path = tmp_path_factory.mktemp("keys") / "adbkey"
    keygen(str(path))
    return PythonRSASigner(path.with_suffix(".pub").read_text(), path.read_text())


@pytest.fixture
def secure(signer: PythonRSASigner, tmp_path: Path) -> Iterator[PhoneProcess]:
    keys = tmp_path / "authorized"
    keys.write_text(signer.GetPublicKey() + "\n")
    with PhoneProcess(secure=True, authorized_keys=keys) as phone:
        yield phone


def test_plain_connection(phone: PhoneProcess, tmp_path: Path) -> None:
    device = AdbDeviceTcp("127.0.0.1", phone.port, default_transport_timeout_s=TIMEOUT)
    assert device.connect(auth_timeout_s=TIMEOUT)
    assert device.shell("echo hello") == "hello\n"
    assert device.exec_out("echo out") == "out\n"
    assert list(device.streaming_shell("seq 3", decode=True))[-1].endswith("3\n")
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 2000)
    device.push(str(source), "/data/local/tmp/direct")
    assert device.stat("/data/local/tmp/direct")[1] == 512_000
    device.pull("/data/local/tmp/direct", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert b"direct" in [entry.filename for entry in device.list("/data/local/tmp")]
    device.close()


def test_a_known_key_is_let_in(secure: PhoneProcess, signer: PythonRSASigner) -> None:
    device = AdbDeviceTcp("127.0.0.1", secure.port, default_transport_timeout_s=TIMEOUT)
    assert device.connect(rsa_keys=[signer], auth_timeout_s=TIMEOUT)
    assert device.shell("echo in") == "in\n"
    device.close()


def test_without_a_key_nobody_is_let_in(secure: PhoneProcess) -> None:
    device = AdbDeviceTcp("127.0.0.1", secure.port, default_transport_timeout_s=TIMEOUT)
    with pytest.raises(DeviceAuthError):
        device.connect(auth_timeout_s=TIMEOUT)
    device.close()


def test_a_new_key_waits_for_the_person(secure: PhoneProcess, tmp_path: Path) -> None:
    keygen(str(tmp_path / "new"))
    new = PythonRSASigner((tmp_path / "new.pub").read_text(), (tmp_path / "new").read_text())
    device = AdbDeviceTcp("127.0.0.1", secure.port, default_transport_timeout_s=TIMEOUT)
    with pytest.raises((DeviceAuthError, TcpTimeoutException)):
        device.connect(rsa_keys=[new], auth_timeout_s=0.5)
    device.close()


def test_the_person_accepts_on_the_screen(
    adb_server: Adb, secure: PhoneProcess, signer: PythonRSASigner
) -> None:
    """A host that is known taps "Allow" for one that is not, as a person would."""
    known = AdbDeviceTcp("127.0.0.1", secure.port, default_transport_timeout_s=TIMEOUT)
    known.connect(rsa_keys=[signer], auth_timeout_s=TIMEOUT)
    adb_server("connect", f"127.0.0.1:{secure.port}", check=False)
    serial = f"127.0.0.1:{secure.port}"
    wait_until(lambda: f"{serial}\tunauthorized" in adb_server.text("devices"), "the server is not let in")
    deadline = time.monotonic() + 60
    while f"{serial}\tdevice" not in adb_server.text("devices"):
        assert time.monotonic() < deadline
        known.shell("uiautomator dump /sdcard/dump.xml")
        dump = known.shell("cat /sdcard/dump.xml")
        if 'text="Allow"' in dump:
            bounds = dump.split('text="Allow"')[1].split('bounds="[')[1].split('"')[0]
            left, top, right, bottom = (int(n) for n in bounds.replace("][", ",").rstrip("]").split(","))
            known.shell(f"input tap {(left + right) // 2} {(top + bottom) // 2}")
        time.sleep(0.1)
    adb_server("disconnect", serial)
    known.close()
