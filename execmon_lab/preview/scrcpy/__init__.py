"""A device's screen as H.264, by scrcpy's server: real time, scaled and paced by the device itself.

Source of the protocol: ``doc/develop.md`` of scrcpy, and its server in versions 3.3 and 4.1.
"""

from .feed import Feed
from .jar import MISSING, Server, find_jar
from .packets import Demuxer, Packet, StreamBroken
from .session import Session, Wanted
from .source import MISSING_DECODER, ScrcpySource, can_decode
from .start import ScrcpyFailed
from .touches import ScrcpyTouches

__all__ = [
    "MISSING",
    "MISSING_DECODER",
    "Demuxer",
    "Feed",
    "Packet",
    "ScrcpyFailed",
    "ScrcpySource",
    "ScrcpyTouches",
    "Server",
    "Session",
    "StreamBroken",
    "Wanted",
    "can_decode",
    "find_jar",
]
