"""The adb command line that adbutils ships, unmodified, against the virtual phone."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from execmon_lab.phone.process import PhoneProcess

from .conftest import Adb, wait_until


def test_lists_the_phone(adb: Adb, phone: PhoneProcess) -> None:
    line = next(line for line in adb.text("devices", "-l").splitlines() if line.startswith(phone.serial))
    assert " device " in line
    assert "product:" in line
    assert "model:" in line
    assert adb.text("get-state") == "device\n"
    assert "shell_v2" in adb.text("features")


def test_shell_separates_output_error_and_status(adb: Adb) -> None:
    done = adb("shell", "echo out; echo err >&2; exit 7", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_shell_gets_input_and_its_end(adb: Adb) -> None:
    assert adb("shell", "wc -c", input=b"x" * 300_000).stdout == b"300000\n"
    assert adb("shell", input=b"echo one\nexit 3\n", check=False).returncode == 3


def test_old_shell_without_the_protocol(adb: Adb) -> None:
    done = adb("shell", "-x", "echo out; echo err >&2; exit 7", check=False)
    assert done.stdout == b"out\nerr\n"
    assert done.returncode == 0


def test_terminal(adb: Adb) -> None:
    shown = adb("shell", "-tt", input=b"echo $((20 + 22))\rexit 4\r", check=False)
    assert b"\r\n42\r\n" in shown.stdout
    assert b"$ " in shown.stdout
    assert shown.returncode == 4


def test_unknown_command(adb: Adb) -> None:
    done = adb("shell", "no-such-command", check=False)
    assert done.returncode == 127
    assert done.stderr == b"/system/bin/sh: no-such-command: inaccessible or not found\n"


def test_exec_out_is_binary(adb: Adb) -> None:
    raw = adb("exec-out", "screencap").stdout
    width, height = (int.from_bytes(raw[at : at + 4], "little") for at in (0, 4))
    assert len(raw) == 16 + width * height * 4
    assert adb("exec-out", "screencap", "-p").stdout.startswith(b"\x89PNG\r\n")


def test_exec_in(adb: Adb) -> None:
    data = os.urandom(200_000)
    adb("exec-in", "cat > /data/local/tmp/in", input=data)
    wait_until(lambda: adb("exec-out", "cat /data/local/tmp/in").stdout == data, "the file is written")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_text("alpha\n")
    (top / "sub" / "b.bin").write_bytes(os.urandom(3_000_000))
    (top / "empty").touch()
    os.utime(top / "a.txt", (1_600_000_000, 1_600_000_000))
    return top


def test_push_and_pull_a_folder(adb: Adb, folder: Path, tmp_path: Path) -> None:
    adb("push", str(folder), "/data/local/tmp/")
    adb("pull", "-a", "/data/local/tmp/top", str(tmp_path / "back"))
    for name in ("a.txt", "sub/b.bin", "empty"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()
    assert (tmp_path / "back" / "a.txt").stat().st_mtime == 1_600_000_000
    adb("push", "--sync", str(folder), "/data/local/tmp/")
    adb("shell", "rm -r /data/local/tmp/top")
    assert adb("pull", "/data/local/tmp/top", str(tmp_path), check=False).returncode == 1


def test_push_to_a_read_only_place_fails(adb: Adb, folder: Path) -> None:
    done = adb("push", str(folder / "a.txt"), "/system/a.txt", check=False)
    assert done.returncode == 1
    assert b"Read-only file system" in done.stdout + done.stderr


def test_push_and_pull_in_bursts(adb: Adb, folder: Path, tmp_path: Path) -> None:
    burst = Adb(adb.binary, adb.port, {**adb.env, "ADB_BURST_MODE": "1"})
    burst("push", str(folder / "sub" / "b.bin"), "/data/local/tmp/burst")
    burst("pull", "/data/local/tmp/burst", str(tmp_path / "burst"))
    assert (tmp_path / "burst").read_bytes() == (folder / "sub" / "b.bin").read_bytes()
    assert adb("shell", "stat -c %s /data/local/tmp/burst; rm /data/local/tmp/burst").stdout == b"3000000\n"


def test_logcat(adb: Adb) -> None:
    adb("logcat", "-c")
    adb("shell", "log -p w -t first one; log -p d -t second two; log -p e -t first three")
    assert adb.text("logcat", "-d", "-v", "brief", "-s", "first:E").splitlines()[-1].endswith(": three")
    assert len(adb.text("logcat", "-d", "-v", "raw", "first:*", "*:S").splitlines()) == 3
    assert "two" in adb.text("logcat", "-d", "-v", "time", "-e", "^tw")


def test_logcat_streams_through_a_pipe(adb: Adb) -> None:
    with adb.start("shell", "logcat -T 1 -v raw | grep --line-buffered needle") as following:
        for number in range(3):
            adb("shell", f"log hay; log needle {number}")
            assert following.stdout.readline() == f"needle {number}\n"


def test_closing_the_host_ends_what_runs(adb: Adb) -> None:
    with adb.start("shell", "while true; do :; done"):
        wait_until(lambda: adb.text("shell", "pidof sh").count(" ") >= 1, "it runs")
    wait_until(lambda: adb.text("shell", "pidof sh").count(" ") == 0, "the loop has ended")


class Echo:
    """A server on the host that sends back what it gets."""

    def __init__(self) -> None:
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        self._threads = [threading.Thread(target=self._run)]
        self._threads[0].start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(data)

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._threads[0].join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


def test_reverse_carries_bytes_to_the_host(adb: Adb, echo: Echo) -> None:
    adb("reverse", "tcp:4100", f"tcp:{echo.port}")
    assert f"tcp:4100 tcp:{echo.port}" in adb.text("reverse", "--list")
    data = b"0123456789abcdef\n" * 20_000
    sent = adb("shell", f"nc -q 5 localhost 4100 | head -c {len(data)}", input=data)
    assert sent.stdout == data
    adb("reverse", "--remove", "tcp:4100")
    assert adb("shell", "nc -z localhost 4100", check=False).returncode == 1
    port = adb.text("reverse", "tcp:0", f"tcp:{echo.port}").strip()
    assert adb("reverse", "--no-rebind", f"tcp:{port}", "tcp:1", check=False).returncode == 1
    adb("reverse", "--remove-all")
    assert adb.text("reverse", "--list").strip() == ""


def test_forward_carries_bytes_to_the_phone(adb: Adb) -> None:
    port = int(adb.text("forward", "tcp:0", "localabstract:lines"))
    with adb.start("shell", "nc -l -U lines > /data/local/tmp/got; echo done") as listening:
        wait_until(lambda: "nc" in adb.text("shell", "ps -A -o NAME").split(), "nc listens")
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"hello\n" * 10_000)
            count = "wc -l < /data/local/tmp/got"
            wait_until(lambda: adb.text("shell", count) == "10000\n", "all has arrived")
        assert listening.ended().out == "done\n"
    adb("forward", "--remove-all")


def test_forward_to_nothing_is_closed(adb: Adb) -> None:
    port = int(adb.text("forward", "tcp:0", "tcp:4999"))
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(20)
        assert sock.recv(1) == b""
    adb("forward", "--remove-all")


def test_root_and_back(adb: Adb) -> None:
    assert adb.text("shell", "id -u") == "2000\n"
    assert "root" in adb.text("root")
    adb("wait-for-device")
    assert adb.text("shell", "id -u") == "0\n"
    assert "already" in adb.text("root")
    assert "succeeded" in adb.text("remount")
    adb("unroot")
    adb("wait-for-device")
    assert adb.text("shell", "id -u") == "2000\n"


def test_reboot(adb: Adb) -> None:
    adb("shell", "echo kept > /data/local/tmp/kept")
    with adb.start("shell", "sleep 1000") as before:
        adb("reboot")
        before.ended()
    adb("wait-for-device")
    assert adb.text("shell", "cat /data/local/tmp/kept") == "kept\n"
    assert adb.text("shell", "getprop sys.boot_completed") == "1\n"


def test_services_that_are_not_there(adb: Adb, tmp_path: Path) -> None:
    assert adb("jdwp").stdout == b""
    assert adb("bugreport", str(tmp_path), check=False).returncode != 0
    assert adb("emu", "help", check=False).returncode != 0
    assert adb("raw", "no-such-service:", check=False).returncode != 0
    assert adb.text("shell", "echo alive") == "alive\n"


def test_the_phone_comes_back_after_kill_and_to_a_new_server(adb_server: Adb) -> None:
    with PhoneProcess(adb_ports=[adb_server.port]) as phone:
        state = f"{phone.serial}\tdevice"
        wait_until(lambda: state in adb_server.text("devices"), "it is listed")
        phone.kill()
        wait_until(lambda: phone.serial not in adb_server.text("devices"), "it is gone")
        phone.restart()
        wait_until(lambda: state in adb_server.text("devices"), "it is back")
        adb_server("-s", phone.serial, "reconnect")
        wait_until(lambda: state in adb_server.text("devices"), "it is back again")
