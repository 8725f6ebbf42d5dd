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
    "The picture is black although the screen is on: what it shows is protected (FLAG_SECURE), "
    "and neither screencap nor scrcpy may show it"
)
_AWAKE = re.compile(r"mWakefulness=(Awake|Dreaming)")

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
                state = self._device.session().shell("dumpsys power", timeout=2.0)
            except DeviceError as error:
                log.info("%s: nobody says why its picture is black: %s", self._device.serial, error)
                return
            self._tell(self._device.serial, "WARN", PROTECTED if _AWAKE.search(state) else OFF)
