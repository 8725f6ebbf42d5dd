"""The endpoint: one port for WebSocket and HTTP."""

from .http import KeptLog, NotNow
from .previews import PreviewSource, Watch
from .room import DeviceDirectory
from .server import Server, check_address
from .settings import Settings
from .tokens import Tokens

__all__ = [
    "DeviceDirectory",
    "KeptLog",
    "NotNow",
    "PreviewSource",
    "Server",
    "Settings",
    "Tokens",
    "Watch",
    "check_address",
]
