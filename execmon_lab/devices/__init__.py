"""Devices: the adb server, the pool of what is connected to it, and the commands that can be given.

    server = AdbServer.private()
    with DevicePool(server) as pool:
        device = pool.wait(1)[0]
        session = device.session()
        session.shell("getprop ro.product.model")

Every command has a deadline and every fault a name; see `errors`.
"""

from .adbserver import AdbServer, PrivateAdbServer
from .command import Command, Completed, Observer
from .device import Device, DeviceSession
from .errors import (
    AdbError,
    AdbTimeout,
    DeviceDisconnected,
    DeviceError,
    ElementNotFound,
    NoDevice,
    NotTypable,
    ScreenTurned,
    ServerError,
    SessionClosed,
)
from .hierarchy import Bounds, Node
from .pool import DevicePool, DeviceRecord
from .sync import RemoteFile

__all__ = [
    "AdbError",
    "AdbServer",
    "AdbTimeout",
    "Bounds",
    "Command",
    "Completed",
    "Device",
    "DeviceDisconnected",
    "DeviceError",
    "DevicePool",
    "DeviceRecord",
    "DeviceSession",
    "ElementNotFound",
    "NoDevice",
    "Node",
    "NotTypable",
    "Observer",
    "PrivateAdbServer",
    "RemoteFile",
    "ScreenTurned",
    "ServerError",
    "SessionClosed",
]
