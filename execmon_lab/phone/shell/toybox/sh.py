"""The shell as a command."""

from __future__ import annotations

import asyncio
import contextlib

from execmon_lab.phone.shell import builtins  # noqa: F401  registers what the shell itself can do
from execmon_lab.phone.shell.builtins import read_line
from execmon_lab.phone.shell.interpreter import Interpreter, LoopControl, Return
from execmon_lab.phone.shell.kernel import Exit, ShellKernel
from execmon_lab.phone.shell.parser import parse
from execmon_lab.phone.shell.process import Process, decode, encode
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.syntax import ShellSyntaxError


@command("sh", "mksh", "bash", "ash")
async def _sh(process: Process) -> int:
    kernel = process.kernel
    assert isinstance(kernel, ShellKernel)
    shell = Interpreter(process, kernel)
    arguments = process.argv[1:]
    script: str | None = None
    wants_script = False
    while arguments and arguments[0][:1] in ("-", "+") and len(arguments[0]) > 1:
        option = arguments.pop(0)
        if option == "--":
            break
        if option[1:] == "o" and arguments:
            shell.options.add({"errexit": "e", "nounset": "u"}.get(arguments[0], arguments.pop(0)))
            continue
        wants_script = wants_script or "c" in option
        shell.options |= set(option[1:]) - set("cils")
    if wants_script:
        if not arguments:
            return await shell.complain("-c: requires an argument", 1)
        script = arguments.pop(0)
        if arguments:
            shell.name = arguments.pop(0)
    elif arguments:
        shell.name = arguments.pop(0)
        try:
            script = decode(process.files.read(process.path(shell.name)))
        except OSError as error:
            return await process.fail(f"/system/bin/sh: {shell.name}: {error.strerror}", 127)
    shell.arguments = arguments
    try:
        return await shell.main(script) if script is not None else await _interact(shell)
    except asyncio.CancelledError:
        shell.hang_up()
        raise


async def _interact(shell: Interpreter) -> int:
    """Read commands from the standard input until it ends."""
    process = shell.process
    status = 0
    text = ""
    while True:
        if process.tty:
            await process.stderr.write(encode("> " if text else prompt(shell)))
        line = decode(await read_line(process))
        if not line and not text:
            break
        text += line
        try:
            parse(text)
        except ShellSyntaxError as error:
            if error.incomplete and line and len(text) < 65536:
                continue
        try:
            status = await _interruptible(shell, text)
        except Exit as stop:
            status = stop.status
            break
        text = ""
    return await shell.leave(status)


async def _interruptible(shell: Interpreter, text: str) -> int:
    """Run one complete command; Ctrl-C of the terminal ends it and not the shell."""
    work = asyncio.create_task(shell.run(text))
    on_interrupt = getattr(shell.process.stdin, "on_interrupt", None)
    if on_interrupt is not None:
        on_interrupt(work.cancel)
    try:
        return await work
    except (Return, LoopControl):
        return shell.status
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            raise
        shell.status = 130
        return 130
    finally:
        if on_interrupt is not None:
            on_interrupt(None)


def prompt(shell: Interpreter) -> str:
    """``device:/folder $``, with ``#`` for root."""
    name = shell.process.system.properties.get("ro.product.device") or "android"
    return f"{name}:{shell.cwd} {'#' if shell.process.uid == 0 else '$'} "
