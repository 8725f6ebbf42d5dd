"""Pictures made as small as they are shown, in the browser itself: they are those that it would make."""

from __future__ import annotations

import base64
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageColor, ImageDraw
from playwright.sync_api import Browser, Page

JS = Path(__file__).parents[2] / "js"
WIDTH, HEIGHT = 720, 1280
BLOCKS = ("#c03020", "#20a040", "#3050d0", "#f0f0f0", "#101010", "#808080")
FIRST, TALL = 700, 90
#: Where the middles of the blocks are, as parts of the height.
MIDDLES = [(FIRST + TALL * (block + 0.5)) / HEIGHT for block in range(len(BLOCKS))]

TOOLS = """
const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
const pixels = (width, height, paint) => {
    const canvas = Object.assign(document.createElement("canvas"), {width, height});
    const pen = canvas.getContext("2d", {alpha: false});
    pen.imageSmoothingQuality = "medium";
    paint(pen);
    return pen.getImageData(0, 0, width, height);
};
// How far two pictures are apart on average, and what one shows at some heights.
const compared = (one, other, heights) => {
    const sum = one.data.reduce((sum, value, at) => sum + Math.abs(value - other.data[at]), 0);
    const {data, width, height} = one;
    const at = part => (Math.floor(part * height) * width + (width >> 1)) * 4;
    return [sum / data.length, heights.map(part => [...data.slice(at(part), at(part) + 3)])];
};
"""
VIDEO = """async ([data, codedWidth, codedHeight, matrix, width, height, heights]) => {
    const colorSpace = {matrix, fullRange: false, primaries: "bt709", transfer: "bt709"};
    const facts = {format: "I420", codedWidth, codedHeight, timestamp: 0, colorSpace};
    const image = new VideoFrame(bytes(data), facts);
    if (!shrinking.canShrink(image, width)) throw new Error("it is not made smaller here");
    const made = await new shrinking.Shrinker().shrink(image, width, height);
    const browsers = pixels(width, height, pen => pen.drawImage(image, 0, 0, width, height));
    image.close();
    return compared(made, browsers, heights);
}"""
JPEG = """async ([data, width, height, room, down, heights]) => {
    const small = await shrinking.decodeJpeg(bytes(data), {width, height}, room);
    const whole = await shrinking.decodeJpeg(bytes(data), {width, height});
    const paint = picture => pixels(room, down, pen => pen.drawImage(picture, 0, 0, room, down));
    return [...compared(paint(small), paint(whole), heights), small.displayWidth, whole.width];
}"""


@pytest.fixture(scope="module")
def screen() -> Image.Image:
    """A picture like a phone's: lines of text, and blocks of colour."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#f4f4f8")
    pen = ImageDraw.Draw(image)
    for line in range(24):
        pen.text(
            (24, 20 + line * 26), f"{line}: the quick brown fox jumps over it", fill="#202030", font_size=22
        )
    for block, color in enumerate(BLOCKS):
        pen.rectangle((0, FIRST + block * TALL, WIDTH, FIRST + (block + 1) * TALL - 1), fill=color)
    return image


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that counts as safe, with the module whose functions are called."""
    script = subprocess.run(
        [JS / "node_modules/.bin/esbuild", JS / "src/shrinking.ts", "--bundle", "--global-name=shrinking"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    context = chromium.new_context()
    context.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page = context.new_page()
    page.goto("http://localhost/")
    page.add_script_tag(content=script + TOOLS)
    yield page
    context.close()


def true_to(colors: list[list[int]]) -> bool:
    """Tell whether the blocks have their colours."""
    pairs = zip(colors, map(ImageColor.getrgb, BLOCKS), strict=True)
    return all(abs(a - b) <= 3 for shown, meant in pairs for a, b in zip(shown, meant, strict=True))


@pytest.mark.parametrize("width", [257, 360])
@pytest.mark.parametrize(
    ("matrix", "colors"), [("bt709", Colorspace.ITU709), ("smpte170m", Colorspace.ITU601)]
)
def test_a_videos_picture_is_as_the_browser_makes_it(
    page: Page, screen: Image.Image, matrix: str, colors: Colorspace, width: int
) -> None:
    frame = av.VideoFrame.from_image(screen).reformat(
        format="yuv420p", dst_colorspace=colors, dst_color_range=ColorRange.MPEG
    )
    data = base64.b64encode(frame.to_ndarray().tobytes()).decode()
    size = width, width * HEIGHT // WIDTH
    mean, shown = page.evaluate(VIDEO, [data, WIDTH, HEIGHT, matrix, *size, MIDDLES])
    assert mean < 4, "letters are smoothed in another way"
    assert true_to(shown)


def test_a_jpeg_that_is_decoded_in_part_is_as_the_whole(page: Page, screen: Image.Image) -> None:
    file = io.BytesIO()
    screen.save(file, "JPEG", quality=90)
    data = base64.b64encode(file.getvalue()).decode()
    mean, shown, part, full = page.evaluate(JPEG, [data, WIDTH, HEIGHT, 257, 457, MIDDLES])
    assert (part, full) == (270, WIDTH), "three eighths"
    assert mean < 4
    assert true_to(shown)
