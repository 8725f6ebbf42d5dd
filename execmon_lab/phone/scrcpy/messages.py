"""Control messages of a client, read off its socket, and the device's messages to it.

Source: ``ControlMessageReader.java`` and ``DeviceMessageWriter.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

MAX_MESSAGE = 1 << 18
DOWN, UP, MOVE, CANCEL = 0, 1, 2, 3  # android.view.MotionEvent, KeyEvent
COPY, CUT = 1, 2

(
    KEYCODE, TEXT, TOUCH, SCROLL, BACK_OR_SCREEN_ON, EXPAND_NOTIFICATIONS, EXPAND_SETTINGS, COLLAPSE,
    GET_CLIPBOARD, SET_CLIPBOARD, DISPLAY_POWER, ROTATE, UHID_CREATE, UHID_INPUT, UHID_DESTROY,
    HARD_KEYBOARD_SETTINGS, START_APP, RESET_VIDEO, CAMERA_TORCH, CAMERA_ZOOM_IN, CAMERA_ZOOM_OUT,
    RESIZE_DISPLAY, SCAN_FILE,
) = range(23)  # fmt: skip

_LAST = {3: RESET_VIDEO, 4: SCAN_FILE}
_HEADS = {
    KEYCODE: struct.Struct(">Biii"),
    TEXT: struct.Struct(">I"),
    TOUCH: struct.Struct(">BqiiHHHii"),
    SCROLL: struct.Struct(">iiHHhhi"),
    BACK_OR_SCREEN_ON: struct.Struct(">B"),
    GET_CLIPBOARD: struct.Struct(">B"),
    SET_CLIPBOARD: struct.Struct(">Q?I"),
    DISPLAY_POWER: struct.Struct(">?"),
    UHID_CREATE: struct.Struct(">HHHB"),
    UHID_INPUT: struct.Struct(">HH"),
    UHID_DESTROY: struct.Struct(">H"),
    START_APP: struct.Struct(">B"),
    CAMERA_TORCH: struct.Struct(">?"),
    RESIZE_DISPLAY: struct.Struct(">HH"),
    SCAN_FILE: struct.Struct(">I"),
}
_TEXTS = frozenset((TEXT, SET_CLIPBOARD, START_APP, SCAN_FILE, UHID_CREATE, UHID_INPUT))
_EMPTY = struct.Struct("")
_LENGTH = struct.Struct(">H")


class ControlError(ValueError):
    """The client's bytes are no control message."""


class Reader(Protocol):
    """What messages are read from."""

    async def readexactly(self, n: int) -> bytes:
        """Return `n` bytes; `asyncio.IncompleteReadError` when the stream ends before."""
        ...


@dataclass(frozen=True)
class Message:
    """A control message: its number, its fields as they come, without lengths, and its text."""

    kind: int
    fields: tuple[int, ...] = ()
    text: str = ""


async def read(reader: Reader, major: int) -> Message:
    """Read the next message.

    Parameters
    ----------
    reader
        The control socket.
    major
        The client's version: 4 knows more messages than 3.

    Raises
    ------
    ControlError
        For a message that does not exist, or is longer than `MAX_MESSAGE`.
    asyncio.IncompleteReadError
        At the end of the stream.
    """
    kind = (await reader.readexactly(1))[0]
    if kind > _LAST[major]:
        raise ControlError(f"Unknown event type: {kind}")
    head = _HEADS.get(kind, _EMPTY)
    fields = head.unpack(await reader.readexactly(head.size))
    if kind not in _TEXTS:
        return Message(kind, fields)
    *kept, length = fields
    if length > MAX_MESSAGE:
        raise ControlError(f"Message too long: {length} bytes")
    data = await reader.readexactly(length)
    if kind == UHID_CREATE:
        (report,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        await reader.readexactly(report)
    return Message(kind, tuple(kept), data.decode(errors="replace"))


def clipboard(text: str) -> bytes:
    """Return the device message that tells the clipboard's text, cut where it is too long."""
    data = text.encode(errors="replace")[: MAX_MESSAGE - 5].decode(errors="ignore").encode()
    return b"\0" + len(data).to_bytes(4, "big") + data


def clipboard_taken(sequence: int) -> bytes:
    """Return the device message that acknowledges a clipboard the client has set."""
    return b"\1" + sequence.to_bytes(8, "big")
