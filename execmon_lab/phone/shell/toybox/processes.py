"""Commands about processes: to list, to find and to end them."""

from __future__ import annotations

import asyncio
import posixpath
import signal
import time

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import tool
from execmon_lab.phone.shell.toybox.options import UsageError, options

_SIGNALS = {name.removeprefix("SIG"): int(number) for name, number in signal.Signals.__members__.items()}


@command("ps")
@tool
async def _ps(process: Process) -> int:
    given = options(process, "AafFeZTwlno:O:p:u:t:P:G:k:M:")
    wanted = {int(pid) for pid in given.get("p", "").split(",") if pid.isdecimal()}
    users = set(given.get("u", "").split(",")) - {""}
    # Old scripts name a process, or a pid, without an option.
    names = [name for name in given.arguments if not name.isdecimal()]
    wanted |= {int(name) for name in given.arguments if name.isdecimal()}
    every = bool({"A", "e", "a", "p", "u"} & set(given)) or bool(given.arguments)
    rows = []
    for entry in process.system.processes.items():
        if not every and entry.uid != process.uid:
            continue
        if (wanted and entry.pid not in wanted) or (users and not {str(entry.uid), entry.user} & users):
            continue
        if names and not any(name in entry.name for name in names):
            continue
        state = "R" if entry.pid == process.pid else "S"
        rows.append(
            {
                "USER": entry.user,
                "UID": str(entry.uid),
                "PID": str(entry.pid),
                "PPID": str(entry.ppid),
                "VSZ": "10897388" if entry.uid >= 10000 else "10821744",
                "RSS": "94208" if entry.uid >= 10000 else "4096",
                "WCHAN": "0",
                "ADDR": "0",
                "S": state,
                "NAME": entry.name,
                "ARGS": entry.name,
                "CMD": entry.name[:27],
                "COMM": entry.name,
                "CMDLINE": entry.name,
                "TIME": "00:00:00",
                "STIME": time.strftime("%H:%M", time.localtime(entry.started)),
                "ETIME": str(int(time.time() - entry.started)),
                "TTY": "?",
                "C": "0",
                "LABEL": "u:r:shell:s0",
                "%CPU": "0.0",
                "TID": str(entry.pid),
            }
        )
    columns = ["USER", "PID", "PPID", "VSZ", "RSS", "WCHAN", "ADDR", "S", "NAME"]
    if "f" in given or "F" in given:
        columns = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    if "Z" in given:
        columns.insert(0, "LABEL")
    titles: dict[str, str] = {}
    if "o" in given:
        columns = []
        for field in given["o"].split(","):
            name, equals, title = field.strip().partition("=")
            columns.append(name.upper())
            titles[name.upper()] = title if equals else name.upper()
    unknown = [column for column in columns if rows and column not in rows[0]]
    if unknown:
        raise UsageError(f"bad -o {unknown[0]}")
    await process.print(_table(columns, titles, rows))
    return int(not rows)


def _table(columns: list[str], titles: dict[str, str], rows: list[dict[str, str]]) -> str:
    left = ("USER", "NAME", "ARGS", "CMD", "COMM", "CMDLINE", "LABEL", "WCHAN")
    widths = {
        column: max(len(titles.get(column, column)), *(len(row[column]) for row in rows), 0)
        for column in columns
    }
    lines = []
    for row in (
        [{c: titles.get(c, c) for c in columns}] if not titles or any(titles.values()) else []
    ) + rows:
        cells = [
            row[column].ljust(widths[column]) if column in left else row[column].rjust(widths[column])
            for column in columns
        ]
        lines.append(" ".join(cells).rstrip())
    return "\n".join(lines)


