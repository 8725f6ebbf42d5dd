"""Control messages, as clients write them."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.phone.pipe import Source
from execmon_lab.phone.scrcpy import messages
from execmon_lab.phone.scrcpy.messages import ControlError, Message


def read(data: bytes, major: int = 4) -> list[Message]:
    """Read all messages there are; what is cut off at the end is left."""

    async def whole() -> list[Message]:
        source, found = Source(data), []
        try:
            while True:
                found.append(await messages.read(source, major))
        except asyncio.IncompleteReadError:
            return found

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0" + struct.pack(">iii", 66, 0, 1), Message(messages.KEYCODE, (0, 66, 0, 1))),
        (b"\1" + struct.pack(">I", 3) + "aé".encode(), Message(messages.TEXT, (), "aé")),
        (
            b"\2\0" + struct.pack(">qiiHHHii", -2, 100, -5, 720, 1280, 0xFFFF, 1, 1),
            Message(messages.TOUCH, (0, -2, 100, -5, 720, 1280, 0xFFFF, 1, 1)),
        ),
        (
            b"\3" + struct.pack(">iiHHhhi", 10, 20, 720, 1280, 0, -2048, 0),
            Message(messages.SCROLL, (10, 20, 720, 1280, 0, -2048, 0)),
        ),
        (b"\x08\1", Message(messages.GET_CLIPBOARD, (1,))),
        (b"\x09" + struct.pack(">QBI", 7, 1, 2) + b"hi", Message(messages.SET_CLIPBOARD, (7, 1), "hi")),
        (b"\x0a\0", Message(messages.DISPLAY_POWER, (0,))),
        (b"\x0b", Message(messages.ROTATE)),
        (
            b"\x0c" + struct.pack(">HHHB", 1, 2, 3, 1) + b"k" + struct.pack(">H", 2) + b"\5\6",
            Message(messages.UHID_CREATE, (1, 2, 3), "k"),
        ),
        (b"\x10\5+abcd", Message(messages.START_APP, (), "+abcd")),
        (b"\x11", Message(messages.RESET_VIDEO)),
    ],
)
def test_each_is_read_to_its_end(data: bytes, message: Message) -> None:
    assert read(data + b"\x11") == [message, Message(messages.RESET_VIDEO)]
    assert read(data[:-1]) == [] or len(data) == 1


@pytest.mark.parametrize(("major", "kind"), [(3, 18), (4, 23), (4, 255)])
def test_an_unknown_one_is_told(major: int, kind: int) -> None:
    with pytest.raises(ControlError, match=f"Unknown event type: {kind}"):
        read(bytes([kind]), major)


def test_a_length_beyond_the_bound_is_told_before_anything_is_read() -> None:
    with pytest.raises(ControlError, match="too long"):
        read(b"\1" + struct.pack(">I", 0xFFFFFFFF))


@given(st.binary(max_size=300), st.sampled_from([3, 4]))
def test_no_bytes_break_it(data: bytes, major: int) -> None:
    with contextlib.suppress(ControlError):
        assert len(read(data, major)) <= len(data)


def test_the_devices_own_messages() -> None:
    assert messages.clipboard("né") == b"\0\0\0\0\3" + "né".encode()
    assert messages.clipboard_taken(258) == b"\1" + bytes(6) + b"\1\2"
    long = messages.clipboard("é" * (1 << 18))
    assert len(long) <= messages.MAX_MESSAGE
    long[5:].decode()
