"""A device's H.264 handed on as it comes: whole from a key frame on, and decoded by nobody."""

from __future__ import annotations

import io
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from PIL import Image

from execmon_lab.devices import (
    AdbServer,
    Device,
    DeviceDisconnected,
    DeviceError,
    DevicePool,
    DeviceSession,
    PrivateAdbServer,
)
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import (
    BestSource,
    Frame,
    NoVideo,
    PreviewService,
    ScrcpySource,
    ScreencapSource,
    VideoPacket,
)
from execmon_lab.preview.recording import Keep, Recorder, Recording, Track, track_path
from execmon_lab.preview.scrcpy import Packet, Server, decoder, jar, sps
from execmon_lab.preview.scrcpy import start as start_module

from .tamper import Spoil, Tamper

Eventually = Callable[..., bool]
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"


@pytest.fixture
def previews(pool: DevicePool) -> Iterator[PreviewService]:
    with PreviewService(pool, source=lambda device: BestSource(device, prefer="screencap")) as service:
        yield service


@pytest.fixture
def motion(session: DeviceSession) -> Iterator[None]:
    session.shell(MOTION)
    yield
    session.shell("settings put system user_rotation 0")
    session.home()


def numbers(packets: list[VideoPacket]) -> list[int]:
    """Decode what was handed over, from its beginning, and return the numbers in the pictures."""
    context = av.CodecContext.create("h264", "r")
    found = []
    for packet in packets:
        pictures = context.decode(av.Packet(packet.data))
        assert len(pictures) == 1
        assert (pictures[0].width, pictures[0].height) == (packet.width, packet.height)
        found.append(code.read(pictures[0].to_image()).number)
    return found


