"""Commands that print, decide or wait."""

from __future__ import annotations

import asyncio
import contextlib
import re

from execmon_lab.phone.shell import condition
from execmon_lab.phone.shell.lexer import unescape
from execmon_lab.phone.shell.process import Process, encode
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.options import UsageError, seconds

_FORMAT = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?([diouxXcsbqeEfFgG%])|([^%]+)|%", re.DOTALL)


@command("echo")
async def _echo(process: Process) -> int:
    arguments = process.argv[1:]
    newline, escapes = True, False
    while arguments and re.fullmatch(r"-[neE]+", arguments[0]):
        option = arguments.pop(0)
        newline = newline and "n" not in option
        escapes = escapes or "e" in option
    text = " ".join(arguments)
    if escapes:
        text, stop, _ = text.partition("\\c")
        newline = newline and not stop
        text = unescape(text)
    await process.write(encode(text + "\n" * newline))
    return 0


@command("printf")
async def _printf(process: Process) -> int:
    if len(process.argv) < 2:
        return await process.fail("printf: need 1 argument", 1)
    arguments = process.argv[2:]
    out = []
    status = 0
    while True:
        before = len(arguments)
        for match in _FORMAT.finditer(process.argv[1]):
            try:
                out.append(_formatted(match, arguments))
            except ValueError as error:
                status = await process.fail(f"printf: bad number {error}")
                out.append("0")
        if not arguments or len(arguments) == before:
            break
    await process.write(encode("".join(out)))
    return status


def _formatted(match: re.Match[str], arguments: list[str]) -> str:
    flags, width, precision, kind, text = match.groups()
    if text is not None:
        return unescape(text)
    if kind in (None, "%"):
        return "%"
    width = _star(width, arguments)
    precision = _star(precision, arguments)
    spec = f"%{flags}{width or ''}" + (f".{precision}" if precision is not None else "")
    value = arguments.pop(0) if arguments else ""
    if kind in "sb":
        return (spec + "s") % (unescape(value) if kind == "b" else value)
    if kind == "q":
        return "'" + value.replace("'", "'\\''") + "'"
    if kind == "c":
        return (spec + "s") % value[:1]
    if kind in "diouxX":
        number = ord(value[1]) if value[:1] in "'\"" and len(value) > 1 else int(value or "0", 0)
        if kind == "u":
            number %= 2**64
        return (spec + ("d" if kind in "iu" else kind)) % number
    return (spec + kind) % float(value or "0")


def _star(value: str | None, arguments: list[str]) -> str | None:
    found = (arguments.pop(0) if arguments else "0") if value == "*" else value
    return None if found is None else str(min(int(found), 65536))


@command("true")
async def _true(process: Process) -> int:
    return 0


@command("false")
async def _false(process: Process) -> int:
    return 1


@command("test", "[")
async def _test(process: Process) -> int:
    arguments = process.argv[1:]
    if process.name == "[" and (not arguments or arguments.pop() != "]"):
        return await process.fail("/system/bin/sh: [: missing ]", 2)
    tester = condition.Tester(process.files, process.cwd, tty=process.tty)
    try:
        return int(not condition.test(tester, arguments))
    except condition.ConditionError as error:
        return await process.fail(f"/system/bin/sh: {process.argv[0]}: {error}", 2)


@command("pwd")
async def _pwd(process: Process) -> int:
    await process.print(process.cwd)
    return 0


@command("sleep", "usleep")
async def _sleep(process: Process) -> int:
    if len(process.argv) < 2:
        return await process.fail("sleep: Needs 1 argument")
    try:
        total = sum(seconds(argument) for argument in process.argv[1:])
    except UsageError as error:
        return await process.fail(f"sleep: {error}")
    await asyncio.sleep(total / 1e6 if process.name == "usleep" else total)
    return 0


@command("timeout")
async def _timeout(process: Process) -> int:
    arguments = process.argv[1:]
    while arguments and arguments[0].startswith("-"):
        if arguments.pop(0) in ("-k", "-s") and arguments:
            arguments.pop(0)
    if len(arguments) < 2:
        return await process.fail("timeout: Needs 2 arguments", 125)
    try:
        limit = seconds(arguments[0])
    except UsageError as error:
        return await process.fail(f"timeout: {error}", 125)
    process.argv = arguments[1:]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit or None):
            return await process.kernel.call(process)
    return 124


@command("nohup", "setsid", "nice", "ionice", "stdbuf", "taskset")
async def _nohup(process: Process) -> int:
    arguments = process.argv[1:]
    if process.name in ("nice", "ionice", "stdbuf"):
        while arguments and arguments[0].startswith("-"):
            option = arguments.pop(0)
            if len(option) == 2 and arguments:
                arguments.pop(0)
    elif process.name == "taskset" and arguments:
        arguments.pop(0)
    if not arguments:
        return await process.fail(f"{process.name}: Needs 1 argument", 125)
    process.argv = arguments
    return await process.kernel.call(process)


@command("yes")
async def _yes(process: Process) -> int:
    line = encode(" ".join(process.argv[1:]) or "y") + b"\n"
    block = line * max(1, 8192 // len(line))
    while True:
        await process.write(block)
        await asyncio.sleep(0)


@command("seq")
async def _seq(process: Process) -> int:
    arguments = process.argv[1:]
    separator = "\n"
    if arguments and arguments[0].startswith("-s"):
        separator = arguments.pop(0)[2:] or (arguments.pop(0) if arguments else "")
    width = arguments[:1] == ["-w"]
    if width:
        arguments.pop(0)
    try:
        numbers = [float(argument) for argument in arguments]
    except ValueError:
        return await process.fail(f"seq: bad number in '{' '.join(arguments)}'")
    match numbers:
        case [last]:
            first, step = 1.0, 1.0
        case [first, last]:
            step = 1.0
        case [first, step, last]:
            pass
        case _:
            return await process.fail("seq: Needs 1 to 3 arguments")
    if not step:
        return await process.fail("seq: the step is 0")
    digits = max(len(argument.partition(".")[2]) for argument in arguments)
    size = max(len(f"{value:.{digits}f}") for value in (first, last)) if width else 0
    index = 0
    while (value := first + index * step) <= last + 1e-12 if step > 0 else value >= last - 1e-12:
        prefix = separator if index else ""
        await process.write(encode(f"{prefix}{value:0{size}.{digits}f}"))
        index += 1
        if not index % 256:
            await asyncio.sleep(0)
    if index:
        await process.write(b"\n")
    return 0


@command("clear", "reset")
async def _clear(process: Process) -> int:
    await process.write(b"\x1b[2J\x1b[H")
    return 0
