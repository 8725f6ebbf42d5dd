"""A recording's H.264 as an MP4, without decoding it; needs PyAV."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av

from .track import Packet

_TICK = Fraction(1, 90_000)
_START = re.compile(b"\0\0\1")
_SPS, _PPS = 7, 8


def holds(packets: Iterable[Packet]) -> bool:
    """Tell whether one MP4 can hold them: from a key frame on, in one size and one coding."""
    found = {_configuration(packet.data) if packet.key else None for packet in _keys(packets)}
    return len(found) == 1 and None not in found


def remux(packets: Iterable[Packet], path: Path, begin: float, end: float) -> None:
    """Write packets into an MP4, each shown from its time until that of the next.

    What comes before `begin` is there to be decoded, and not shown (ISO/IEC 14496-12, edit lists).

    Parameters
    ----------
    packets
        Such as `holds`.
    path
        The file.
    begin, end
        Of the video, seconds since the epoch.
    """
    coming = iter(packets)
    first = next(coming)
    with (
        av.open(io.BytesIO(first.data), format="h264") as sample,
        av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container,
    ):
        stream = container.add_stream_from_template(sample.streams.video[0])
        stream.time_base = _TICK
        earliest = -(1 << 62)
        for packet, following in itertools.pairwise(itertools.chain([first], coming, [None])):
            assert packet is not None
            until = end if following is None else following.at
            # The picture that stands at the beginning is shown from there on.
            time = max(earliest, 0 if packet.at <= begin < until else _ticks(packet.at - begin))
            earliest = time + 1
            out = av.Packet(packet.data)
            out.stream, out.time_base, out.is_keyframe = stream, _TICK, packet.key
            out.pts = out.dts = time
            out.duration = max(1, _ticks(until - begin) - time)
            container.mux(out)


def _ticks(seconds: float) -> int:
    return round(seconds / _TICK)


def _keys(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Yield the first, and the key frames."""
    for place, packet in enumerate(packets):
        if packet.key or place == 0:
            yield packet


def _configuration(data: bytes) -> tuple[bytes, ...]:
    """Return what stands before a key frame's picture: its parameter sets (ITU-T H.264, 7.4.1)."""
    units = (unit.rstrip(b"\0") for unit in _START.split(data)[1:])
    return tuple(unit for unit in units if unit and unit[0] & 0x1F in (_SPS, _PPS))
