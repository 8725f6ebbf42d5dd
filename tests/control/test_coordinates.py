"""From a place on the picture to the place on the screen, at every scale, quality and rotation."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.control import Tap, resolve
from execmon_lab.control.gestures import Size, turned
from execmon_lab.phone.scrcpy.options import Options, parse
from execmon_lab.preview.encode import PRESETS, reduced
from execmon_lab.preview.scrcpy.touches import ScrcpyTouches

uprights = st.builds(
    lambda width, ratio: (width, round(width * ratio)), st.integers(320, 1600), st.floats(1.25, 2.4)
)
rotations = st.integers(0, 3)
qualities = st.sampled_from(sorted(PRESETS))
max_sizes = st.sampled_from([0, 480, 640, 960, 1280, 1920])
versions = st.sampled_from(["3.3.4", "4.1"])
fractions = st.floats(0, 1)


def rotated(upright: Size, rotation: int) -> Size:
    return upright[::-1] if rotation % 2 else upright


def scrcpy(version: str, max_size: int) -> Options:
    return parse([version, f"max_size={max_size}"])


class Stream:
    """Keeps what a server would be sent."""

    acknowledged = 0

    def __init__(self, video: Size) -> None:
        self.video: Size | None = video
        self.sent: list[bytes] = []

    def send(self, message: bytes) -> None:
        self.sent.append(message)


@given(uprights, rotations, qualities, max_sizes, versions, fractions, fractions)
def test_a_tap_lands_where_the_picture_shows_it(
    upright: Size, rotation: int, quality: str, max_size: int, version: str, x: float, y: float
) -> None:
    screen = rotated(upright, rotation)
    video = scrcpy(version, max_size).scaled(screen)
    for source in (screen, video):  # screencap's picture, and scrcpy's
        picture = reduced(quality, source)  # type: ignore[arg-type]
        assert turned(upright, picture) == screen
    stream = Stream(video)
    resolve(Tap(x=x, y=y), screen).run(ScrcpyTouches(stream, video, screen, lambda seconds: True))
    across, down, *size = struct.unpack(">iiHH", stream.sent[0][10:22])
    assert tuple(size) == video
    # The server scales it back; a pixel of the video is as exact as it can be.
    for place, fraction, length, side in zip((across, down), (x, y), screen, video, strict=True):
        assert 0 <= place < side
        landed = (place + 0.5) * length / side
        assert abs(landed - fraction * length) <= 0.5 * length / side + 1


@given(uprights, qualities, fractions, fractions)
def test_half_a_turn_changes_nothing(upright: Size, quality: str, x: float, y: float) -> None:
    for rotation in (0, 1):
        ways = [rotated(upright, rotation), rotated(upright, rotation + 2)]
        words = [resolve(Tap(x=x, y=y), turned(upright, reduced(quality, way))).words for way in ways]  # type: ignore[arg-type]
        assert words[0] == words[1]
