"""Pictures as JPEG."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import av
import psutil
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageChops, ImageDraw

from execmon_lab.preview import ImagePicture, Jpeg, Picture
from execmon_lab.preview.encode import reduced, reduction
from execmon_lab.preview.planar import FramePicture, Scaler, frame_over
from execmon_lab.protocol import Quality

Encode = Callable[[Image.Image, Quality], Jpeg]
SCALER = Scaler()
QUALITIES: tuple[Quality, ...] = ("low", "medium", "high")


def screen(size: tuple[int, int] = (1080, 1920), mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", size, "navy")
    draw = ImageDraw.Draw(image)
    draw.rectangle((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="orange")
    draw.text((20, 20), "A line of text", fill="white", font_size=40)
    if mode == "RGB":
        return image
    return Image.frombuffer("RGBX", size, image.convert("RGBA").tobytes(), "raw", "RGBX", 0, 1)


def planar(image: Image.Image) -> Picture:
    data = image.convert("RGBA").tobytes()
    return FramePicture(frame_over(data, 0, image.size, "RGBX"), SCALER)


def video(
    image: Image.Image,
    layout: str = "yuv420p",
    matrix: Colorspace = Colorspace.ITU709,
    limits: ColorRange = ColorRange.MPEG,
) -> av.VideoFrame:
    """The picture as a decoder of a phone's video gives it."""
    frame = av.VideoFrame.from_image(image.convert("RGB"))
    return frame.reformat(format=layout, dst_colorspace=matrix, dst_color_range=limits)


def decoded(image: Image.Image) -> Picture:
    return FramePicture(video(image), SCALER)


@pytest.fixture(params=[ImagePicture, planar, decoded], ids=["Pillow", "raw", "video"])
def encode(request: pytest.FixtureRequest) -> Encode:
    """All ways to a JPEG."""
    return lambda image, quality: request.param(image).jpeg(quality)


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
    for quality, factor in factors.items():
        assert reduced(quality, size) == Image.new("L", size).reduce(factor).size


@pytest.mark.parametrize("mode", ["RGB", "RGBX"])
@pytest.mark.parametrize("quality", ["low", "medium", "high"])
@pytest.mark.parametrize("size", [(1080, 1920), (1081, 1923)])
def test_the_picture_is_the_screens_and_its_size_is_told_truly(
    encode: Encode, quality: Quality, mode: str, size: tuple[int, int]
) -> None:
    jpeg = encode(screen(size, mode), quality)
    read = Image.open(io.BytesIO(jpeg.data))
    assert read.format == "JPEG"
    assert read.size == (jpeg.width, jpeg.height)
    assert read.size == reduced(quality, size)
    wanted = screen(size).resize(read.size, Image.Resampling.BOX)
    difference = ImageChops.difference(read.convert("RGB"), wanted).convert("L")
    assert difference.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) <= 2


def test_a_better_quality_is_a_bigger_file(encode: Encode) -> None:
    for size in ((720, 1280), (1080, 1920)):
        low, medium, high = (len(encode(screen(size), q).data) for q in ("low", "medium", "high"))
        assert low < medium < high


def test_the_text_form_is_made_once_and_is_the_file(encode: Encode) -> None:
    jpeg = encode(screen((72, 128)), "high")
    head, _, body = jpeg.data_url.partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == jpeg.data
    assert jpeg.data_url is jpeg.data_url


def telling_nothing(frame: av.VideoFrame) -> av.VideoFrame:
    frame.colorspace, frame.color_range = 2, 0
    return frame


VIDEOS: dict[str, Callable[[Image.Image], av.VideoFrame]] = {
    "709": video,
    "601": lambda image: video(image, matrix=Colorspace.ITU601),
    "709, full range": lambda image: video(image, limits=ColorRange.JPEG),
    "601, full range": lambda image: video(image, "yuvj420p", Colorspace.ITU601, ColorRange.JPEG),
    "none told": lambda image: telling_nothing(video(image, matrix=Colorspace.ITU601)),
    "4:4:4": lambda image: video(image, "yuv444p"),
}


@pytest.mark.parametrize("size", [(720, 1280), (722, 1282), (33, 17)])
@pytest.mark.parametrize("kind", VIDEOS)
def test_a_video_keeps_its_colours(kind: str, size: tuple[int, int]) -> None:
    for colour in ("red", "lime", "blue", "white", "black", "orange", "gray"):
        image = Image.new("RGB", size, colour)
        picture = FramePicture(VIDEOS[kind](image), SCALER)
        for quality in QUALITIES:
            read = Image.open(io.BytesIO(picture.jpeg(quality).data)).convert("RGB")
            assert read.size == reduced(quality, size)
            for place in ((0, 0), (read.width // 2, read.height // 2), (read.width - 1, read.height - 1)):
                shown, wanted = read.getpixel(place), image.getpixel((0, 0))
                assert isinstance(shown, tuple)
                assert isinstance(wanted, tuple)
                assert all(abs(one - other) <= 6 for one, other in zip(shown, wanted, strict=True)), colour


@pytest.mark.parametrize("layout", ["rgba", "yuv420p", "yuv444p"])
def test_encoding_keeps_no_threads(layout: str) -> None:
    frame = av.VideoFrame.from_image(screen()).reformat(format=layout, threads=1)
    scaler, before = Scaler(), psutil.Process().num_threads()
    for quality in QUALITIES:
        scaler.jpeg(frame, quality)
    assert psutil.Process().num_threads() <= before


def test_pixels_of_either_order_keep_their_colours() -> None:
    for raw_format, pixel in (("RGBX", b"\xff\x80\x00\xff"), ("BGRX", b"\x00\x80\xff\xff")):
        picture = FramePicture(frame_over(b"head" + pixel * 64, 4, (8, 8), raw_format), SCALER)
        assert picture.size == (8, 8)
        assert picture.image().convert("RGB").getpixel((3, 3)) == (255, 128, 0)
        shown = Image.open(io.BytesIO(picture.jpeg("high").data)).convert("RGB").getpixel((3, 3))
        assert isinstance(shown, tuple)
        assert all(abs(one - other) <= 4 for one, other in zip(shown, (255, 128, 0), strict=True))


def test_the_qualities_of_one_stream_do_not_disturb_each_other() -> None:
    picture = planar(screen((720, 1280)))
    for quality in ("low", "high", "low", "medium", "low"):
        assert (picture.jpeg(quality).width, picture.jpeg(quality).height) == reduced(quality, (720, 1280))
