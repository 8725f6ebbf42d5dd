"""The live picture of a device's screen: captured once, encoded once a quality, shared by all who watch.

previews = PreviewService(pool)
with previews.watch("emulator-5554", "medium", lambda frame: …):
    …
"""

from .choice import BestSource, Preference
from .encode import PRESETS, ImagePicture, Jpeg, Picture
from .frame import Frame
from .scrcpy import ScrcpyFailed, ScrcpySource, Wanted
from .service import PreviewService
from .source import Capture, PreviewUnavailable, ScreencapSource, Source
from .stream import StreamStats, Watch
from .video import NoVideo, VideoPacket, VideoSource, VideoWatch

__all__ = [
    "PRESETS",
    "BestSource",
    "Capture",
    "Frame",
    "ImagePicture",
    "Jpeg",
    "NoVideo",
    "Picture",
    "Preference",
    "PreviewService",
    "PreviewUnavailable",
    "ScrcpyFailed",
    "ScrcpySource",
    "ScreencapSource",
    "Source",
    "StreamStats",
    "VideoPacket",
    "VideoSource",
    "VideoWatch",
    "Wanted",
    "Watch",
]
