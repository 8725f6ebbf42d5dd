"""The live picture of a device's screen: captured once, encoded once a quality, shared by all who watch.

previews = PreviewService(pool)
with previews.watch("emulator-5554", "medium", lambda frame: …):
    …
"""

from .encode import PRESETS, Jpeg, encode
from .frame import Frame
from .service import PreviewService
from .source import Capture, PreviewUnavailable, ScreencapSource, Source
from .stream import StreamStats, Watch

__all__ = [
    "PRESETS",
    "Capture",
    "Frame",
    "Jpeg",
    "PreviewService",
    "PreviewUnavailable",
    "ScreencapSource",
    "Source",
    "StreamStats",
    "Watch",
    "encode",
]
