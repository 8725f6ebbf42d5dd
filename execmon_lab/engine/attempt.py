"""One attempt of a step: who has its verdict, and how its thread is made to end."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from types import FrameType
from typing import NamedTuple

from ..devices import Command, Device
from ..hub import Hub
from ..protocol import ActionCompleted, Level, LogEntry, Message, StepStarted, timestamp
from . import sleeping
from .context import Context
from .outcome import COMPLETED, AttemptEnded, Outcome, in_devices, judge, position
from .plan import Pending
from .screenshots import Screenshots
from .stopwatch import Stopwatch

GENTLE_SECONDS = 0.1
"""How long a module may take to end by what its session or its sleep raises."""
STRIKE_SECONDS = 0.05
"""How long after an exception was set in its thread the next one is."""

# Commands after which a device is away for a while because the module wants it so.
_RESTARTS = ("adb reboot", "adb root", "adb unroot", "adb tcpip", "adb usb", "adb shell reboot")


class OpenAction(NamedTuple):
    """An action that has begun; `began` is monotonic."""

    path: tuple[str, ...]
    began: float


class Attempt:
    """One run of a module on a device.

    It is made in the thread that runs it. The verdict is given once: by that thread when the module ends, or
    by another that gives it up (`give_up`). From then on it can do no more to device, log or state, whatever
    its thread does.

    Parameters
    ----------
    execution_id
        Of which execution.
    pending
        The step, and which attempt of it.
    device
        Where it runs.
    hub
        What it tells goes there.
    screenshots
        Keeps the pictures that the module asks for.
    """

    def __init__(
        self,
        execution_id: str,
        pending: Pending,
        device: Device,
        hub: Hub,
        screenshots: Screenshots,
    ) -> None:
        self.execution_id = execution_id
        self.pending = pending
        self.planned = pending.planned
        self.number = pending.attempt
        self.device_id = device.serial
        self.screenshots = screenshots
        self.session = device.session(self._observe)
        self.outcome: Outcome | None = None
        self.ended_at = ""
        self.duration = 0.0
        self.adb = Stopwatch()
        self._actions: list[OpenAction] = []
        self.restarts_device = False
        self.thread = threading.current_thread()
        self._hub = hub
        self._gate = threading.Lock()
        self._over = threading.Event()
        self._left = False
        self._began = time.monotonic()
        self.deadline = self._began + self.planned.module.timeout

    def __str__(self) -> str:
        return f"{self.planned.module.module_id} on {self.device_id}, attempt {self.number}"

    @property
    def name(self) -> str:
        """A file name without its ending, which no other attempt has."""
        return f"{self.planned.step_id}-{self.number}"

    @property
    def over(self) -> bool:
        """Whether the verdict has been given."""
        return self.outcome is not None

    # What it tells

    def publish(self, message: Message) -> None:
        """Tell the hub, as long as the attempt is not over.

        Raises
        ------
        AttemptEnded
            When it is.
        """
        with self._gate:
            if self.outcome is not None:
                raise AttemptEnded
            self._hub.publish(message)

    def log(self, level: Level, text: str) -> None:
        """Tell a line of the log; raises as `publish` does."""
        self.publish(self.entry(level, text))

    def entry(self, level: Level, text: str) -> LogEntry:
        """Make a line of the log."""
        return LogEntry(
            execution_id=self.execution_id,
            device_id=self.device_id,
            level=level,
            message=text,
            module_id=self.planned.module.module_id,
            timestamp=timestamp(),
            step_id=self.planned.step_id,
            attempt=self.number,
        )

    def begin_action(self, name: str) -> None:
        """Begin a named part of the attempt, inside those that are open; raises as `publish` does."""
        outer = self._actions[-1].path if self._actions else ()
        path = (*outer, name)
        self.log("DEBUG", f"Action: {' / '.join(path)}")
        self._actions.append(OpenAction(path, time.monotonic()))

    def end_action(self, *, failed: bool) -> None:
        """Tell that the innermost open action has ended; raises as `publish` does."""
        self.publish(self._ended(self._actions[-1], failed))
        self._actions.pop()

    def unfinished_actions(self) -> list[ActionCompleted]:
        """Make the messages for the actions that the attempt was given up in, the innermost first."""
        return [self._ended(action, failed=True) for action in reversed(self._actions)]

    def _ended(self, action: OpenAction, failed: bool) -> ActionCompleted:
        return ActionCompleted(
            execution_id=self.execution_id,
            device_id=self.device_id,
            step_id=self.planned.step_id,
            attempt=self.number,
            path=action.path,
            status="failed" if failed else "completed",
            duration_seconds=round(time.monotonic() - action.began, 3),
            timestamp=timestamp(),
        )

    def _observe(self, command: Command) -> None:
        """Log a command of the session; one that is under way when the attempt ends is told no more."""
        if self.over:
            return
        if command.outcome == "running":
            self.adb.start()
            self.restarts_device = self.restarts_device or command.text.startswith(_RESTARTS)
            self.log("INFO", command.message)
            return
        self.adb.stop()
        if command.outcome == "failed":
            seconds = command.duration_seconds or 0.0
            self.log("WARN", f"ADB command failed after {seconds:.3f} s: {command.text}: {command.error}")
        elif command.exit_code:
            self.log("DEBUG", f"ADB command ended with exit code {command.exit_code}: {command.text}")

    # How it runs

    def run(self) -> bool:
        """Run the module in this thread.

        Returns
        -------
        bool
            Whether the verdict is this thread's; if not, another has given it, and goes on from there.
        """
        outcome = None
        try:
            sleeping.bind(self.sleep)
            outcome = self._judged()
        except AttemptEnded:
            outcome = None  # it came between the module's end and here
        return self._leave(outcome)

    def _judged(self) -> Outcome | None:
        context = Context(self)
        try:
            self.publish(self._started())
            self.planned.module.run(context)
            context.check_expectations()
        except AttemptEnded:
            return None
        except BaseException as error:  # noqa: BLE001  (also SystemExit: a module does not end the engine)
            return judge(error)
        return COMPLETED

    def _started(self) -> StepStarted:
        return StepStarted(
            execution_id=self.execution_id,
            device_id=self.device_id,
            step_id=self.planned.step_id,
            module_id=self.planned.module.module_id,
            attempt=self.number,
            timestamp=timestamp(),
        )

    def _leave(self, outcome: Outcome | None) -> bool:
        """Give the verdict; from here on no exception is set in this thread any more."""
        while True:
            try:
                with self._gate:
                    self._left = True
                    if self.outcome is None:
                        self._settle(
                            outcome or judge(AttemptEnded("the attempt was ended by its own module"))
                        )
                        return True
                    _set_exception(threading.get_ident(), None)
                    return False
            except AttemptEnded:
                continue  # the last one that was set, on its way already

    def sleep(self, seconds: float) -> None:
        """Sleep, no longer than the attempt lives.

        Raises
        ------
        AttemptEnded
            When it ends first.
        """
        if self._over.wait(seconds):
            raise AttemptEnded

    # How it is ended

    def give_up(self, outcome: Outcome) -> bool:
        """Give the verdict from another thread and cut the module off; False when it was given already."""
        with self._gate:
            if self.outcome is not None:
                return False
            self._settle(outcome)
        self._over.set()
        self.session.interrupt()
        return True

    def _settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.adb.freeze()
        self.duration = round(time.monotonic() - self._began, 3)
        self.ended_at = timestamp()

    def close(self) -> None:
        """Let no one use the session any more."""
        self.session.interrupt()

    def position(self) -> str:
        """Write where the module is now, as a traceback does; empty when it has ended."""
        return position(self._frame())

    def reap(self, patience: float) -> bool:
        """Make the thread of an attempt that was given up end; tell whether it has, in `patience` seconds."""
        deadline = time.monotonic() + patience
        self.thread.join(GENTLE_SECONDS)
        while self.thread.is_alive() and time.monotonic() < deadline:
            self._strike()
            self.thread.join(STRIKE_SECONDS)
        return not self.thread.is_alive()

    def _strike(self) -> None:
        """Set an exception in the thread, unless it is where that would leave a lock or a socket behind.

        Holding the gate, the thread is in no message; the device's own code ends by itself, the session being
        interrupted.
        """
        with self._gate:
            if not self._left and self.thread.ident and not in_devices(self._frame()):
                _set_exception(self.thread.ident, AttemptEnded)

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self.thread.ident or 0) if self.thread.is_alive() else None


def _set_exception(ident: int, kind: type[BaseException] | None) -> None:
    exception = ctypes.py_object(kind) if kind else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), exception)
