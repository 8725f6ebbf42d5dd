"""Pictures made small for a report."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from execmon_lab.reports.pictures import scaled


def file(size: tuple[int, int], layout: str, mode: str = "RGB") -> bytes:
    image = Image.new("RGB", size, "teal")
    image.paste("orange", (0, 0, size[0], size[1] // 2))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, layout)
    return buffer.getvalue()


@pytest.mark.parametrize("layout", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1080, 1920), (360, 640)), ((400, 800), (360, 720)), ((1440, 720), (360, 180)), ((90, 160), (90, 160))],
)
def test_a_picture_is_no_wider_than_wanted_and_keeps_its_shape(
    layout: str, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    data, *told = scaled(file(size, layout), 360)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.size == tuple(told) == wanted
        colours = image.getpixel((5, 5)), image.getpixel((5, wanted[1] - 5))
    for colour, shown in zip(((255, 165, 0), (0, 128, 128)), colours, strict=True):
        assert isinstance(shown, tuple)
        assert all(abs(one - other) < 12 for one, other in zip(shown, colour, strict=True))


def test_what_is_see_through_or_has_a_palette_is_shown_all_the_same() -> None:
    for mode in ("RGBA", "P", "L"):
        assert scaled(file((720, 1280), "PNG", mode))[1:] == (360, 640)


def test_a_jpeg_that_is_small_already_is_left_as_it_is() -> None:
    small = file((360, 640), "JPEG")
    assert scaled(small, 360)[0] is small


@pytest.mark.parametrize("size", [(1080, 1920), (90, 160)])
@pytest.mark.parametrize("layout", ["PNG", "JPEG"])
def test_a_file_that_was_cut_off_is_refused(size: tuple[int, int], layout: str) -> None:
    whole = file(size, layout)
    with pytest.raises(OSError, match=r"(?i)truncated|identify"):
        scaled(whole[: len(whole) * 2 // 3])
