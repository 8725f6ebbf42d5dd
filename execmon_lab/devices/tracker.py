"""What the adb server says of its devices, as it changes."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import NamedTuple

import adbutils

from .adbserver import AdbServer
from .errors import ServerError
from .wire import Wire

log = logging.getLogger(__name__)

_LINE = re.compile(r"^(?P<serial>\S+)\s+(?P<state>no permissions|\S+)(?:.*\stransport_id:(?P<id>\d+))?")
_TRUST = ("unauthorized", "authorizing", "no permissions")


class Listed(NamedTuple):
    """One line of ``adb devices -l``."""

    serial: str
    state: str
    transport_id: int | None

    @property
    def usable(self) -> bool:
        """Whether commands can be sent to it."""
        return self.state == "device" and self.transport_id is not None

    @property
    def untrusting(self) -> bool:
        """Whether it (or the computer's own permissions) keeps us out."""
        return self.state.startswith(_TRUST)


Listing = dict[str, Listed]


def parse(text: str) -> Listing:
    """Read the output of ``adb devices -l``, without its heading."""
    found = (_LINE.match(line.strip()) for line in text.splitlines())
    listed = (Listed(m["serial"], m["state"], int(m["id"]) if m["id"] else None) for m in found if m)
    return {entry.serial: entry for entry in listed}


class Tracker:
    """Tells every change of the server's list, from a thread of its own, until it is closed.

    Each time the whole list is told, so that a device that only changed its state is never seen to leave.
    While the server does not answer the list is empty.

    Parameters
    ----------
    server
        Whose devices.
    on_listing
        Called with the whole list.
    """

    def __init__(self, server: AdbServer, on_listing: Callable[[Listing], None]) -> None:
        self._server = server
        self._on_listing = on_listing
        self._closing = threading.Event()
        self._wire: Wire | None = None
        self._thread = threading.Thread(target=self._run, name=f"adb-track-{server.port}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = 0.0
        while not self._closing.wait(pause):
            try:
                self._follow()
            except (OSError, EOFError, adbutils.AdbError, ServerError) as error:
                if self._closing.is_set():
                    return
                log.info("the adb server at %s does not answer: %s", self._server.address, error)
            self._on_listing({})
            pause = min(pause * 2 or 0.05, 1.0)

    def _follow(self) -> None:
        self._server.ensure()
        with self._server.connect(timeout=5) as wire:
            self._wire = wire
            wire.request("host:track-devices-l")
            wire.extend(None)
            while not self._closing.is_set():
                self._on_listing(parse(wire.block()))

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._wire is not None:
            self._wire.end(EOFError("closed"))
        self._thread.join(timeout=6)
