"""Services that change the daemon or the phone, and lists of debuggable apps."""

from __future__ import annotations

from execmon_lab.phone.services.registry import Phone, Request, service
from execmon_lab.phone.shell.process import encode
from execmon_lab.phone.transport import Stream


async def _say(stream: Stream, text: str) -> None:
    await stream.accept()
    await stream.write(encode(text))


@service("root")
async def _root(phone: Phone, stream: Stream, request: Request) -> None:
    if phone.uid == 0:
        await _say(stream, "adbd is already running as root\n")
        return
    phone.system.properties.set("service.adb.root", "1")
    await _say(stream, "restarting adbd as root\n")
    await _leave(phone, stream)


@service("unroot")
async def _unroot(phone: Phone, stream: Stream, request: Request) -> None:
    if phone.uid != 0:
        await _say(stream, "adbd not running as root\n")
        return
    phone.system.properties.set("service.adb.root", "0")
    await _say(stream, "restarting adbd as non root\n")
    await _leave(phone, stream)


async def _leave(phone: Phone, stream: Stream) -> None:
    """Restart the daemon once the host has read its answer; its drop ends the stream."""
    await stream.drain()
    phone.restart()
    await stream.closed.wait()


@service("reboot")
async def _reboot(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    await phone.system.reboot(request.argument)
    await stream.closed.wait()


@service("remount")
async def _remount(phone: Phone, stream: Stream, request: Request) -> None:
    if phone.uid != 0:
        await _say(stream, 'Not running as root. Try "adb root" first.\n')
        return
    phone.system.files.read_only.clear()
    await _say(stream, "remount succeeded\n")


@service("tcpip", "usb")
async def _transport(phone: Phone, stream: Stream, request: Request) -> None:
    if request.name == "usb":
        await _say(stream, "restarting in USB mode\n")
    elif request.argument.isdecimal() and 0 < int(request.argument) < 65536:
        phone.system.properties.set("service.adb.tcp.port", request.argument)
        await _say(stream, f"restarting in TCP mode port: {request.argument}\n")
    else:
        await _say(stream, f"invalid port {request.argument}\n")
        return
    await _leave(phone, stream)


@service("disable-verity", "enable-verity")
async def _verity(phone: Phone, stream: Stream, request: Request) -> None:
    verb = request.name.partition("-")[0]
    await _say(stream, f"Failed to {verb} verity: this phone has none\n")


@service("reconnect")
async def _reconnect(phone: Phone, stream: Stream, request: Request) -> None:
    await _say(stream, "done")
    await _leave(phone, stream)


@service("jdwp")
async def _jdwp(phone: Phone, stream: Stream, request: Request) -> None:
    """Pids of debuggable apps, or a debugger's connection to one, which none of ours takes."""
    if not request.argument:
        await stream.accept()


@service("track-jdwp", "track-app")
async def _track(phone: Phone, stream: Stream, request: Request) -> None:
    """The list of debuggable apps and its changes: empty, and it does not change."""
    await stream.accept()
    await stream.write(b"0000")
    await stream.closed.wait()


@service("source")
async def _source(phone: Phone, stream: Stream, request: Request) -> None:
    """So many zero bytes, to measure the connection."""
    await stream.accept()
    left = int(request.argument) if request.argument.isdecimal() else 0
    block = bytes(stream.connection.max_payload)
    while left > 0:
        await stream.write(memoryview(block)[: min(left, len(block))])
        left -= len(block)


@service("sink")
async def _sink(phone: Phone, stream: Stream, request: Request) -> None:
    """Swallows bytes, to measure the connection."""
    await stream.accept()
    while await stream.read(1 << 20):
        pass
