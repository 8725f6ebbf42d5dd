"""From the publishers' threads to the connections: one inbox, one wake-up, one frame for all."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ..hub import Envelope, Hub, Subscription
from ..protocol import Detail
from .parcel import Batch, Kind, Parcel
from .tally import Tally

SLICE = 256
"""Messages handed on before sockets are looked at again, so that a burst does not fill the outboxes."""

BATCH = 16
"""Messages that are joined at most: a burst of log entries then costs each connection one system call."""

BATCH_BYTES = 16 * 1024
"""What is written in one piece at most: none of it is shed when the consumer turns out to be full."""


class Follower(Protocol):
    """What the switchboard needs of a connection."""

    def begin(self, state: Envelope) -> None:
        """Take the present state; `Switchboard.follow_execution` then gives what comes after it."""

    def send(self, parcel: Parcel) -> None:
        """Take a message."""

    @property
    def detail(self) -> Detail:
        """What it asked for."""

    def write(self, frames: bytes) -> bool:
        """Take several messages as they are; false when it cannot take them now."""


class Switchboard:
    """Connects executions and devices with the connections that follow them.

    Everything but `post` belongs to the loop's thread.

    Parameters
    ----------
    hub
        Where messages come from.
    loop
        The loop that the connections belong to.
    tally
        Where batches are counted.
    """

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop, tally: Tally) -> None:
        self._hub = hub
        self._loop = loop
        self._tally = tally
        self._inbox: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._awake = False
        self._executions: dict[str, dict[Follower, None]] = {}
        self._devices: dict[str, dict[Follower, None]] = {}
        self._joining: str | None = None
        self._subscriptions: list[Subscription] = []

    def open(self) -> None:
        """Begin to listen to the hub."""
        self._subscriptions = [
            self._hub.subscribe("execution.*.>", self._on_execution),
            self._hub.subscribe("device.*.device_status", self._on_device),
        ]

    def close(self) -> None:
        """Listen no more."""
        for subscription in self._subscriptions:
            subscription.close()
        self._inbox.clear()

    def post(self, deliver: Callable[[Any], None], item: object) -> None:
        """Have `deliver(item)` called in the loop's thread, in order; from any thread."""
        self._inbox.append((deliver, item))
        if not self._awake:
            self._awake = True
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:
                # The loop has ended: nobody is left to be told.
                self._inbox.clear()

    def join(self, follower: Follower, execution_id: str) -> None:
        """Give a connection the execution's present state, and every later message.

        `Follower.begin` is called with the state before this returns.

        Raises
        ------
        UnknownExecution
            When nothing is known of the execution.
        """
        self._joining = execution_id
        try:
            # A pattern that no subject fits: only the state comes, in its place among the messages.
            self._hub.subscribe(
                "nothing", lambda state: self.post(follower.begin, state), state_of=execution_id
            ).close()
            self._deliver(len(self._inbox))
        finally:
            self._joining = None

    def follow_execution(self, follower: Follower, execution_id: str) -> None:
        """Give a connection every message of an execution from here on."""
        self._executions.setdefault(execution_id, {})[follower] = None

    def follow_device(self, follower: Follower, device_id: str) -> None:
        """Give a connection every status of a device from here on."""
        self._devices.setdefault(device_id, {})[follower] = None

    def leave_execution(self, follower: Follower, execution_id: str) -> None:
        """End what `follow_execution` began; no error where nothing did."""
        _leave(self._executions, execution_id, follower)

    def leave_device(self, follower: Follower, device_id: str) -> None:
        """End what `follow_device` began; no error where nothing did."""
        _leave(self._devices, device_id, follower)

    # In the publisher's thread

    def _on_execution(self, envelope: Envelope) -> None:
        execution_id = getattr(envelope.message, "execution_id", None)
        if execution_id in self._executions or execution_id == self._joining:
            self.post(self._to_execution, envelope)

    def _on_device(self, envelope: Envelope) -> None:
        if getattr(envelope.message, "device_id", None) in self._devices:
            self.post(self._to_device, envelope)

    # In the loop's thread

    def _drain(self) -> None:
        self._awake = False
        try:
            self._deliver(SLICE)
        finally:
            if self._inbox and not self._awake:
                self._awake = True
                self._loop.call_soon(self._drain)

    def _deliver(self, most: int) -> None:
        for _ in range(most):
            if not self._inbox:
                return
            deliver, item = self._inbox.popleft()
            deliver(item)

    def _to_execution(self, envelope: Envelope) -> None:
        execution_id = getattr(envelope.message, "execution_id", "")
        followers = self._executions.get(execution_id)
        if not followers:
            return
        parcel = Parcel(envelope)
        if parcel.kind is Kind.GUARANTEED:
            _send(parcel, followers)
        else:
            self._send_batch(Batch([parcel, *self._take_behind(execution_id)]), followers)

    def _send_batch(self, batch: Batch, followers: dict[Follower, None]) -> None:
        for follower in tuple(followers):
            joined = batch.made.get(follower.detail) or batch.join(follower.detail)
            if joined.size <= BATCH_BYTES and follower.write(joined.frames):
                joined.receivers += 1
            else:
                for parcel in batch.parcels:
                    follower.send(parcel)
        for joined in batch.made.values():
            self._tally.batch(joined)

    def _take_behind(self, execution_id: str) -> list[Parcel]:
        """Take what stands next in the inbox and may be sent in one piece with what comes before it."""
        behind: list[Parcel] = []
        while self._inbox and len(behind) < BATCH - 1:
            deliver, item = self._inbox[0]
            if deliver != self._to_execution or item.message.GUARANTEED:
                break
            if getattr(item.message, "execution_id", "") != execution_id:
                break
            self._inbox.popleft()
            behind.append(Parcel(item))
        return behind

    def _to_device(self, envelope: Envelope) -> None:
        followers = self._devices.get(getattr(envelope.message, "device_id", ""))
        if followers:
            _send(Parcel(envelope), followers)


def _send(parcel: Parcel, followers: dict[Follower, None]) -> None:
    # A copy: a connection that overflows leaves while it is being sent to.
    for follower in tuple(followers):
        follower.send(parcel)


def _leave(table: dict[str, dict[Follower, None]], key: str, follower: Follower) -> None:
    followers = table.get(key)
    if followers is not None:
        followers.pop(follower, None)
        if not followers:
            del table[key]
