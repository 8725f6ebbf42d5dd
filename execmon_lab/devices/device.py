"""A device: what the pool knows of it, and the sessions in which steps use it."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import adbutils

from .adbserver import AdbServer
from .apps import Apps
from .command import Observer
from .errors import DeviceDisconnected, DeviceError, SessionClosed
from .lane import Lane
from .screen import Screen
from .shellv2 import shell_v2

Pulse = Literal["alive", "silent", "unknown"]

HEARTBEAT_TIMEOUT = 2.0
"""Seconds within which a living device answers ``true``."""


class DeviceSession(Apps, Screen):
    """A device in the hands of one step, which knows it as ``ctx.device``.

    Made by `Device.session`. It has its own connections and its own observer, so that steps, the preview and
    the heartbeat never meet; `interrupt` ends it without touching anybody else.
    """

    def __repr__(self) -> str:
        return f"<DeviceSession {self.serial}{' (over)' if self._lane.closed else ''}>"


class Device:
    """A device of the pool, there or not; it outlives every disconnection.

    Attributes
    ----------
    serial : str
        As adb lists it.
    server : AdbServer
        Through which it is reached.
    on_doubt : Callable
        Called when a connection to it broke; the pool's.
    """

    def __init__(self, server: AdbServer, serial: str) -> None:
        self.server = server
        self.serial = serial
        self._changed = threading.Condition()
        self._transport: int | None = None
        self._silent = False
        self.on_doubt: Callable[[], None] = lambda: None
        self._heard_at: float | None = None
        self._lanes: weakref.WeakSet[Lane] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f"<Device {self.serial}{'' if self.online else ' (offline)'}>"

    # Using it

    def session(self, observer: Observer | None = None) -> DeviceSession:
        """Open a session, told to `observer` command by command.

        It costs nothing until it is used, and may be opened while the device is away.
        """
        return DeviceSession(self, self.lane(observer))

    def lane(self, observer: Observer | None = None) -> Lane:
        """Return a set of connections of its own, for what is no step (the preview)."""
        lane = Lane(self, observer)
        with self._changed:
            self._lanes.add(lane)
        return lane

    def interrupt(self, reason: DeviceError | None = None) -> None:
        """End every command that is under way, from any thread; it raises `reason`, later ones run."""
        with self._changed:
            lanes = list(self._lanes)
        for lane in lanes:
            lane.interrupt(reason or SessionClosed(f"commands on {self.serial} were interrupted"))

    # Whether it is there

    @property
    def online(self) -> bool:
        """Whether it is connected and answers."""
        return self._transport is not None and not self._silent

    @property
    def transport_id(self) -> int:
        """The adb server's number for the present connection; a returning device has a new one.

        Raises
        ------
        DeviceDisconnected
            While it is away, or hangs.
        """
        transport = self._transport
        if transport is None:
            raise DeviceDisconnected(self.serial)
        if self._silent:
            raise DeviceDisconnected(self.serial, "it is connected, but does not answer")
        return transport

    @property
    def present_transport(self) -> int | None:
        """As `transport_id`; None while it is away."""
        return self._transport

    @property
    def last_seen(self) -> datetime | None:
        """When it last proved alive, UTC; None when it never did."""
        if self._heard_at is None:
            return None
        return datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._heard_at)

    @property
    def silence(self) -> float:
        """Seconds since it last proved alive."""
        return float("inf") if self._heard_at is None else time.monotonic() - self._heard_at

    def heard(self) -> None:
        """Note that it has just proved alive."""
        self._heard_at = time.monotonic()

    def wait_online(self, timeout: float) -> bool:
        """Wait until it is there and answers; tell whether it is, after at most `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.online, timeout)

    def answers(self) -> bool:
        """Tell whether it answers at once."""
        return self.probe() == "alive"

    def probe(self, timeout: float = HEARTBEAT_TIMEOUT) -> Pulse:
        """Ask it for a sign of life, on a connection of its own and unseen by observers.

        Returns
        -------
        Pulse
            ``silent`` when it is connected and lets `timeout` seconds pass; ``unknown`` when the adb server
            could not reach it.
        """
        transport = self._transport
        if transport is None:
            return "unknown"
        try:
            with self.server.connect(timeout) as wire:
                wire.request(f"host:transport-id:{transport}")
                wire.request("shell,v2,raw:true")
                shell_v2(wire)
        except TimeoutError:
            return "silent"
        except (ConnectionError, EOFError, adbutils.AdbError):
            return "unknown"
        self.heard()
        return "alive"

    # What the pool tells it

    def doubt(self) -> None:
        """Note that a connection to it broke: it counts as away until it answers, and is asked at once."""
        with self._changed:
            if self._transport is None or self._silent:
                return
            self._silent = True
        self.on_doubt()

    def attach(self, transport_id: int) -> None:
        """Note that it is connected, under this number."""
        with self._changed:
            if transport_id == self._transport:
                return
            self._transport, self._silent = transport_id, False
            self.heard()
            self._changed.notify_all()
        self.interrupt(DeviceDisconnected(self.serial, "it came back as a new connection"))

    def detach(self) -> None:
        """Note that it is gone; every command under way is told."""
        with self._changed:
            if self._transport is None:
                return
            self._transport, self._silent = None, False
        self.interrupt(DeviceDisconnected(self.serial))

    def note_silence(self, silent: bool) -> None:
        """Note whether it answers, connected as it is; if not, every command under way is told."""
        with self._changed:
            self._silent = silent
            self._changed.notify_all()
        if silent:
            self.interrupt(DeviceDisconnected(self.serial, "it is connected, but does not answer"))
