"""adbutils 2.12, unmodified, against the virtual phone."""

from __future__ import annotations

import io
import socket
import time
from pathlib import Path

import pytest
from adbutils import AdbClient, AdbDevice, Network

from execmon_lab.phone.process import PhoneProcess

from .conftest import wait_until

# adbutils leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def test_lists_and_tracks(client: AdbClient, phone: PhoneProcess) -> None:
    assert phone.serial in [device.serial for device in client.device_list()]
    event = next(iter(client.track_devices()))
    assert event.present
    assert event.status == "device"


def test_properties(device: AdbDevice) -> None:
    assert device.get_state() == "device"
    assert device.prop.model
    assert device.prop.device
    assert device.get_features()
    assert device.get_serialno() == device.serial


def test_shell(device: AdbDevice) -> None:
    assert device.shell("echo hello") == "hello"
    assert device.shell(["echo", "two words", "$HOME"]) == "two words $HOME"
    assert device.shell("echo -n a; echo b", rstrip=False) == "ab\n"
    done = device.shell2("echo out; echo err >&2; exit 3", v2=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert device.shell2("(exit 4)").returncode == 4


def test_a_stream_of_output(device: AdbDevice) -> None:
    with device.shell("for i in 1 2 3; do echo $i; sleep 0.05; done", stream=True) as stream:
        assert stream.read_until_close() == "1\n2\n3\n"


def test_files(device: AdbDevice, tmp_path: Path) -> None:
    sync = device.sync
    assert sync.push(b"content", "/data/local/tmp/adbutils/file.txt") == 7
    info = sync.stat("/data/local/tmp/adbutils/file.txt")
    assert info.size == 7
    assert sync.exists("/data/local/tmp/adbutils/file.txt")
    assert not sync.exists("/data/local/tmp/adbutils/other")
    assert sync.read_text("/data/local/tmp/adbutils/file.txt") == "content"
    assert b"".join(sync.iter_content("/data/local/tmp/adbutils/file.txt")) == b"content"
    assert "file.txt" in [entry.path for entry in sync.list("/data/local/tmp/adbutils")]
    sync.push(io.BytesIO(b"x" * 200_000), "/data/local/tmp/adbutils/big")
    assert sync.pull("/data/local/tmp/adbutils/big", tmp_path / "big") == 200_000
    sync.pull("/data/local/tmp/adbutils", tmp_path / "folder")
    assert (tmp_path / "folder" / "file.txt").read_bytes() == b"content"
    device.shell("rm -r /data/local/tmp/adbutils")
    assert not sync.exists("/data/local/tmp/adbutils")


def test_screen(device: AdbDevice) -> None:
    size = device.window_size()
    assert device.screenshot(error_ok=False).size == (size.width, size.height)
    assert device.framebuffer().size == (size.width, size.height)


def test_framebuffer_shows_what_screencap_shows(device: AdbDevice) -> None:
    for _ in range(5):  # the clock of the status bar may move on in between
        if device.framebuffer().convert("RGB") == device.screenshot(error_ok=False).convert("RGB"):
            return
    pytest.fail("framebuffer: and screencap -p differ")


def test_forward_and_connection(device: AdbDevice) -> None:
    assert device.forward_port("localabstract:adbutils") == device.forward_port("localabstract:adbutils")
    with pytest.raises(Exception, match=r"closed|refused"):
        device.create_connection(Network.TCP, 4998)


def test_connection_to_the_phone(device: AdbDevice) -> None:
    listening = device.shell("echo from the phone | nc -l -p 4200", stream=True)
    connection: socket.socket | None = None

    def connect() -> bool:
        nonlocal connection
        try:
            connection = device.create_connection(Network.TCP, 4200)
        except Exception:  # noqa: BLE001  adbutils raises what the socket says
            return False
        return True

    wait_until(connect, "the phone listens")
    assert connection is not None
    with connection:
        connection.settimeout(20)
        assert connection.recv(100) == b"from the phone\n"
    listening.close()


def test_reverse(device: AdbDevice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        device.reverse("tcp:4300", f"tcp:{port}")
        assert ("tcp:4300", f"tcp:{port}") in [(item.remote, item.local) for item in device.reverse_list()]
        with device.shell("echo knock | nc -q 2 localhost 4300", stream=True):
            server.settimeout(20)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(20)
                assert connection.recv(100) == b"knock\n"
    device.shell("true")


def test_logcat(device: AdbDevice, tmp_path: Path) -> None:
    target = tmp_path / "log.txt"
    logcat = device.logcat(target, clear=True, re_filter="needle")
    deadline = time.monotonic() + 60
    while "needle" not in (target.read_text() if target.exists() else ""):
        device.shell("log -t test needle; log -t test hay")
        assert time.monotonic() < deadline
    # It notices that it shall stop when a line comes.
    with device.shell("while sleep 0.05; do log -t test needle; done", stream=True):
        logcat.stop(timeout=20)
    assert "hay" not in target.read_text()


def test_apps_and_input(device: AdbDevice) -> None:
    assert "com.android.settings" in device.list_packages()
    device.app_start("com.android.settings")
    assert device.app_current().package == "com.android.settings"
    device.app_stop("com.android.settings")
    device.keyevent("HOME")
    device.click(100, 100)
    device.swipe(300, 800, 300, 400, 0.05)
    device.send_keys("text")
    device.switch_screen(True)
    assert device.is_screen_on()
    assert device.rotation() in (0, 1, 2, 3)
    device.shell("svc wifi enable")
    wait_until(lambda: "wlan0" in device.shell("ifconfig"), "Wi-Fi has joined")
    assert device.wlan_ip() == "10.0.2.16"
    device.shell("svc wifi disable")
    assert "hierarchy" in device.dump_hierarchy()


def test_root(device: AdbDevice) -> None:
    device.root()
    wait_until(lambda: _uid(device) == "0", "commands run as root")
    with device.open_transport() as connection:
        connection.send_command("unroot:")
        connection.check_okay()
    wait_until(lambda: _uid(device) == "2000", "commands run as shell")


def _uid(device: AdbDevice) -> str:
    try:
        return device.shell2("id -u", v2=True, timeout=5).stdout.strip()
    except Exception:  # noqa: BLE001  the phone is on its way back
        return ""
