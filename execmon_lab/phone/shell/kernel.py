"""What starts, counts and ends the processes of the phone's shell."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import posixpath
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from execmon_lab.phone.pipe import Sink, Source
from execmon_lab.phone.shell.process import Process, Reader, Writer
from execmon_lab.phone.shell.registry import COMMANDS

if TYPE_CHECKING:
    from execmon_lab.phone.system.system import System

logger = logging.getLogger(__name__)

MAX_PROCESSES = 256
SLICE = 0.005
"""Seconds a script may compute before others get their turn."""

BIN = ("/system/bin", "/system/xbin", "/vendor/bin", "/bin", "/sbin")
READ_ONLY = frozenset(("/system", "/vendor"))
SHELL = "/system/bin/sh"
DEVICES: dict[str, Callable[[int], bytes]] = {
    "/dev/null": lambda n: b"",
    "/dev/zero": bytes,
    "/dev/urandom": os.urandom,
    "/dev/random": os.urandom,
}
ENVIRONMENT = {
    "PATH": "/product/bin:/apex/com.android.runtime/bin:/system/bin:/system/xbin:/vendor/bin",
    "ANDROID_ROOT": "/system",
    "ANDROID_DATA": "/data",
    "ANDROID_STORAGE": "/storage",
    "EXTERNAL_STORAGE": "/sdcard",
    "TMPDIR": "/data/local/tmp",
    "HOME": "/",
    "SHELL": SHELL,
    "TERM": "dumb",
}


class Exit(Exception):
    """The process ends at once with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ShellKernel:
    """The processes that shells start on one phone."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._tasks: dict[int, asyncio.Task[int]] = {}
        self._signals: dict[int, int] = {}
        self._turn = 0.0
        self._forks = 0
        self._install()

    def process(
        self,
        argv: list[str],
        stdin: Reader,
        stdout: Writer,
        stderr: Writer,
        *,
        uid: int,
        env: dict[str, str] | None = None,
        cwd: str = "/",
        tty: bool = False,
    ) -> Process:
        """A process that has not begun.

        Raises
        ------
        BlockingIOError
            When there are `MAX_PROCESSES` already.
        """
        self._check_room()
        user = "root" if uid == 0 else "shell"
        known = {**ENVIRONMENT, "USER": user, "LOGNAME": user, **(env or {})}
        return Process(
            argv, known, cwd, uid, 0, stdin, stdout, stderr, self.system.files, self.system, self, tty
        )

    def child(
        self,
        parent: Process,
        argv: list[str],
        *,
        stdin: Reader | None = None,
        stdout: Writer | None = None,
        stderr: Writer | None = None,
        env: dict[str, str] | None = None,
    ) -> Process:
        """A process that inherits what is not given."""
        return self.process(
            argv,
            stdin or parent.stdin,
            stdout or parent.stdout,
            stderr or parent.stderr,
            uid=parent.uid,
            env=parent.env if env is None else env,
            cwd=parent.cwd,
            tty=parent.tty,
        )

    async def call(self, process: Process) -> int:
        """Find the command of ``process``, run it to its end and return its status.

        Status 127 when there is no such command, 126 when the file cannot be run, 141 when the reader of
        its output went, 137 when it was killed.
        """
        command = self.lookup(process)
        if process.pid:  # a command such as nohup goes on as another
            return await self._guard(process, command)
        task = self.start(process, command)
        try:
            return await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    @contextlib.contextmanager
    def forked(self) -> Iterator[None]:
        """Count a part of a pipeline as a process while it lasts; `BlockingIOError` as in `process`."""
        self._check_room()
        self._forks += 1
        try:
            yield
        finally:
            self._forks -= 1

    def _check_room(self) -> None:
        if len(self._tasks) + self._forks >= MAX_PROCESSES:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def start(self, process: Process, command: Callable[[Process], Awaitable[int]]) -> asyncio.Task[int]:
        """Begin ``command`` as a process with a pid of its own."""
        table = self.system.processes

        def killed(signal: int) -> None:
            self._signals[pid] = signal
            task.cancel()

        pid = process.pid = table.spawn(posixpath.basename(process.argv[0]), process.uid, on_kill=killed)
        task = asyncio.create_task(self._live(process, command))
        self._tasks[pid] = task
        return task

    async def run(self, parent: Process, argv: list[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command to its end: (status, standard output, standard error)."""
        out, err = Sink(), Sink()
        process = self.child(parent, argv, stdin=Source(stdin), stdout=out, stderr=err)
        status = await self.call(process)
        return status, bytes(out.data), bytes(err.data)

    async def close(self) -> None:
        """End every process."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _install(self) -> None:
        """Give every command a file, and every shell its devices."""
        files = self.system.files
        mounted, files.read_only = files.read_only, set()
        for name in COMMANDS:
            path = f"/system/bin/{name}"
            if not files.exists(path):
                files.generate(path, bytes)
                files.chmod(path, 0o755)
        for name, source in DEVICES.items():
            if not files.exists(name):
                files.device(name, source)
        files.read_only = mounted | READ_ONLY

    async def breathe(self) -> None:
        """Let others run when the present turn has lasted long enough."""
        now = asyncio.get_running_loop().time()
        if now - self._turn > SLICE:
            await asyncio.sleep(0)
            self._turn = asyncio.get_running_loop().time()

    def lookup(self, process: Process) -> Callable[[Process], Awaitable[int]]:
        """The command that ``process`` names, or a function that reports why there is none."""
        name = process.argv[0]
        if "/" not in name:
            return COMMANDS.get(name) or _reporter(f"{name}: inaccessible or not found", 127)
        path = posixpath.normpath(process.path(name))
        folder, base = posixpath.split(path)
        if folder in BIN and base in COMMANDS:
            return COMMANDS[base]
        try:
            entry = process.files.stat(path)
        except OSError:
            return _reporter(f"{name}: inaccessible or not found", 127)
        if entry.is_dir:
            return _reporter(f"{name}: can't execute: Is a directory", 126)
        if not entry.mode & 0o111:
            return _reporter(f"{name}: can't execute: Permission denied", 126)
        return self._file(process, path)

    def _file(self, process: Process, path: str) -> Callable[[Process], Awaitable[int]]:
        data = process.files.read(path)
        real = process.files.realpath(path)
        folder, base = posixpath.split(real)
        if folder in BIN and base in COMMANDS:
            return COMMANDS[base]
        if data.startswith(b"\x7fELF") or b"\0" in data[:256]:
            return _reporter(f"{process.argv[0]}: not executable: 64-bit ELF file", 126)
        process.argv = ["sh", path, *process.argv[1:]]
        return COMMANDS["sh"]

    async def _live(self, process: Process, command: Callable[[Process], Awaitable[int]]) -> int:
        try:
            return await self._guard(process, command)
        except asyncio.CancelledError:
            if process.pid in self._signals:
                return 128 + self._signals[process.pid]
            raise
        finally:
            self._signals.pop(process.pid, None)
            self._tasks.pop(process.pid, None)
            self.system.processes.end(process.pid)

    async def _guard(self, process: Process, command: Callable[[Process], Awaitable[int]]) -> int:
        """Turn what a command raises into what its user would see."""
        name = process.name
        try:
            return await command(process) & 0xFF
        except Exit as stop:
            return stop.status & 0xFF
        except BrokenPipeError:
            return 141
        except OSError as error:
            return await _complain(process, f"{name}: {error.filename or ''}: {error.strerror}", 1)
        except RecursionError:
            return await _complain(process, f"{name}: recursion too deep", 1)
        except MemoryError:
            return await _complain(process, f"{name}: out of memory", 1)
        except Exception:
            logger.exception("command %s failed", ascii(process.argv)[:200])
            return await _complain(process, f"{name}: internal error, see the phone's log", 125)


async def _complain(process: Process, text: str, status: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        await process.fail(text.replace(": : ", ": "))
    return status


def _reporter(text: str, status: int) -> Callable[[Process], Awaitable[int]]:
    async def report(process: Process) -> int:
        return await process.fail(f"{SHELL}: {text}", status)

    return report
