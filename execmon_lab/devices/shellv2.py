"""The shell protocol, version 2: output, errors and exit code apart (adb, ``shell_protocol.h``)."""

from __future__ import annotations

import select
import struct
from collections.abc import Callable, Iterator

from .command import Completed
from .wire import Wire

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = range(5)
_HEADER = struct.Struct("<BI")
_CHUNK = 32 * 1024


def shell_v2(wire: Wire, stdin: bytes = b"") -> Completed:
    """Talk to a shell that was just opened until it has told its exit code.

    Raises
    ------
    EOFError
        When the stream ends before the exit code: the device is gone, and nothing is known of the command.
    TimeoutError
        At the wire's deadline.
    """
    output = {_STDOUT: bytearray(), _STDERR: bytearray()}
    for kind, payload in _packets(wire, _stdin_packets(stdin)):
        if kind == _EXIT:
            return Completed(bytes(output[_STDOUT]), bytes(output[_STDERR]), payload[0])
        if kind in output:
            output[kind] += payload
    raise EOFError("the shell ended without an exit code")


def follow(wire: Wire, take: Callable[[bytes], None], silence: float) -> Completed:
    """Hand on what a shell writes as it writes it, until it has told its exit code.

    Parameters
    ----------
    wire
        On which it was just opened.
    take
        Given each piece of its output, and nothing (``b""``) once no more has come for a while.
    silence
        That while, in seconds.

    Raises
    ------
    EOFError, TimeoutError
        As `shell_v2`.
    """
    received = bytearray()
    errors = bytearray()
    block = memoryview(bytearray(64 * 1024))
    quiet = True
    while True:
        if not quiet and not _ready(wire, select.POLLIN, silence):
            take(b"")
            quiet = True
        count = wire.recv_into(block)
        if count == 0:
            raise EOFError("the shell ended without an exit code")
        received += block[:count]
        quiet = False
        for kind, payload in _whole_packets(received):
            if kind == _EXIT:
                return Completed(b"", bytes(errors), payload[0])
            if kind == _STDOUT:
                take(bytes(payload))
            elif kind == _STDERR:
                errors += payload[: _CHUNK - len(errors)]


def written(received: bytearray) -> bytes:
    """Take what has come whole off the front of `received`; return what the command has written in it."""
    packets = _whole_packets(received)
    return b"".join(payload for kind, payload in packets if kind in (_STDOUT, _STDERR))


def _stdin_packets(stdin: bytes) -> bytes:
    chunks = (stdin[i : i + _CHUNK] for i in range(0, len(stdin), _CHUNK))
    return b"".join(_HEADER.pack(_STDIN, len(c)) + c for c in chunks) + _HEADER.pack(_CLOSE_STDIN, 0)


def _packets(wire: Wire, sending: bytes) -> Iterator[tuple[int, bytearray]]:
    """Yield the packets that come in while `sending` goes out."""
    unsent = memoryview(sending)
    received = bytearray()
    block = memoryview(bytearray(64 * 1024))
    while True:
        if unsent:
            unsent = _send_some(wire, unsent)
            if unsent and not _ready(wire, select.POLLIN, 0):
                continue
        count = wire.recv_into(block)
        if count == 0:
            return
        received += block[:count]
        yield from _whole_packets(received)


def _send_some(wire: Wire, unsent: memoryview) -> memoryview:
    """Send a piece once there is room for it, unless there is something to read first."""
    if len(unsent) <= _CHUNK:
        wire.sendall(unsent)
        return unsent[:0]
    if not _ready(wire, select.POLLIN | select.POLLOUT) & select.POLLOUT:
        return unsent
    return unsent[wire.armed().send(unsent[:_CHUNK]) :]


def _ready(wire: Wire, events: int, timeout: float | None = None) -> int:
    """Wait for the socket, until the wire's deadline or for `timeout` seconds; 0 when nothing came."""
    sock = wire.armed()
    seconds = sock.gettimeout() if timeout is None else timeout
    poll = select.poll()  # unlike select, it knows descriptors above 1023
    poll.register(sock, events)
    found = poll.poll(None if seconds is None else seconds * 1000)
    return found[0][1] if found else 0


def _whole_packets(received: bytearray) -> list[tuple[int, bytearray]]:
    """Take the whole packets off the front of `received`."""
    packets = []
    start = 0
    while len(received) - start >= _HEADER.size:
        kind, length = _HEADER.unpack_from(received, start)
        end = start + _HEADER.size + length
        if len(received) < end:
            break
        packets.append((kind, received[start + _HEADER.size : end]))
        start = end
    del received[:start]
    return packets
