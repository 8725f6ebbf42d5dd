"""An engine to test: executions whose messages are kept, on devices that need no hardware and no network.

The stand-ins are for what these tests are not about: `test_on_the_phone.py` has the real stack.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from execmon_lab.devices import AdbServer, Command, Completed, Device, DeviceRecord, DeviceSession, NoDevice
from execmon_lab.engine import Execution, Module, Plan
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import ExecutionSnapshot, Message, Step

from .steering import DEADLINE, Held


class StandInSession(DeviceSession):
    """Answers every command with what it was asked, and every picture with a small one."""

    def run(self, args, stdin=b"", timeout=30.0):
        self._lane.check()
        command = Command(f"adb shell {' '.join(args)}", timeout)
        self._lane._tell(command)
        command.outcome, command.duration_seconds, command.exit_code = "completed", 0.0, 0
        try:
            self._device.answer()
        except Exception as error:
            command.outcome, command.error = "failed", error
            raise
        finally:
            self._lane._tell(command)
        return Completed(" ".join(args).encode(), b"", 0)

    def screenshot(self, timeout=30.0):
        self._lane.check()
        self._device.pictures += 1
        return Image.new("RGB", (4, 6), "white")


class StandInDevice(Device):
    """A device without a wire; `attach` and `detach` are the real ones."""

    def __init__(self, serial: str) -> None:
        super().__init__(AdbServer("127.0.0.1", 1), serial)
        self.pictures = 0
        self.answer: Callable[[], None] = lambda: None
        self.attach(1)

    def session(self, observer=None):
        return StandInSession(self, self.lane(observer))


class StandInPool:
    """Gives out stand-in devices."""

    def __init__(self, *serials: str) -> None:
        self.devices = {serial: StandInDevice(serial) for serial in serials}
        self.held: set[str] = set()

    def get(self, serial: str) -> StandInDevice:
        if serial not in self.devices:
            raise NoDevice(f"no device {serial}")
        return self.devices[serial]

    def acquire(self, serial: str, timeout: float = 0.0) -> StandInDevice:
        if serial in self.held:
            raise NoDevice(f"{serial} is busy")
        self.held.add(serial)
        return self.devices[serial]

    def acquire_all(self, serials: Sequence[str]) -> None:
        for busy in self.held.intersection(serials):
            raise NoDevice(f"{busy} is busy")
        self.held.update(serials)

    def release(self, serial: str) -> None:
        self.held.discard(serial)

    def snapshot(self) -> dict[str, DeviceRecord]:
        return {serial: DeviceRecord(serial, "available", None) for serial in self.devices}


class Bench:
    """Runs plans on stand-in devices and keeps what is told."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self.artifacts = artifacts
        self.hub = Hub()
        self.pool = StandInPool("phone-1")
        self.messages: list[Message] = []
        self.executions: list[Execution] = []
        self._arrived = threading.Condition()
        self.hub.subscribe(">", self._keep, shaped=False)

    def _keep(self, envelope) -> None:
        with self._arrived:
            self.messages.append(envelope.message)
            self._arrived.notify_all()

    def make(self, *modules: Module, device_timeout: float = DEADLINE, expected=None, **options) -> Execution:
        """Prepare the modules as a plan on all devices of the pool."""
        execution = Execution(
            Plan(modules, **options),
            list(self.pool.devices),
            pool=self.pool,
            hub=self.hub,
            artifacts=self.artifacts,
            device_timeout=device_timeout,
            expected=expected,
        )
        self.executions.append(execution)
        return execution

    def start(self, *modules: Module, **options) -> Execution:
        execution = self.make(*modules, **options)
        execution.start()
        return execution

    def run(self, *modules: Module, **options) -> ExecutionSnapshot:
        """Run the modules to their end."""
        return self.start(*modules, **options).wait(DEADLINE)

    def only_step(self, module: Module, **options) -> Step:
        """Run one module and return its step."""
        (step,) = self.run(module, **options).steps
        return step

    def of(self, kind: type) -> list:
        """Return the messages of one type, in order."""
        return [message for message in self.messages if isinstance(message, kind)]

    def await_message(self, fits: Callable[[Message], bool]) -> Message:
        """Wait for a message."""

        def found():
            return next((message for message in self.messages if fits(message)), None)

        with self._arrived:
            assert self._arrived.wait_for(lambda: found() is not None, DEADLINE), "the message did not come"
            return found()

    def logged(self, level: str | None = None) -> list[str]:
        """Return the texts of the log."""
        entries = [m for m in self.messages if m.type_name() == "log_entry"]
        return [entry.message for entry in entries if level in (None, entry.level)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench with one device; add others to ``bench.pool``. No thread of the engine may outlive it."""
    before = set(threading.enumerate())
    bench = Bench(ArtifactStore(tmp_path))
    yield bench
    left = [name for execution in bench.executions for name in execution.close(timeout=DEADLINE)]
    assert not left
    assert set(threading.enumerate()) <= before


@pytest.fixture
def held() -> Iterator[Held]:
    """A module that waits; it is let go at the latest when the test ends."""
    held = Held()
    yield held
    held.go.set()
