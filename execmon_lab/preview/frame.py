"""One frame of a preview, as it is handed to everybody who watches in its quality."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..protocol import PreviewFrame, Quality, encode, timestamp
from .encode import Jpeg


@dataclass(frozen=True)
class Frame:
    """A picture of a device's screen at a moment; shared by all who watch in this quality.

    Attributes
    ----------
    device_id
        The device's serial.
    quality
        ``low``, ``medium`` or ``high``.
    picture
        The JPEG, shared by all frames between two changes of the screen.
    timestamp
        When it was asked for, UTC. The device takes it after that, so that a frame's age counts the time that
        screencap took, too; of scrcpy's pictures it is when the newest that had come was fetched.
    number
        Counts the frames since the device's preview began, from 1.
    changed
        False when it is the same picture as the frame before; True for the first that a new watcher gets.
    source
        Where it comes from (`Source.name`), in a word.
    """

    device_id: str
    quality: Quality
    picture: Jpeg
    timestamp: datetime
    number: int
    changed: bool
    source: str = ""

    @property
    def jpeg(self) -> bytes:
        """The picture as a JPEG file."""
        return self.picture.data

    @property
    def width(self) -> int:
        """The picture's width in pixels."""
        return self.picture.width

    @property
    def height(self) -> int:
        """The picture's height in pixels."""
        return self.picture.height

    @cached_property
    def message(self) -> bytes:
        """The frame as a `preview_frame` message, UTF-8 JSON; made once, for all connections."""
        return encode(
            PreviewFrame(
                device_id=self.device_id,
                frame_data=self.picture.data_url,
                width=self.width,
                height=self.height,
                timestamp=timestamp(self.timestamp),
            )
        )
