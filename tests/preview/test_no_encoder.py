"""A device that can make no video: its pictures go on by screencap, and the user is told why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from execmon_lab.devices import DeviceError, DevicePool, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import BestSource, Frame, NoVideo, PreviewService, VideoPacket, choice
from execmon_lab.protocol import Level

Eventually = Callable[..., bool]
REASON = "Could not create default video encoder for h264"


class Place:
    """A phone without an encoder, on an adb server, and what its previews tell the user."""

    def __init__(self, pool: DevicePool, serial: str) -> None:
        self.pool, self.serial = pool, serial
        self.told: list[tuple[str, Level, str]] = []

    def previews(self, **options: object) -> PreviewService:
        def source(device: object) -> BestSource:
            return BestSource(device, tell=lambda *line: self.told.append(line), **options)  # type: ignore[arg-type]

        return PreviewService(self.pool, source=source)

    def reasons(self) -> list[str]:
        return [text for serial, level, text in self.told if serial == self.serial and level == "WARN"]


@pytest.fixture
def place(adb_server: PrivateAdbServer) -> Iterator[Place]:
    with (
        PhoneProcess(adb_ports=[adb_server.port], has_encoder=False) as phone,
        DevicePool(adb_server, [phone.serial]) as pool,
    ):
        pool.wait_available(phone.serial, timeout=30)
        yield Place(pool, phone.serial)


@pytest.mark.usefixtures("no_leaks")
def test_where_screencap_is_slow_it_goes_on_and_the_reason_is_told_once(
    place: Place, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "SLOW_SECONDS", 0.0)
    frames: list[Frame] = []
    errors: list[DeviceError] = []
    with place.previews() as previews, previews.watch(place.serial, "low", frames.append, errors.append):
        assert eventually(place.reasons)
        seen = len(frames)
        assert eventually(lambda: len(frames) > seen + 10)
    assert {frame.source for frame in frames[seen + 1 :]} == {"screencap"}
    [reason] = place.reasons()
    assert "shown by screencap" in reason
    assert f"it said: [server] ERROR: {REASON}" in reason
    assert errors == []


@pytest.mark.usefixtures("no_leaks")
def test_who_wants_video_is_told_why_there_is_none_and_the_pictures_go_on(
    place: Place, eventually: Eventually
) -> None:
    frames: list[Frame] = []
    packets: list[VideoPacket] = []
    errors: list[DeviceError] = []
    with (
        place.previews() as previews,
        previews.watch(place.serial, "low", frames.append),
        previews.watch_video(place.serial, packets.append, errors.append),
    ):
        assert eventually(lambda: errors)
        seen = len(frames)
        assert eventually(lambda: len(frames) > seen + 10)
    [error] = errors
    assert isinstance(error, NoVideo)
    assert REASON in str(error)
    assert packets == []
    assert REASON in place.reasons()[0]


@pytest.mark.usefixtures("no_leaks")
def test_who_prefers_scrcpy_has_pictures_all_the_same(place: Place, eventually: Eventually) -> None:
    frames: list[Frame] = []
    with place.previews(prefer="scrcpy") as previews, previews.watch(place.serial, "low", frames.append):
        assert eventually(lambda: len(frames) > 10)
    assert frames[-1].source == "screencap"
    assert len(place.reasons()) == 1
