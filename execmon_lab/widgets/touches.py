"""The touches of pages on their way to the devices: which are let through, and what pages are answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..control import AnyGesture, Pick, Script
from ..control.gestures import Pointing, Size
from ..devices import ScreenTurned
from .commands import Touch
from .numbers import Sized
from .parcel import Parcel

STALE_SECONDS = 2.0
"""A touch that a busy kernel hears of later than this is not carried out: the screen is another by then."""


CODE_LINES = 30
"""How many lines of code a page is sent."""


class Manual(Protocol):
    """What carries gestures out: a `ManualControl`."""

    script: Script

    def send(
        self,
        device_id: str,
        gesture: AnyGesture,
        picture: Size,
        done: Callable[[str | None], None],
        /,
    ) -> None:
        """Carry a gesture out soon, and call `done` with None, or with why not; never blocks."""

    def close(self) -> None:
        """End it."""


class Touches:
    """Judges what pages send, and passes it on.

    Parameters
    ----------
    manual
        What carries gestures out.
    answer
        Sends a parcel to the pages; from any thread.
    newest
        Gives the size of the newest picture of a device, if there is one.
    has_device
        Tells whether the execution uses a device.
    clock
        Seconds since the epoch.
    """

    def __init__(
        self,
        manual: Manual,
        answer: Callable[[Parcel], None],
        newest: Callable[[str], Sized | None],
        has_device: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._manual = manual
        self._answer = answer
        self._newest = newest
        self._has_device = has_device
        self._clock = clock
        manual.script.on_change = self.tell_code

    def take(self, touch: Touch, *, on: bool) -> None:
        """Pass a touch on, if nothing speaks against it; the page is answered.

        All but a pick, which touches nothing, need control to be `on`.
        """

        def done(refused: str | None) -> None:
            self._answer(Parcel({"kind": "touched", "page": touch.page, "id": touch.id, "refused": refused}))

        off = not on and not isinstance(touch.gesture, Pick)
        refusal = "control is switched off" if off else self._refusal(touch)
        if refusal is not None:
            done(refusal)
            return
        self._manual.send(touch.device_id, touch.gesture, touch.picture, done)

    def _refusal(self, touch: Touch) -> str | None:
        if not self._has_device(touch.device_id):
            return f"{touch.device_id} is no device of this execution"
        late = self._clock() - touch.at / 1000
        if late > STALE_SECONDS:
            return f"the kernel was busy for {late:.0f} s: nothing was sent"
        newest = self._newest(touch.device_id)
        if newest is not None and isinstance(touch.gesture, Pointing) and _turned(newest, touch.picture):
            return str(ScreenTurned())
        return None

    def tell_code(self) -> None:
        """Send the pages the newest lines of code that touches have become."""
        lines = self._manual.script.lines[-CODE_LINES:]
        self._answer(Parcel({"kind": "code", "lines": [line._asdict() for line in lines]}))

    def forget_code(self) -> None:
        """Forget all lines of code."""
        self._manual.script.clear()

    def close(self) -> None:
        """Let go of the devices."""
        self._manual.close()


def _turned(newest: Sized, picture: Size) -> bool:
    return (newest.width > newest.height) != (picture[0] > picture[1])
