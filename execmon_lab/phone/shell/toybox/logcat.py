"""``logcat``: the log, filtered, formatted and followed.

Source: ``logcat.cpp`` and ``logprint.cpp`` in AOSP's ``system/logging``.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from execmon_lab.phone.log import BUFFERS, PRIORITIES, LogEntry
from execmon_lab.phone.shell.process import Process, Writer, encode
from execmon_lab.phone.shell.redirect import open_writer
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import tool
from execmon_lab.phone.shell.toybox.listing import owner
from execmon_lab.phone.shell.toybox.options import Options, UsageError, options

FORMATS = ("brief", "process", "tag", "thread", "raw", "time", "threadtime", "long")
MODIFIERS = ("year", "epoch", "uid", "UTC", "usec", "nsec", "color", "zone", "descriptive", "monotonic")
ENTRY = struct.Struct("<HHiIIIII")
DEFAULT_BUFFERS = ("main", "system", "crash")
_LONG = ("dump", "clear", "last", "wrap", "statistics", "prune", "buffer-size", "get-log-size")
_VALUES = ("pid=", "regex=", "max-count=", "format=", "buffer=", "file=", "uid=", "rotate-kbytes=", "id=")


@dataclass
class View:
    """How entries are chosen and shown."""

    form: str = "threadtime"
    modifiers: set[str] = field(default_factory=set)
    levels: dict[str, int] = field(default_factory=dict)
    regex: re.Pattern[str] | None = None
    pids: set[int] = field(default_factory=set)
    uids: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    binary: bool = False

    def wants(self, entry: LogEntry) -> bool:
        """Whether the entry passes the filters."""
        level = self.levels.get(entry.tag, self.levels.get("*", 0))
        if PRIORITIES.index(entry.priority) < level:
            return False
        if (self.pids and entry.pid not in self.pids) or (self.uids and entry.uid not in self.uids):
            return False
        return self.regex is None or self.regex.search(entry.message) is not None

    def text(self, entry: LogEntry) -> str:
        """The entry's lines, with the line that begins a buffer."""
        begin = ""
        if entry.buffer not in self.seen:
            verb = "switch to" if self.seen else "beginning of"
            begin = f"--------- {verb} {entry.buffer}\n"
            self.seen.add(entry.buffer)
        prefix, suffix = self._frame(entry)
        if self.form == "long":
            return f"{begin}{prefix}\n{entry.message}\n\n"
        lines = entry.message.rstrip("\n").split("\n")
        return begin + "".join(f"{prefix}{line}{suffix}\n" for line in lines)

    def record(self, entry: LogEntry) -> bytes:
        """The entry as it stands in the log device, for ``-B``: ``struct logger_entry`` version 4."""
        priority = PRIORITIES.index(entry.priority) + 2
        payload = bytes((priority,)) + encode(f"{entry.tag}\0{entry.message}\0")
        nanoseconds = int(entry.time % 1 * 1e9)
        moment = int(entry.time), nanoseconds
        return ENTRY.pack(len(payload), ENTRY.size, entry.pid, entry.tid, *moment, 0, entry.uid) + payload

    def shown(self, entry: LogEntry) -> bytes:
        """The entry in the form that was asked for."""
        return self.record(entry) if self.binary else encode(self.text(entry))

    def _frame(self, entry: LogEntry) -> tuple[str, str]:
        when, uid = self._time(entry.time), ""
        if "uid" in self.modifiers:
            uid = f"{owner(entry.uid):<7}:" if self.form != "threadtime" else f"{owner(entry.uid):>7} "
        p, tag, pid, tid = entry.priority, entry.tag, entry.pid, entry.tid
        match self.form:
            case "brief":
                frame = f"{p}/{tag:<8}({uid}{pid:5}): ", ""
            case "process":
                frame = f"{p}({uid}{pid:5}) ", f"  ({tag})"
            case "tag":
                frame = f"{p}/{tag:<8}: ", ""
            case "thread":
                frame = f"{p}({uid}{pid:5}:{tid:5}) ", ""
            case "raw":
                frame = "", ""
            case "time":
                frame = f"{when} {p}/{tag:<8}({uid}{pid:5}): ", ""
            case "long":
                frame = f"[ {when} {uid}{pid:5}:{tid:5} {p}/{tag:<8} ]", ""
            case _:
                frame = f"{when} {uid}{pid:5} {tid:5} {p} {tag:<8}: ", ""
        return frame

    def _time(self, stamp: float) -> str:
        fraction = (
            f"{int(stamp % 1 * 1_000_000):06}" if "usec" in self.modifiers else f"{int(stamp % 1 * 1000):03}"
        )
        if "epoch" in self.modifiers:
            return f"{int(stamp):>19}.{fraction}"
        moment = (time.gmtime if "UTC" in self.modifiers else time.localtime)(stamp)
        form = "%Y-%m-%d %H:%M:%S" if "year" in self.modifiers else "%m-%d %H:%M:%S"
        zone = time.strftime(" %z", moment) if "zone" in self.modifiers or "UTC" in self.modifiers else ""
        return f"{time.strftime(form, moment)}.{fraction}{zone}"


