"""A virtual phone as a child process, for the lab and for tests."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

READY_SECONDS = 20.0
CLOSE_SECONDS = 3.0
SIDES = 240, 4096
"""How many pixels a side of the screen may have."""


def check_size(size: tuple[int, int]) -> None:
    """Make sure that a screen can be of a size.

    Raises
    ------
    ValueError
        When it cannot; the text says why.
    """
    least, most = SIDES
    if len(size) != 2 or not all(least <= side <= most for side in size):
        raise ValueError(f"size is a width and a height of {least} to {most} pixels, not {size!r}")


class PhoneError(RuntimeError):
    """The phone's process did not come up."""


class PhoneProcess:
    """A running virtual phone; it never outlives this process, even when that is killed.

    Parameters
    ----------
    port
        Odd port on 127.0.0.1, outside 5554 to 5585; 0 takes a free one.
    adb_ports
        Ports of the adb servers that shall list the phone.
    size, density
        The screen, in pixels and dots per inch.
    secure
        Whether a host needs an accepted RSA key.
    authorized_keys
        File of accepted keys.
    has_encoder
        Whether the phone can make video of its screen.
    log_level
        How much is logged to ``log``: debug, info, warning or error.
    log
        File that the phone's own log is appended to; None keeps it only for an error at the start.

    Raises
    ------
    ValueError
        When the screen cannot be of that size.
    PhoneError
        When the phone does not come up; the message has what it said.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        adb_ports: Sequence[int] = (),
        size: tuple[int, int] = (720, 1280),
        density: int = 320,
        secure: bool = False,
        authorized_keys: Path | None = None,
        has_encoder: bool = True,
        log: Path | None = None,
        log_level: str = "warning",
    ) -> None:
        check_size(size)
        self.port = port
        self.serial = ""
        self._log = log
        self._options = [
            *(word for adb_port in adb_ports for word in ("--adb-port", str(adb_port))),
            *("--size", f"{size[0]}x{size[1]}", "--density", str(density), "--log-level", log_level),
            *(["--secure"] if secure else []),
            *([] if has_encoder else ["--no-encoder"]),
            *(["--authorized-keys", str(authorized_keys)] if authorized_keys else []),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def __repr__(self) -> str:
        return f"<virtual phone {self.serial} on port {self.port}>"

    @property
    def pid(self) -> int:
        """Process id of the phone.

        Raises
        ------
        PhoneError
            When it was closed.
        """
        if self._process is None:
            raise PhoneError("the phone was closed")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs (or is paused)."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the phone at once, as if its cable were cut: SIGKILL."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Let the phone hang: SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused phone go on: SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill the phone if it runs, and start a fresh one with the same port and serial."""
        self.kill()
        self.close()
        self._start()

    def close(self) -> None:
        """End the phone and wait for it; called again it does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "execmon_lab.phone", "--until-eof", "--port", str(self.port)]
        with contextlib.ExitStack() as stack:
            output: IO[bytes]
            if self._log is None:
                output = stack.enter_context(tempfile.TemporaryFile())
            else:
                output = stack.enter_context(self._log.open("ab+"))
            self._process = subprocess.Popen(
                command + self._options,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "MALLOC_ARENA_MAX": "2",  # glibc keeps for each thread what its encoders have freed
                },
            )
            try:
                line = self._first_line()
                ready = json.loads(line)
            except (ValueError, TimeoutError) as error:
                self.kill()
                self.close()
                output.seek(0)
                said = output.read()[-2000:].decode(errors="replace").strip()
                raise PhoneError(f"the phone did not start: {said or error}") from None
            except KeyboardInterrupt:
                self.kill()
                self.close()
                raise
        self.port, self.serial = ready["port"], ready["serial"]

    def _first_line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        line = b""
        deadline = time.monotonic() + READY_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"it said nothing for {READY_SECONDS:.0f} s")
                data = os.read(fd, 4096)
                if not data:
                    raise ValueError("it ended")
                line += data
        return line
