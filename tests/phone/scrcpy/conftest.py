"""A phone on a loop of its own, and a client of its scrcpy server that is connected without adb."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

import execmon_lab.phone.shell.toybox
import execmon_lab.phone.system.commands  # noqa: F401
from execmon_lab.phone.pipe import Sink, Source
from execmon_lab.phone.shell.kernel import ShellKernel
from execmon_lab.phone.sockets import connect
from execmon_lab.phone.system.system import System

Answer = TypeVar("Answer")
JAR = "/system/framework/scrcpy-server.jar"
SOCKET = "localabstract:scrcpy_0000abcd"
NAME_LENGTH = 64
DEADLINE = 60.0


async def until(true: Callable[[], object], what: str) -> None:
    """Let the phone live until something holds."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, f"not within {DEADLINE:g} s: {what}"
        await asyncio.sleep(0.01)


class Client:
    """A run of the server, and the sockets to it, in the forward direction."""

    def __init__(self, system: System, kernel: ShellKernel) -> None:
        self.system = system
        self.kernel = kernel
        self.out, self.err = Sink(), Sink()
        self.sockets: list[tuple[Any, Any, asyncio.Task[None]]] = []
        self.status: asyncio.Task[int] | None = None

    def start(self, version: str, *words: str, jar: str = JAR) -> None:
        argv = ["app_process", "/", "com.genymobile.scrcpy.Server", *([version] if version else []), *words]
        process = self.kernel.process(
            argv, Source(b""), self.out, self.err, uid=2000, env={"CLASSPATH": jar} if jar else {}
        )
        self.status = asyncio.create_task(self.kernel.call(process))

    async def finished(self) -> int:
        """Wait until the server has ended; returns its exit status."""
        assert self.status is not None
        return await asyncio.wait_for(self.status, DEADLINE)

    async def connect(self) -> tuple[Any, Any]:
        """Connect once more, as soon as the server listens; returns reader and writer."""
        await until(lambda: SOCKET in self.system.network or self.ended, "the server listens")
        reader, writer, task = await connect(self.system.network, SOCKET)
        self.sockets.append((reader, writer, task))
        return reader, writer

    async def open(self, version: str = "4.1", *words: str) -> tuple[Any, Any, Any]:
        """Start it and connect; returns the video's reader, the control's reader and writer."""
        self.start(version, "scid=abcd", "tunnel_forward=true", "audio=false", *words)
        video, _ = await self.connect()
        control, writer = await self.connect()
        assert await video.readexactly(1) == b"\0"
        await video.readexactly(NAME_LENGTH)
        return video, control, writer

    @property
    def ended(self) -> bool:
        return self.status is not None and self.status.done()

    @property
    def said(self) -> str:
        return (bytes(self.out.data) + bytes(self.err.data)).decode()

    async def close(self) -> None:
        for _, writer, task in self.sockets:
            writer.close()
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), DEADLINE)
        if self.status is not None:
            await asyncio.wait_for(asyncio.gather(self.status, return_exceptions=True), DEADLINE)


class Bench:
    """A phone, and the loop it lives on."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.system = System(serial="VP0001")
        self.kernel = ShellKernel(self.system)
        self.runner.run(self.system.start())

    def run(self, work: Callable[[Client], Awaitable[Answer]]) -> Answer:
        """Run a test's coroutine with a client, and end the client's run whatever happens."""

        async def whole() -> Answer:
            client = Client(self.system, self.kernel)
            try:
                return await asyncio.wait_for(work(client), 2 * DEADLINE)
            finally:
                await client.close()
                assert SOCKET not in self.system.network

        return self.runner.run(whole())

    def close(self) -> None:
        self.runner.run(self.kernel.close())
        self.runner.run(self.system.stop())
        self.runner.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def touch(action: int, x: int, y: int, size: tuple[int, int] = (720, 1280), pointer: int = -2) -> bytes:
    """Return the control message of a finger."""
    return struct.pack(">BBqiiHHHii", 2, action, pointer, x, y, *size, 0xFFFF, 1, 1)


async def session(video: Any) -> tuple[int, int]:
    """Read a session packet of 4.x; return the video's size."""
    flag, width, height = struct.unpack(">III", await asyncio.wait_for(video.readexactly(12), 10))
    assert flag == 1 << 31
    return width, height
