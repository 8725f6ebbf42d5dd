"""The commands of a session that need nothing but the device's shell."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Protocol

from .command import Completed, shell_line, shell_text
from .errors import AdbError, AdbTimeout, DeviceDisconnected, SessionClosed
from .lane import Endpoint, Lane

TIMEOUT = 30.0
"""Seconds that a command may take where nothing else is said."""


class Owner(Endpoint, Protocol):
    """What a session needs of its device."""

    @property
    def present_transport(self) -> int | None:
        """As `transport_id`; None while it is away."""

    def wait_online(self, timeout: float) -> bool:
        """Wait until it is there and answers; tell whether it is, after at most `timeout` seconds."""


class Shell:
    """Runs commands; every other part of a session stands on it.

    Every method raises `AdbTimeout` past its deadline, `DeviceDisconnected` when the device goes away or
    stops answering, `AdbError` when the command fails, and `SessionClosed` when the step is over.
    """

    def __init__(self, device: Owner, lane: Lane) -> None:
        self._device = device
        self._lane = lane

    @property
    def serial(self) -> str:
        """The device's serial number, as adb lists it."""
        return self._device.serial

    def interrupt(self, reason: str = "") -> None:
        """End the session, from any thread: what is under way and all later calls raise `SessionClosed`."""
        self._lane.close(SessionClosed(reason or f"the step on {self.serial} is over"))

    def shell(self, args: str | Sequence[str], timeout: float = TIMEOUT, check: bool = True) -> str:
        """Run a command on the device and return what it wrote.

        Parameters
        ----------
        args
            A line for the device's shell (``"ls /sdcard | wc -l"``), or words that it must not interpret
            (``["input", "text", "it's"]``).
        timeout
            Seconds that it may take.
        check
            Raise when its exit code is not 0.

        Returns
        -------
        str
            Its standard output, the last newline kept.

        Raises
        ------
        AdbError
            For an exit code that is not 0, with what the command wrote to standard error.
        """
        result = self.run(args, timeout=timeout)
        if check and result.exit_code:
            complaint = (result.stderr or result.stdout).decode(errors="replace")
            raise AdbError(shell_text(shell_line(args)), result.exit_code, complaint)
        return result.stdout.decode(errors="replace")

    def run(self, args: str | Sequence[str], stdin: bytes = b"", timeout: float = TIMEOUT) -> Completed:
        """Run a command on the device and return output, errors and exit code apart, whatever the code is.

        Parameters
        ----------
        args
            As for `shell`.
        stdin
            What the command reads from its standard input, which ends after it.
        timeout
            Seconds that it may take.
        """
        line = shell_line(args)
        return self._lane.shell(line, shell_text(line), stdin=stdin, timeout=timeout)

    def exec_out(self, args: str | Sequence[str], timeout: float = TIMEOUT) -> bytes:
        """Run a command and return what it wrote, as bytes and untouched (``adb exec-out``).

        There is no exit code, so an empty answer may be a failure: prefer `run` where that matters.
        """
        line = shell_line(args)
        text = shell_text(line).replace("adb shell", "adb exec-out", 1)
        output = bytearray()
        block = memoryview(bytearray(64 * 1024))
        with self._lane.service(f"exec:{line}", text, timeout) as (wire, _):
            while count := wire.recv_into(block):
                output += block[:count]
        return bytes(output)

    def getprop(self, name: str) -> str:
        """Return a system property (``ro.product.model``); empty when it is not set."""
        return self.shell(["getprop", name]).strip()

    def logcat(self, lines: int = 200, timeout: float = TIMEOUT) -> str:
        """Return the last `lines` lines of the device's log."""
        return self.shell(["logcat", "-d", "-t", str(lines)], timeout=timeout)

    def wait_boot(self, timeout: float = 120.0) -> None:
        """Wait until the device is there and has booted.

        Raises
        ------
        AdbTimeout
            When it has not after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0:
            self._lane.check()
            if not self._device.wait_online(min(remaining, 0.5)):
                continue
            try:
                if self.getprop("sys.boot_completed") == "1":
                    return
            except (DeviceDisconnected, AdbTimeout):
                continue  # it is on its way down, or not up yet
            time.sleep(min(0.2, max(0.0, remaining)))
        raise AdbTimeout("adb wait-for-device", timeout)

    def reboot(self, timeout: float = 120.0) -> None:
        """Reboot the device, and wait until it has booted again."""
        before = self._device.transport_id
        deadline = time.monotonic() + timeout
        with (
            contextlib.suppress(DeviceDisconnected),  # it may go before it has hung up
            self._lane.service("reboot:", "adb reboot", TIMEOUT) as (wire, _),
        ):
            while wire.recv_into(bytearray(1024)):
                pass
        while self._device.present_transport == before:
            self._lane.check()
            if time.monotonic() > deadline:
                raise AdbTimeout("adb reboot", timeout)
            time.sleep(0.05)
        self.wait_boot(max(0.0, deadline - time.monotonic()))
