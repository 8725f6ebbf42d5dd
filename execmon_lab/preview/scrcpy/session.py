"""One run of scrcpy's server on a device: started, connected to, read from, ended."""

from __future__ import annotations

import contextlib
import secrets
import select
import threading
import time
from dataclasses import dataclass

import adbutils

from ...devices import AdbError, Device
from ...devices.lane import Lane
from ...devices.shellv2 import written
from ...devices.wire import Wire
from .jar import Server
from .packets import Demuxer, Packet, StreamBroken
from .replies import Replies

START_SECONDS = 8.0
"""Within which the server must listen: an old phone needs two to start Java."""

KEY_SECONDS = 2
"""From one key frame to the next: to see a picture of a recording takes decoding from the one before."""

RESET_VIDEO = b"\x11"
_AGAIN_SECONDS = 0.03
_SEND_SECONDS = 2.0
_LAST_WORDS_SECONDS = 0.5
_BUFFER = 1 << 18
_MOST_AT_ONCE = 8 << 20
_KEPT_WORDS = 2000
_FAULTS = (OSError, EOFError, adbutils.AdbError)


@dataclass(frozen=True)
class Wanted:
    """What the device is asked to send.

    Attributes
    ----------
    max_size : int
        Pixels of the video's longer side, at most; 0 for the screen's own size.
    max_fps : float
        Frames a second, at most.
    bit_rate : int
        Bits a second.
    """

    max_size: int = 0
    max_fps: float = 15.0
    bit_rate: int = 4_000_000


