"""Raw pictures, in every header and format."""

import struct

import pytest

from execmon_lab.devices.screencap import FORMATS, NoPicture, locate

SIZE = (4, 3)
COLOURS = [(i * 8, 128 + i * 8, 248 - i * 16) for i in range(12)]  # each survives 5 or 6 bits


def pixels(number: int) -> bytes:
    def one(red: int, green: int, blue: int) -> bytes:
        if number == 4:
            return struct.pack("<H", red >> 3 << 11 | green >> 2 << 5 | blue >> 3)
        return bytes({3: (red, green, blue), 5: (blue, green, red, 0)}.get(number, (red, green, blue, 0)))

    return b"".join(one(*colour) for colour in COLOURS)


def raw(number: int, header: int = 16) -> bytes:
    fields = (*SIZE, number, 1)
    return struct.pack(f"<{header // 4}I", *fields[: header // 4]) + pixels(number)


@pytest.mark.parametrize("header", [12, 16])
@pytest.mark.parametrize("number", sorted(FORMATS))
def test_every_format_is_read_with_either_header(number: int, header: int) -> None:
    data = raw(number, header)
    image = locate(data).image(data).convert("RGB")
    assert image.size == SIZE
    read = [image.getpixel((i % 4, i // 4)) for i in range(12)]
    tolerance = 8 if number == 4 else 0
    for got, wanted in zip(read, COLOURS, strict=True):
        assert isinstance(got, tuple)
        assert all(abs(a - b) <= tolerance for a, b in zip(got, wanted, strict=True))


def test_a_warning_before_the_picture_is_passed_over() -> None:
    data = b"[Warning] Multiple displays were found!\nA display ID can be given.\n\n" + raw(1)
    assert locate(data).image(data).size == SIZE


def test_pixels_are_not_copied_where_pillow_can_use_them() -> None:
    data = bytearray(raw(1))
    image = locate(data).image(data)
    data[16:19] = b"\x01\x02\x03"
    assert image.convert("RGB").getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "wrote nothing"),
        (b"\x01\x00", "2 bytes"),
        (b"screencap: permission denied\n", "permission denied"),
        (raw(1)[:-1], "not 4x3"),
        (raw(1) + b"\0", "not 4x3"),
        (struct.pack("<4I", 4, 3, 9, 0) + bytes(48), "pixel format 9"),
        (struct.pack("<4I", 0, 0, 1, 0), "not 0x0"),
    ],
)
def test_what_is_no_picture_is_told_as_what_it_is(data: bytes, complaint: str) -> None:
    with pytest.raises(NoPicture, match=complaint):
        locate(data)
