"""What a page says to the widget."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ..control import AnyGesture
from ..protocol import LogSource, Quality
from .orders import AnyOrder


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What all have in common: the page that speaks, by a name it gave itself."""

    page: str


class Hello(Command, frozen=True, kw_only=True):
    """The page wants everything so far."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One device's picture in one quality."""

    device_id: str
    quality: Quality


class Watched(Stream, frozen=True, kw_only=True):
    """A picture on the page's screen; `decodes` names what the page can show of the device's own video."""

    decodes: tuple[Literal["h264"], ...] = ()


class Watch(Command, frozen=True, kw_only=True):
    """These pictures, and no others, are on the page's screen."""

    streams: tuple[Watched, ...]


class Key(Command, frozen=True, kw_only=True):
    """The page needs a key frame of a device's video."""

    device_id: str


class Seen(Stream, frozen=True, kw_only=True):
    """What a page says of a stream's frames that it drew since it last said so.

    `latency_ms` is the mean time from capture to drawing, by the `clock` that both sides have (``same``) or
    by the kernel's as the page estimates it.
    """

    frames: Annotated[int, Meta(ge=0, le=1000)]
    latency_ms: float
    clock: Literal["same", "estimated"]


class Drawn(Command, frozen=True, kw_only=True):
    """The frame of this number was drawn, or a later one."""

    number: int
    seen: tuple[Seen, ...] = ()


class Cancel(Command, frozen=True, kw_only=True):
    """The reader wants the execution to end; `id` is the page's own, for the answer."""

    id: int = 0


class Screenshot(Command, frozen=True, kw_only=True):
    """The page wants the picture behind a `screenshot_url`."""

    url: str


class Seek(Command, frozen=True, kw_only=True):
    """The page wants the picture that a device showed at a moment: ms since the epoch by the kernel's clock.

    `id` is the page's own, for the answer. Where the page is `hasty`, one from a little before will do; what
    is decoded comes in the `quality` that the page has room for.
    """

    id: int
    device_id: str
    at: float
    hasty: bool = False
    quality: Quality = "high"


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log, told by its time in ms since the epoch, its device, its source and its text."""

    at: int
    device_id: str
    message: str
    source: LogSource | None = None


class Earlier(Command, frozen=True, kw_only=True):
    """The page wants the lines of the log before its first; `id` is its own, for the answer."""

    id: int
    first: LogLine


class Shed(Command, frozen=True, kw_only=True):
    """The page wants lines of a device that were shed after one of its lines.

    `id` is the page's own, for the answer. Behind the line, `skip` are passed over and `count` are wanted.
    """

    id: int
    after: LogLine
    skip: Annotated[int, Meta(ge=0)] = 0
    count: Annotated[int, Meta(ge=1)]


class Control(Command, frozen=True, kw_only=True):
    """The reader takes the devices in hand, or lets go of them."""

    on: bool


class Touch(Command, frozen=True, kw_only=True):
    """The reader touched a device's picture, or typed.

    `id` is the page's own, for the answer. `at` is when, in ms since the epoch by the kernel's clock: a
    kernel that was busy hears of it late. `picture` is the width and height of the picture that was touched.
    """

    id: int
    device_id: str
    at: float
    picture: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]] = (1, 1)
    gesture: AnyGesture


class Steer(Command, frozen=True, kw_only=True):
    """The reader steers the execution; `id` is the page's own, for the answer."""

    id: int
    order: AnyOrder


class Forget(Command, frozen=True, kw_only=True):
    """The reader has no more need of the lines of code."""


AnyCommand = (
    Hello
    | Watch
    | Key
    | Drawn
    | Cancel
    | Screenshot
    | Seek
    | Earlier
    | Shed
    | Control
    | Touch
    | Forget
    | Steer
)


def read(content: Any) -> AnyCommand:
    """Read a custom message of the comm.

    Raises
    ------
    msgspec.ValidationError
        When it is no command; the text names the field.
    """
    command: AnyCommand = msgspec.convert(content, AnyCommand)
    return command
