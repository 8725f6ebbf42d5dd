"""Servers of notebooks that a test starts on this machine, with folders of their own, and ends."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PORTS = range(26100, 26999)


class Missing(Exception):
    """Something that the browser tests need is not there; the text says what to do."""


def free_port() -> int:
    """Find a port for a server that takes none by itself."""
    for port in random.sample(PORTS, len(PORTS)):  # others may begin at the same moment
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port for a server of notebooks")


@contextlib.contextmanager
def served(
    command: Sequence[str], up: str, log: Path, folders: Mapping[str, Path], **variables: str
) -> Iterator[int]:
    """Run a server until the block ends, and tell its process id once `up` can be had from it.

    Parameters
    ----------
    command
        What to run.
    up
        An address that answers when the server is ready.
    log
        Where its output goes.
    folders, variables
        What it finds in its environment beside ours.

    Raises
    ------
    Missing
        When it does not come up.
    """
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}, **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(up, process, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"the server did not come up:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.2)