@command("logcat")
@tool
async def _logcat(process: Process) -> int:
    process.argv = _joined(process.argv)
    given = options(process, "dcgG:LpP:SDBsb:v:t:T:e:m:f:r:n:", long=_LONG + _VALUES)
    buffers = _buffers(given)
    log = process.system.log
    if "c" in given or "clear" in given:
        log.clear(buffers)
        return 0
    if {"g", "buffer-size", "get-log-size"} & set(given):
        for name in buffers:
            sizes = "ring buffer is 256 KiB (16 KiB consumed, 16 KiB readable), max entry is 5120 B"
            await process.print(f"{name}: {sizes}")
        return 0
    if {"G", "S", "statistics", "p", "P", "prune", "set-log-size"} & set(given):
        return 0
    view = _view(process, given)
    out: Writer = process.stdout
    if "f" in given or "file" in given:
        out = open_writer(process.files, process.path(given.get("f") or given["file"]), append=True)
    entries = [entry for entry in log.entries(buffers) if view.wants(entry)]
    last = log.last
    entries = _since(entries, given.get("t") or given.get("T"))
    limit = int(given.get("m") or given.get("max-count") or 2**62)
    await _show(out, view, entries[:limit])
    if "d" in given or "dump" in given or "t" in given or "L" in given or len(entries) >= limit:
        return 0
    limit -= len(entries)
    async for entry in log.follow(buffers, last):
        if view.wants(entry):
            await out.write(view.shown(entry))
            limit -= 1
            if not limit:
                return 0
    return 0


def _joined(argv: list[str]) -> list[str]:
    """``-b a -b b`` and ``-v a -v b`` as one option each."""
    found: dict[str, list[str]] = {}
    rest, words = [argv[0]], argv[1:]
    while words:
        word = words.pop(0)
        if word[:2] in ("-b", "-v") and not word.startswith("--"):
            value = word[2:] or (words.pop(0) if words else "")
            found.setdefault(word[:2], []).append(value)
        else:
            rest.append(word)
    return [rest[0], *(part for key, values in found.items() for part in (key, ",".join(values))), *rest[1:]]


def _buffers(given: Options) -> tuple[str, ...]:
    names: list[str] = []
    for name in (given.get("b") or given.get("buffer") or "default").split(","):
        if name == "all":
            names += BUFFERS
        elif name == "default":
            names += DEFAULT_BUFFERS
        elif name in BUFFERS:
            names.append(name)
        elif name not in ("kernel", "security", "stats"):
            raise UsageError(f"unknown buffer '{name}'")
    return tuple(dict.fromkeys(names))


def _view(process: Process, given: Options) -> View:
    view = View(binary="B" in given)
    for name in (given.get("v") or given.get("format") or "threadtime").replace(" ", ",").split(","):
        if name in FORMATS:
            view.form = name
        elif name in MODIFIERS or name == "printable":
            view.modifiers.add(name)
        else:
            raise UsageError(f'Invalid parameter "{name}" to -v')
    expression = given.get("e") or given.get("regex")
    if expression:
        try:
            view.regex = re.compile(expression)
        except re.error as error:
            raise UsageError(f"bad regex '{expression}': {error}") from None
    view.pids = {int(pid) for pid in given.get("pid", "").split(",") if pid.isdecimal()}
    view.uids = {int(uid) for uid in given.get("uid", "").split(",") if uid.isdecimal()}
    specs = given.arguments or process.env.get("ANDROID_LOG_TAGS", "").split()
    view.levels = dict(_level(spec, silent="s" in given) for spec in specs)
    if "s" in given:
        view.levels.setdefault("*", len(PRIORITIES))
    return view


def _level(spec: str, *, silent: bool) -> tuple[str, int]:
    tag, colon, priority = spec.rpartition(":")
    if not colon:
        tag, priority = spec, "V" if silent or spec != "*" else "D"
    letter = priority[:1].upper() or "V"
    if letter in ("*", "V"):
        return tag, 0
    if letter == "S":
        return tag, len(PRIORITIES)
    if letter not in PRIORITIES:
        raise UsageError(f"Invalid filter expression '{spec}'")
    return tag, PRIORITIES.index(letter)


def _since(entries: list[LogEntry], spec: str | None) -> list[LogEntry]:
    """The last so many entries, or those from a moment on."""
    if not spec:
        return entries
    if spec.isdecimal():
        return entries[-int(spec) :] if int(spec) else []
    limit = _moment(spec)
    return [entry for entry in entries if entry.time >= limit]


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    whole, _, fraction = text.partition(".")
    dated = whole if re.match(r"\d{4}-", whole) else f"{time.localtime().tm_year}-{whole}"
    try:
        return time.mktime(time.strptime(dated, "%Y-%m-%d %H:%M:%S")) + float(f"0.{fraction or 0}")
    except ValueError:
        raise UsageError(f'-t "{text}" not in MM-DD HH:MM:SS.mmm format') from None


async def _show(out: Writer, view: View, entries: Iterable[LogEntry]) -> None:
    data = b"".join(map(view.shown, entries))
    if data:
        await out.write(data)


@command("log")
@tool
async def _log(process: Process) -> int:
    given = options(process, "p:t:", stop=True)
    priority = given.get("p", "i").upper()
    if priority not in PRIORITIES or len(priority) != 1:
        raise UsageError(f"bad -p '{priority}'")
    text = " ".join(given.arguments)
    process.system.log.write(priority, given.get("t", "log"), text, pid=process.pid, uid=process.uid)
    return 0
