"""``nc``: connections between programs on the phone and, through reverse forwards, to the host."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from execmon_lab.phone.pipe import Pipe
from execmon_lab.phone.shell.process import Process, Reader, Writer
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import tool
from execmon_lab.phone.shell.toybox.options import UsageError, options, seconds
from execmon_lab.phone.sockets import Listener, SocketWriter, connect

BLOCK = 64 * 1024


@command("nc", "netcat")
@tool
async def _nc(process: Process) -> int:
    given = options(process, "46lLkntuvp:q:s:w:W:U:z")
    network: dict[str, Any] = process.system.network
    if "l" in given or "L" in given:
        port = given.get("p") or (given.arguments[-1] if given.arguments else "")
        return await _listen(process, f"localabstract:{given['U']}" if "U" in given else f"tcp:{port}", given)
    if "U" in given:
        target = f"localabstract:{given['U'].removeprefix('@')}"
    elif len(given.arguments) == 2:
        host, port = given.arguments
        if host not in ("localhost", "127.0.0.1", "0.0.0.0", "::1"):
            return await process.fail(f"nc: connect: Network is unreachable ({host})")
        target = f"tcp:{port}"
    else:
        raise UsageError("needs a host and a port")
    try:
        reader, writer, task = await connect(network, target)
    except ConnectionRefusedError:
        return await process.fail("nc: connect: Connection refused")
    if "z" in given:
        task.cancel()
        return 0
    linger = seconds(given.get("q", "0") if "q" in given else given.get("W", "0"))
    up = asyncio.create_task(_pump(process.stdin, writer, linger))
    try:
        while data := await reader.read(BLOCK):
            await process.write(data)
    finally:
        for work in (up, task):
            work.cancel()
        await asyncio.gather(up, task, return_exceptions=True)
    return 0


async def _pump(source: Reader, target: Pipe, linger: float) -> None:
    with contextlib.suppress(BrokenPipeError):
        while data := await source.read(BLOCK):
            await target.write(data)
    await asyncio.sleep(linger)
    target.close()


async def _listen(process: Process, address: str, given: dict[str, str]) -> int:
    network: dict[str, Any] = process.system.network
    if address in network:
        return await process.fail("nc: bind: Address already in use")
    listener = Listener()
    network[address] = listener
    try:
        while True:
            reader, writer, done = await listener.accept()
            try:
                await _serve(process, reader, writer)
            finally:
                done.set()
            if "k" not in given and "L" not in given:
                return 0
    finally:
        if network.get(address) is listener:
            del network[address]


class _Draining:
    """A socket's writer as a Writer."""

    def __init__(self, writer: SocketWriter) -> None:
        self._writer = writer

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once."""
        self._writer.write(data)
        await self._writer.drain()


async def _serve(process: Process, reader: Reader, writer: SocketWriter) -> None:
    """Both directions until either side ends."""

    async def copy(source: Reader, target: Writer) -> None:
        with contextlib.suppress(BrokenPipeError):
            while data := await source.read(BLOCK):
                await target.write(data)

    down = asyncio.create_task(copy(reader, process.stdout))
    up = asyncio.create_task(copy(process.stdin, _Draining(writer)))
    try:
        await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
        if up.done() and not down.done():
            await asyncio.wait((down,), timeout=seconds("0.2"))
    finally:
        for task in (down, up):
            task.cancel()
        await asyncio.gather(down, up, return_exceptions=True)
