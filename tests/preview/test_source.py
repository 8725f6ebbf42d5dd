"""Where the pictures come from."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from xxhash import xxh3_128_digest

from execmon_lab.devices import (
    Device,
    DeviceDisconnected,
    DevicePool,
    DeviceSession,
    PrivateAdbServer,
    SessionClosed,
)
from execmon_lab.devices.wire import Wire
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import ScreencapSource
from execmon_lab.preview import source as source_module
from execmon_lab.protocol import Quality
from tests.conftest import Eventually


@pytest.fixture
def source(device: Device) -> Iterator[ScreencapSource]:
    source = ScreencapSource(device)
    yield source
    source.close()


def capture_for_ever(source: ScreencapSource) -> None:
    while True:
        assert source.capture().image.size == (720, 1280)


def test_it_gives_the_screen_in_its_full_size(source: ScreencapSource, session: DeviceSession) -> None:
    capture = source.capture()
    assert capture.image.size == session.size
    assert capture.changed
    # Only the status bar's clock may have moved on.
    difference = ImageChops.difference(capture.image.convert("RGB"), session.screenshot())
    box = difference.getbbox()
    assert box is None or box[3] < 100


def test_without_the_extra_for_video_it_gives_the_same(
    device: Device, source: ScreencapSource, session: DeviceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.key("SLEEP")
    try:
        quicker = source.capture().picture
        monkeypatch.setattr(source_module, "can_use_planes", lambda: False)
        plain = ScreencapSource(device)
        assert type(plain.capture().picture) is not type(quicker)
        qualities: tuple[Quality, ...] = ("low", "high")
        for quality in qualities:
            one, other = plain.capture().picture.jpeg(quality), quicker.jpeg(quality)
            assert (one.width, one.height) == (other.width, other.height)
            shown = [Image.open(io.BytesIO(jpeg.data)).convert("RGB") for jpeg in (one, other)]
            assert max(ImageStat.Stat(ImageChops.difference(*shown)).mean) < 2
        plain.close()
    finally:
        session.key("WAKEUP")


def test_it_tells_whether_the_picture_changed(source: ScreencapSource, session: DeviceSession) -> None:
    session.home()
    source.capture()
    assert not all(source.capture().changed for _ in range(3))
    session.start(package="com.android.settings")
    assert any(source.capture().changed for _ in range(3))
    session.home()


class Parts:
    """Bytes that come in parts, as a connection gives them."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = [part for part in parts if part]

    def recv_into(self, view: memoryview | bytearray) -> int:
        if not self._parts:
            return 0
        count = min(len(view), len(self._parts[0]))
        part = self._parts.pop(0)
        view[:count] = part[:count]
        if part[count:]:
            self._parts.insert(0, part[count:])
        return count


some_bytes = st.binary(max_size=6).map(lambda piece: piece * 1000)


@pytest.mark.parametrize("digest", [lambda _: b"", xxh3_128_digest], ids=["moving", "still"])
@given(parts=st.lists(some_bytes, max_size=5), before=st.none() | some_bytes, size=st.integers(1, 9000))
@example(parts=[b"abc", b"x"], before=b"abcd", size=4)
@example(parts=[b"ab"], before=b"abc", size=3)
@example(parts=[b"abc"], before=b"ab", size=2)
def test_however_the_bytes_come_all_are_read_and_compared(
    digest: Callable[[bytes], bytes], parts: list[bytes], before: bytes | None, size: int
) -> None:
    sent = b"".join(parts)
    known = sent if before is None else before
    likeness = source_module.Likeness(bytearray(known), digest(known))
    raw = source_module._read_all(cast(Wire, Parts(parts)), bytearray(size), likeness)
    assert raw == sent
    assert likeness.whole == (sent == known)


def test_what_stood_still_is_known_by_its_digest_until_it_moves(
    source: ScreencapSource, session: DeviceSession, eventually: Eventually
) -> None:
    session.key("SLEEP")  # even the clock stands still
    try:
        assert eventually(lambda: not any(source.capture().changed for _ in range(2)))
        assert source._digest == xxh3_128_digest(source._current)
    finally:
        session.key("WAKEUP")
    assert eventually(lambda: source.capture().changed)
    assert source._digest == b""
    assert len({band.tobytes() for band in source.capture().image.split()}) > 1, "it is no longer black"


def test_the_buffers_take_turns(source: ScreencapSource) -> None:
    for _ in range(6):
        image = source.capture().image
        assert image.getpixel((0, 0)) is not None
    assert {len(source._current), len(source._spare)} == {len(source._current)}


def test_closing_ends_it_from_another_thread(source: ScreencapSource) -> None:
    threading.Timer(0.1, source.close).start()
    with pytest.raises(SessionClosed):
        capture_for_ever(source)


def test_a_device_that_is_away_is_told(adb_server: PrivateAdbServer) -> None:
    with DevicePool(adb_server, ["R58M"]) as pool, pytest.raises(DeviceDisconnected):
        ScreencapSource(pool.get("R58M")).capture()


def test_a_phone_that_is_killed_gives_no_half_picture(
    adb_server: PrivateAdbServer, own_phone: PhoneProcess
) -> None:
    with DevicePool(adb_server, [own_phone.serial]) as pool:
        source = ScreencapSource(pool.wait_available(own_phone.serial, timeout=30))
        threading.Timer(0.2, own_phone.kill).start()
        with pytest.raises(DeviceDisconnected):
            capture_for_ever(source)
