"""A message ready for the wire: its WebSocket frame, made once for all connections."""

from enum import Enum, auto

from websockets.frames import Frame, Opcode

from ..hub import Envelope
from ..protocol import (
    Detail,
    DeviceStatus,
    ExecutionCompleted,
    ExecutionProgress,
    Message,
)


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

    __slots__ = ("_framed", "device_id")
    kind = Kind.FRAME
    additive = False
    type_name = "preview_frame"

    def __init__(self, device_id: str, payload: bytes) -> None:
        self.device_id = device_id
        self._framed = text_frame(payload)

    def frame(self, detail: Detail) -> bytes:
        """Return the message as one unmasked text frame; it is the same in both details."""
        return self._framed


class Parcel:
    """Any other message.

    Parameters
    ----------
    envelope
        The message, with its JSON in both details.
    """

    __slots__ = ("_frames", "envelope", "kind")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.kind = _kind(envelope.message)
        self._frames: dict[Detail, bytes] = {}

    @property
    def message(self) -> Message:
        """The message itself."""
        return self.envelope.message

    @property
    def type_name(self) -> str:
        """The message's `type`."""
        return self.message.type_name()

    @property
    def additive(self) -> bool:
        """True for a type that the specification does not name."""
        return self.message.ADDITIVE

    @property
    def ends(self) -> bool:
        """True for the last message of an execution."""
        return isinstance(self.message, ExecutionCompleted)

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
        if not self.message.ADDITIVE_FIELDS:
            detail = "full"
        framed = self._frames.get(detail)
        if framed is None:
            framed = self._frames[detail] = text_frame(self.envelope.wire(detail))
        return framed


def text_frame(payload: bytes) -> bytes:
    """Frame UTF-8 text as a server sends it."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def _kind(message: Message) -> Kind:
    if message.GUARANTEED:
        return Kind.GUARANTEED
    if isinstance(message, ExecutionProgress):
        return Kind.PROGRESS
    if isinstance(message, DeviceStatus):
        return Kind.STATUS
    return Kind.RING
