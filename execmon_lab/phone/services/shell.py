"""``shell:``, ``exec:`` and ``abb_exec:``: commands, over plain streams or the shell protocol.

Source: ``shell_protocol.h`` and ``docs/dev/services.md`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct

from execmon_lab.phone.packet import Bytes
from execmon_lab.phone.pipe import Pipe
from execmon_lab.phone.services.registry import Phone, Request, service
from execmon_lab.phone.services.terminal import Terminal
from execmon_lab.phone.shell.process import Process, Reader, Writer
from execmon_lab.phone.transport import Stream

STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN, WINDOW_SIZE = range(6)
HEADER = struct.Struct("<BI")
MAX_INPUT = 1024 * 1024

GRACE = 2.0
"""Seconds a command may go on after its host has left, as `adb exec-in` needs."""


class PacketWriter:
    """One of the shell protocol's streams towards the host."""

    def __init__(self, stream: Stream, kind: int) -> None:
        self._stream = stream
        self._kind = kind

    async def write(self, data: Bytes) -> None:
        """Send ``data`` in packets that fill the stream's payloads."""
        view = memoryview(data)
        limit = self._stream.connection.max_payload - HEADER.size
        for start in range(0, len(view), limit):
            piece = view[start : start + limit]
            await self._stream.write(HEADER.pack(self._kind, len(piece)), piece)


@service("shell")
async def _shell(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    packets = "v2" in request.options
    tty = "pty" in request.options or (not request.argument and "raw" not in request.options)
    out: Writer = PacketWriter(stream, STDOUT) if packets else stream
    err: Writer = PacketWriter(stream, STDERR) if packets else stream
    term = next((option[5:] for option in request.options if option.startswith("TERM=")), "dumb")
    stdin: Pipe | Stream = Pipe() if packets else stream
    if packets:
        assert isinstance(stdin, Pipe)
        stream.connection.spawn(_demultiplex, stream, stdin)
    source: Reader = stdin
    if tty:
        terminal = Terminal(stdin, out)
        stream.connection.spawn(terminal.run)
        source, out, err = terminal.input, terminal, terminal
    argv = ["sh", "-c", request.argument] if request.argument else ["sh"]
    if not request.argument and not tty:
        argv = ["sh", "-s"]
    process = phone.kernel.process(argv, source, out, err, uid=phone.uid, env={"TERM": term}, tty=tty)
    try:
        status = await _run(phone, stream, process)
    finally:
        if isinstance(stdin, Pipe):
            stdin.leave()
    if packets and status is not None:
        await stream.write(HEADER.pack(EXIT, 1), bytes([status]))


@service("exec")
async def _exec(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    argv = ["sh", "-c", request.argument] if request.argument else ["sh"]
    await _run(phone, stream, phone.kernel.process(argv, stream, stream, stream, uid=phone.uid))


@service("abb_exec", "abb")
async def _abb(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    argv = ["cmd", *request.argument.split("\0")]
    await _run(phone, stream, phone.kernel.process(argv, stream, stream, stream, uid=phone.uid))


async def _run(phone: Phone, stream: Stream, process: Process) -> int | None:
    """Run to the end, or until shortly after the host has left: None then."""
    work = asyncio.create_task(phone.kernel.call(process))
    left = asyncio.create_task(stream.closed.wait())
    try:
        await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait((work,), timeout=GRACE)
        return work.result() if work.done() and not work.cancelled() else None
    finally:
        for task in (work, left):
            task.cancel()
        await asyncio.gather(work, left, return_exceptions=True)


async def _demultiplex(stream: Stream, stdin: Pipe) -> None:
    """Take the host's shell packets apart; standard input ends with CLOSE_STDIN or the stream."""
    try:
        while True:
            kind, length = HEADER.unpack(await stream.readexactly(HEADER.size))
            if kind == STDIN:
                await _copy(stream, stdin, length)
            elif kind == CLOSE_STDIN:
                stdin.close()
            elif length <= MAX_INPUT:
                await stream.readexactly(length)
            else:
                await stream.abort()
                return
    except asyncio.IncompleteReadError:
        pass
    finally:
        stdin.close()


async def _copy(stream: Stream, stdin: Pipe, length: int) -> None:
    while length:
        data = await stream.read(length)
        if not data:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(data)
        with contextlib.suppress(BrokenPipeError):
            await stdin.write(data)
