"""Files to and from a device."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from execmon_lab.devices import AdbError, DeviceSession

CONTENT = bytes(i * 7 % 256 for i in range(200_000))


@pytest.fixture
def remote(session: DeviceSession) -> Iterator[str]:
    path = "/data/local/tmp/a file.bin"
    yield path
    session.shell(["rm", "-f", path])


def test_bytes_pushed_are_pulled(session: DeviceSession, remote: str) -> None:
    session.push(CONTENT, remote)
    assert session.pull(remote) == CONTENT


def test_files_pushed_are_pulled(session: DeviceSession, remote: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(CONTENT)
    session.push(tmp_path / "out", remote)
    session.pull(remote, tmp_path / "in")
    assert (tmp_path / "in").read_bytes() == CONTENT


def test_an_empty_file_is_a_file(session: DeviceSession, remote: str) -> None:
    session.push(b"", remote)
    assert session.stat(remote).exists
    assert session.pull(remote) == b""


def test_a_file_is_described(session: DeviceSession, remote: str) -> None:
    session.push(CONTENT, remote, mode=0o755)
    found = session.stat(remote)
    assert (found.size, found.is_dir, stat.S_IXUSR & found.mode) == (len(CONTENT), False, stat.S_IXUSR)
    assert session.stat("/data/local/tmp").is_dir
    assert not session.stat("/data/local/tmp/nothing").exists


def test_a_directory_is_listed(session: DeviceSession, remote: str) -> None:
    session.push(CONTENT, remote)
    listed = {entry.path: entry.size for entry in session.list("/data/local/tmp")}
    assert listed["a file.bin"] == len(CONTENT)
    assert "." not in listed
    assert session.list("/data/local/tmp/nothing") == []


def test_a_missing_file_of_the_device_is_told(session: DeviceSession, tmp_path: Path) -> None:
    with pytest.raises(AdbError, match="No such file"):
        session.pull("/data/local/tmp/nothing", tmp_path / "in")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_of_the_host_is_told(session: DeviceSession, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        session.push(tmp_path / "nothing", "/data/local/tmp/nothing")


def test_a_place_that_cannot_be_written_is_told(session: DeviceSession, remote: str) -> None:
    session.push(CONTENT, remote)
    with pytest.raises(AdbError, match=r"adb push - .* failed: "):
        session.push(b"x", f"{remote}/below")
