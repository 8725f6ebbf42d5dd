"""Commands that change files."""

from __future__ import annotations

import errno
import posixpath
import random
import re
import string
import time
from collections.abc import Callable

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import failed, tool
from execmon_lab.phone.shell.toybox.options import UsageError, options, size

_SYMBOLIC = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111, "X": 0o111, "s": 0o6000, "t": 0o1000}


@command("mkdir")
@tool
async def _mkdir(process: Process) -> int:
    given = options(process, "pvm:")
    status = 0
    for name in given.arguments:
        try:
            process.files.mkdir(process.path(name), parents="p" in given)
            if "m" in given:
                process.files.chmod(process.path(name), parse_mode(given["m"], 0o755))
        except OSError as error:
            status = await process.fail(f"mkdir: '{name}': {error.strerror}")
    return status if given.arguments else await process.fail("mkdir: Needs 1 argument")


@command("rmdir")
@tool
async def _rmdir(process: Process) -> int:
    given = options(process, "p")
    status = 0
    for name in given.arguments:
        try:
            if not process.files.stat(process.path(name), follow=False).is_dir:
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
            process.files.remove(process.path(name))
        except OSError as error:
            status = await process.fail(f"rmdir: {name}: {error.strerror}")
    return status


@command("rm", "unlink")
@tool
async def _rm(process: Process) -> int:
    given = options(process, "rRfiv", long=("force", "recursive"))
    recursive = bool({"r", "R", "recursive"} & set(given))
    force = "f" in given or "force" in given
    if not given.arguments and not force:
        return await process.fail("rm: Needs 1 argument")
    status = 0
    for name in given.arguments:
        path = process.path(name)
        try:
            if posixpath.normpath(path) == "/":
                raise OSError(errno.EBUSY, "Device or resource busy")
            entry = process.files.stat(path.rstrip("/"), follow=False)
            if entry.is_dir and not recursive:
                raise IsADirectoryError(errno.EISDIR, "Is a directory")
            process.files.remove(path.rstrip("/"), recursive=recursive)
        except FileNotFoundError as error:
            if not force:
                status = await failed(process, name, error)
        except OSError as error:
            status = await failed(process, name, error)
    return status


@command("cp")
@tool
async def _cp(process: Process) -> int:
    given = options(process, "adfinprRvHLPT")
    recursive = bool({"r", "R", "a"} & set(given))
    keep = bool({"p", "a"} & set(given))
    return await _each(process, given.arguments, lambda old, new: _copy(process, old, new, recursive, keep))


@command("mv")
@tool
async def _mv(process: Process) -> int:
    given = options(process, "finvT")

    def move(old: str, new: str) -> None:
        if "n" not in given or not process.files.exists(new):
            process.files.rename(old, new)

    return await _each(process, given.arguments, move)


async def _each(process: Process, names: list[str], act: Callable[[str, str], None]) -> int:
    """Apply ``act(old, new)`` to each source and its place at the destination."""
    if len(names) < 2:
        return await process.fail(f"{process.name}: Needs 2 arguments")
    files, target = process.files, process.path(names[-1])
    into = files.exists(target) and files.stat(target).is_dir
    if len(names) > 2 and not into:
        return await process.fail(f"{process.name}: '{names[-1]}' not directory")
    status = 0
    for name in names[:-1]:
        old = process.path(name).rstrip("/") or "/"
        new = f"{target.rstrip('/')}/{posixpath.basename(old)}" if into else target
        try:
            act(old, new)
        except OSError as error:
            text = f"bad '{name}'" if isinstance(error, FileNotFoundError) else f"'{name}'"
            status = await process.fail(f"{process.name}: {text}: {error.strerror}")
    return status


def _copy(process: Process, old: str, new: str, recursive: bool, keep: bool) -> None:
    files = process.files
    entry = files.stat(old, follow=not recursive)
    if entry.is_dir:
        if not recursive:
            raise IsADirectoryError(errno.EISDIR, "Skipped dir")
        if (new + "/").startswith(old + "/"):
            raise OSError(errno.EINVAL, "Invalid argument")
        files.mkdir(new, parents=True)
        for name in files.list(old):
            _copy(process, f"{old}/{name}", f"{new}/{name}", recursive, keep)
    elif entry.is_symlink:
        if files.exists(new):
            files.remove(new)
        files.symlink(entry.target, new)
    else:
        files.write(new, files.read(old), mode=entry.mode & 0o777, mtime=entry.mtime if keep else None)


@command("ln")
@tool
async def _ln(process: Process) -> int:
    given = options(process, "sfnrtv")
    if len(given.arguments) < 2:
        return await process.fail("ln: Needs 2 arguments")
    *targets, last = given.arguments
    files, place = process.files, process.path(last)
    status = 0
    for target in targets:
        new = place
        if files.exists(place) and files.stat(place).is_dir:
            new = f"{place.rstrip('/')}/{posixpath.basename(target)}"
        try:
            if "f" in given and _present(files, new):
                files.remove(new)
            if "s" in given:
                files.symlink(target, new)
            else:
                files.write(new, files.read(process.path(target)))
        except OSError as error:
            text = f"cannot create link from '{target}' to '{new}': {error.strerror}"
            status = await process.fail(f"ln: {text}")
    return status


def _present(files: FileSystem, path: str) -> bool:
    try:
        files.stat(path, follow=False)
    except OSError:
        return False
    return True