@command("pidof", "pgrep")
@tool
async def _pidof(process: Process) -> int:
    given = options(process, "so:flxnuvcd:L:P:t:")
    found = []
    for name in given.arguments:
        for entry in process.system.processes.items():
            exact = posixpath.basename(entry.name) == name or entry.name == name
            part = process.name == "pgrep" and "x" not in given and name in entry.name
            if (exact or part) and entry.pid != process.pid:
                found.append(entry.pid)
    if not found:
        return 1
    texts = [str(pid) for pid in (found[:1] if "s" in given else found)]
    await process.print(("\n" if process.name == "pgrep" else " ").join(texts))
    return 0


@command("kill")
async def _kill(process: Process) -> int:
    arguments = process.argv[1:]
    number = int(signal.SIGTERM)
    if arguments[:1] == ["-l"]:
        await process.print(" ".join(_SIGNALS))
        return 0
    if arguments and arguments[0].startswith("-"):
        name = arguments.pop(0)[1:]
        if name == "s" and arguments:
            name = arguments.pop(0)
        name = name.removeprefix("SIG")
        if not name.isdecimal() and name not in _SIGNALS:
            return await process.fail(f"kill: bad signal '{name}'")
        number = int(name) if name.isdecimal() else _SIGNALS[name]
    if not arguments:
        return await process.fail("kill: Needs 1 argument")
    status = 0
    for pid in arguments:
        status = max(status, await _signal(process, pid, number))
    return status


async def _signal(process: Process, pid: str, number: int) -> int:
    entry = process.system.processes.get(int(pid)) if pid.isdecimal() else None
    if not pid.isdecimal():
        return await process.fail(f"kill: unknown pid '{pid}'")
    if entry is None:
        return await process.fail(f"kill: bad pid '{pid}': No such process")
    if process.uid not in (0, entry.uid):
        return await process.fail(f"kill: bad pid '{pid}': Operation not permitted")
    if number not in (0, signal.SIGCONT, signal.SIGSTOP, signal.SIGWINCH, signal.SIGCHLD):
        process.system.processes.kill(int(pid), number)
        await asyncio.sleep(0)
    return 0


@command("killall", "pkill")
async def _killall(process: Process) -> int:
    arguments = process.argv[1:]
    number = int(signal.SIGTERM)
    whole = False
    while arguments and arguments[0].startswith("-"):
        name = arguments.pop(0)[1:].removeprefix("SIG")
        whole = whole or name == "f"
        number = int(name) if name.isdecimal() else _SIGNALS.get(name, number)
    status = 0
    for name in arguments:
        found = [
            entry
            for entry in process.system.processes.items()
            if (entry.name == name or (process.name == "pkill" and name in entry.name))
            and entry.pid != process.pid
        ]
        if not found:
            status = 1
            if process.name == "killall":
                await process.fail(f"killall: {name}: No such process")
        for entry in found:
            status = max(status, await _signal(process, str(entry.pid), number))
    return status


@command("top")
@tool
async def _top(process: Process) -> int:
    options(process, "bHqn:d:k:o:O:m:p:s:u:")
    entries = list(process.system.processes.items())
    lines = [
        f"Tasks: {len(entries)} total,   1 running, {len(entries) - 1} sleeping,   0 stopped,   0 zombie",
        "  Mem:  4030904K total,  2105344K used,  1925560K free,    12288K buffers",
        "400%cpu   4%user   0%nice   3%sys 393%idle   0%iow   0%irq   0%sirq   0%host",
        "  PID USER         PR  NI VIRT  RES  SHR S %CPU %MEM     TIME+ ARGS",
    ]
    lines += [
        f"{entry.pid:5} {entry.user:<12} 20   0  10G  92M  60M S  0.0  2.3   0:00.10 {entry.name}"
        for entry in entries
    ]
    await process.print("\n".join(lines))
    return 0


@command("time")
async def _time(process: Process) -> int:
    if len(process.argv) < 2:
        return await process.fail("time: Needs 1 argument")
    process.argv = process.argv[1:]
    start = time.monotonic()
    status = await process.kernel.call(process)
    spent = time.monotonic() - start
    await process.fail(f"real {int(spent // 60)}m{spent % 60:.3f}s\nuser 0m0.000s\nsys  0m0.000s")
    return status
