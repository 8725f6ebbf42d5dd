"""Preview frames as pictures."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import pybase64

from ..protocol import PreviewFrame, moment

_PREFIX = "data:image/jpeg;base64,"


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a device's screen.

    Attributes
    ----------
    device_id
        The device's serial.
    jpeg
        A JPEG file.
    width, height
        Of the picture, in pixels.
    timestamp
        When it was captured, UTC.
    """

    device_id: str
    jpeg: bytes
    width: int
    height: int
    timestamp: datetime

    @classmethod
    def decode(cls, message: PreviewFrame) -> "Frame":
        """Read a `preview_frame`.

        Raises
        ------
        ValueError
            When `frame_data` is not a JPEG in base64.
        """
        if not message.frame_data.startswith(_PREFIX):
            raise ValueError(f"frame_data does not begin with {_PREFIX!r}")
        return cls(
            device_id=message.device_id,
            jpeg=pybase64.b64decode(message.frame_data[len(_PREFIX) :], validate=True),
            width=message.width,
            height=message.height,
            timestamp=moment(message.timestamp),
        )


class FrameSlot:
    """The newest frame of one device, for one who takes them at his own pace."""

    def __init__(self) -> None:
        self._newest: PreviewFrame | None = None
        self._error: Exception | None = None
        self._ended = False
        self._came = asyncio.Event()

    def put(self, message: PreviewFrame) -> None:
        """Replace the frame that waits."""
        self._newest = message
        self._came.set()

    def end(self, error: Exception | None = None) -> None:
        """Let the iteration end, with `error` where there is one."""
        self._ended, self._error = True, error
        self._came.set()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while True:
            await self._came.wait()
            self._came.clear()
            message, self._newest = self._newest, None
            if message is not None:
                yield Frame.decode(message)
            if self._ended:
                if self._error is not None:
                    raise self._error
                return
