"""Processes that tests start: each ends with its block, and says where it stood when the block fails."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import psutil

DEADLINE = 100.0
"""Seconds after which a process that should have ended will not end."""
LEFT = 20.0
"""Seconds that the children of a process have to end after it."""


class Ended(NamedTuple):
    """How a process ended, and what it said that nobody had read."""

    status: int
    out: str
    err: str


class Child(subprocess.Popen[Any]):
    """A process that does not outlive its block.

    Its standard output is a pipe. Its standard error goes to a file: nothing it says there holds it up, and
    it can be shown at any time. When the block fails that is printed, and with it the stack of every
    thread of a Python program.

    Parameters
    ----------
    command
        The program and its arguments.
    log
        A file for both outputs instead.
    env
        What it finds in its environment beside ours.
    options
        As `subprocess.Popen` takes them; text is the default.
    """

    running: dict[int, Child] = {}  # noqa: RUF012  - all of them, for the report of a test that fails

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        self._file = tempfile.TemporaryFile() if log is None else log.open("w+b")  # noqa: SIM115
        options = {"stdout": subprocess.PIPE if log is None else self._file, "text": True, **options}
        environment = {**os.environ, "PYTHONFAULTHANDLER": "1", **(env or {})}
        super().__init__(command, stderr=self._file, env=environment, **options)
        Child.running[self.pid] = self

    def complaints(self) -> str:
        """Return what it has said on standard error so far."""
        length = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), length, 0).decode(
            errors="replace"
        )  # the place to write is shared

    def ended(self, timeout: float = DEADLINE) -> Ended:
        """Wait for its end."""
        out, _ = self.communicate(timeout=timeout)
        return Ended(self.returncode, out, self.complaints())

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        family = [] if self.poll() is not None else psutil.Process(self.pid).children(recursive=True)
        if kind is not None:
            self._explain(family)
        self.kill()
        with contextlib.suppress(BrokenPipeError):  # of what it was not told any more
            super().__exit__(kind, value, trace)
        self._file.close()
        del Child.running[self.pid]
        deadline = time.monotonic() + LEFT
        while (left := [child for child in family if not gone(child.pid)]) and time.monotonic() < deadline:
            time.sleep(0.01)
        for child in left:
            print(f"{child} outlived {self}", file=sys.stderr)
            child.kill()

    def __str__(self) -> str:
        return f"process {self.pid} ({' '.join(map(str, self.args))[:200]})"

    def _explain(self, family: list[psutil.Process]) -> None:
        """Print what is known of it; it may be ended for that."""
        for child in family:
            print(f"{self} has {child}", file=sys.stderr)
        if self.poll() is None:
            self.send_signal(signal.SIGABRT)  # upon which Python's faulthandler writes every thread's stack
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(LEFT)
        print(f"{self}, status {self.returncode}, said:\n{self.complaints()}", file=sys.stderr)


def gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked for its exit code yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listener(port: int) -> int:
    """Return the id of the process that listens on a port."""
    connections = psutil.net_connections("tcp")
    return next(c.pid for c in connections if c.laddr.port == port and c.status == psutil.CONN_LISTEN)


def run(command: Sequence[str | Path], *, timeout: float = DEADLINE, **options: Any) -> Ended:
    """Run a process to its end; the options are those of `Child`."""
    with Child(command, **options) as process:
        return process.ended(timeout)


def execmon_lab(folder: Path, *arguments: str, **environment: str) -> Child:
    """Start the command line in a folder, where it also keeps its files."""
    env = {
        "XDG_DATA_HOME": str(folder),
        "COLUMNS": "120",
        "PYTHONWARNINGS": "error::ResourceWarning",
        **environment,
    }
    return Child([sys.executable, "-m", "execmon_lab", *arguments], cwd=folder, env=env)
