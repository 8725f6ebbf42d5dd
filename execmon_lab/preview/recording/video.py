"""A recording as an MP4 that anything plays, in its own time."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from .track import RecordedFrame, Track

if TYPE_CHECKING:
    from av import VideoFrame

MISSING = "a video is made by PyAV: pip install 'execmon-lab[video]'"
KEY_SECONDS = 2.0
"""From one key frame to the next, which is where a player can jump to."""

_MILLISECOND = Fraction(1, 1000)
_QUALITY = "23"  # x264's own default


def make_video(track: Track, path: Path, begin: float, end: float) -> None:
    """Write the pictures of a device into an MP4 (H.264), each for as long as it was on the screen.

    H.264 that one MP4 can hold goes into it as it is. Else the video is as large as most of the time the
    pictures were; others (of a turned screen) are fitted in.

    Parameters
    ----------
    track
        The pictures, at least one.
    path
        The file; one that exists is replaced once the video is whole.
    begin, end
        What part, seconds since the epoch.

    Raises
    ------
    ModuleNotFoundError
        Without PyAV; the text says how to install it.
    OSError
        When the file cannot be written.
    """
    if find_spec("av") is None:
        raise ModuleNotFoundError(MISSING, name="av")
    from . import remux

    part = path.with_name(path.name + ".part")
    part.touch()  # what cannot be written is told by its name
    try:
        if track.kinds(begin, end) == {"h264"} and remux.holds(track.packets(begin, end)):
            remux.remux(track.packets(begin, end), part, begin, end)
        else:
            _write(part, track, begin, end)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(path: Path, track: Track, begin: float, end: float) -> None:
    import av
    from av.video.frame import PictureType

    width, height = _usual_size(track.sizes(), begin, end)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", options={"crf": _QUALITY, "preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = _MILLISECOND
        key_at = float("-inf")
        for at, picture in _timed(track, begin, end):
            frame = _frame(picture, (width, height))
            frame.pts, frame.time_base = round((at - begin) * 1000), _MILLISECOND
            if at - key_at >= KEY_SECONDS:
                frame.pict_type, key_at = PictureType.I, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _timed(track: Track, begin: float, end: float) -> Iterator[tuple[float, RecordedFrame]]:
    """Yield when each picture is shown, and the last once more, at the end: a video ends with a picture."""
    shown: RecordedFrame | None = None
    told = begin - 1.0
    for picture in track.frames():
        if picture.at > end:
            break
        if picture.at > begin and shown is not None and told < begin:
            yield begin, shown
            told = begin
        shown = picture
        if picture.at >= begin and picture.at >= told + 0.001:
            yield picture.at, picture
            told = picture.at
    if shown is not None:
        if told < begin:
            yield begin, shown
            told = begin
        if end >= told + 0.001:
            yield end, shown


def _usual_size(sizes: Sequence[tuple[float, tuple[int, int]]], begin: float, end: float) -> tuple[int, int]:
    """Return the size that was shown longest, in even numbers, as the format wants them."""
    seconds: dict[tuple[int, int], float] = defaultdict(float)
    ends = [at for at, _ in sizes[1:]] + [end]
    for (at, size), until in zip(sizes, ends, strict=True):
        seconds[size] += max(0.0, min(until, end) - max(at, begin))
    width, height = max(seconds, key=lambda size: seconds[size])
    return width + width % 2, height + height % 2


def _frame(picture: RecordedFrame, size: tuple[int, int]) -> VideoFrame:
    import av

    image = Image.open(io.BytesIO(picture.jpeg)).convert("RGBA")
    if image.size != size:
        canvas = Image.new("RGBA", size)
        scale = min(size[0] / image.width, size[1] / image.height)
        fitted = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
        canvas.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
        image = canvas
    return av.VideoFrame.from_bytes(image.tobytes(), *size, "rgba")
