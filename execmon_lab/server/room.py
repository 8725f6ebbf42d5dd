"""What the connections of one server share."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..hub import Hub
from ..protocol import DeviceStatus
from .access import Access
from .outbox import Outbox
from .previews import Previews
from .session import Sessions
from .settings import Settings
from .switchboard import Switchboard
from .tally import Tally


class Occupant(Protocol):
    """A connection, as the server sees it."""

    outbox: Outbox

    def check(self, now: float) -> None:
        """Hold it to its deadlines."""

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake."""


class DeviceDirectory(Protocol):
    """Who knows the devices."""

    def statuses(self) -> Mapping[str, DeviceStatus]:
        """Return the present status of every known device, by its id; quick, from any thread."""


class PlannedDevices:
    """The devices that executions name, as last heard of: for a server without a device pool.

    Parameters
    ----------
    hub
        Where the executions are.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def statuses(self) -> Mapping[str, DeviceStatus]:
        """Return the status of every device of every execution."""
        return {
            device.device_id: DeviceStatus(
                device_id=device.device_id, status=device.status, last_seen=device.last_seen
            )
            for execution in self._hub.executions()
            for device in execution.devices
        }


@dataclass(slots=True)
class Room:
    """What the connections of one server share; belongs to the loop's thread."""

    loop: asyncio.AbstractEventLoop
    settings: Settings
    access: Access
    switchboard: Switchboard
    previews: Previews
    sessions: Sessions
    devices: DeviceDirectory
    on_connect: Callable[[str], None]
    tally: Tally
    connections: dict[Occupant, None] = field(default_factory=dict)
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(64 * 1024)))
    clients: Counter[str] = field(default_factory=Counter)
    empty: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self, connection: Occupant) -> None:
        """Forget a connection that is gone."""
        if connection not in self.connections:
            return
        del self.connections[connection]
        self.tally.shed += connection.outbox.shed
        self.tally.conflated += connection.outbox.conflated
        if not self.connections:
            self.empty.set()

    def sweep(self) -> None:
        """Hold every connection and session to its deadlines."""
        now = time.monotonic()
        for connection in tuple(self.connections):
            connection.check(now)
        self.sessions.expire(now)