class Session:
    """A running server and the sockets to it; used by one thread, ended by its lane from any.

    It only watches: the device is not woken, and no setting of it is changed. All that stays there is the
    server's file, where `install` has put one, for the next time.

    Parameters
    ----------
    device, lane
        Whose, and the set of connections to use.
    server
        As `install` found it.
    wanted
        What it shall send.

    Attributes
    ----------
    heard_at : float
        When anything came last, monotonic seconds.
    begun_at : float
        When the packet began to come of which a part has, monotonic seconds.

    Raises
    ------
    StreamBroken
        When the server does not come up; with what it said.
    DeviceError
        As `Lane.service` raises it.
    """

    def __init__(self, device: Device, lane: Lane, server: Server, wanted: Wanted) -> None:
        self._device = device
        self._lane = lane
        self._demuxer = Demuxer(server.major)
        self._replies = Replies()
        self._shelled = bytearray()  # what has come from the shell and is no whole packet of its protocol yet
        self._said = bytearray()
        self._sending = threading.Lock()
        self._buffer = memoryview(bytearray(_BUFFER))
        self.heard_at = self.begun_at = time.monotonic()
        with contextlib.ExitStack() as stack:
            self._start(stack, server, wanted)
            self._stack = stack.pop_all()

    def _start(self, stack: contextlib.ExitStack, server: Server, wanted: Wanted) -> None:
        scid = f"{secrets.randbits(31):08x}"
        line = server.command(
            server.version,
            scid=scid,
            log_level="info",
            tunnel_forward=True,
            audio=False,
            control=True,
            cleanup=False,  # it would take its file away
            power_on=False,
            clipboard_autosync=False,
            max_size=wanted.max_size,
            max_fps=f"{wanted.max_fps:g}",
            video_bit_rate=wanted.bit_rate,
            video_codec_options=f"i-frame-interval={KEY_SECONDS}",
        )
        shell = self._lane.service(f"shell,v2,raw:{line}", f"adb shell {line}", START_SECONDS)
        self._shell, _ = stack.enter_context(shell)
        self._deadline = time.monotonic() + START_SECONDS
        socket = f"localabstract:scrcpy_{scid}"
        self._video = self._open(stack, socket)
        self._control = self._open(stack, socket)
        self._poll = select.poll()  # unlike select, it knows descriptors above 1023
        for wire in (self._shell, self._video, self._control):
            wire.extend(None)
            self._poll.register(wire.conn, select.POLLIN)

    def _open(self, stack: contextlib.ExitStack, socket: str) -> Wire:
        """Connect to the server as soon as it listens."""
        waiting = select.poll()
        waiting.register(self._shell.conn, select.POLLIN)
        while True:
            try:
                wire, _ = stack.enter_context(
                    self._lane.service(socket, f"adb forward {socket}", START_SECONDS)
                )
            except AdbError:
                if waiting.poll(_AGAIN_SECONDS * 1000):
                    self._listen()
                if time.monotonic() > self._deadline:
                    raise self._broken("the server did not listen") from None
            else:
                return wire

    def receive(self, timeout: float) -> list[Packet]:
        """Return the packets that have come, after at most `timeout` seconds where none has.

        Raises
        ------
        StreamBroken
            When the server has ended, or sends what is no video.
        DeviceDisconnected, SessionClosed
            When the device went, or the lane was closed.
        """
        packets: list[Packet] = []
        taken = 0
        try:
            while taken < _MOST_AT_ONCE:
                ready = {fd for fd, _ in self._poll.poll(timeout * 1000)}
                timeout = 0.0
                if self._shell.conn.fileno() in ready:
                    self._listen()
                if self._control.conn.fileno() in ready:
                    self._hear()
                if self._video.conn.fileno() not in ready:
                    break
                count = self._video.recv_into(self._buffer)
                if not count:
                    raise EOFError
                taken += count
                self.heard_at = time.monotonic()
                waited = self._demuxer.waiting
                whole = self._demuxer.feed(self._buffer[:count])
                if whole or not waited:
                    self.begun_at = self.heard_at
                packets += whole
        except _FAULTS as fault:
            raise self._named(fault, hear_out=True) from fault
        return packets

    @property
    def waiting(self) -> bool:
        """Whether a part of a packet has come, and the rest has not."""
        return self._demuxer.waiting

    @property
    def size(self) -> tuple[int, int] | None:
        """Pixels of the video, as the server last told them."""
        return self._demuxer.size

    @property
    def acknowledged(self) -> int:
        """The number of the last clipboard that the server has set; 0 before the first."""
        return self._replies.acknowledged

    def reset_video(self) -> None:
        """Ask for a key frame; it comes also while the screen stands still."""
        self.send(RESET_VIDEO)

    def send(self, message: bytes) -> None:
        """Send a control message, from any thread; raises as `receive` does."""
        try:
            with self._sending:
                self._control.extend(_SEND_SECONDS)
                self._control.sendall(message)
                self._control.extend(None)
        except _FAULTS as fault:
            raise self._named(fault) from fault

    def close(self) -> None:
        """End the server, which ends when its sockets do."""
        self._stack.close()

    def _hear(self) -> None:
        """Read what the server answers to control messages."""
        count = self._control.recv_into(self._buffer)
        if not count:
            raise EOFError
        self._replies.feed(self._buffer[:count])

    def _listen(self) -> None:
        """Read what the server says; the newest of it is kept, to be told when it fails."""
        count = self._shell.recv_into(self._buffer)
        self._shelled += self._buffer[:count]
        self._said += written(self._shelled)
        del self._said[:-_KEPT_WORDS]
        if not count:
            raise self._broken("the server ended")

    def _named(self, fault: Exception, *, hear_out: bool = False) -> Exception:
        """Turn what a socket said into what happened; only who receives may hear the server out."""
        self._lane.check()
        for wire in (self._video, self._control, self._shell):
            if wire.ended_by is not None:
                return wire.ended_by
        if hear_out:
            self._hear_out()
        return self._broken(f"the connection to the server ended ({fault or type(fault).__name__})")

    def _hear_out(self) -> None:
        """Read the server's last words, which come by another way than the end of its video."""
        end = time.monotonic() + _LAST_WORDS_SECONDS
        waiting = select.poll()
        waiting.register(self._shell.conn, select.POLLIN)
        with contextlib.suppress(*_FAULTS):
            while waiting.poll(max(0.0, end - time.monotonic()) * 1000):
                self._listen()

    def _broken(self, what: str) -> StreamBroken:
        words = bytes(self._said).decode(errors="replace")
        lines = [line for line in _printable(words).splitlines() if "ERROR" in line or "WARN" in line]
        return StreamBroken(f"{what}; it said: {' / '.join(lines)}" if lines else what)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\n" else "" for sign in text)
