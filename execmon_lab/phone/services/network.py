"""Sockets of the phone: what hosts reach by forwarding, and what the phone reaches by reversing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from execmon_lab.phone.pipe import HIGH_WATER
from execmon_lab.phone.services.registry import Phone, Request, service
from execmon_lab.phone.shell.process import encode
from execmon_lab.phone.sockets import SocketWriter, address
from execmon_lab.phone.transport import Connection, Refused, Stream

SOCKETS = ("tcp", "localabstract", "local", "localreserved", "localfilesystem", "dev", "vsock")


@service(*SOCKETS)
async def _socket(phone: Phone, stream: Stream, request: Request) -> None:
    """A host opens a socket of the phone."""
    handler = phone.system.network.get(address(f"{request.name}:{request.argument}"))
    if handler is None:
        raise Refused("connection refused")
    await stream.accept()
    writer = SocketWriter(stream)
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await handler(stream, writer)
    await writer.wait_closed()


# Reverse forwards: the phone listens, and connects to the host


class Reverse:
    """One reverse forward: connections on the phone go to an address of the host."""

    def __init__(self, connection: Connection, local: str, remote: str) -> None:
        self.connection = connection
        self.local = local
        self.remote = remote

    async def __call__(self, reader: Any, writer: SocketWriter) -> None:
        """Tunnel one connection to the host."""
        stream = await self.connection.open(self.remote)
        up = asyncio.create_task(_pump(reader, stream))
        try:
            while data := await stream.read(HIGH_WATER):
                writer.write(data)
                await writer.drain()
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            await stream.abort()


async def _pump(reader: Any, stream: Stream) -> None:
    with contextlib.suppress(BrokenPipeError):
        while data := await reader.read(HIGH_WATER):
            await stream.write(data)
        await stream.close()


@service("reverse")
async def _reverse(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    verb, _, argument = request.argument.partition(":")
    network: dict[str, Any] = phone.system.network
    present = {key: found for key, found in network.items() if isinstance(found, Reverse)}
    match verb:
        case "forward":
            answer = _forward(network, stream.connection, argument)
        case "killforward":
            answer = b"OKAY"
            if address(argument) in present:
                del network[address(argument)]
            else:
                answer = _fail(f"listener '{argument}' not found")
        case "killforward-all":
            for key in present:
                del network[key]
            answer = b"OKAY"
        case "list-forward":
            text = "".join(f"host-{id_(found)} {key} {found.remote}\n" for key, found in present.items())
            await stream.write(_counted(text))
            return
        case _:
            answer = _fail(f"unknown reverse service '{verb}'")
    await stream.write(answer)


def id_(reverse: Reverse) -> int:
    """Number of the host's connection as ``adb reverse --list`` shows it."""
    return int(reverse.connection.name.rpartition(":")[2])


def _forward(network: dict[str, Any], connection: Connection, argument: str) -> bytes:
    argument, rebind = argument.removeprefix("norebind:"), not argument.startswith("norebind:")
    local, separator, remote = argument.partition(";")
    if not separator or not remote or local.partition(":")[0] not in SOCKETS:
        return _fail(f"bad forward: {argument}")
    key = address(local)
    if key == "tcp:0":
        key = next(f"tcp:{port}" for port in range(37000, 65536) if f"tcp:{port}" not in network)
    known = network.get(key)
    if known is not None and not isinstance(known, Reverse):
        return _fail("cannot bind listener: Address already in use")
    if known is not None and not rebind:
        return _fail("cannot rebind existing socket")
    network[key] = Reverse(connection, key, remote)
    port = key.removeprefix("tcp:") if local == "tcp:0" else ""
    return b"OKAY" + (_counted(port) if port else b"")


def _counted(text: str) -> bytes:
    data = encode(text)
    return f"{len(data):04x}".encode() + data


def _fail(text: str) -> bytes:
    return b"FAIL" + _counted(text)
