"""Commands that describe files and paths."""

from __future__ import annotations

import posixpath
import stat
import time

from execmon_lab.phone.files import Entry
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import failed, tool
from execmon_lab.phone.shell.toybox.options import options

MOUNTS = (
    ("/dev/block/dm-0", "/"),
    ("tmpfs", "/dev"),
    ("/dev/block/dm-5", "/data"),
    ("/dev/fuse", "/storage/emulated"),
)
USERS = {0: "root", 1000: "system", 1001: "radio", 1015: "sdcard_rw", 1023: "media_rw", 2000: "shell"}


def owner(uid: int) -> str:
    """A user's name as Android knows it."""
    if uid >= 10000:
        return f"u{uid // 100000}_a{uid % 100000 - 10000}"
    return USERS.get(uid, str(uid))


def human(count: float) -> str:
    """Bytes as ``1.5K``, in the manner of ``ls -h``."""
    for unit in ("", "K", "M", "G"):
        if count < 1024 or unit == "G":
            return f"{count:.0f}{unit}" if not unit or count >= 10 else f"{count:.1f}{unit}"
        count /= 1024
    raise AssertionError


@command("ls")
@tool
async def _ls(process: Process) -> int:
    given = options(process, "1aACdFgGhHiklLmnNopqQrRsStuUxZ", long=("color", "color=", "full-time"))
    names = given.arguments or ["."]
    files: list[tuple[str, Entry]] = []
    folders: list[str] = []
    status = 0
    for name in names:
        try:
            follow = "l" not in given or name.endswith("/") or "L" in given
            entry = process.files.stat(process.path(name), follow=follow)
        except OSError as error:
            status = await failed(process, name, error)
            continue
        if entry.is_dir and "d" not in given:
            folders.append(name)
        else:
            files.append((name, entry))
    await _print_entries(process, files, given, total=False)
    titled = len(names) > 1 or "R" in given
    first = not files
    while folders:
        name = folders.pop(0)
        if titled:
            await process.print(("" if first else "\n") + name + ":")
        first = False
        entries = _children(process, name, given)
        await _print_entries(process, entries, given, total="l" in given)
        if "R" in given:
            below = [f"{name.rstrip('/')}/{child}" for child, entry in entries if entry.is_dir]
            folders[:0] = [path for path in below if posixpath.basename(path) not in (".", "..")]
    return status


def _children(process: Process, name: str, given: dict[str, str]) -> list[tuple[str, Entry]]:
    path = process.path(name)
    names = process.files.list(path)
    if "a" in given:
        names = [".", "..", *names]
    elif "A" not in given:
        names = [child for child in names if not child.startswith(".")]
    return [
        (child, process.files.stat(f"{path.rstrip('/')}/{child}", follow="L" in given)) for child in names
    ]


async def _print_entries(
    process: Process, entries: list[tuple[str, Entry]], given: dict[str, str], *, total: bool
) -> None:
    if "t" in given:
        entries = sorted(entries, key=lambda item: -item[1].mtime)
    elif "S" in given:
        entries = sorted(entries, key=lambda item: -item[1].size)
    if "r" in given:
        entries = entries[::-1]
    lines = []
    if total:
        lines.append(f"total {sum((entry.size + 4095) // 4096 * 4 for _, entry in entries)}")
    sizes = [human(entry.size) if "h" in given else str(entry.size) for _, entry in entries]
    width = max(map(len, sizes), default=0)
    users = [f"{owner(entry.uid)} {owner(entry.gid)}" for _, entry in entries]
    padding = max(map(len, users), default=0)
    for (name, entry), length, user in zip(entries, sizes, users, strict=True):
        shown = name + _mark(entry, given)
        if "l" in given or "n" in given or "o" in given or "g" in given:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.mtime))
            arrow = f" -> {entry.target}" if entry.is_symlink else ""
            mode = stat.filemode(entry.mode)
            who = f"{entry.uid} {entry.gid}" if "n" in given else f"{user:<{padding}}"
            shown = f"{mode} {entry.links} {who} {length:>{width}} {when} {shown}{arrow}"
        elif "s" in given:
            shown = f"{(entry.size + 4095) // 4096 * 4:4} {shown}"
        if "i" in given:
            shown = f"{entry.inode} {shown}"
        lines.append(shown)
    if lines:
        await process.print("\n".join(lines))


def _mark(entry: Entry, given: dict[str, str]) -> str:
    if entry.is_dir and ("F" in given or "p" in given):
        return "/"
    if "F" not in given:
        return ""
    return "@" if entry.is_symlink else "*" if entry.mode & 0o111 else ""


@command("stat")
@tool
async def _stat(process: Process) -> int:
    given = options(process, "c:fLt")
    status = 0
    for name in given.arguments:
        try:
            entry = process.files.stat(process.path(name), follow="L" in given)
        except OSError as error:
            status = await process.fail(f"stat: '{name}': {error.strerror}")
            continue
        form = given.get("c", _STAT_FORM if not entry.is_symlink else _STAT_FORM.replace("'%n'", "%N"))
        await process.print(_format(form, name, entry))
    return status if given.arguments else await process.fail("stat: Needs 1 argument")


