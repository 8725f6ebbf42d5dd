"""Touches by way of a running server's control socket: at once, where ``input`` starts a program for each.

Source: ``control_msg.c``, ``Controller.java`` and ``KeyComposition.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import itertools
import struct
import time
import unicodedata
from collections.abc import Callable
from typing import Protocol

from ...devices import DeviceError, ScreenTurned, SessionClosed
from .packets import StreamBroken

Size = tuple[int, int]
"""Width and height, in pixels."""

KEYCODES = {
    "KEYCODE_HOME": 3,
    "KEYCODE_BACK": 4,
    "KEYCODE_DPAD_UP": 19,
    "KEYCODE_DPAD_DOWN": 20,
    "KEYCODE_DPAD_LEFT": 21,
    "KEYCODE_DPAD_RIGHT": 22,
    "KEYCODE_TAB": 61,
    "KEYCODE_ENTER": 66,
    "KEYCODE_DEL": 67,
    "KEYCODE_FORWARD_DEL": 112,
    "KEYCODE_APP_SWITCH": 187,
}
"""Android's numbers of its keys (``KeyEvent``)."""

TAP_SECONDS = 0.05
MOVE_SECONDS = 1 / 60
NOTCH_SHARE = 0.16
"""Of the screen's shorter side, what Android scrolls by a notch: 64 dp of some 400."""

ACKNOWLEDGE_SECONDS = 5.0
"""Within which the server must say that the clipboard is set: a preview at a slow pace reads it late."""

PASTE_SECONDS = 0.1
"""The app gets so long to read the clipboard, once the key is pressed, before other text may be put there."""

_KEY, _TEXT, _TOUCH, _SCROLL = range(4)
_SET_CLIPBOARD = 9
_DOWN, _UP, _MOVE, _CANCEL = range(4)
_FINGER = -2  # SC_POINTER_ID_GENERIC_FINGER
_FULL_PRESSURE = 0xFFFF
_TEXT_BYTES = 300  # SC_CONTROL_MSG_INJECT_TEXT_MAX_LENGTH
_MAX_NOTCHES = 16
_POLL_SECONDS = 0.01
_TOUCH_MESSAGE = struct.Struct(">BBqiiHHHii")
_SCROLL_MESSAGE = struct.Struct(">BiiHHhhi")
_KEY_MESSAGE = struct.Struct(">BBiii")
_CLIPBOARD_MESSAGE = struct.Struct(">BQ?I")
_HALF = "it was done in part, and is not done again"
_DEAD_KEYS = "\u0300\u0301\u0302\u0303\u0308"
_numbers = itertools.count(1)  # of the clipboards that are sent, in all sessions


class HalfDone(DeviceError):
    """The server went in the middle of a gesture, which must not be done a second time."""


class Unconfirmed(DeviceError):
    """The server did not say that it had done what it was asked for."""


class Stream(Protocol):
    """The running server, as touches need it: a `ScrcpySource`."""

    @property
    def video(self) -> Size | None:
        """The size of the video as it comes now; None before it is known."""

    @property
    def acknowledged(self) -> int:
        """The number of the last clipboard that the server has set."""

    def send(self, message: bytes) -> None:
        """Send a control message; `StreamBroken` or `SessionClosed` where the server has gone."""


