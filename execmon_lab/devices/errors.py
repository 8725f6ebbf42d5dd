"""What can go wrong with a device, each with its code and with what to do about it."""

from __future__ import annotations

from typing import ClassVar

from ..protocol import ErrorCode


class DeviceError(Exception):
    """A device, or a command to one, failed; `code` is what messages call it."""

    code: ClassVar[ErrorCode] = ErrorCode.ADB_ERROR


class AdbTimeout(DeviceError):
    """A command did not end within its deadline.

    Attributes
    ----------
    command : str
        The command as one would type it.
    timeout : float
        The deadline, in seconds.
    """

    code = ErrorCode.ADB_TIMEOUT

    def __init__(self, command: str, timeout: float) -> None:
        super().__init__(f"ADB command timed out after {timeout:g} seconds")
        self.command = command
        self.timeout = timeout


class AdbError(DeviceError):
    """A command ended badly, or the adb server refused it.

    Attributes
    ----------
    command : str
        The command as one would type it.
    exit_code : int or None
        Its exit code on the device; None when it never ran there.
    output : str
        What it wrote to standard error, or to standard output where that is empty.
    """

    code = ErrorCode.ADB_ERROR

    def __init__(self, command: str, exit_code: int | None = None, output: str = "") -> None:
        ending = "failed" if exit_code is None else f"failed with exit code {exit_code}"
        detail = f": {output.strip()}" if output.strip() else ""
        super().__init__(f"{command} {ending}{detail}")
        self.command = command
        self.exit_code = exit_code
        self.output = output


class DeviceDisconnected(DeviceError):
    """The device went away, or stopped answering, before the command had ended.

    Attributes
    ----------
    serial : str
        Which device.
    """

    code = ErrorCode.DEVICE_DISCONNECTED

    def __init__(self, serial: str, detail: str = "") -> None:
        super().__init__(
            f"Device {serial} disconnected during execution" + (f" ({detail})" if detail else "")
        )
        self.serial = serial


class NoDevice(DeviceError):
    """The device asked for is not there, or not free; the message lists what is."""

    code = ErrorCode.UNKNOWN_DEVICE


class ServerError(DeviceError):
    """The adb server could not be started, or does not answer."""


class SessionClosed(DeviceError):
    """The step that this session belonged to is over, so the command was not run, or was cut off."""

    code = ErrorCode.CANCELLED


class ScreenTurned(DeviceError):
    """The screen is turned another way by now than a touch was meant for."""

    def __init__(self, detail: str = "nothing was sent") -> None:
        super().__init__(f"the device has just turned: {detail}")


class NotTypable(DeviceError):
    """The device's keyboard has no keys for a text, of which nothing was typed.

    Attributes
    ----------
    text : str
        The text.
    """

    def __init__(self, text: str) -> None:
        super().__init__(
            f"Android's `input` cannot type {text[:80]!r}: its keyboard has ASCII and little more; "
            "by hand any text goes while scrcpy shows the screen"
        )
        self.text = text


class ElementNotFound(AssertionError):
    """What was looked for is not on the screen: a failed check; the message lists what is."""
