"""How long something went on, of which several may go on at once."""

import threading
import time
from collections.abc import Callable


class Stopwatch:
    """Counts the time in which at least one of several things goes on; from any thread.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self._sum = 0.0
        self._frozen = False

    @property
    def seconds(self) -> float:
        """The time so far, in seconds to the millisecond."""
        with self._lock:
            return round(self._sum + (self._clock() - self._since if self._under_way else 0.0), 3)

    def start(self) -> None:
        """Note that one more thing has begun."""
        with self._lock:
            if self._frozen:
                return
            if self._under_way == 0:
                self._since = self._clock()
            self._under_way += 1

    def stop(self) -> None:
        """Note that one of them has ended."""
        with self._lock:
            if self._under_way:
                self._under_way -= 1
                if self._under_way == 0:
                    self._sum += self._clock() - self._since

    def freeze(self) -> None:
        """Count no further, whatever still goes on."""
        with self._lock:
            if self._under_way:
                self._sum += self._clock() - self._since
            self._under_way, self._frozen = 0, True
