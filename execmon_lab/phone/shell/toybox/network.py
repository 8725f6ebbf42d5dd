"""``nc`` between programs and, by reverse forwards, to the host; and what links the phone has."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from typing import Any

from execmon_lab.phone.pipe import Pipe
from execmon_lab.phone.shell.process import Process, Reader, Writer
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import tool
from execmon_lab.phone.shell.toybox.options import UsageError, options, seconds
from execmon_lab.phone.sockets import Listener, SocketWriter, connect
from execmon_lab.phone.state.connectivity import ATTACHED

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


def _links(process: Process) -> list[tuple[str, str, int]]:
    """The links that are up: name, address, bits of the network."""
    found = [("lo", "127.0.0.1", 8)]
    if process.system.connectivity.wifi == ATTACHED:
        found.append(("wlan0", "10.0.2.16", 24))
    if process.system.connectivity.mobile == ATTACHED:
        found.append(("rmnet0", "10.64.12.7", 30))
    return found


@command("ifconfig")
async def _ifconfig(process: Process) -> int:
    wanted = next((word for word in process.argv[1:] if not word.startswith("-")), None)
    links = [link for link in _links(process) if wanted in (None, link[0])]
    for name, address, bits in links:
        mask = ".".join(str((0xFFFFFFFF << (32 - bits) >> shift) & 0xFF) for shift in (24, 16, 8, 0))
        kind = "Local Loopback" if name == "lo" else "Ethernet  HWaddr 02:15:b2:00:00:00"
        await process.print(f"{name:9} Link encap:{kind}\n          inet addr:{address}  Mask:{mask}")
        await process.print("          UP RUNNING  MTU:1500  Metric:1\n")
    return 0 if links else await process.fail(f"ifconfig: ioctl 8913: No such device ({wanted})")


@command("ip")
async def _ip(process: Process) -> int:
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    links = _links(process)
    named = [link for link in links if link[0] in words] or ([] if "wlan0" in words else links)
    verb = words[0] if words else ""
    if ("addr".startswith(verb[:4]) and verb) or ("link".startswith(verb) and verb):
        for index, (name, address, bits) in enumerate(named, 1):
            await process.print(f"{index}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP")
            if verb != "link":
                await process.print(f"    inet {address}/{bits} scope global {name}")
        return 0
    if "route".startswith(verb) and verb:
        for name, address, bits in links[1:]:
            network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
            await process.print(f"{network} dev {name} proto kernel scope link src {address}")
        return 0
    return await process.fail(f'ip: Object "{verb}" is unknown')


@command("ping", "ping6")
@tool
async def _ping(process: Process) -> int:
    given = options(process, "46c:i:w:W:s:I:nqt:")
    host = given.arguments[0] if given.arguments else ""
    local = host in ("localhost", "127.0.0.1")
    if not host:
        raise UsageError("Needs 1 argument")
    if not local and not process.system.connectivity.online:
        return await process.fail(f"ping: unknown host {host}", 2)
    address = "127.0.0.1" if local else "192.0.2.1"
    count = int(given.get("c", "0"))
    await process.print(f"PING {host} ({address}) 56(84) bytes of data.")
    sent = 0
    while not count or sent < count:
        sent += 1
        await process.print(f"64 bytes from {address}: icmp_seq={sent} ttl=64 time=0.{sent % 9 + 1}1 ms")
        if sent != count:
            await asyncio.sleep(seconds(given.get("i", "1")))
    await process.print(f"\n--- {host} ping statistics ---")
    await process.print(f"{sent} packets transmitted, {sent} received, 0% packet loss")
    return 0