class ScrcpyTouches:
    """A finger on the screen, keys and the wheel, through the control socket; for one gesture.

    Parameters
    ----------
    stream
        The server.
    video
        The size of the video, which its positions refer to.
    screen
        The size of the screen as it is turned on the video, which ours refer to; None for keys alone.
    wait
        Waits some seconds; tells whether all is to be given up.

    Raises
    ------
    ConnectionError
        By every method, when the server has gone before anything was sent to it.
    HalfDone
        When it has gone since, or begun anew.
    ScreenTurned
        When the screen was turned meanwhile; whatever finger was down is then up.
    """

    def __init__(
        self, stream: Stream, video: Size | None, screen: Size | None, wait: Callable[[float], bool]
    ) -> None:
        self._stream = stream
        self._video = video
        self._screen = screen
        self._wait = wait
        self._begun = False

    def tap(self, x: int, y: int) -> None:
        """Touch a pixel."""
        self.swipe(x, y, x, y, TAP_SECONDS)

    def swipe(self, x1: int, y1: int, x2: int, y2: int, duration: float = 0.3) -> None:
        """Draw a finger from one pixel to another in `duration` seconds."""
        began = time.monotonic()
        self._touch(_DOWN, x1, y1)
        while (passed := time.monotonic() - began) < duration:
            if self._wait(min(MOVE_SECONDS, duration - passed)):
                self._touch(_CANCEL, x1, y1)
                return
            self._check()
            part = min(1.0, (time.monotonic() - began) / duration)
            if (x1, y1) != (x2, y2):
                self._touch(_MOVE, round(x1 + (x2 - x1) * part), round(y1 + (y2 - y1) * part))
        self._touch(_UP, x2, y2)
        self._check()

    def scroll(self, x: int, y: int, dx: int, dy: int) -> None:
        """Turn the wheel over a pixel, to show what lies so many pixels further right, and further down."""
        assert self._screen is not None
        notch = NOTCH_SHARE * min(self._screen)
        turns = (_fixed(dx / notch), _fixed(-dy / notch))  # Android's wheel shows what lies further up
        self._send(_SCROLL_MESSAGE.pack(_SCROLL, *self._place(x, y), *turns, 0))

    def text(self, text: str) -> None:
        """Type; what Android's keyboard has no keys for is pasted, by way of the device's clipboard.

        Raises
        ------
        Unconfirmed
            When the server does not say that the clipboard is set.
        """
        if all(map(_has_keys, text)):
            for part in _parts(text):
                self._send(struct.pack(">BI", _TEXT, len(part)) + part)
        else:
            self._paste(text)

    def key(self, key: str | int) -> None:
        """Press a key, by number or by one of the names in `KEYCODES`."""
        number = key if isinstance(key, int) else KEYCODES[key]
        for action in (_DOWN, _UP):
            self._send(_KEY_MESSAGE.pack(_KEY, action, number, 0, 0))

    def _paste(self, text: str) -> None:
        number, data = next(_numbers), text.encode(errors="replace")
        self._send(_CLIPBOARD_MESSAGE.pack(_SET_CLIPBOARD, number, True, len(data)) + data)
        deadline = time.monotonic() + ACKNOWLEDGE_SECONDS
        while self._stream.acknowledged < number:
            if time.monotonic() > deadline:
                raise Unconfirmed("the device did not say that it took the text: it may be there or not")
            if self._wait(_POLL_SECONDS):
                return
        self._wait(PASTE_SECONDS)

    def _check(self) -> None:
        """See that the screen was not turned under the finger: positions of a former size are passed over."""
        video = self._stream.video
        if video == self._video:
            return
        if video is None:
            raise HalfDone(f"{_HALF}: scrcpy's stream began anew")
        self._video = video
        self._touch(_CANCEL, 0, 0)
        raise ScreenTurned("the touch was let go")

    def _touch(self, action: int, x: int, y: int) -> None:
        pressure = 0 if action == _UP else _FULL_PRESSURE
        self._send(_TOUCH_MESSAGE.pack(_TOUCH, action, _FINGER, *self._place(x, y), pressure, 0, 0))

    def _place(self, x: int, y: int) -> tuple[int, int, int, int]:
        """Return a pixel of the screen as a position: where it is on the video, and the video's size."""
        assert self._video is not None
        assert self._screen is not None
        (width, height), (across, down) = self._video, self._screen
        return _scaled(x, across, width), _scaled(y, down, height), width, height

    def _send(self, message: bytes) -> None:
        try:
            self._stream.send(message)
        except (StreamBroken, SessionClosed) as fault:
            if self._begun:
                raise HalfDone(f"{_HALF}: {fault}") from fault
            raise ConnectionError(str(fault)) from fault
        self._begun = True


def _scaled(pixel: int, screen: int, video: int) -> int:
    return min(int((pixel + 0.5) * video / screen), video - 1)


def _fixed(notches: float) -> int:
    """Return turns of the wheel as a fixed-point number of 16 bits."""
    return max(-0x8000, min(0x7FFF, round(notches / _MAX_NOTCHES * 0x8000)))


def _has_keys(character: str) -> bool:
    """Whether the server types a character: ASCII, and what dead keys compose (``KeyComposition.java``)."""
    if character in "\n\tçÇß" or (character.isascii() and character.isprintable()):
        return True
    parts = unicodedata.normalize("NFD", character)
    return len(parts) == 2 and parts[0].isascii() and parts[1] in _DEAD_KEYS and character not in "Ṽṽ"


def _parts(text: str) -> list[bytes]:
    """Cut a text into what one message holds, between characters."""
    parts = [b""]
    for character in text:
        data = character.encode(errors="replace")
        if len(parts[-1]) + len(data) > _TEXT_BYTES:
            parts.append(b"")
        parts[-1] += data
    return [part for part in parts if part]
