"""Looks out for a picture that does not come, while somebody watches: the one who waits for it cannot."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from ..devices import Device
from .source import PreviewUnavailable

SILENT_SECONDS = 0.9
"""A device of which nothing was heard for so long is asked for a sign of life."""

ANSWER_SECONDS = 0.75
"""Within which it must give one."""

LATE_SECONDS = 1.6
"""A picture that takes longer is told of, and twice as long as the one before: an old phone may be slow."""

_LOOK_SECONDS = 0.1


class Lookout:
    """Tells, in a thread of its own, why there is no picture: within two seconds of the last sign of life.

    What it tells may come to nothing: the picture then comes, late, and all goes on. Whether a device is
    there is for its pool to say, which is more patient.

    Parameters
    ----------
    device
        Whose pictures.
    source
        What they come from, in a word, when asked.
    tell
        Told why there is none, once for each wait.
    """

    def __init__(
        self, device: Device, source: Callable[[], str], tell: Callable[[PreviewUnavailable], None]
    ) -> None:
        self._device = device
        self._source = source
        self._tell = tell
        self._stop = threading.Event()
        self._since: float | None = None  # a picture is awaited
        self._told: float | None = None  # the wait that was told of
        self._usual = 0.0  # seconds that a picture takes
        self._silent_at: float | None = None  # when it was told that the device is silent
        self._thread = threading.Thread(target=self._run, name=f"lookout-{device.serial}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    @contextlib.contextmanager
    def awaiting(self) -> Iterator[None]:
        """Look out for a picture while the block waits for it."""
        self._since = began = time.monotonic()
        try:
            yield
            self._usual = time.monotonic() - began
        finally:
            self._since = None

    @property
    def silent(self) -> bool:
        """Whether nothing was heard of the device since it was told that it does not answer."""
        at = self._silent_at
        return at is not None and self._device.online and self._device.silence > time.monotonic() - at

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            if self._device.online and self._device.silence > SILENT_SECONDS:
                self._ask()
            self._look()

    def _ask(self) -> None:
        """Ask a device for a sign of life."""
        pulse = self._device.probe(ANSWER_SECONDS)
        silence = self._device.silence
        if pulse == "silent" and silence > SILENT_SECONDS and not self.silent and not self._stop.is_set():
            self._silent_at = time.monotonic()
            self._say(f"the device has said nothing for {silence:.1f} s, and does not answer")

    def _look(self) -> None:
        """See whether a picture is late of a device that answers."""
        since = self._since
        if since is None or since == self._told or self.silent or not self._device.online:
            return
        late = time.monotonic() - since
        if late > max(LATE_SECONDS, 2 * self._usual):
            self._told = since
            self._say(f"{self._source()} has given no picture for {late:.1f} s, though the device answers")

    def _say(self, reason: str) -> None:
        self._tell(PreviewUnavailable(self._device.serial, reason))
