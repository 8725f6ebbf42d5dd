"""Touches by way of a running server's control socket: at once, where ``input`` starts a program for each.

Source: ``control_msg.c`` and ``Controller.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

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
_KEY, _TEXT, _TOUCH = range(3)
_DOWN, _UP, _MOVE, _CANCEL = range(4)
_FINGER = -2  # SC_POINTER_ID_GENERIC_FINGER
_FULL_PRESSURE = 0xFFFF
_TEXT_BYTES = 300  # SC_CONTROL_MSG_INJECT_TEXT_MAX_LENGTH
_TOUCH_MESSAGE = struct.Struct(">BBqiiHHHii")
_KEY_MESSAGE = struct.Struct(">BBiii")


class ScrcpyTouches:
    """A finger on the screen, and keys, through the control socket.

    Parameters
    ----------
    send
        Sends a control message; `StreamBroken` where the server has gone.
    video
        The size of the video, which its positions refer to.
    screen
        The size of the screen as it is turned on the video, which ours refer to.
    wait
        Waits some seconds; tells whether all is to be given up.

    Raises
    ------
    ConnectionError
        By every method, when the server has gone; whatever finger was down is then up.
    """

    def __init__(
        self, send: Callable[[bytes], None], video: Size, screen: Size, wait: Callable[[float], bool]
    ) -> None:
        self._send_message = send
        self._video = video
        self._screen = screen
        self._wait = wait

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
            part = min(1.0, (time.monotonic() - began) / duration)
            if (x1, y1) != (x2, y2):
                self._touch(_MOVE, round(x1 + (x2 - x1) * part), round(y1 + (y2 - y1) * part))
        self._touch(_UP, x2, y2)

    def text(self, text: str) -> None:
        """Type."""
        for part in _parts(text):
            self._send(struct.pack(">BI", _TEXT, len(part)) + part)

    def key(self, key: str | int) -> None:
        """Press a key, by number or by one of the names in `KEYCODES`."""
        number = key if isinstance(key, int) else KEYCODES[key]
        for action in (_DOWN, _UP):
            self._send(_KEY_MESSAGE.pack(_KEY, action, number, 0, 0))

    def _touch(self, action: int, x: int, y: int) -> None:
        place = (
            min(int((pixel + 0.5) * video / screen), video - 1)
            for pixel, video, screen in zip((x, y), self._video, self._screen, strict=True)
        )
        pressure = 0 if action == _UP else _FULL_PRESSURE
        self._send(_TOUCH_MESSAGE.pack(_TOUCH, action, _FINGER, *place, *self._video, pressure, 0, 0))

    def _send(self, message: bytes) -> None:
        try:
            self._send_message(message)
        except StreamBroken as fault:
            raise ConnectionError(str(fault)) from fault


def _parts(text: str) -> list[bytes]:
    """Cut a text into what one message holds, between characters."""
    parts = [b""]
    for character in text:
        data = character.encode(errors="replace")
        if len(parts[-1]) + len(data) > _TEXT_BYTES:
            parts.append(b"")
        parts[-1] += data
    return [part for part in parts if part]
