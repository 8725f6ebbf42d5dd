"""Somebody who watches a device, as pictures or as video: what is handed over, and what goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar

from ..devices import DeviceError

log = logging.getLogger(__name__)

OnError = Callable[[DeviceError], None]


class Shown(Protocol):
    """What a watcher is handed."""

    @property
    def device_id(self) -> str:
        """The device's serial."""


T = TypeVar("T", bound=Shown)


class Watcher(Generic[T]):
    """Somebody watching a device, until `close`.

    Parameters
    ----------
    on_shown
        Given what comes; what it raises is logged once, and stays its own.
    on_error
        Told why nothing comes.
    leave
        Told of the end.
    """

    def __init__(
        self, on_shown: Callable[[T], None], on_error: OnError | None, leave: Callable[[Any], None]
    ) -> None:
        self._on_shown = on_shown
        self._on_error = on_error
        self._leave = leave
        self._closed = False
        self._failed = False

    def show(self, shown: T) -> None:
        """Hand something over."""
        if self._closed:
            return
        try:
            self._on_shown(shown)
        except Exception:
            if not self._failed:
                log.exception("a watcher of %s failed; it is not told again", shown.device_id)
            self._failed = True

    def fail(self, error: DeviceError) -> None:
        """Tell why nothing comes."""
        if self._closed or self._on_error is None:
            return
        try:
            self._on_error(error)
        except Exception:
            log.exception("a watcher failed to be told: %s", error)

    def close(self) -> None:
        """Watch no longer; from any thread, the callback's own included, and any number of times."""
        if not self._closed:
            self._closed = True
            self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
