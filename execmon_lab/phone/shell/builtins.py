"""Commands that change the shell itself."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable

from execmon_lab.phone.shell import arithmetic, expand
from execmon_lab.phone.shell.interpreter import Builtin, Interpreter, LoopControl, Return
from execmon_lab.phone.shell.kernel import BIN, Exit
from execmon_lab.phone.shell.process import Process, decode
from execmon_lab.phone.shell.registry import COMMANDS

KEYWORDS = frozenset(
    ("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in")
) | frozenset(("{", "}", "!", "[[", "]]", "function"))


def builtin(*names: str) -> Callable[[Builtin], Builtin]:
    """Register a builtin under each of ``names``."""

    def register(function: Builtin) -> Builtin:
        for name in names:
            Interpreter.builtins[name] = function
        return function

    return register


def _fast(name: str) -> None:
    """Let the shell run a command without a process of its own."""

    async def run(shell: Interpreter, process: Process) -> int:
        process.pid = shell.process.pid
        return await COMMANDS[name](process)

    Interpreter.builtins[name] = run


for _name in ("echo", "printf", "true", "false", "test", "[", "pwd"):
    _fast(_name)


@builtin(":")
async def _colon(shell: Interpreter, process: Process) -> int:
    return 0


@builtin("cd", "chdir")
async def _cd(shell: Interpreter, process: Process) -> int:
    wanted = [argument for argument in process.argv[1:] if argument not in ("-L", "-P", "--")]
    target = wanted[0] if wanted else shell.get("HOME") or "/"
    if target == "-":
        target = shell.get("OLDPWD") or shell.cwd
        await process.print(target)
    path = posixpath.normpath(posixpath.join(shell.cwd, target))
    path = "/" + path.lstrip("/")
    try:
        shell.files.list(path)
    except OSError as error:
        return await shell.complain(f"cd: {target}: {error.strerror}", 2)
    shell.set("OLDPWD", shell.cwd)
    shell.cwd = path
    shell.set("PWD", path)
    return 0


@builtin("exit")
async def _exit(shell: Interpreter, process: Process) -> int:
    raise Exit(_status(shell, process))


@builtin("return")
async def _return(shell: Interpreter, process: Process) -> int:
    raise Return(_status(shell, process))


def _status(shell: Interpreter, process: Process) -> int:
    if len(process.argv) < 2:
        return shell.status
    try:
        return arithmetic.number(process.argv[1]) & 0xFF
    except arithmetic.ArithmeticFault:
        return 1


@builtin("break", "continue")
async def _break(shell: Interpreter, process: Process) -> int:
    if not shell.loops:
        return 0
    count = int(process.argv[1]) if len(process.argv) > 1 and process.argv[1].isdecimal() else 1
    raise LoopControl(process.argv[0], max(1, count))


@builtin("export", "readonly", "typeset", "declare", "local")
async def _declare(shell: Interpreter, process: Process) -> int:
    word, arguments = process.argv[0], process.argv[1:]
    names = [argument for argument in arguments if not argument.startswith("-")]
    if not names and word in ("export", "readonly"):
        for name in sorted(shell.exported if word == "export" else shell.readonly):
            await process.print(f"{word} {name}={shell.variables.get(name, '')}")
        return 0
    for argument in names:
        name, equals, value = argument.partition("=")
        if not name.replace("_", "a").isalnum() or name[0].isdecimal():
            return await shell.complain(f"{word}: {argument}: is not an identifier", 1)
        if word in ("local", "typeset", "declare") and shell.locals:
            shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals:
            shell.set(name, value)
        elif word == "local":
            shell.variables.pop(name, None)
        if word == "export" or "-x" in arguments:
            shell.exported.add(name)
        if word == "readonly" or "-r" in arguments:
            shell.readonly.add(name)
    return 0


@builtin("unset")
async def _unset(shell: Interpreter, process: Process) -> int:
    for name in process.argv[1:]:
        if name in shell.readonly:
            return await shell.complain(f"unset: {name} is read only", 1)
        shell.variables.pop(name, None)
        shell.exported.discard(name)
        if "-f" in process.argv:
            shell.functions.pop(name, None)
    return 0


@builtin("set")
async def _set(shell: Interpreter, process: Process) -> int:
    arguments = process.argv[1:]
    if not arguments:
        for name, value in sorted(shell.variables.items()):
            await process.print(f"{name}={value}")
    while arguments and arguments[0][:1] in "-+" and len(arguments[0]) > 1:
        option = arguments.pop(0)
        if option == "--":
            shell.arguments = arguments
            return 0
        names = set(option[1:])
        if option[1:] == "o":
            long = arguments.pop(0) if arguments else ""
            names = {{"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(long, long)}
        if option[0] == "-":
            shell.options |= names
        else:
            shell.options -= names
    if arguments:
        shell.arguments = arguments
    return 0


@builtin("shift")
async def _shift(shell: Interpreter, process: Process) -> int:
    count = int(process.argv[1]) if len(process.argv) > 1 and process.argv[1].isdecimal() else 1
    if count > len(shell.arguments):
        return await shell.complain("shift: nothing to shift", 1)
    shell.arguments = shell.arguments[count:]
    return 0


@builtin("read")
async def _read(shell: Interpreter, process: Process) -> int:
    names = []
    raw = False
    arguments = process.argv[1:]
    while arguments:
        argument = arguments.pop(0)
        if argument in ("-p", "-t", "-n", "-N", "-u", "-d") and arguments:
            arguments.pop(0)
        elif argument.startswith("-"):
            raw = raw or "r" in argument
        else:
            names.append(argument)
    line = decode(await read_line(process))
    ended = line.endswith("\n")
    line = line.rstrip("\n")
    while not raw and line.endswith("\\") and ended:
        following = decode(await read_line(process))
        ended = following.endswith("\n")
        line = line[:-1] + following.rstrip("\n")
    if not raw:
        line = line.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    _assign_fields(shell, names or ["REPLY"], line)
    return 0 if ended else 1


def _assign_fields(shell: Interpreter, names: list[str], line: str) -> None:
    ifs = shell.get("IFS")
    ifs = " \t\n" if ifs is None else ifs
    blanks = "".join(char for char in ifs if char in " \t\n")
    rest = line.strip(blanks) if blanks else line
    for name in names[:-1]:
        pieces = expand.split_fields(rest, ifs) if ifs else [rest]
        shell.set(name, pieces[0] if pieces else "")
        rest = rest[len(pieces[0]) :] if pieces else ""
        stripped = rest.lstrip(blanks)
        if stripped[:1] in ifs.strip(" \t\n") and stripped:
            stripped = stripped[1:].lstrip(blanks)
        rest = stripped
    shell.set(names[-1], rest)


async def read_line(process: Process) -> bytes:
    """One line of the standard input, and not a byte more."""
    readline = getattr(process.stdin, "readline", None)
    if readline is not None:
        line: bytes = await readline()
        return line
    line = b""
    while not line.endswith(b"\n") and (char := await process.stdin.read(1)):
        line += char
    return line


@builtin("eval")
async def _eval(shell: Interpreter, process: Process) -> int:
    shell.depth += 1
    try:
        if shell.depth > 100:
            return await shell.complain("eval: recursion too deep", 1)
        return await shell.run(" ".join(process.argv[1:]))
    finally:
        shell.depth -= 1


@builtin(".", "source")
async def _source(shell: Interpreter, process: Process) -> int:
    if len(process.argv) < 2:
        return await shell.complain(".: missing file name", 1)
    try:
        script = decode(shell.files.read(posixpath.join(shell.cwd, process.argv[1])))
    except OSError as error:
        return await shell.complain(f".: {process.argv[1]}: {error.strerror}", 1)
    shell.depth += 1
    try:
        return (
            await shell.complain(".: recursion too deep", 1) if shell.depth > 100 else await shell.run(script)
        )
    except Return as stop:
        return stop.status
    finally:
        shell.depth -= 1


@builtin("exec")
async def _exec(shell: Interpreter, process: Process) -> int:
    if len(process.argv) == 1:
        return 0
    process.argv = process.argv[1:]
    process.env = shell.environment()
    shell.traps.pop("EXIT", None)
    raise Exit(await shell.kernel.call(process))


@builtin("command", "builtin")
async def _command(shell: Interpreter, process: Process) -> int:
    arguments = process.argv[1:]
    if arguments and arguments[0] in ("-v", "-V"):
        return await _describe(shell, process, arguments[1:], verbose=arguments[0] == "-V")
    arguments = [argument for argument in arguments if argument not in ("-p", "--")]
    if not arguments:
        return 0
    process.argv = arguments
    inner = shell.builtins.get(arguments[0])
    if inner is not None:
        return await inner(shell, process)
    process.env = shell.environment()
    return await shell.kernel.call(process)


@builtin("type", "whence")
async def _type(shell: Interpreter, process: Process) -> int:
    return await _describe(shell, process, process.argv[1:], verbose=process.argv[0] == "type")


async def _describe(shell: Interpreter, process: Process, names: list[str], *, verbose: bool) -> int:
    status = 0
    for name in names:
        if name in shell.functions:
            await process.print(f"{name} is a function" if verbose else name)
        elif name in KEYWORDS:
            await process.print(f"{name} is a reserved word" if verbose else name)
        elif name in shell.builtins:
            await process.print(f"{name} is a shell builtin" if verbose else name)
        elif posixpath.basename(name) in COMMANDS and posixpath.dirname(name) in ("", *BIN):
            path = name if "/" in name else f"/system/bin/{name}"
            await process.print(f"{name} is {path}" if verbose else path)
        else:
            status = 1
            if verbose:
                await process.print(f"{name} not found")
    return status


@builtin("trap")
async def _trap(shell: Interpreter, process: Process) -> int:
    arguments = [argument for argument in process.argv[1:] if argument != "--"]
    if len(arguments) < 2:
        for name, action in shell.traps.items():
            await process.print(f"trap -- '{action}' {name}")
        return 0
    for signal in arguments[1:]:
        name = "EXIT" if signal in ("0", "EXIT") else signal.removeprefix("SIG")
        if arguments[0] == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = arguments[0]
    return 0


@builtin("wait")
async def _wait(shell: Interpreter, process: Process) -> int:
    wanted = process.argv[1].removeprefix("%") if len(process.argv) > 1 else ""
    if not wanted:
        await asyncio.gather(*shell.jobs.values(), return_exceptions=True)
        return 0
    job = shell.jobs.get(int(wanted)) if wanted.isdecimal() else None
    if job is None:
        return 127
    await asyncio.wait((job,))
    return 137 if job.cancelled() else job.result()


@builtin("let")
async def _let(shell: Interpreter, process: Process) -> int:
    value = 0
    for expression in process.argv[1:]:
        try:
            value = arithmetic.evaluate(expression, lambda name: shell.get(name) or "", shell.set)
        except arithmetic.ArithmeticFault as error:
            return await shell.complain(f"let: {error}", 2)
    return int(not value)


@builtin("getopts")
async def _getopts(shell: Interpreter, process: Process) -> int:
    if len(process.argv) < 3:
        return await shell.complain("getopts: usage: getopts optstring name [arg …]", 1)
    spec, name, *given = process.argv[1:]
    arguments = given or shell.arguments
    index, _, offset_text = (shell.get("OPTIND") or "1").partition(".")
    position, offset = int(index) - 1, int(offset_text or 1)
    if position >= len(arguments) or not arguments[position].startswith("-") or arguments[position] == "-":
        return 1
    current = arguments[position]
    if current == "--":
        shell.set("OPTIND", str(position + 2))
        return 1
    letter = current[offset]
    at = spec.lstrip(":").find(letter)
    takes = at >= 0 and spec.lstrip(":")[at + 1 : at + 2] == ":"
    following = f"{position + 1}.{offset + 1}" if offset + 1 < len(current) else str(position + 2)
    shell.set(name, letter if at >= 0 else "?")
    if takes:
        rest = current[offset + 1 :]
        value = rest or (arguments[position + 1] if position + 1 < len(arguments) else "")
        following = str(position + (2 if rest else 3))
        shell.set("OPTARG", value)
    shell.set("OPTIND", following)
    return 0


@builtin("umask")
async def _umask(shell: Interpreter, process: Process) -> int:
    if len(process.argv) == 1:
        await process.print("0022")
    return 0


@builtin("ulimit")
async def _ulimit(shell: Interpreter, process: Process) -> int:
    if not process.argv[2:]:
        await process.print("unlimited")
    return 0


@builtin("jobs", "fg", "bg", "hash", "alias", "unalias", "times")
async def _nothing(shell: Interpreter, process: Process) -> int:
    return 0
