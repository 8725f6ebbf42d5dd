"""The live picture of a device's screen: captured once, encoded once a quality, shared by all who watch.

previews = PreviewService(pool)
with previews.watch("emulator-5554", "medium", lambda frame: …):
    …
"""

from .choice import BestSource
from .encode import PRESETS, Jpeg, encode
from .frame import Frame
from .scrcpy import ScrcpyFailed, ScrcpySource, Wanted
from .service import PreviewService
from .source import Capture, PreviewUnavailable, ScreencapSource, Source
from .stream import StreamStats, Watch

__all__ = [
    "PRESETS",
    "BestSource",
    "Capture",
    "Frame",
    "Jpeg",
    "PreviewService",
    "PreviewUnavailable",
    "ScrcpyFailed",
    "ScrcpySource",
    "ScreencapSource",
    "Source",
    "StreamStats",
    "Wanted",
    "Watch",
    "encode",
]
