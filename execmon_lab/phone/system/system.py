"""The phone above its kernel, in one object."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from execmon_lab.phone.screen.keys import Keys
from execmon_lab.phone.screen.overlays import Dialog
from execmon_lab.phone.screen.screen import Frame, Screen
from execmon_lab.phone.screen.touch import Touch
from execmon_lab.phone.state.phone import PhoneState
from execmon_lab.phone.system.kernelfiles import lay_out_files
from execmon_lab.phone.system.sessions import Sessions

AUTHORIZE_SECONDS = 120.0


class StreamReader(Protocol):
    """What a service reads from."""

    async def read(self, n: int = -1) -> bytes:
        """Return up to `n` bytes; nothing at the end."""


class StreamWriter(Protocol):
    """What a service writes to."""

    def write(self, data: bytes) -> None:
        """Queue bytes."""

    async def drain(self) -> None:
        """Wait until the other side takes them."""

    def close(self) -> None:
        """End the connection."""


Handler = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class System(PhoneState):
    """All state of the phone, its screen, and what reaches it from outside.

    Parameters
    ----------
    serial
        `ro.serialno`.
    size
        Pixels of the display, upright.
    density
        Dots per inch.
    has_encoder
        Whether it can make video of its screen.

    Attributes
    ----------
    network : dict
        Services of the phone itself, such as `tcp:9008`, each an async function of a reader and a writer.
    on_reboot : list
        Called with the reason when the phone goes down for a reboot.
    """

    def __init__(
        self,
        *,
        serial: str,
        size: tuple[int, int] = (720, 1280),
        density: int = 320,
        has_encoder: bool = True,
    ) -> None:
        super().__init__(serial=serial, size=size, density=density)
        self.has_encoder = has_encoder
        self.network: dict[str, Handler] = {}
        self.on_reboot: list[Callable[[str], None]] = []
        self.screen = Screen(self)
        self.touch = Touch(self.screen)
        self.keys = Keys(self.screen)
        self.sessions = Sessions()
        self._started = False
        lay_out_files(self)

    async def start(self) -> None:
        """Note the boot in the log; called again it does nothing."""
        if not self._started:
            self._started = True
            self.log.write("I", "SystemServer", "Entered the Android system server!", buffer="system")
            self.log.write(
                "I", "ActivityManager", "User 0 state changed from RUNNING_UNLOCKING to RUNNING_UNLOCKED"
            )

    async def stop(self) -> None:
        """End everything that would still happen."""
        self._started = False
        self.core.cancel_timers()

    async def reboot(self, reason: str = "") -> None:
        """Bring the phone to the state after a boot; what is stored stays."""
        self.log.write("I", "ShutdownThread", f"Rebooting, reason: {reason or 'userrequested'}")
        self.screen.reset()
        self.network.clear()
        self.restart()
        count = self.settings.number("global", "boot_count", 0) + 1
        self.settings.put("global", "boot_count", str(count))
        self.properties.set("sys.boot.reason", f"reboot,{reason}" if reason else "reboot")
        for callback in list(self.on_reboot):
            callback(reason)

    def frame(self) -> Frame:
        """Return the present picture; the same object as long as nothing changed."""
        return self.screen.frame()

    async def authorize(self, key_name: str, fingerprint: str) -> bool:
        """Ask on the screen whether a computer may use debugging; True when somebody accepts.

        Parameters
        ----------
        key_name
            Name of the computer's key, as the key tells it.
        fingerprint
            The key's fingerprint, pairs of hexadecimal digits.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def say(accepted: bool) -> Callable[[], None]:
            return lambda: None if answer.done() else answer.set_result(accepted)

        asked = Dialog(
            "Allow USB debugging?",
            f"The computer's RSA key fingerprint is:\n{fingerprint}" + (f"\n{key_name}" if key_name else ""),
            ("Allow", say(True)),
            ("Deny", say(False)),
            choice="Always allow from this computer",
        )
        self.screen.ask(asked)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AUTHORIZE_SECONDS):
                    return await answer
            return False
        finally:
            self.screen.withdraw(asked)
