"""How ready-made frames reach the socket: past the transport where it holds nothing back, and from a file."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request

from execmon_lab.server import Server, Settings, parcel, previews
from execmon_lab.server.parcel import Picture
from execmon_lab.server.previews import MANY, Stream
from execmon_lab.server.tally import Tally
from execmon_lab.server.wire import Wire
from tests.server import messages as m
from tests.server.conftest import Camera, Shown
from tests.server.raw import RawClient

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Plain(Wire):
    """A wire whose messages mean nothing."""

    def on_request(self, request: Request) -> str | None:
        return None

    def on_open(self) -> None: ...

    def on_writable(self) -> None: ...

    def on_lost(self) -> None: ...


async def sent_over(parts: list[bytes], *, own_loop: bool, files: bool) -> bytes:
    """Write the parts one after the other, and return what comes out at the far end behind the handshake."""
    loop = asyncio.get_running_loop()
    foreign = asyncio.AbstractEventLoop()
    near, far = socket.socketpair()
    wire = Plain(Settings(), loop if own_loop else foreign, memoryview(bytearray(1024)))
    transport, _ = await loop.connect_accepted_socket(lambda: wire, near)
    wire.data_received(REQUEST)
    far.setblocking(False)
    for part in parts:
        picture = Picture(m.DEVICE, part)
        if files:
            picture.open_file()
        if not wire.write(picture.pinged, picture.file):
            wire.write_frame(picture.pinged)
        picture.close_file()
    transport.close()
    received = bytearray()
    while data := await loop.sock_recv(far, 1 << 16):
        received += data
    far.close()
    return bytes(received).partition(b"\r\n\r\n")[2]


@given(st.lists(st.integers(0, 400_000).map(bytes), max_size=6), st.booleans(), st.booleans())
def test_all_comes_whole_and_in_order_whichever_way_it_goes(
    parts: list[bytes], own_loop: bool, files: bool
) -> None:
    received = asyncio.run(sent_over(parts, own_loop=own_loop, files=files))
    for part in parts:
        framed = bytes(Picture(m.DEVICE, part).framed)
        assert received.startswith(framed)
        received = received[len(framed) + 6 :]  # and its ping
    assert received == b""


class Now:
    """A switchboard without a loop."""

    def post(self, deliver: Callable[[Any], None], item: object) -> None:
        deliver(item)


class Viewer:
    """Notes of every picture what its file holds."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.held: list[bytes | None] = []

    def show(self, picture: Picture) -> bool:
        self.pictures.append(picture)
        file = picture.file
        self.held.append(None if file is None else os.pread(file, len(picture.pinged) + 1, 0))
        return True

    def preview_failed(self, device_id: str, reason: str) -> None: ...


def stream(*viewers: Viewer) -> Stream:
    made = Stream(Now(), m.DEVICE, "medium", Tally())  # type: ignore[arg-type]
    for viewer in viewers:
        made.add(viewer, only_changes=False)
    return made


def shown() -> Shown:
    return Shown(m.DEVICE, b"a picture", True)


class TestFiles:
    def test_many_viewers_are_sent_a_picture_from_one_file(self) -> None:
        viewers = [Viewer() for _ in range(MANY)]
        stream(*viewers).on_frame(shown())
        picture = viewers[0].pictures[0]
        assert {held for viewer in viewers for held in viewer.held} == {picture.pinged}

    def test_few_are_not(self) -> None:
        viewers = [Viewer() for _ in range(MANY - 1)]
        stream(*viewers).on_frame(shown())
        assert {held for viewer in viewers for held in viewer.held} == {None}

    def test_only_the_newest_picture_has_a_file_and_none_when_the_stream_has_ended(self) -> None:
        viewers = [Viewer() for _ in range(MANY)]
        streamed = stream(*viewers)
        streamed.on_frame(shown())
        streamed.on_frame(shown())
        first, second = viewers[0].pictures
        assert first.file is None
        assert second.file is not None
        streamed.end()
        assert second.file is None

    @pytest.mark.parametrize("call", ["memfd_create", "write"])
    def test_where_there_is_no_memory_for_one_it_goes_without(
        self, call: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*arguments: object) -> int:
            raise OSError

        monkeypatch.setattr(parcel.os, call, refuse)
        picture = Picture(m.DEVICE, b"{}")
        picture.open_file()
        monkeypatch.undo()
        assert picture.file is None


def test_slow_and_quick_viewers_get_whole_pictures_from_a_file(
    server: Server, execution: str, preview: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MANY", 1)
    address = server.ws_url(execution)
    with (
        RawClient(address, answers=True) as quick,
        RawClient(address, answers=True, receive_buffer=4096) as slow,
    ):
        for client in (quick, slow):
            client.say(type="start_preview", device_id=m.DEVICE)
            client.until("preview_frame")
        (shot,) = preview.watching
        shot.data = os.urandom(200_000)
        whole = Shown(m.DEVICE, shot.data, True)
        for client in (slow, quick):
            for _ in range(4):
                while len(client.until("preview_frame")["frame_data"]) < 200_000:
                    pass
            frame = client.until("preview_frame")["frame_data"]
            assert frame.encode() in whole.message
