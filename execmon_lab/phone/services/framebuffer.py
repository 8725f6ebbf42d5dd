"""``framebuffer:``: one picture of the screen.

Source: ``daemon/framebuffer_service.cpp`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import struct

from execmon_lab.phone.services.registry import Phone, Request, service
from execmon_lab.phone.transport import Stream

VERSION = 1
"""The header without a colour space, the one that every client reads."""

HEADER = struct.Struct("<13I")


@service("framebuffer")
async def _framebuffer(phone: Phone, stream: Stream, request: Request) -> None:
    await stream.accept()
    frame = phone.system.frame()
    size = frame.width * frame.height * 4
    channels = (0, 8, 16, 8, 8, 8, 24, 8)  # offset and length of red, blue, green, alpha
    header = HEADER.pack(VERSION, 32, size, frame.width, frame.height, *channels)
    await stream.write(header, frame.data)