@pytest.fixture(params=["3.3.4", "4.1"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the server that is talked to."""
    server = Server(jar.BUILT_IN_PATH, request.param)
    monkeypatch.setattr(start_module, "install", lambda lane: server)
    return str(request.param)


@pytest.mark.usefixtures("motion")
def test_it_is_whole_from_a_key_frame_on(
    version: str, previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    packets: list[VideoPacket] = []
    with previews.watch_video(phone.serial, packets.append):
        assert eventually(lambda: len(packets) >= 40)
    first = packets[0]
    assert first.key
    assert (first.device_id, first.width, first.height) == (phone.serial, 720, 1280)
    assert first.codec.startswith("avc1.42")
    assert [packet.number for packet in packets] == list(range(1, len(packets) + 1))
    assert all(later.pts > packet.pts for packet, later in itertools.pairwise(packets))
    assert abs(packets[-1].at - time.time()) < 20
    shown = numbers(packets)
    assert shown == sorted(shown)


def test_the_device_is_asked_for_more_than_pictures_need(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    original = Server.command

    def command(server: Server, version: str, **options: object) -> str:
        asked.append(options["max_fps"])
        return original(server, version, **options)

    monkeypatch.setattr(Server, "command", command)
    packets: list[VideoPacket] = []
    with previews.watch_video(phone.serial, packets.append):
        assert eventually(lambda: packets)
    assert asked == ["30"]


@pytest.mark.usefixtures("motion")
def test_nothing_is_decoded_for_it_but_a_key_frame_now_and_then(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Packet] = []
    original = decoder.Decoder.decode

    def decode(self: decoder.Decoder, packet: Packet) -> av.VideoFrame | None:
        decoded.append(packet)
        return original(self, packet)

    monkeypatch.setattr(decoder.Decoder, "decode", decode)
    packets: list[VideoPacket] = []
    errors: list[DeviceError] = []
    with previews.watch_video(phone.serial, packets.append, errors.append):
        assert eventually(lambda: len(packets) > 20)
        stats = previews.stats()[phone.serial]
    assert (stats.source, stats.watchers, stats.frames) == ("scrcpy", 1, 0)
    assert stats.packets > 20
    assert all(packet.key for packet in decoded)
    assert stats.packets_per_second > 0
    assert stats.packet_bytes_per_second > stats.packets_per_second
    assert all("has not come for" in str(error) for error in errors), "it may have taken its time"


@pytest.mark.usefixtures("motion")
def test_who_joins_begins_with_a_key_frame_at_once(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    one: list[VideoPacket] = []
    other: list[VideoPacket] = []
    with previews.watch_video(phone.serial, one.append):
        assert eventually(lambda: len(one) > 10)
        with previews.watch_video(phone.serial, other.append) as watch:
            assert eventually(lambda: len(other) > 10)
            assert other[0].key
            assert other[0].session == one[0].session, "it is the same stream"
            asked_at = other[-1].number
            watch.refresh()
            assert eventually(lambda: any(packet.key for packet in other if packet.number > asked_at))
            assert watch.waits is False
    assert len(numbers(other)) == len(other)
    assert any(packet is one[-1] or packet in one for packet in other), "and the same bytes"


@pytest.mark.usefixtures("motion")
def test_pictures_come_from_the_same_stream_meanwhile(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    packets: list[VideoPacket] = []
    with previews.watch(phone.serial, "low", frames.append):
        assert eventually(lambda: len(frames) > 3)
        assert frames[-1].source == "screencap"
        with previews.watch_video(phone.serial, packets.append):
            assert eventually(lambda: len(packets) > 10 and frames[-1].source == "scrcpy")
            shown = len(frames)
            assert eventually(lambda: sum(frame.changed for frame in frames[shown:]) > 5)
            assert previews.stats()[phone.serial].watchers == 2
            assert len([t for t in threading.enumerate() if t.name.startswith("preview-")]) == 1
        assert eventually(lambda: frames[-1].source == "screencap"), "the cheaper one again"
        passed = len(packets)
        shown = len(frames)
        assert eventually(lambda: sum(frame.changed for frame in frames[shown:]) > 5)
        assert len(packets) == passed
    assert {(packet.session) for packet in packets} == {1}
    assert len(numbers(packets)) == len(packets)


def test_it_turns_with_the_device(
    version: str,
    previews: PreviewService,
    phone: PhoneProcess,
    session: DeviceSession,
    eventually: Eventually,
    motion: None,
) -> None:
    packets: list[VideoPacket] = []
    with previews.watch_video(phone.serial, packets.append):
        assert eventually(lambda: packets)
        session.shell("settings put system user_rotation 1")
        assert eventually(lambda: (packets[-1].width, packets[-1].height) == (1280, 720))
    turned = next(packet for packet in packets if packet.width == 1280)
    assert turned.key


def test_a_still_screen_costs_nothing_and_who_joins_still_sees_it(
    previews: PreviewService, phone: PhoneProcess, session: DeviceSession, eventually: Eventually
) -> None:
    session.key("SLEEP")  # even the clock stands still
    try:
        packets: list[VideoPacket] = []
        with previews.watch_video(phone.serial, packets.append):
            assert eventually(lambda: packets)
            other: list[VideoPacket] = []
            with previews.watch_video(phone.serial, other.append):
                assert eventually(lambda: other)
                assert other[0].key
                before = len(packets)
                time.sleep(1.5)
                assert len(packets) - before <= 2
    finally:
        session.key("WAKEUP")


@pytest.mark.parametrize("fault", ["no server", "no video source"])
def test_where_there_is_none_it_is_told_and_the_pictures_go_on(
    pool: DevicePool,
    phone: PhoneProcess,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(jar, "BUILT_IN", "ro.execmon.none")
    monkeypatch.setenv(jar.ENVIRONMENT, "/nowhere/scrcpy-server")

    def make(device: Device) -> BestSource | ScreencapSource:
        return BestSource(device) if fault == "no server" else ScreencapSource(device)

    frames: list[Frame] = []
    packets: list[VideoPacket] = []
    errors: list[DeviceError] = []
    with (
        PreviewService(pool, source=make) as previews,
        previews.watch(phone.serial, "low", frames.append, errors.append),
    ):
        for tried in range(1, 3):
            refused: list[DeviceError] = []
            with previews.watch_video(phone.serial, packets.append, refused.append):
                assert eventually(lambda refused=refused: refused)
                shown = len(frames)
                assert eventually(lambda shown=shown: len(frames) > shown + 3)
                assert len(refused) == 1, f"at the {tried}. time"
            assert isinstance(refused[0], NoVideo)
    assert "no scrcpy server" in str(refused[0]) or "gives no video" in str(refused[0])
    assert (packets, errors) == ([], [])


def test_where_no_page_could_be_told_what_to_decode_it_is_told(
    previews: PreviewService, phone: PhoneProcess, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sps, "parse", lambda config: None)
    frames: list[Frame] = []
    packets: list[VideoPacket] = []
    refused: list[DeviceError] = []
    with (
        previews.watch(phone.serial, "low", frames.append),
        previews.watch_video(phone.serial, packets.append, refused.append),
    ):
        assert eventually(lambda: refused)
        shown = len(frames)
        assert eventually(lambda: len(frames) > shown + 3 and frames[-1].source == "screencap")
    assert isinstance(refused[0], NoVideo)
    assert "tells no decoder what it is" in str(refused[0])
    assert packets == []


def test_a_phone_that_is_killed_is_told_and_seen_again(
    adb_server: object, own_phone: PhoneProcess, eventually: Eventually
) -> None:
    with (
        DevicePool(adb_server, [own_phone.serial], heartbeat=0.3) as pool,  # type: ignore[arg-type]
        PreviewService(pool, source=ScrcpySource) as previews,
    ):
        pool.wait_available(own_phone.serial, timeout=30)
        packets: list[VideoPacket] = []
        errors: list[DeviceError] = []
        previews.watch_video(own_phone.serial, packets.append, errors.append)
        assert eventually(lambda: packets)
        own_phone.kill()
        assert eventually(lambda: errors)
        assert isinstance(errors[0], DeviceDisconnected)
        passed = len(packets)
        own_phone.restart()
        assert eventually(lambda: len(packets) > passed)
        assert packets[passed].key
        assert packets[passed].session > packets[passed - 1].session


@pytest.mark.parametrize("fault", ["stalls", "is cut off", "is garbage"])
@pytest.mark.usefixtures("motion")
def test_a_stream_that_breaks_goes_on_with_a_key_frame(
    adb_server: PrivateAdbServer, phone: PhoneProcess, eventually: Eventually, tmp_path: Path, fault: str
) -> None:
    spoil: dict[str, Spoil] = {
        "stalls": lambda data: None,
        "is cut off": lambda data: data[: len(data) // 2] if len(data) > 100 else data,
        "is garbage": lambda data: random.Random(len(data)).randbytes(len(data)),
    }
    packets: list[VideoPacket] = []
    errors: list[DeviceError] = []
    with (
        Tamper(adb_server.port) as tamper,
        DevicePool(AdbServer("127.0.0.1", tamper.port), [phone.serial]) as pool,
        PreviewService(pool, source=ScrcpySource) as previews,
    ):
        pool.wait_available(phone.serial, timeout=30)
        recorder = Recorder(previews, [phone.serial], tmp_path, Keep(), lambda *said: None)
        with previews.watch_video(phone.serial, packets.append, errors.append):
            assert eventually(lambda: len(packets) > 5)
            recorder.start()
            spoiled, before = tamper.videos, packets[-1].session
            tamper.spoil = lambda data: spoil[fault](data) if tamper.videos == spoiled else data
            assert eventually(lambda: sum(packet.session > before for packet in packets) > 5)
        recorder.close()
    assert all("has not come for" in str(error) for error in errors), "it may have taken its time"
    fresh = [packet for packet in packets if packet.session > before]
    assert fresh[0].key
    assert len(numbers(fresh)) == len(fresh)
    times = {
        packet.data: packet.at for packet in Track(track_path(tmp_path, phone.serial)).packets(0.0, 1e12)
    }
    frame = Recording(tmp_path).frame_at(phone.serial, times[fresh[0].data])
    assert code.read(Image.open(io.BytesIO(frame.jpeg))).number == numbers(fresh[:1])[0], "and it is recorded"


@pytest.mark.usefixtures("no_leaks")
def test_the_last_to_leave_ends_it(
    previews: PreviewService, phone: PhoneProcess, session: DeviceSession, eventually: Eventually
) -> None:
    packets: list[VideoPacket] = []
    watch = previews.watch_video(phone.serial, packets.append)
    assert eventually(lambda: packets)
    watch.close()
    watch.close()
    assert previews.stats() == {}
    assert eventually(lambda: "app_process" not in session.shell("ps -A"))


def test_a_watcher_that_fails_stops_nobody(
    previews: PreviewService,
    phone: PhoneProcess,
    eventually: Eventually,
    caplog: pytest.LogCaptureFixture,
    motion: None,
) -> None:
    packets: list[VideoPacket] = []
    with (
        previews.watch_video(phone.serial, lambda packet: 1 // 0),  # type: ignore[arg-type, return-value]
        previews.watch_video(phone.serial, packets.append),
    ):
        assert eventually(lambda: len(packets) > 5)
    assert caplog.text.count("ZeroDivisionError") == 1
