"""Pictures of the past on their way to a page: the one that stood at the moment, and for how long it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from execmon_lab.preview.encode import reduced
from execmon_lab.preview.recording import Recording, TrackWriter, track, track_path
from execmon_lab.protocol import Quality
from execmon_lab.widgets import past
from execmon_lab.widgets.commands import Seek
from execmon_lab.widgets.parcel import Parcel
from execmon_lab.widgets.past import Past
from tests.preview.recording import h264

DEVICE = "emulator-5554"
BEGAN = 1_700_000_000.0


class Rig:
    """A recording, what answers from it, and what the page is told."""

    def __init__(self, folder: Path) -> None:
        self.path = track_path(folder, DEVICE)
        self.writer = TrackWriter(self.path, DEVICE, 1 << 20)
        self.told: list[Parcel] = []
        self.past = Past(Recording(folder), self.told.append)

    def show(self, seconds: float, jpeg: bytes) -> None:
        self.writer.append(BEGAN + seconds, (540, 960), jpeg)

    def seek(self, seconds: float, device_id: str = DEVICE) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        self.past.take(Seek(page="p", id=7, device_id=device_id, at=(BEGAN + seconds) * 1000))
        (parcel,) = self.told
        self.told.clear()
        assert (
            parcel.content.items() >= {"kind": "past", "page": "p", "id": 7, "device_id": device_id}.items()
        )
        return parcel.content, parcel.buffers


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    for seconds, jpeg in ((1, b"first"), (2, b"second"), (5, b"third")):
        rig.show(seconds, jpeg)
    return rig


def test_a_hasty_page_is_told_that_it_is_a_glimpse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "GLIMPSE_SECONDS", 0.0)
    h264.record(tmp_path, h264.GROUP)
    told: list[Parcel] = []
    answering = Past(Recording(tmp_path), told.append)
    at = (h264.T0 + 3.5 / h264.FPS) * 1000
    for hasty in (True, False):
        answering.take(Seek(page="p", id=1, device_id=h264.SERIAL, at=at, hasty=hasty))
    glimpse, right = (parcel.content for parcel in told)
    assert glimpse["glimpse"]
    assert glimpse["until"] < at
    assert "glimpse" not in right
    assert right["from"] <= at < right["until"]


@pytest.mark.parametrize("quality", ["low", "medium", "high"])
def test_a_picture_is_made_for_the_room_that_a_page_has(tmp_path: Path, quality: Quality) -> None:
    size = 1080, 1920
    writer = TrackWriter(track_path(tmp_path, h264.SERIAL), h264.SERIAL, 1 << 24)
    h264.append(writer, h264.T0, h264.units(1, size), size)
    writer.close()
    told: list[Parcel] = []
    at = h264.T0 * 1000
    seek = Seek(page="p", id=1, device_id=h264.SERIAL, at=at, quality=quality)
    Past(Recording(tmp_path), told.append).take(seek)
    assert (told[0].content["width"], told[0].content["height"]) == reduced(quality, size)


@pytest.mark.parametrize(
    ("seconds", "jpeg", "began", "until"),
    [
        (1, b"first", 1, 2),
        (1.999, b"first", 1, 2),
        (2, b"second", 2, 5),
        (4.5, b"second", 2, 5),
        (0, b"first", 1, 2),
        (9, b"third", 5, 9),
    ],
)
def test_it_is_the_picture_that_stood_then(
    rig: Rig, seconds: float, jpeg: bytes, began: float, until: float
) -> None:
    content, buffers = rig.seek(seconds)
    assert buffers == (jpeg,)
    assert content["found"] is True
    assert (content["from"], content["until"]) == ((BEGAN + began) * 1000, (BEGAN + until) * 1000)
    assert (content["width"], content["height"]) == (540, 960)


def test_what_is_recorded_meanwhile_is_found(rig: Rig) -> None:
    before, _ = rig.seek(9)
    rig.show(8, b"fourth")
    after, buffers = rig.seek(9)
    assert buffers == (b"fourth",)
    assert after["number"] == before["number"] + 1


def test_a_device_without_a_recording_has_no_picture(rig: Rig) -> None:
    content, buffers = rig.seek(2, "R58M/../secret")
    assert content["found"] is False
    assert buffers == ()


def test_while_the_device_was_away_there_is_none(rig: Rig) -> None:
    rig.writer.append_gap(BEGAN + 6, "the device was away")
    rig.show(8, b"fourth")
    content, buffers = rig.seek(7)
    assert (content["found"], content["reason"], buffers) == (False, "the device was away", ())
    content, buffers = rig.seek(5.5)
    assert buffers == (b"third",)
    assert content["until"] == (BEGAN + 6) * 1000, "until it went"
    assert rig.seek(8)[1] == (b"fourth",)


def test_a_recording_that_cannot_be_decoded_here_tells_what_is_missing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "can_use_planes", lambda: False)
    rig.writer.append_video(BEGAN + 6, (540, 960), b"a key frame", key=True)
    content, _ = rig.seek(7)
    assert content["found"] is False
    assert "pip install 'execmon-lab[video]'" in content["reason"]


def test_a_recording_that_was_taken_away_or_damaged_is_told_as_none(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.seek(2)
    rig.path.write_bytes(b"no recording at all, but as long as one")
    assert rig.seek(2)[0]["found"] is False
    rig.path.unlink()
    assert rig.seek(2)[0]["found"] is False
    assert "cannot be read" in caplog.text
