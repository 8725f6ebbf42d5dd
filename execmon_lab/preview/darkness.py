"""Why a picture is black: the screen is off, or shows what no picture may be taken of."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from ..devices import Device, DeviceError
from ..protocol import Level
from .encode import Picture

log = logging.getLogger(__name__)

OFF = "The picture is black: the screen is off"
PROTECTED = (
    "The picture is black although the screen is on: {window} is protected (FLAG_SECURE), and neither "
    "screencap nor scrcpy may show it"
)
UNEXPLAINED = (
    "The picture is black although the screen is on: what it shows is black, or is protected in a way that "
    "the device does not tell, as films are"
)
_QUESTION = "dumpsys power; dumpsys window windows"
_ASLEEP = re.compile(r"mWakefulness=(Asleep|Dozing)")
_WINDOW = re.compile(r"^ *Window #\d+ Window\{\S+ (?:u\d+ )?(.+?)(?: EXITING)?\}:", re.MULTILINE)
_HIDDEN = re.compile(r"mHasSurface=false|isOnScreen=false|isReadyForDisplay\(\)=false")
_FLAGS = re.compile(r"\bfl=(?:#?([0-9a-f]{1,8})\b|([^\n}]*))")
_SECURE = 0x2000

Tell = Callable[[str, Level, str], None]
"""Takes a device's serial, a level and a line for the user."""


class Darkness:
    """Tells the user, once each time, that a device's picture went black, and why.

    Parameters
    ----------
    device
        Whose pictures.
    tell
        Told of it.
    """

    def __init__(self, device: Device, tell: Tell) -> None:
        self._device = device
        self._tell = tell
        self._dark = False

    def look(self, picture: Picture) -> None:
        """Look at a picture that differs from the one before."""
        was_dark, self._dark = self._dark, picture.is_dark()
        if self._dark and not was_dark:
            try:
                state = self._device.session().shell(_QUESTION, timeout=2.0)
            except DeviceError as error:
                log.info("%s: nobody says why its picture is black: %s", self._device.serial, error)
                return
            self._tell(self._device.serial, *reason(state))


def reason(state: str) -> tuple[Level, str]:
    """Return why a picture is black, as a level and a line for the user.

    Parameters
    ----------
    state
        What the device says of its power and its windows.
    """
    if _ASLEEP.search(state):
        return "WARN", OFF
    window = secure_window(state)
    return ("INFO", UNEXPLAINED) if window is None else ("WARN", PROTECTED.format(window=window))


def secure_window(state: str) -> str | None:
    """Return the title of the topmost window on the screen that has FLAG_SECURE, None where there is none.

    Android 8 and later write the flags by name (``fl=LAYOUT_IN_SCREEN SECURE``), those before as a number
    (``fl=#81812100``).
    """
    _, *parts = _WINDOW.split(state)
    for title, said in zip(parts[::2], parts[1::2], strict=True):
        flags = _FLAGS.search(said)
        if flags is None or _HIDDEN.search(said):
            continue
        number, names = flags.groups()
        if int(number, 16) & _SECURE if number else "SECURE" in names.split():
            return str(title)
    return None
