"""What a stream's configuration says of it: its size, and the name of its coding.

Source: ITU-T H.264, 7.3.2.1.1 and Annex E; RFC 6381 for the name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAL = re.compile(b"\0\0\1")
_SPS = 7
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


class Sps(NamedTuple):
    """A sequence parameter set.

    Attributes
    ----------
    codec : str
        As a browser's ``VideoDecoder`` wants it: ``avc1.42c01f``.
    width, height : int
        Of the picture, in pixels.
    """

    codec: str
    width: int
    height: int


def parse(config: bytes) -> Sps | None:
    """Read the first sequence parameter set of an Annex B stream; None where it has none that can be read."""
    for unit in _NAL.split(config)[1:]:
        unit = unit.rstrip(b"\0")
        if unit and unit[0] & 0x1F == _SPS and len(unit) >= 4:
            try:
                return _read(unit)
            except IndexError:
                return None
    return None


class _Bits:
    """Reads bits and Exp-Golomb numbers; `IndexError` at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\0\0\3", b"\0\0")  # emulation prevention
        self._at = 0

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self._data[self._at >> 3]
            value = value << 1 | byte >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def ue(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        number = self.ue()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def _read(unit: bytes) -> Sps:
    bits = _Bits(unit[4:])
    profile = unit[1]
    bits.ue()  # its id
    chroma, planes = 1, False
    if profile in _HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            planes = bool(bits.bits(1))
        bits.ue()
        bits.ue()
        bits.bits(1)
        if bits.bits(1):
            for number in range(8 if chroma != 3 else 12):
                if bits.bits(1):
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
    bits.ue()
    if (order := bits.ue()) == 0:
        bits.ue()
    elif order == 1:
        bits.bits(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue()
    bits.bits(1)
    width = (bits.ue() + 1) * 16
    map_units = bits.ue() + 1
    frames_only = bits.bits(1)
    height = map_units * 16 * (2 - frames_only)
    if not frames_only:
        bits.bits(1)
    bits.bits(1)
    if bits.bits(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
        across = 2 if chroma in (1, 2) and not planes else 1
        down = (2 if chroma == 1 and not planes else 1) * (2 - frames_only)
        width, height = width - across * (left + right), height - down * (top + bottom)
    return Sps("avc1." + unit[1:4].hex(), width, height)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last
