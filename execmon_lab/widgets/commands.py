"""What a page says to the widget."""

from __future__ import annotations

from typing import Any

import msgspec

from ..protocol import Quality


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What all have in common: the page that speaks, by a name it gave itself."""

    page: str


class Hello(Command, frozen=True, kw_only=True):
    """The page wants everything so far."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One device's picture in one quality."""

    device_id: str
    quality: Quality


class Watch(Command, frozen=True, kw_only=True):
    """These pictures, and no others, are on the page's screen."""

    streams: tuple[Stream, ...]


class Drawn(Command, frozen=True, kw_only=True):
    """The frame of this number was drawn, or a later one."""

    number: int


class Cancel(Command, frozen=True, kw_only=True):
    """The reader wants the execution to end."""


class Screenshot(Command, frozen=True, kw_only=True):
    """The page wants the picture behind a `screenshot_url`."""

    url: str


AnyCommand = Hello | Watch | Drawn | Cancel | Screenshot


def read(content: Any) -> AnyCommand:
    """Read a custom message of the comm.

    Raises
    ------
    msgspec.ValidationError
        When it is no command; the text names the field.
    """
    command: AnyCommand = msgspec.convert(content, AnyCommand)
    return command