@command("touch")
@tool
async def _touch(process: Process) -> int:
    given = options(process, "acd:hmr:t:")
    stamp = time.time()
    try:
        if "r" in given:
            stamp = process.files.stat(process.path(given["r"])).mtime
        elif "d" in given:
            stamp = parse_time(given["d"])
        elif "t" in given:
            text, _, secs = given["t"].partition(".")
            form = "%Y%m%d%H%M%S" if len(text) == 12 else "%y%m%d%H%M%S"
            stamp = time.mktime(time.strptime(text + (secs or "00"), form))
    except ValueError:
        return await process.fail("touch: bad date")
    except OSError as error:
        return await failed(process, given["r"], error)
    status = 0
    for name in given.arguments:
        path = process.path(name)
        try:
            if process.files.exists(path):
                process.files.utime(path, stamp)
            elif "c" not in given:
                process.files.write(path, b"", mtime=stamp)
        except OSError as error:
            status = await process.fail(f"touch: '{name}': {error.strerror}")
    return status


def parse_time(text: str) -> float:
    """``@seconds``, or a date and time in ISO's form.

    Raises
    ------
    ValueError
        For anything else.
    """
    if text.startswith("@"):
        return float(text[1:])
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return time.mktime(time.strptime(text.rstrip("Z").partition(".")[0], form))
        except ValueError:
            continue
    raise ValueError(text)


@command("truncate")
@tool
async def _truncate(process: Process) -> int:
    given = options(process, "cs:")
    if "s" not in given:
        return await process.fail("truncate: Needs -s")
    wanted = given["s"]
    status = 0
    for name in given.arguments:
        path = process.path(name)
        try:
            present = process.files.stat(path).size if process.files.exists(path) else 0
            amount = size(wanted.lstrip("+-"))
            sign = {"+": present + amount, "-": max(0, present - amount)}
            process.files.truncate(path, sign.get(wanted[0], amount))
        except OSError as error:
            status = await failed(process, name, error)
    return status


@command("chmod")
@tool
async def _chmod(process: Process) -> int:
    # A mode such as -w looks like an option.
    arguments = process.argv[1:]
    recursive = arguments[:1] == ["-R"]
    names = arguments[1:] if recursive else arguments
    if len(names) < 2:
        return await process.fail("chmod: Needs 2 arguments")
    status = 0
    for name in names[1:]:
        try:
            for path in tree(process.files, process.path(name)) if recursive else [process.path(name)]:
                present = process.files.stat(path).mode
                process.files.chmod(path, parse_mode(names[0], present & 0o7777))
        except OSError as error:
            status = await process.fail(f"chmod: '{name}': {error.strerror}")
    return status


def parse_mode(text: str, present: int) -> int:
    """``755`` or ``u+x,go-w`` applied to the bits that are there."""
    if re.fullmatch("[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        match = _SYMBOLIC.fullmatch(clause)
        if match is None:
            raise UsageError(f"bad mode '{text}'")
        who = 0
        for letter in match[1] or "a":
            who |= _WHO[letter]
        bits = 0
        for letter in match[3]:
            bits |= _WHAT[letter]
        bits &= who
        if match[2] == "+":
            present |= bits
        elif match[2] == "-":
            present &= ~bits
        else:
            present = present & ~who | bits
    return present


def tree(files: FileSystem, path: str) -> list[str]:
    """``path`` and everything below it."""
    found = [path]
    entry = files.stat(path, follow=False)
    if entry.is_dir:
        for name in files.list(path):
            found.extend(tree(files, f"{path.rstrip('/')}/{name}"))
    return found


@command("chown", "chgrp")
@tool
async def _chown(process: Process) -> int:
    given = options(process, "RhfHLPv")
    if len(given.arguments) < 2:
        return await process.fail(f"{process.name}: Needs 2 arguments")
    spec, *names = given.arguments
    if process.name == "chgrp":
        spec = ":" + spec
    user, _, group = spec.replace(".", ":").partition(":")
    try:
        uid, gid = (_owner(part) for part in (user, group))
    except ValueError as error:
        return await process.fail(f"{process.name}: bad user '{error}'")
    if process.uid != 0:
        return await process.fail(f"{process.name}: '{spec}' to '{names[0]}': Operation not permitted")
    status = 0
    for name in names:
        try:
            for path in tree(process.files, process.path(name)) if "R" in given else [process.path(name)]:
                process.files.chown(path, uid, gid)
        except OSError as error:
            status = await process.fail(f"{process.name}: '{name}': {error.strerror}")
    return status


def _owner(text: str) -> int:
    known = {"": -1, "root": 0, "system": 1000, "shell": 2000, "media_rw": 1023, "sdcard_rw": 1015}
    if text in known:
        return known[text]
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


@command("mktemp")
@tool
async def _mktemp(process: Process) -> int:
    given = options(process, "dqtup:")
    folder = given.get("p") or process.env.get("TMPDIR") or "/data/local/tmp"
    template = given.arguments[0] if given.arguments else f"{folder}/tmp.XXXXXXXXXX"
    if "t" in given or ("p" in given and "/" not in template):
        template = f"{folder}/{posixpath.basename(template)}"
    count = len(template) - len(template.rstrip("X"))
    if count < 2:
        return await process.fail("mktemp: need XX at the end of the template")
    name = template[:-count] + "".join(random.choices(string.ascii_letters + string.digits, k=count))
    path = process.path(name)
    try:
        if "u" not in given:
            if "d" in given:
                process.files.mkdir(path)
            else:
                process.files.write(path, b"", mode=0o600)
    except OSError as error:
        return await process.fail(f"mktemp: Failed to create {template}: {error.strerror}")
    await process.print(name)
    return 0
