"""Recordings of H.264 as a phone sends it: pictures of one colour each, coded by the phone's encoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from execmon_lab.phone.scrcpy.encoder import Encoder
from execmon_lab.phone.screen.screen import Frame
from execmon_lab.preview.recording import Recording, TrackWriter, track_path

SERIAL = "emulator-5554"
T0 = 1_795_600_000.25
FPS = 10
SIZE = (96, 160)
GROUP = 20
"""Pictures from one key frame to the next."""


class Unit(NamedTuple):
    """An access unit, and whether it is a key frame (which has its configuration before it)."""

    data: bytes
    key: bool


@cache
def units(count: int, size: tuple[int, int] = SIZE) -> tuple[Unit, ...]:
    """Code so many pictures, as one session of a phone's encoder does."""
    encoder = Encoder(size, 1_000_000, FPS, key_seconds=GROUP / FPS)
    coded = []
    for number in range(count):
        pixels = bytes((*colour(number), 255)) * (size[0] * size[1])
        [packet] = encoder.encode(Frame(*size, pixels, number), number * 1_000_000 // FPS)
        coded.append(Unit(encoder.config.data + packet.data if packet.key else packet.data, packet.key))
    return tuple(coded)


def colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a picture, far from that of its neighbours."""
    return 40 * (number % 6), 40 * (number // 6 % 6), 40 * (number // 36 % 6)


def append(writer: TrackWriter, begin: float, coded: Sequence[Unit], size: tuple[int, int] = SIZE) -> None:
    """Write units at the rate they were coded for."""
    for number, unit in enumerate(coded):
        writer.append_video(begin + number / FPS, size, unit.data, key=unit.key)


def record(folder: Path, count: int) -> Recording:
    """Record so many pictures, and a second of standing still."""
    writer = TrackWriter(track_path(folder, SERIAL), SERIAL, 1 << 30)
    append(writer, T0, units(count))
    writer.close(T0 + count / FPS + 1)
    return Recording(folder)
