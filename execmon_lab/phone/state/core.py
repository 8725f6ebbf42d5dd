"""The ground every part of the state stands on: files, log, the change counter and the timers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.log import LogBuffer


class Core:
    """Shared ground of the state.

    Parameters
    ----------
    files, log
        The file system and the log of the phone.

    Attributes
    ----------
    version : int
        Counts changes of anything that may show on the screen.
    on_change : callable
        Called after each change.
    boot_time : float
        Wall clock, in seconds, of the last boot.
    """

    def __init__(self, files: FileSystem, log: LogBuffer) -> None:
        self.files = files
        self.log = log
        self.version = 0
        self.on_change: Callable[[], None] = lambda: None
        self.boot_time = time.time()
        self._timers: set[asyncio.TimerHandle] = set()

    def changed(self) -> None:
        """Count a change: the next frame is drawn anew."""
        self.version += 1
        self.on_change()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` on the event loop after `seconds`, unless the phone stops or reboots before."""

        def run() -> None:
            self._timers.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(handle)

    def cancel_timers(self) -> None:
        """Drop every pending action."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()

    def restarted(self) -> None:
        """Take now as the time of the boot."""
        self.boot_time = time.time()

    def uptime(self) -> float:
        """Seconds since the last boot."""
        return time.time() - self.boot_time
