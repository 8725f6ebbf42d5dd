"""The file system against a plain model, and its bounds."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.phone.files import FileSystem

name = st.sampled_from(["a", "b", "c"])
path = st.lists(name, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
action = st.one_of(
    st.tuples(st.just("write"), path, st.binary(max_size=50)),
    st.tuples(st.just("append"), path, st.binary(max_size=50)),
    st.tuples(st.just("mkdir"), path, st.just(b"")),
    st.tuples(st.just("remove"), path, st.just(b"")),
    st.tuples(st.just("rename"), path, path.map(str.encode)),
)


@given(st.lists(action, max_size=40))
def test_what_is_charged_is_what_is_there(actions: list[tuple[str, str, bytes]]) -> None:
    files = FileSystem()
    for verb, target, data in actions:
        try:
            match verb:
                case "write":
                    files.write(target, data)
                    assert files.read(target) == data
                case "append":
                    before = files.read(target) if files.exists(target) else b""
                    files.write(target, data, append=True)
                    assert files.read(target) == before + data
                case "mkdir":
                    files.mkdir(target)
                    assert files.list(target) == []
                case "remove":
                    files.remove(target, recursive=True)
                    assert not files.exists(target)
                case "rename":
                    files.rename(target, data.decode())
        except OSError as error:
            assert error.errno  # noqa: PT017
    for top in files.list("/"):
        files.remove("/" + top, recursive=True)
    assert files.used == 0


def test_paths_are_resolved() -> None:
    files = FileSystem()
    files.mkdir("/data/local/tmp", parents=True)
    files.symlink("/data/local", "/link")
    files.symlink("tmp", "/data/local/short")
    files.write("/link/short/x", b"1")
    assert files.read("/data/./local/../local/tmp//x") == b"1"
    assert files.realpath("/link/short/x") == "/data/local/tmp/x"
    assert files.stat("/link", follow=False).is_symlink
    assert files.stat("/link/").is_dir


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda files: files.read("/no"), errno.ENOENT),
        (lambda files: files.read("/file/x"), errno.ENOTDIR),
        (lambda files: files.read("/folder"), errno.EISDIR),
        (lambda files: files.list("/file"), errno.ENOTDIR),
        (lambda files: files.mkdir("/folder"), errno.EEXIST),
        (lambda files: files.mkdir("/no/deep"), errno.ENOENT),
        (lambda files: files.write("/no/file", b""), errno.ENOENT),
        (lambda files: files.remove("/folder"), errno.ENOTEMPTY),
        (lambda files: files.remove("/"), errno.EBUSY),
        (lambda files: files.read("/loop"), errno.ELOOP),
        (lambda files: files.write("/frozen/x", b""), errno.EROFS),
        (lambda files: files.chmod("/frozen", 0), errno.EROFS),
        (lambda files: files.rename("/folder", "/folder/in"), errno.EINVAL),
        (lambda files: files.write("/big", b"x" * 2_000_000), errno.ENOSPC),
        (lambda files: files.write("/" + "n" * 300, b""), errno.ENAMETOOLONG),
        (lambda files: files.read("relative"), errno.EINVAL),
    ],
)
def test_faults_have_their_errno(act: object, code: int) -> None:
    files = FileSystem(capacity=1_000_000)
    files.mkdir("/folder/inside", parents=True)
    files.mkdir("/frozen")
    files.write("/file", b"")
    files.symlink("/loop", "/loop")
    files.read_only.add("/frozen")
    used = files.used
    assert callable(act)
    with pytest.raises(OSError, match=r".") as failure:
        act(files)
    assert failure.value.errno == code
    assert files.used == used


def test_devices_and_generated_files() -> None:
    files = FileSystem()
    count = iter(range(10))
    files.generate("/proc/count", lambda: str(next(count)).encode())
    files.device("/dev/zero", bytes)
    assert [files.read("/proc/count"), files.read("/proc/count")] == [b"0", b"1"]
    files.write("/dev/zero", b"lost")
    assert next(files.chunks("/dev/zero", 4)) == b"\0\0\0\0"
