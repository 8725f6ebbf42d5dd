"""A function in a process of its own, which tells by a pipe how it fares."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from tests.processes import DEADLINE, LEFT

# Its server has imported all of this once: a process is there in milliseconds.
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.history.writer_process"])


class Forked:
    """A process that runs ``function(told, *arguments)``, and is killed when the block ends.

    When the block fails, the stack of every thread of the process is printed.
    """

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._told, theirs = FORKSERVER.Pipe(duplex=False)
        self._process = FORKSERVER.Process(target=_run, args=(function, theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def told(self) -> Any:
        """Wait for what it says next."""
        assert self._told.poll(DEADLINE), f"it said nothing for {DEADLINE:.0f} s"
        return self._told.recv()

    def status(self) -> int | None:
        """Wait until it has ended, and return how."""
        self._process.join(DEADLINE)
        return self._process.exitcode

    def kill(self) -> list[Any]:
        """Kill it; return what it had said by then and nobody had heard."""
        self._process.kill()
        self._process.join()
        left = []
        try:
            while True:
                left.append(self._told.recv())
        except (EOFError, OSError):
            return left
        finally:
            self._told.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._process.is_alive():
            assert self._process.pid is not None
            os.kill(self._process.pid, signal.SIGABRT)
            self._process.join(LEFT)
        self.kill()


def _run(function: Callable[..., object], told: Connection, *arguments: object) -> None:
    faulthandler.enable()
    function(told, *arguments)
