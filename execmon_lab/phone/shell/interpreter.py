"""Runs the syntax tree: one `Interpreter` a shell, copied for each subshell."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Awaitable, Callable
from typing import ClassVar, cast

from execmon_lab.phone.pipe import Null, Pipe, Sink
from execmon_lab.phone.shell import condition, expand
from execmon_lab.phone.shell.expand import ExpansionError
from execmon_lab.phone.shell.kernel import Exit, ShellKernel
from execmon_lab.phone.shell.parser import parse
from execmon_lab.phone.shell.process import Process, Reader, Writer, decode, encode
from execmon_lab.phone.shell.redirect import RedirectError, opened
from execmon_lab.phone.shell.syntax import (
    AndOr,
    Calculation,
    Case,
    Command,
    Condition,
    For,
    Function,
    Group,
    If,
    List,
    Pipeline,
    Redirected,
    ShellSyntaxError,
    Simple,
    Subshell,
    While,
    Word,
)
from execmon_lab.phone.shell.variables import Variables

MAX_DEPTH = 100
Builtin = Callable[["Interpreter", Process], Awaitable[int]]


class LoopControl(Exception):
    """``break`` or ``continue``, for so many loops."""

    def __init__(self, word: str, count: int) -> None:
        super().__init__(word)
        self.word = word
        self.count = count


class Return(Exception):
    """``return`` from a function."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Interpreter(Variables):
    """A shell: variables, functions, streams and the folder it is in.

    Parameters
    ----------
    process
        The shell's own process.
    kernel
        Runs the commands.
    """

    builtins: ClassVar[dict[str, Builtin]] = {}

    def __init__(self, process: Process, kernel: ShellKernel) -> None:
        super().__init__(process)
        self.kernel = kernel
        self.functions: dict[str, Command] = {}
        self.traps: dict[str, str] = {}
        self.jobs: dict[int, asyncio.Task[int]] = {}
        self.substituted = 0
        self.depth = 0
        self.loops = 0
        self.tested = 0
        self.fds: dict[int, Reader | Writer] = {0: process.stdin, 1: process.stdout, 2: process.stderr}

    # A whole script

    async def run(self, script: str) -> int:
        """Parse and run ``script``; ``exit`` raises `Exit`."""
        try:
            tree = parse(script)
        except ShellSyntaxError as error:
            self.status = await self.complain(f"syntax error: {error}", 1)
            return self.status
        return await self.run_list(tree)

    async def main(self, script: str) -> int:
        """Run ``script`` as a program: ``exit`` and the EXIT trap are obeyed."""
        try:
            status = await self.run(script)
        except Exit as stop:
            status = stop.status
        except (Return, LoopControl):
            status = self.status
        return await self.leave(status)

    async def leave(self, status: int) -> int:
        """Run the EXIT trap."""
        trap = self.traps.pop("EXIT", None)
        self.status = status
        if trap is not None:
            with contextlib.suppress(Return, LoopControl):
                try:
                    await self.run(trap)
                except Exit as stop:
                    return stop.status
        return status

    async def complain(self, text: str, status: int) -> int:
        """Report a fault of the script."""
        await self.writer(2).write(encode(f"{self.name}: {text}\n"))
        return status

    @property
    def substitute(self) -> Callable[[List], Awaitable[str]]:
        """Runs a command substitution."""
        return self._substitute

    # Streams

    def reader(self, fd: int = 0) -> Reader:
        """The stream to read from."""
        found = self.fds.get(fd)
        return cast(Reader, found) if hasattr(found, "read") else Null()

    def writer(self, fd: int = 1) -> Writer:
        """The stream to write to."""
        found = self.fds.get(fd)
        return cast(Writer, found) if hasattr(found, "write") else Null()

    def fork(self, **fds: Reader | Writer) -> Interpreter:
        """A subshell: a copy that changes nothing here. Streams are given as ``fd0``, ``fd1``."""
        child = copy.copy(self)
        child.separate()
        child.functions = dict(self.functions)
        child.traps = {}
        child.fds = {**self.fds, **{int(name[2:]): stream for name, stream in fds.items()}}
        child.depth += 1
        if child.depth > MAX_DEPTH:
            raise ExpansionError("recursion too deep")
        return child

    def child_process(self, argv: list[str], env: dict[str, str]) -> Process:
        """A process with this shell's streams and folder."""
        return self.kernel.process(
            argv,
            self.reader(),
            self.writer(),
            self.writer(2),
            uid=self.process.uid,
            env=env,
            cwd=self.cwd,
            tty=self.process.tty,
        )

    async def _substitute(self, body: List) -> str:
        sink = Sink()
        child = self.fork(fd1=sink)
        self.substituted = await child.subshell(child.run_list(body))
        return decode(sink.data.replace(b"\0", b"")).rstrip("\n")

    async def subshell(self, work: Awaitable[int]) -> int:
        """Run to the end of a subshell."""
        try:
            status = await work
        except Exit as stop:
            status = stop.status
        except (Return, LoopControl) as stop:
            status = stop.status if isinstance(stop, Return) else self.status
        except BrokenPipeError:
            return 141
        return await self.leave(status)

    # Lists

    async def run_list(self, body: List) -> int:
        """Run commands one after the other."""
        for item in body.items:
            await self.kernel.breathe()
            if item.background:
                await self._background(item)
            else:
                await self.and_or(item)
        return self.status

    async def and_or(self, item: AndOr) -> int:
        """Run pipelines joined by ``&&`` and ``||``."""
        last = len(item.items) - 1
        for index, (operator, pipeline) in enumerate(item.items):
            if (operator == "&&" and self.status) or (operator == "||" and not self.status):
                continue
            shielded = index < last or pipeline.negate
            self.tested += shielded
            try:
                await self.pipeline(pipeline)
            finally:
                self.tested -= shielded
            if index == last and self.status and not pipeline.negate:
                self._check_errexit()
        return self.status

    def _check_errexit(self) -> None:
        if "e" in self.options and not self.tested:
            raise Exit(self.status)

    async def _background(self, item: AndOr) -> None:
        child = self.fork(fd0=Null())
        child.jobs = {}
        process = self.child_process(["sh"], self.environment())

        async def work(process: Process) -> int:
            return await child.subshell(child.and_or(AndOr(item.items)))

        task = self.kernel.start(process, work)
        task.set_name("detached" if _detached(item) else "job")
        self.jobs[process.pid] = task
        self.last_job = process.pid
        self.status = 0

    async def pipeline(self, pipeline: Pipeline) -> int:
        """Run commands joined by pipes."""
        if len(pipeline.commands) == 1:
            self.status = await self.command(pipeline.commands[0])
        else:
            self.status = await self._pipe(pipeline.commands)
        if pipeline.negate:
            self.status = int(not self.status)
        return self.status

    async def _pipe(self, commands: list[Command]) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        async with asyncio.TaskGroup() as group:
            tasks = []
            for index, command in enumerate(commands):
                source = pipes[index - 1] if index else None
                target = pipes[index] if index < len(pipes) else None
                tasks.append(group.create_task(self._pipe_end(command, source, target)))
        statuses = [task.result() for task in tasks]
        if "pipefail" in self.options:
            return next((status for status in reversed(statuses) if status), 0)
        return statuses[-1]

    async def _pipe_end(self, command: Command, source: Pipe | None, target: Pipe | None) -> int:
        try:
            child = self.fork()
            if source is not None:
                child.fds[0] = source
            if target is not None:
                child.fds[1] = target
            with self.kernel.forked():
                return await child.subshell(child.command(command))
        except ExpansionError as error:
            return await self.complain(str(error), 1)
        except BlockingIOError:
            return await self.complain("can't fork - try again", 1)
        finally:
            if source is not None:
                source.leave()
            if target is not None:
                target.close()

    # Commands

    async def command(self, command: Command) -> int:
        """Run one command; a fault of expansion or redirection is reported."""
        await self.kernel.breathe()
        try:
            return await self._dispatch(command)
        except (ExpansionError, RedirectError) as error:
            status = await self.complain(str(error), 1)
            if isinstance(error, ExpansionError) and not self.process.tty:
                raise Exit(status) from None
            return status
        except BlockingIOError:
            return await self.complain("can't fork - try again", 1)

    async def _dispatch(self, command: Command) -> int:
        match command:
            case Simple():
                return await self._simple(command)
            case Redirected():
                async with opened(self, command.redirects):
                    return await self.command(command.body)
            case Group():
                return await self.run_list(command.body)
            case Subshell():
                child = self.fork()
                return await child.subshell(child.run_list(command.body))
            case If():
                return await self._if(command)
            case While():
                return await self._while(command)
            case For():
                return await self._for(command)
            case Case():
                return await self._case(command)
            case Function():
                self.functions[command.name] = command.body
                return 0
            case Condition():
                return int(not await condition.evaluate(self, command.items))
            case Calculation():
                return int(not await expand.calculate(self, command.body))
            case Pipeline():
                return await self.pipeline(command)

    async def _tested(self, body: List) -> bool:
        self.tested += 1
        try:
            return await self.run_list(body) == 0
        finally:
            self.tested -= 1

    async def _if(self, command: If) -> int:
        for test, body in command.branches:
            if await self._tested(test):
                return await self.run_list(body)
        self.status = 0
        return await self.run_list(command.otherwise) if command.otherwise else 0

    async def _while(self, command: While) -> int:
        status = 0
        while await self._tested(command.condition) != command.negate:
            await self.kernel.breathe()
            go_on, status = await self._loop_body(command.body)
            if not go_on:
                break
        return status

    async def _for(self, command: For) -> int:
        items = self.arguments if command.words is None else await expand.words(self, command.words)
        status = 0
        for item in items:
            self.set(command.name, item)
            go_on, status = await self._loop_body(command.body)
            if not go_on:
                break
        return status

    async def _loop_body(self, body: List) -> tuple[bool, int]:
        self.loops += 1
        try:
            return True, await self.run_list(body)
        except LoopControl as control:
            if control.count > 1 and self.loops > 1:
                raise LoopControl(control.word, control.count - 1) from None
            return control.word == "continue", 0
        finally:
            self.loops -= 1

    async def _case(self, command: Case) -> int:
        value = await expand.text(self, command.word)
        for patterns, body in command.clauses:
            for pattern in patterns:
                if expand.matcher(await expand.pattern(self, pattern))(value):
                    self.status = 0
                    return await self.run_list(body)
        return 0

    async def _simple(self, command: Simple) -> int:
        self.substituted = 0
        argv = await expand.words(self, command.words)
        values = [(name, await self._assigned(name, more, word)) for name, more, word in command.assignments]
        if not argv:
            for name, value in values:
                self.set(name, value)
            async with opened(self, command.redirects):
                return self.substituted
        if "x" in self.options:
            await self.writer(2).write(encode("+ " + " ".join(argv) + "\n"))
        async with opened(self, command.redirects, keep=argv == ["exec"]):
            return await self._invoke(argv, values)

    async def _assigned(self, name: str, append: bool, word: Word) -> str:
        value = await expand.text(self, word)
        return (self.get(name) or "") + value if append else value

    async def _invoke(self, argv: list[str], values: list[tuple[str, str]]) -> int:
        name = argv[0]
        if name in self.functions:
            return await self._call(self.functions[name], argv, values)
        builtin = self.builtins.get(name)
        if builtin is not None:
            for key, value in values:
                self.set(key, value)
            return await builtin(self, self.child_process(argv, self.variables))
        env = {**self.environment(), **dict(values)}
        return await self.kernel.call(self.child_process(argv, env))

    async def _call(self, body: Command, argv: list[str], values: list[tuple[str, str]]) -> int:
        if self.depth > MAX_DEPTH:
            raise ExpansionError("recursion too deep")
        for key, value in values:
            self.set(key, value)
        saved, self.arguments = self.arguments, argv[1:]
        loops, self.loops = self.loops, 0
        self.depth += 1
        self.locals.append({})
        try:
            return await self.command(body)
        except Return as stop:
            return stop.status
        finally:
            self.arguments, self.loops = saved, loops
            self.depth -= 1
            for name, hidden in self.locals.pop().items():
                if hidden is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = hidden

    def hang_up(self) -> None:
        """End the jobs that were not started with ``nohup``."""
        for job in self.jobs.values():
            if job.get_name() != "detached":
                job.cancel()


def _detached(item: AndOr) -> bool:
    command = item.items[0][1].commands[0]
    return isinstance(command, Simple) and any(
        word.plain in ("nohup", "setsid", "daemonize") for word in command.words[:1]
    )
