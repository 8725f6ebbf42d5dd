"""A list that goes on after the finger has left it, and slows down."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from execmon_lab.phone.screen.node import Scroller

SLOWEST, FASTEST = 50.0, 8000.0
"""Of ViewConfiguration, in dp a second: below the one nothing goes on, above the other nothing goes."""

# Of android.widget.OverScroller, at 160 dots per inch.
_INFLEXION = 0.35
_DECELERATION = math.log(0.78) / math.log(0.9)
_FRICTION = 0.015 * 9.80665 * 39.37 * 160 * 0.84


class Fling:
    """The way of a list after a finger has left it, as Android reckons it.

    Parameters
    ----------
    scroller
        The list.
    speed
        Of the finger when it left, in dp a second; below 0 towards the list's beginning.
    scale
        Stretches the time it takes; at 0 the list is there at once.
    clock
        Returns the seconds of a clock that only rises.
    """

    def __init__(
        self,
        scroller: Scroller,
        speed: float,
        scale: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        speed = math.copysign(min(abs(speed), FASTEST), speed)
        power = math.log(_INFLEXION * abs(speed) / _FRICTION)
        self._scroller = scroller
        self._seconds = scale * math.exp(power / (_DECELERATION - 1))
        self._distance = math.copysign(
            _FRICTION * math.exp(_DECELERATION / (_DECELERATION - 1) * power), speed
        )
        self._clock = clock
        self._began = clock()
        self._gone = 0.0

    @property
    def left(self) -> float:
        """Seconds until it stands still, unless it comes to an end of the list before."""
        return max(0.0, self._began + self._seconds - self._clock())

    def go(self) -> bool:
        """Bring the list to where it is by now; False when it stands still."""
        share = 1 - self.left / self._seconds if self._seconds else 1.0
        gone = self._distance * (1 - (1 - share) ** (1 / _INFLEXION))
        step, self._gone = gone - self._gone, gone
        at_end = not self._scroller.move(step) and step != 0
        return share < 1 and not at_end
