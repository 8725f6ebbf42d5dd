"""Raw pictures as ``screencap`` writes them: a header of 12 or 16 bytes, then the pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, cast

from PIL import Image

_FIELDS = struct.Struct("<III")
_HEADERS = (16, 12)
_WARNING = b"[Warning]"


class PixelFormat(NamedTuple):
    """How Pillow reads an Android pixel format (`PixelFormat.java`): into which mode, from which layout."""

    mode: str
    raw_mode: str
    bytes_per_pixel: int


FORMATS = {
    1: PixelFormat("RGBX", "RGBX", 4),  # RGBA_8888; a screen has nothing behind it
    2: PixelFormat("RGBX", "RGBX", 4),  # RGBX_8888
    3: PixelFormat("RGB", "RGB", 3),  # RGB_888
    4: PixelFormat("RGB", "BGR;16", 2),  # RGB_565
    5: PixelFormat("RGB", "BGRX", 4),  # BGRA_8888
}


class NoPicture(ValueError):
    """What screencap wrote is no picture."""


class Picture(NamedTuple):
    """Where in a buffer a picture is: `width` and `height` in pixels, `start` in bytes."""

    width: int
    height: int
    format: PixelFormat
    start: int

    def image(self, data: bytes | bytearray | memoryview) -> Image.Image:
        """Return the picture over the buffer itself where its format allows it, else over a copy."""
        pixels = memoryview(data)[self.start :]
        mode, raw_mode, _ = self.format
        return Image.frombuffer(mode, (self.width, self.height), cast(bytes, pixels), "raw", raw_mode, 0, 1)


def locate(data: bytes | bytearray | memoryview) -> Picture:
    """Find the picture in the whole output of a raw ``screencap``.

    Newer versions of Android add a fourth field (the colour space) to the header; the length tells. A device
    with several displays may write a warning before it.

    Raises
    ------
    NoPicture
        Saying what is there instead.
    """
    for start in _starts(data):
        length = len(data) - start
        if length < _FIELDS.size:
            break
        width, height, number = _FIELDS.unpack_from(data, start)
        known = FORMATS.get(number)
        if known is None or not width or not height:
            continue
        for header in _HEADERS:
            if length - header == width * height * known.bytes_per_pixel:
                return Picture(width, height, known, start + header)
    raise NoPicture(_complaint(bytes(data[:200]), len(data)))


def _starts(data: bytes | bytearray | memoryview) -> Iterator[int]:
    """Yield where the header may be: at the front, or after a line of a warning."""
    yield 0
    head = bytes(data[:4096])
    if head.startswith(_WARNING):
        yield from (i + 1 for i, byte in enumerate(head) if byte == ord("\n"))


def _complaint(head: bytes, length: int) -> str:
    if length == 0:
        return "screencap wrote nothing; is the screen on, and not protected?"
    printable = head.split(b"\0")[0].decode(errors="replace").strip()
    if printable.isprintable() and len(printable) > 3:
        return f"screencap wrote no picture but: {printable}"
    if length < _FIELDS.size:
        return f"screencap wrote {length} bytes, which is no picture"
    width, height, number = _FIELDS.unpack_from(head)
    if number not in FORMATS:
        return f"screencap wrote pixel format {number}, which is none of {sorted(FORMATS)}"
    return f"screencap wrote {length} bytes, which is not {width}x{height} in pixel format {number}"
