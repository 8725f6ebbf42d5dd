"""Pictures as JPEG."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image, ImageChops, ImageDraw

from execmon_lab.preview import encode
from execmon_lab.preview.encode import reduction
from execmon_lab.protocol import Quality


def screen(size: tuple[int, int] = (1080, 1920), mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", size, "navy")
    draw = ImageDraw.Draw(image)
    draw.rectangle((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="orange")
    draw.text((20, 20), "A line of text", fill="white", font_size=40)
    if mode == "RGB":
        return image
    return Image.frombuffer("RGBX", size, image.convert("RGBA").tobytes(), "raw", "RGBX", 0, 1)


@pytest.mark.parametrize(
    ("size", "factors"),
    [
        ((720, 1280), {"low": 2, "medium": 1, "high": 1}),
        ((1080, 1920), {"low": 3, "medium": 2, "high": 1}),
        ((1920, 1080), {"low": 3, "medium": 2, "high": 1}),
        ((1440, 3200), {"low": 4, "medium": 3, "high": 1}),
        ((240, 320), {"low": 1, "medium": 1, "high": 1}),
    ],
)
def test_a_quality_makes_the_picture_smaller_by_a_whole_factor(
    size: tuple[int, int], factors: dict[Quality, int]
) -> None:
    assert {quality: reduction(quality, size) for quality in factors} == factors


@pytest.mark.parametrize("mode", ["RGB", "RGBX"])
@pytest.mark.parametrize("quality", ["low", "medium", "high"])
def test_the_picture_is_the_screens_and_its_size_is_told_truly(quality: Quality, mode: str) -> None:
    jpeg = encode(screen(mode=mode), quality)
    read = Image.open(io.BytesIO(jpeg.data))
    assert read.format == "JPEG"
    assert read.size == (jpeg.width, jpeg.height)
    wanted = screen().resize(read.size, Image.Resampling.BOX)
    difference = ImageChops.difference(read.convert("RGB"), wanted).convert("L")
    assert difference.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) <= 2


def test_a_better_quality_is_a_bigger_file() -> None:
    for size in ((720, 1280), (1080, 1920)):
        low, medium, high = (len(encode(screen(size), q).data) for q in ("low", "medium", "high"))
        assert low < medium < high


def test_the_text_form_is_made_once_and_is_the_file() -> None:
    jpeg = encode(screen((72, 128)), "high")
    head, _, body = jpeg.data_url.partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == jpeg.data
    assert jpeg.data_url is jpeg.data_url
