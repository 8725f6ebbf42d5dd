"""Time travel over HTTP: the picture that stood at a moment, and for how long an answer may be kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from urllib.parse import quote

import pytest
from PIL import Image

from execmon_lab.client import Address
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.preview.encode import reduced
from execmon_lab.preview.recording import NoPicture, NoRecording, TrackWriter, track_path
from execmon_lab.protocol import Quality, timestamp
from execmon_lab.remote.recording import RemoteRecording
from execmon_lab.server import Server
from tests.preview.recording import h264
from tests.server.test_http import ask, problem

DEVICE = "192.168.1.5:5555"
BEGAN = 1_700_000_000.0
Start = Callable[..., Server]


def stamp(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(BEGAN + seconds, UTC))


class Pictures:
    """What a recorder would write of the execution."""

    def __init__(self, folder: Path, server: Server, execution: str) -> None:
        folder.mkdir(parents=True)
        self.path = track_path(folder, DEVICE)
        self.writer = TrackWriter(self.path, DEVICE, 1 << 20)
        self.server, self.execution = server, execution

    def show(self, seconds: float, jpeg: bytes) -> None:
        self.writer.append(BEGAN + seconds, (540, 960), jpeg)

    def ask(self, at: str, device_id: str = DEVICE, **headers: str):  # type: ignore[no-untyped-def]
        path = f"/api/v1/executions/{self.execution}/recording/{quote(device_id, safe='')}"
        return ask(self.server, f"{path}?at={at}", headers=headers)

    def remote(self, server: Server | None = None, token: str | None = None) -> RemoteRecording:
        return RemoteRecording(Address.parse((server or self.server).ws_url(self.execution)), token)


@pytest.fixture
def pictures(server: Server, artifacts: ArtifactStore, execution: str) -> Iterator[Pictures]:
    pictures = Pictures(artifacts.recording(execution), server, execution)
    for seconds, jpeg in ((1, b"first"), (2, b"second"), (5, b"third")):
        pictures.show(seconds, jpeg)
    yield pictures
    pictures.writer.close()


def test_it_is_the_picture_that_stood_then(pictures: Pictures) -> None:
    response, jpeg = pictures.ask(stamp(4.5))
    assert (response.status, response.headers["Content-Type"], jpeg) == (200, "image/jpeg", b"second")
    told = {name: value for name, value in response.headers.items() if name.startswith("Frame-")}
    assert told == {
        "Frame-Number": "2",
        "Frame-Width": "540",
        "Frame-Height": "960",
        "Frame-From": stamp(2),
        "Frame-Until": stamp(5),
    }
    newest, jpeg = pictures.ask(stamp(60))
    assert jpeg == b"third"
    assert "Frame-Until" not in newest.headers, "it stands still"


def test_what_is_kept_of_a_run_that_goes_on_is_asked_for_again(pictures: Pictures) -> None:
    response, _ = pictures.ask(stamp(9))
    assert response.headers["Cache-Control"] == "private, no-cache"
    again, body = pictures.ask(stamp(9), **{"If-None-Match": response.headers["ETag"]})
    assert (again.status, body) == (304, b"")
    pictures.show(8, b"fourth")
    changed, body = pictures.ask(stamp(9), **{"If-None-Match": response.headers["ETag"]})
    assert (changed.status, body) == (200, b"fourth")


def test_after_the_end_it_stays_as_it_is(pictures: Pictures) -> None:
    pictures.writer.close(BEGAN + 7)
    response, jpeg = pictures.ask(stamp(6))
    assert jpeg == b"third"
    assert response.headers["Frame-Until"] == stamp(7)
    assert "immutable" in response.headers["Cache-Control"]


def test_what_was_not_recorded_is_not_found(pictures: Pictures, server: Server) -> None:
    for device in ("emulator-5554", "../" * 5 + "etc/passwd", ".."):
        assert problem(*pictures.ask(stamp(2), device))["status"] == 404
    for execution in ("550e8400-e29b-41d4-a716-446655440999", "nonsense", "..%2F.."):
        path = f"/api/v1/executions/{execution}/recording/{DEVICE}?at={stamp(2)}"
        assert problem(*ask(server, path))["status"] == 404
    pictures.path.unlink()
    assert problem(*pictures.ask(stamp(2)))["status"] == 404


def test_while_the_device_was_away_it_is_told_so(pictures: Pictures) -> None:
    pictures.writer.append_gap(BEGAN + 6, "the device was away – ½ a minute")
    pictures.show(8, b"fourth")
    response, body = pictures.ask(stamp(7))
    assert problem(response, body)["status"] == 404
    assert problem(response, body)["detail"] == "no picture: the device was away – ½ a minute"
    assert response.headers["Frame-Missing"].startswith("the%20device%20was%20away%20")
    assert pictures.ask(stamp(5.5))[0].headers["Frame-Until"] == stamp(6)
    with pytest.raises(NoPicture, match="no picture: the device was away – ½ a minute"):
        pictures.remote().frame_at(DEVICE, BEGAN + 7)


def test_what_was_kept_as_video_comes_as_large_as_is_asked_for(pictures: Pictures) -> None:
    size = 1080, 1920
    h264.append(pictures.writer, BEGAN + 10, h264.units(2, size), size)
    tags = set()
    for quality in get_args(Quality):
        response, jpeg = pictures.ask(f"{stamp(10)}&quality={quality}")
        assert Image.open(io.BytesIO(jpeg)).size == reduced(quality, size)
        tags.add(response.headers["ETag"])
        remote = pictures.remote().frame_at(DEVICE, BEGAN + 10, quality)
        assert (remote.width, remote.height) == reduced(quality, size)
    assert len(tags) == 3, "what is kept of one is not taken for another"
    refused = problem(*pictures.ask(f"{stamp(10)}&quality=best"))
    assert refused["detail"] == "quality is one of: low, medium, high"


@pytest.mark.parametrize("at", ["", "yesterday", "2025-01-27T10:30:30", "1700000000", "NaN"])
def test_a_time_that_is_none_is_refused(pictures: Pictures, at: str) -> None:
    assert "RFC 3339" in problem(*pictures.ask(at))["detail"]


def test_the_token_that_guards_the_rest_guards_this(start: Start, pictures: Pictures, execution: str) -> None:
    server = start(tokens={"ann": "s3cret"})
    path = f"/api/v1/executions/{execution}/recording/{DEVICE}?at={stamp(2)}"
    assert ask(server, path)[0].status == 401
    assert ask(server, path + "&token=s3cret")[1] == b"second"
    for at in (BEGAN + 2, datetime.fromtimestamp(BEGAN + 2, UTC)):
        assert pictures.remote(server, "s3cret").frame_at(DEVICE, at).jpeg == b"second"
    with pytest.raises(OSError, match="token"):
        pictures.remote(server).frame_at(DEVICE, BEGAN + 2)


class TestFromAnotherMachine:
    def test_it_is_as_where_it_was_recorded(self, pictures: Pictures) -> None:
        moment = pictures.remote().moment(DEVICE, BEGAN + 4.5)
        assert (moment.frame.jpeg, moment.frame.number) == (b"second", 2)
        assert (moment.frame.width, moment.frame.height) == (540, 960)
        assert (moment.frame.at, moment.until, moment.final) == (BEGAN + 2, BEGAN + 5, False)
        assert pictures.remote().moment(DEVICE, BEGAN + 60).until is None

    def test_what_was_not_recorded_is_told_so(self, pictures: Pictures) -> None:
        with pytest.raises(NoRecording, match="no picture of nobody was recorded"):
            pictures.remote().frame_at("nobody", BEGAN)
