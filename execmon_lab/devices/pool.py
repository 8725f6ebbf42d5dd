"""The devices that there are: found, followed, given out."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from ..protocol import DeviceState
from .adbserver import AdbServer
from .device import HEARTBEAT_TIMEOUT, Device
from .errors import NoDevice
from .tracker import Listing, Tracker

log = logging.getLogger(__name__)

OnStatus = Callable[[str, DeviceState, datetime | None], None]


class DeviceRecord(NamedTuple):
    """What the pool says of one device; `last_seen` is UTC, None when it was never there."""

    serial: str
    status: DeviceState
    last_seen: datetime | None


@dataclass
class _Entry:
    device: Device
    untrusting: bool = False
    held: bool = False
    told: DeviceState | None = None
    heart: threading.Thread | None = None
    wake: threading.Event = field(default_factory=threading.Event)

    @property
    def ever_there(self) -> bool:
        return self.untrusting or self.device.last_seen is not None

    @property
    def status(self) -> DeviceState:
        if self.untrusting:
            return "unauthorized"
        if not self.device.online:
            return "offline"
        return "busy" if self.held else "available"


class DevicePool:
    """Follows the devices of an adb server; safe to use from any thread.

    Parameters
    ----------
    server
        Whose devices.
    serials
        Only these, which are then known (as ``offline``) before they appear; all that appear, when absent.
    on_status
        Called with serial, status (specification, "Device Status Change") and when the device was last seen,
        at every change of status, one call at a time and in order, from the thread that noticed. It may call
        the pool.
    heartbeat
        Seconds of silence after which a device is asked for a sign of life.
    heartbeat_timeout
        Seconds that it has to answer, before it counts as gone.
    """

    def __init__(
        self,
        server: AdbServer,
        serials: Sequence[str] | None = None,
        on_status: OnStatus | None = None,
        *,
        heartbeat: float = 2.0,
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    ) -> None:
        self.server = server
        self._only = None if serials is None else frozenset(serials)
        self._on_status = on_status
        self._heartbeat = heartbeat
        self._heartbeat_timeout = heartbeat_timeout
        self._changed = threading.Condition(threading.RLock())
        self._telling = threading.RLock()
        self._to_tell: deque[DeviceRecord] = deque()
        self._entries: dict[str, _Entry] = {}
        self._listing: Listing = {}
        self._closing = threading.Event()
        for serial in serials or ():
            self._entry(serial)
        self._tell()
        self._tracker = Tracker(server, self._update)

    def __repr__(self) -> str:
        known = ", ".join(f"{serial} {entry.status}" for serial, entry in list(self._entries.items()))
        return f"<devices of the adb server at {self.server.address}: {known or 'none'}>"

    # Who is there

    def snapshot(self) -> dict[str, DeviceRecord]:
        """Return every device that is or was there, by its serial."""
        with self._changed:
            return {serial: _record(entry) for serial, entry in self._entries.items()}

    def get(self, serial: str) -> Device:
        """Return a device, there or not.

        Raises
        ------
        NoDevice
            When the pool has never heard of it.
        """
        with self._changed:
            return self._known(serial).device

    def wait(
        self, count: int = 1, *, serials: Sequence[str] | None = None, timeout: float = 30.0
    ) -> list[Device]:
        """Wait until devices are there and answer, whoever holds them.

        Parameters
        ----------
        count
            How many at least; all that are there are returned.
        serials
            Exactly these instead, returned in this order.
        timeout
            Seconds to wait.

        Raises
        ------
        NoDevice
            When they have not come; it lists what is there, and says what to do.
        """

        def online() -> list[Device]:
            wanted = self._entries if serials is None else serials
            found = (self._entries.get(serial) for serial in wanted)
            return [entry.device for entry in found if entry and entry.status in ("available", "busy")]

        enough = count if serials is None else len(serials)
        with self._changed:
            if self._changed.wait_for(lambda: len(online()) >= enough, timeout):
                return online()
            wanted = f"{count} device{'s' * (count != 1)}" if serials is None else ", ".join(serials)
            raise NoDevice(f"{wanted} not there after {timeout:g} s; {self._what_is_there()}")

    def wait_available(self, serial: str, timeout: float) -> Device:
        """Wait until a device is there and answers (again), whoever holds it.

        Raises
        ------
        NoDevice
            When it is not after `timeout` seconds.
        """
        return self.wait(serials=[serial], timeout=timeout)[0]

    # Who has it

    def acquire(self, serial: str, timeout: float = 0.0) -> Device:
        """Take a device for oneself, which makes it ``busy`` until `release`.

        Raises
        ------
        NoDevice
            When it is unknown, or not available within `timeout` seconds.
        """
        with self._changed:
            entry = self._known(serial)
            if not self._changed.wait_for(lambda: entry.status == "available", timeout):
                raise NoDevice(f"{serial} is {entry.status}; {self._what_is_there()}")
            entry.held = True
            self._note(entry)
        self._tell()
        return entry.device

    def acquire_all(self, serials: Sequence[str]) -> None:
        """Take several devices, or none of them, without waiting.

        Raises
        ------
        NoDevice
            When one is unknown, or not available.
        """
        with self._changed:
            entries = [self._known(serial) for serial in serials]
            for entry in entries:
                if entry.status != "available":
                    raise NoDevice(f"{entry.device.serial} is {entry.status}; {self._what_is_there()}")
            for entry in entries:
                entry.held = True
                self._note(entry)
        self._tell()

    def release(self, serial: str) -> None:
        """Give a device back; one that is not held stays so."""
        with self._changed:
            entry = self._known(serial)
            entry.held = False
            self._note(entry)
        self._tell()

    @contextlib.contextmanager
    def held(self, serial: str, timeout: float = 0.0) -> Iterator[Device]:
        """`acquire` a device for a ``with`` block."""
        device = self.acquire(serial, timeout)
        try:
            yield device
        finally:
            self.release(serial)

    def close(self) -> None:
        """End every thread of the pool, and every command that is under way; the adb server runs on."""
        self._closing.set()
        self._tracker.close()
        with self._changed:
            entries = list(self._entries.values())
        for entry in entries:
            entry.wake.set()
            entry.device.interrupt()
        for entry in entries:
            if entry.heart is not None:
                entry.heart.join(timeout=self._heartbeat_timeout + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Following

    def _update(self, listing: Listing) -> None:
        with self._changed:
            self._listing = listing
            for serial in listing:
                if self._only is None or serial in self._only:
                    self._entry(serial)
            for serial, entry in self._entries.items():
                listed = listing.get(serial)
                entry.untrusting = listed is not None and listed.untrusting
                if listed is not None and listed.usable and listed.transport_id is not None:
                    entry.device.attach(listed.transport_id)
                    self._start_heart(entry)
                else:
                    entry.device.detach()
                self._note(entry)
        self._tell()

    def _start_heart(self, entry: _Entry) -> None:
        if entry.heart is None and not self._closing.is_set():
            name = f"heartbeat-{entry.device.serial}"
            entry.heart = threading.Thread(target=self._beat, args=(entry,), name=name, daemon=True)
            entry.heart.start()

    def _beat(self, entry: _Entry) -> None:
        """Ask the device for a sign of life whenever nothing else was heard of it."""
        device = entry.device
        while not self._closing.is_set():
            entry.wake.wait(self._until_next_beat(device))
            entry.wake.clear()
            transport = device.present_transport
            if transport is None or (device.online and device.silence < self._heartbeat):
                continue
            pulse = device.probe(self._heartbeat_timeout)
            if device.present_transport != transport or self._closing.is_set():
                continue
            if pulse == "alive" or (pulse == "silent" and device.silence >= self._heartbeat_timeout):
                with self._changed:
                    device.note_silence(pulse == "silent")
                    self._note(entry)
                self._tell()

    def _doubted(self, entry: _Entry) -> None:
        with self._changed:
            self._note(entry)
        entry.wake.set()
        self._tell()

    def _until_next_beat(self, device: Device) -> float:
        if not device.online:
            return min(self._heartbeat, 0.5)
        return max(self._heartbeat - device.silence, 0.01)

    # Telling

    def _entry(self, serial: str) -> _Entry:
        entry = self._entries.get(serial)
        if entry is None:
            entry = self._entries[serial] = _Entry(Device(self.server, serial))
            entry.device.on_doubt = functools.partial(self._doubted, entry)
        return entry

    def _known(self, serial: str) -> _Entry:
        try:
            return self._entries[serial]
        except KeyError:
            raise NoDevice(f"no device {serial}; {self._what_is_there()}") from None

    def _note(self, entry: _Entry) -> None:
        """Take down a change of status, to be told once the lock is free."""
        status = entry.status
        if status != entry.told:
            entry.told = status
            self._to_tell.append(_record(entry))
            self._changed.notify_all()

    def _tell(self) -> None:
        with self._telling:
            while self._to_tell:
                record = self._to_tell.popleft()
                if self._on_status is None:
                    continue
                try:
                    self._on_status(*record)
                except Exception:
                    log.exception("on_status failed for %s", record.serial)

    def _what_is_there(self) -> str:
        """Tell of every device that is or was there, also of those that are not the pool's."""
        known = {serial: str(entry.status) for serial, entry in self._entries.items() if entry.ever_there}
        others = {
            serial: "available" if listed.usable else listed.state for serial, listed in self._listing.items()
        }
        seen = ", ".join(f"{serial} ({state})" for serial, state in (others | known).items())
        advice = "connect one, or start a virtual phone (execmon-lab phone)"
        if any(entry.untrusting for entry in self._entries.values()):
            advice = "confirm the question on the screen of the unauthorized one"
        elif any(entry.held for entry in self._entries.values()):
            advice = "wait until the busy one is released, or have Lab.enqueue wait"
        return f"the adb server at {self.server.address} has {seen or 'no devices'}; {advice}"


def _record(entry: _Entry) -> DeviceRecord:
    return DeviceRecord(entry.device.serial, entry.status, entry.device.last_seen)
