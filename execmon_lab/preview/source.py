"""Where the pictures of a preview come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from PIL import Image
from xxhash import xxh3_128, xxh3_128_digest

from ..devices import AdbTimeout, Device, DeviceDisconnected, DeviceError, SessionClosed, screencap
from ..devices.wire import Wire
from ..protocol import ErrorCode
from .encode import ImagePicture, Picture, can_use_planes

if TYPE_CHECKING:
    from .planar import Scaler

CAPTURE_TIMEOUT = 10.0
"""Seconds that one picture may take: an old phone on USB 2 needs more than one."""

_FIRST_BUFFER = 1 << 20
_AT_ONCE = 2 << 20  # Linux waits for half of what it may keep, at most: of 6 MB, as it comes


class PreviewUnavailable(DeviceError):
    """The device is there, but gives no picture (specification, "Runtime Errors")."""

    code: ClassVar[ErrorCode] = ErrorCode.PREVIEW_UNAVAILABLE

    def __init__(self, serial: str, reason: str) -> None:
        super().__init__(f"Cannot start live preview for {serial}: {reason}")
        self.serial = serial
        self.reason = reason


class Capture(NamedTuple):
    """A picture of the screen, valid until the next one is captured.

    Attributes
    ----------
    picture
        In the screen's full size.
    changed
        Whether it differs from the one before.
    """

    picture: Picture
    changed: bool

    @property
    def image(self) -> Image.Image:
        """The picture for Pillow, mode RGB or RGBX."""
        return self.picture.image()


class Source(Protocol):
    """Gives one picture of a device's screen after the other, to one thread."""

    @property
    def name(self) -> str:
        """What the pictures come from, for people: ``screencap``."""

    def capture(self) -> Capture:
        """Return the present picture.

        Raises
        ------
        DeviceDisconnected
            When the device is away, or goes.
        PreviewUnavailable
            When it is there and gives no picture.
        SessionClosed
            After `close`, which may come from another thread.
        """

    def close(self) -> None:
        """Let go of the device; a `capture` under way ends."""


class ScreencapSource:
    """Pictures by raw ``screencap``, each the device's own pixels, on connections of their own.

    Works on every device. Two buffers take turns, so that a picture costs no allocation.

    Parameters
    ----------
    device
        Whose screen.
    """

    name = "screencap"

    def __init__(self, device: Device) -> None:
        self._device = device
        self._lane = device.lane()
        self._scaler: Scaler | None = None
        self._shown: Picture | None = None  # what is in `_current`
        self._current = bytearray()
        self._digest = b""  # of what is in `_current`, where that was there twice
        self._spare = bytearray(_FIRST_BUFFER)

    def capture(self) -> Capture:
        """Return the present picture; see `Source.capture`."""
        serial = self._device.serial
        try:
            with self._lane.service("exec:screencap", "adb exec-out screencap", CAPTURE_TIMEOUT) as (wire, _):
                if len(self._spare) > _FIRST_BUFFER:
                    wire.gather(_AT_ONCE)
                likeness = Likeness(self._current, self._digest)
                raw = _read_all(wire, self._spare, likeness)
            self._lane.check()
            picture = screencap.locate(raw)
        except AdbTimeout as error:
            raise PreviewUnavailable(serial, f"no picture within {CAPTURE_TIMEOUT:g} seconds") from error
        except screencap.NoPicture as error:
            # A device that dies in the middle only ends the stream.
            if not self._device.answers():
                self._device.doubt()
                raise DeviceDisconnected(serial) from error
            raise PreviewUnavailable(serial, str(error)) from error
        if self._shown is not None and likeness.whole:
            self._spare, self._digest = raw, self._digest or xxh3_128_digest(raw)
            return Capture(self._shown, False)
        self._digest = b""
        self._current, self._spare = raw, self._current or bytearray(len(raw))
        self._shown = self._picture(picture, raw)
        return Capture(self._shown, True)

    def _picture(self, found: screencap.Picture, raw: bytearray) -> Picture:
        if not can_use_planes():
            return ImagePicture(found.image(raw))
        from . import planar  # needs PyAV and simplejpeg, an optional part

        if found.format.raw_mode not in planar.RAW_FORMATS:
            return ImagePicture(found.image(raw))
        if self._scaler is None:
            self._scaler = planar.Scaler()
        size = found.width, found.height
        frame = planar.frame_over(raw, found.start, size, found.format.raw_mode)
        return planar.FramePicture(frame, self._scaler)

    def close(self) -> None:
        """Let go of the device; a `capture` under way raises `SessionClosed`."""
        self._lane.close(SessionClosed(f"the preview of {self._device.serial} has ended"))


class Likeness:
    """Tells whether bytes that come part by part are those that came before.

    Each part is looked at while it is still in the processor's cache. Of what stood still the digest is at
    hand, and those before, which have left the cache, need not be gone over: that is a third of the cost. Of
    what moves the first part that differs tells.

    Parameters
    ----------
    before
        All that came before.
    digest
        Its XXH3, 128 bits of it; empty where that is not known.
    """

    def __init__(self, before: bytearray, digest: bytes) -> None:
        self._before = memoryview(before)
        self._digest = digest
        self._hash = xxh3_128() if digest else None
        self._taken = 0
        self._alike = True

    def take(self, buffer: bytearray, end: int) -> None:
        """Look at what has come into `buffer` since, up to `end`."""
        begin, self._taken = self._taken, end
        if self._hash is not None:
            self._hash.update(memoryview(buffer)[begin:end])
        elif self._alike:
            self._alike = buffer.startswith(self._before[begin:end], begin) and end <= len(self._before)

    @property
    def whole(self) -> bool:
        """Whether all that came before has come again, and no more."""
        if self._hash is not None:
            return self._hash.digest() == self._digest
        return self._alike and self._taken == len(self._before)


def _read_all(wire: Wire, buffer: bytearray, likeness: Likeness) -> bytearray:
    """Read to the end into `buffer`, when the content fits it exactly, else into a new one that it does."""
    view, filled = memoryview(buffer), 0
    while True:
        if filled == len(buffer):
            extra = bytearray(4096)
            count = wire.recv_into(extra)
            if count > 0:
                buffer = buffer + extra[:count] + bytes(len(buffer))
                view = memoryview(buffer)
        else:
            count = wire.recv_into(view[filled:])
        if count == 0:
            return buffer if filled == len(buffer) else buffer[:filled]
        filled += count
        likeness.take(buffer, filled)
