"""Servers of notebooks that a test starts on this machine, with folders of their own, and ends."""

from __future__ import annotations

import contextlib
import random
import socket
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.processes import DEADLINE, Child

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
    environment = {**{name: str(folder) for name, folder in folders.items()}, **variables}
    with Child(command, log=log, env=environment) as process:
        _wait_until_up(up, process)
        yield process.pid
        process.terminate()
        process.wait(DEADLINE)


def _wait_until_up(address: str, process: Child) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"the server did not come up:\n{process.complaints()[-3000:]}") from None
            time.sleep(0.2)
