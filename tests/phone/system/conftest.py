from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

import execmon_lab.phone.shell.toybox
import execmon_lab.phone.system.commands  # noqa: F401
from execmon_lab.phone.pipe import Sink, Source
from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.shell.kernel import ShellKernel
from execmon_lab.phone.system.system import System

Answer = TypeVar("Answer")
DEADLINE = 60.0


class Phone:
    """A phone on a loop of its own, driven without adb."""

    def __init__(self, size: tuple[int, int] = (720, 1280), density: int = 320) -> None:
        self.runner = asyncio.Runner()
        self.system = System(serial="VP0001", size=size, density=density)
        self.kernel = ShellKernel(self.system)
        self.runner.run(self.system.start())

    def close(self) -> None:
        async def end() -> None:
            await self.kernel.close()
            await self.system.stop()

        self.runner.run(end())
        self.runner.close()

    def run(self, *argv: str, stdin: bytes = b"", uid: int = 2000) -> tuple[int, str, str]:
        """Run one command: (status, standard output, standard error)."""
        return self.runner.run(self._run(list(argv), stdin, uid))

    async def _run(self, argv: list[str], stdin: bytes, uid: int) -> tuple[int, str, str]:
        out, err = Sink(), Sink()
        process = self.kernel.process(argv, Source(stdin), out, err, uid=uid)
        status = await self.kernel.call(process)
        self.raw = bytes(out.data)
        return status, bytes(out.data).decode(errors="replace"), bytes(err.data).decode()

    def sh(self, line: str) -> str:
        """Run a line of words that must succeed; returns its output without the last newline."""
        status, out, err = self.run(*line.split())
        assert status == 0, f"{line}: {status} {out} {err}"
        return out.rstrip("\n")

    def wait(self, true: Callable[[], bool], what: str = "it") -> None:
        """Let the phone live until `true`, within a generous deadline."""

        end = time.monotonic() + DEADLINE
        while not true():
            if time.monotonic() > end:
                pytest.fail(f"{what} did not happen; the screen says {self.texts()}")
            self.sleep(0.02)

    def sleep(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    def do(self, work: Awaitable[Answer]) -> Answer:
        async def wrap() -> Answer:
            return await work

        return self.runner.run(wrap())

    def nodes(self) -> list[Node]:
        return [node for window in self.system.screen.windows() for node in window.root.walk()]

    def texts(self) -> list[str]:
        return [node.text for node in self.nodes() if node.text]

    def node(self, words: str) -> Node:
        """Return the node with that text, description or short id."""
        for node in self.nodes():
            if words in (node.text, node.description, node.identifier.rpartition("/")[2]):
                return node
        raise AssertionError(f"no {words!r} on the screen, which says {self.texts()}")

    def tap(self, words: str) -> None:
        """Tap a node by `input tap`."""
        x, y = self.node(words).centre
        self.sh(f"input tap {x} {y}")

    def see(self, words: str) -> None:
        """Wait until a text is on the screen."""
        self.wait(lambda: words in self.texts(), words)


@pytest.fixture
def phone() -> Iterator[Phone]:
    made = Phone()
    yield made
    made.close()


@pytest.fixture
def make_phone() -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def make(*args: object, **values: object) -> Phone:
        made.append(Phone(*args, **values))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for phone in made:
        phone.close()