_STAT_FORM = """  File: '%n'
  Size: %s\t Blocks: %b\t IO Blocks: 4096\t%F
Device: fe00h/65024d\t Inode: %i\t Links: %h
Access: (%a/%A)\tUid: (%u/%U)\tGid: (%g/%G)
Access: %x
Modify: %y
Change: %z"""


def _format(form: str, name: str, entry: Entry) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.mtime)) + ".000000000 +0000"
    kinds = {stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link", stat.S_IFCHR: "character device"}
    values = {
        "n": name,
        "N": f"'{name}' -> '{entry.target}'" if entry.is_symlink else f"'{name}'",
        "s": str(entry.size),
        "b": str((entry.size + 511) // 512),
        "B": "512",
        "F": kinds.get(stat.S_IFMT(entry.mode), "regular file"),
        "i": str(entry.inode),
        "h": str(entry.links),
        "a": f"{entry.mode & 0o7777:o}",
        "A": stat.filemode(entry.mode),
        "f": f"{entry.mode:x}",
        "u": str(entry.uid),
        "U": owner(entry.uid),
        "g": str(entry.gid),
        "G": owner(entry.gid),
        **dict.fromkeys("xyz", moment),
        **dict.fromkeys("XYZ", str(int(entry.mtime))),
        "%": "%",
    }
    out, at = [], 0
    while at < len(form):
        if form[at] == "%" and at + 1 < len(form):
            out.append(values.get(form[at + 1], "?"))
            at += 1
        else:
            out.append(form[at])
        at += 1
    return "".join(out)


@command("du")
@tool
async def _du(process: Process) -> int:
    given = options(process, "acd:hHkKLlmsx")
    depth = 0 if "s" in given else given.number("d", 1000)
    status = 0
    for name in given.arguments or ["."]:
        try:
            await _usage(process, name, process.path(name), depth, given)
        except OSError as error:
            status = await failed(process, name, error)
    return status


async def _usage(process: Process, name: str, path: str, depth: int, given: dict[str, str]) -> int:
    entry = process.files.stat(path, follow=False)
    total = (entry.size + 4095) // 4096 * 4
    if entry.is_dir:
        for child in process.files.list(path):
            joined = f"{name.rstrip('/')}/{child}"
            total += await _usage(process, joined, f"{path.rstrip('/')}/{child}", depth - 1, given)
    if (depth >= 0 and (entry.is_dir or "a" in given)) or name == path or depth == 0:
        shown = human(total * 1024) if "h" in given else str(total // 1024 if "m" in given else total)
        await process.print(f"{shown}\t{name}")
    return total


@command("df")
@tool
async def _df(process: Process) -> int:
    given = options(process, "HPahikt:")
    files = process.files
    used, total = files.used, files.capacity
    wanted = [process.path(name) for name in given.arguments]
    title = "Size" if "h" in given else "1K-blocks"
    lines = [f"{'Filesystem':<20} {title:>10} {'Used':>9} {'Available':>9} Use% Mounted on"]
    for device, place in MOUNTS:
        if wanted and not any(_mounted(path) == place for path in wanted):
            continue
        numbers = [human(n) if "h" in given else str(n // 1024) for n in (total, used, total - used)]
        percent = f"{used * 100 // total}%"
        lines.append(f"{device:<20} {numbers[0]:>10} {numbers[1]:>9} {numbers[2]:>9} {percent:>4} {place}")
    await process.print("\n".join(lines))
    return 0


def _mounted(path: str) -> str:
    path = path.replace("/sdcard", "/storage/emulated", 1) + "/"
    return max((place for _, place in MOUNTS if path.startswith(place.rstrip("/") + "/")), key=len)


@command("readlink")
@tool
async def _readlink(process: Process) -> int:
    given = options(process, "efmnqz")
    status = 0
    for name in given.arguments:
        try:
            if {"e", "f", "m"} & set(given):
                found = process.files.realpath(process.path(name))
            else:
                found = process.files.stat(process.path(name), follow=False).target
        except OSError:
            found = ""
        if found:
            await process.write((found + ("" if "n" in given else "\n")).encode(errors="surrogateescape"))
        else:
            status = 1
    return status


@command("realpath")
@tool
async def _realpath(process: Process) -> int:
    given = options(process, "qszmLPe")
    status = 0
    for name in given.arguments:
        try:
            await process.print(process.files.realpath(process.path(name)))
        except OSError as error:
            status = await failed(process, name, error)
    return status


@command("basename")
@tool
async def _basename(process: Process) -> int:
    given = options(process, "as:")
    names, suffix = given.arguments, given.get("s", "")
    if len(names) == 2 and "a" not in given and "s" not in given:
        suffix = names.pop()
    for name in names:
        base = posixpath.basename(name.rstrip("/")) or "/"
        await process.print(base.removesuffix(suffix) if suffix and base != suffix else base)
    return 0 if names else await process.fail("basename: Needs 1 argument")


@command("dirname")
async def _dirname(process: Process) -> int:
    for name in process.argv[1:]:
        await process.print(posixpath.dirname(name.rstrip("/")) or ("/" if name.startswith("/") else "."))
    return 0 if process.argv[1:] else await process.fail("dirname: Needs 1 argument")
