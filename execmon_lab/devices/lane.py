"""Where every adb command passes: given a deadline, timed, told to an observer, its faults named.

A lane is a set of connections to one device that are ended together. Each step of an execution has its own,
so that a step that was given up can do nothing more to the device.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import adbutils
from adbutils.errors import AdbConnectionError

from .adbserver import AdbServer
from .command import Command, Completed, Observer
from .errors import AdbError, AdbTimeout, DeviceDisconnected, DeviceError, ServerError
from .shellv2 import shell_v2
from .wire import Wire

log = logging.getLogger(__name__)

_GONE = re.compile(r"not found|offline|no devices|no such device|unknown transport|no device with transport")


class Endpoint(Protocol):
    """What a lane needs of its device."""

    server: AdbServer
    serial: str

    @property
    def transport_id(self) -> int:
        """The adb server's number for the present connection; `DeviceDisconnected` while there is none."""

    def heard(self) -> None:
        """Note that the device has just proved alive."""

    def answers(self) -> bool:
        """Ask the device for a sign of life."""

    def doubt(self) -> None:
        """Note that a connection to the device broke."""


class Lane:
    """Connections to one device, ended together.

    Parameters
    ----------
    device
        Whose.
    observer
        Told of each command at its start and its end.
    """

    def __init__(self, device: Endpoint, observer: Observer | None = None) -> None:
        self._device = device
        self._observer = observer
        self._lock = threading.Lock()
        self._wires: set[Wire] = set()
        self._closed_by: DeviceError | None = None

    @property
    def closed(self) -> bool:
        """Whether it was ended for good."""
        return self._closed_by is not None

    def close(self, reason: DeviceError) -> None:
        """End all that is under way; that, and every later command, raises `reason`."""
        with self._lock:
            if self._closed_by is None:
                self._closed_by = reason
        self.interrupt(reason)

    def interrupt(self, reason: DeviceError) -> None:
        """End all that is under way, which then raises `reason`; later commands run."""
        with self._lock:
            wires = list(self._wires)
        for wire in wires:
            wire.end(reason)

    def check(self) -> None:
        """Raise what the lane was closed by, if it was."""
        if self._closed_by is not None:
            raise self._closed_by

    def shell(self, line: str, text: str, *, stdin: bytes = b"", timeout: float) -> Completed:
        """Run a line in the device's shell, by the shell protocol's second version.

        Raises
        ------
        AdbTimeout, AdbError, DeviceDisconnected, SessionClosed
            Never for an exit code, which the caller judges.
        """
        with self.service(f"shell,v2,raw:{line}", text, timeout) as (wire, command):
            result = shell_v2(wire, stdin)
            command.exit_code = result.exit_code
        return result

    @contextlib.contextmanager
    def service(self, name: str, text: str, timeout: float) -> Iterator[tuple[Wire, Command]]:
        """Open a service of the device (``exec:…``, ``sync:``), and name the faults of the block.

        Parameters
        ----------
        name
            The service, as adb's protocol writes it.
        text
            The command as one would type it, for the record.
        timeout
            Seconds in which the opening and the whole block must end.

        Raises
        ------
        AdbTimeout, AdbError, DeviceDisconnected, SessionClosed
        """
        command = Command(text, timeout)
        began = time.monotonic()
        self.check()
        self._tell(command)
        wire: Wire | None = None
        try:
            try:
                wire = self._connect(timeout)
                wire.request(f"host:transport-id:{self._device.transport_id}")
                wire.request(name)
                self._device.heard()
                wire.on_data = self._device.heard
                yield wire, command
            except (ConnectionError, TimeoutError, EOFError, adbutils.AdbError) as fault:
                raise self._named(fault, wire, command) from fault
            command.outcome = "completed"
        except BaseException as error:
            command.outcome, command.error = "failed", error
            raise
        finally:
            if wire is not None:
                with self._lock:
                    self._wires.discard(wire)
                wire.close()
            command.duration_seconds = time.monotonic() - began
            self._tell(command)

    def _connect(self, timeout: float) -> Wire:
        wire = self._device.server.connect(timeout)
        with self._lock:
            self._wires.add(wire)
        if self._closed_by is not None:
            wire.end(self._closed_by)
        return wire

    def _named(self, fault: Exception, wire: Wire | None, command: Command) -> Exception:
        """Turn what the socket or the adb server said into what happened."""
        serial = self._device.serial
        if wire is not None and wire.ended_by is not None:
            return wire.ended_by
        if isinstance(fault, TimeoutError | adbutils.AdbTimeout):
            return AdbTimeout(command.text, command.timeout)
        if isinstance(fault, AdbConnectionError):
            return ServerError(f"{fault}; is it still running?")
        gone = isinstance(fault, ConnectionError | EOFError) or _GONE.search(str(fault))
        # "closed" is said of a device that died and of a service it does not have.
        if gone or (str(fault) == "closed" and not self._device.answers()):
            self._device.doubt()
            return DeviceDisconnected(serial)
        return AdbError(command.text, None, _advice(str(fault)))

    def _tell(self, command: Command) -> None:
        if self._observer is None:
            return
        try:
            self._observer(command)
        except Exception:
            log.exception("the observer of %s failed", command.text)


def _advice(reason: str) -> str:
    if "unauthorized" in reason:
        return "the device does not trust this computer yet; confirm the question on its screen"
    if reason == "closed":
        return "the device refused the service (it needs Android 7 or later)"
    return reason
