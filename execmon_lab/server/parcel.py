"""A message ready for the wire: its WebSocket frame, made once for all connections."""

import itertools
import os
import struct
import sys
import time
from enum import Enum, auto

from ..hub import Envelope
from ..protocol import (
    Detail,
    DeviceStatus,
    ExecutionCompleted,
    ExecutionProgress,
    Message,
)
from .wire import ping_frame

_TEXT = 0x81
_TEXT_16 = struct.Struct("!BBH")
_TEXT_64 = struct.Struct("!BBQ")

MANY = 40
"""From so many viewers on it costs less to put a picture into a file than to copy it for each of them."""


class Kind(Enum):
    """What becomes of a message that a consumer has no room for."""

    GUARANTEED = auto()
    """Waits; never dropped."""
    RING = auto()
    """Waits in a ring; the oldest is dropped and, if a log entry, counted."""
    PROGRESS = auto()
    """The newest replaces the one before."""
    STATUS = auto()
    """The newest of each device replaces the one before."""
    FRAME = auto()
    """The newest of each device replaces the one before, and only so many are under way."""


class Picture:
    """A preview frame; its JSON was made by the preview, for all who watch.

    Parameters
    ----------
    device_id
        The device it shows.
    payload
        The `preview_frame` message, UTF-8 JSON.
    """

    __slots__ = ("came", "device_id", "file", "framed", "number", "pinged")
    kind = Kind.FRAME
    additive = False
    type_name = "preview_frame"

    def __init__(self, device_id: str, payload: bytes) -> None:
        self.device_id = device_id
        self.number = next_number()
        """That of the ping behind it, whose pong says that it has arrived."""
        self.came = time.monotonic()
        """When the server was given it."""
        ping = ping_frame(self.number)
        self.pinged = b"".join((text_head(len(payload)), payload, ping))
        """The message as one unmasked text frame, and the ping in one piece: it saves a system call."""
        self.framed = memoryview(self.pinged)[: -len(ping)]
        """The message alone."""
        self.file: int | None = None
        """A file in memory with the same bytes, while there is one."""

    def open_file(self) -> None:
        """Have the bytes in a file too: the kernel then need not copy them for each receiver."""
        self.file = _memory_file(self.pinged)

    def close_file(self) -> None:
        """Give the file back; of what was sent from it, the kernel keeps what is still under way."""
        if self.file is not None:
            os.close(self.file)
            self.file = None


class Parcel:
    """Any other message.

    Parameters
    ----------
    envelope
        The message, with its JSON in both details.
    """

    __slots__ = ("_full", "_plain", "additive", "ends", "envelope", "kind", "type_name")

    def __init__(self, envelope: Envelope) -> None:
        message = envelope.message
        self.envelope = envelope
        self.kind = _kind(message)
        self.type_name = message.type_name()
        """The message's `type`."""
        self.additive = message.additive
        """True for what the specification does not name."""
        self.ends = isinstance(message, ExecutionCompleted)
        """True for the last message of an execution."""
        self._plain: bytes | None = None
        self._full: bytes | None = None

    @property
    def message(self) -> Message:
        """The message itself."""
        return self.envelope.message

    @property
    def size(self) -> int:
        """The message's JSON in bytes."""
        return len(self.envelope.full)

    @property
    def device_id(self) -> str:
        """The device that the message is about; empty where it names none."""
        device_id = getattr(self.message, "device_id", "")
        return device_id if isinstance(device_id, str) else ""

    def frame(self, detail: Detail) -> bytes:
        """Return the message as one unmasked text frame (RFC 6455, section 5.6)."""
        framed = self._plain if detail == "plain" else self._full
        if framed is None:
            framed = text_frame(self.envelope.wire(detail))
            if detail == "plain":
                self._plain = framed
            if detail == "full" or not self.message.ADDITIVE_FIELDS:
                self._full = framed
        return framed


class Joined:
    """Frames in one piece.

    Parameters
    ----------
    parcels
        The messages.
    detail
        What their receivers asked for.
    """

    __slots__ = ("frames", "receivers", "size", "types")

    def __init__(self, parcels: list[Parcel], detail: Detail) -> None:
        sent = [parcel for parcel in parcels if detail == "full" or not parcel.additive]
        self.frames = b"".join([parcel.frame(detail) for parcel in sent])
        """What to write."""
        self.size = len(self.frames)
        """Its bytes."""
        self.types = [parcel.type_name for parcel in sent]
        """The type of each."""
        self.receivers = 0
        """How many were sent them."""


class Batch:
    """Messages in a row, none of them guaranteed: joined once for all connections that can take them so.

    Parameters
    ----------
    parcels
        The messages, in order.
    """

    __slots__ = ("made", "parcels")

    def __init__(self, parcels: list[Parcel]) -> None:
        self.parcels = parcels
        self.made: dict[Detail, Joined] = {}
        """The pieces that somebody wanted."""

    def join(self, detail: Detail) -> Joined:
        """Make the frames in one piece, and remember it."""
        made = self.made[detail] = Joined(self.parcels, detail)
        return made


_numbers = itertools.count(1)


def next_number() -> int:
    """Return a number for a ping, one that no other has for a long time."""
    return next(_numbers) & 0xFFFFFFFF


def text_frame(payload: bytes) -> bytes:
    """Frame UTF-8 text as a server sends it."""
    return text_head(len(payload)) + payload


def text_head(size: int) -> bytes:
    """Return what stands before UTF-8 text of `size` bytes, unmasked (RFC 6455, section 5.2)."""
    if size < 126:
        return bytes((_TEXT, size))
    if size < 1 << 16:
        return _TEXT_16.pack(_TEXT, 126, size)
    return _TEXT_64.pack(_TEXT, 127, size)


def _memory_file(data: bytes) -> int | None:
    """Put bytes into a file that is nowhere but in memory; None where that cannot be had."""
    if sys.platform != "linux":
        return None
    try:
        file = os.memfd_create("picture")
    except OSError:
        return None
    try:
        os.write(file, data)
    except OSError:
        os.close(file)
        return None
    return file


def _kind(message: Message) -> Kind:
    if message.GUARANTEED:
        return Kind.GUARANTEED
    if isinstance(message, ExecutionProgress):
        return Kind.PROGRESS
    if isinstance(message, DeviceStatus):
        return Kind.STATUS
    return Kind.RING
