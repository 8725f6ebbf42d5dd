"""Stand-ins for what these tests are not about: devices, pictures and the front end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from execmon_lab.control import AnyGesture, Script
from execmon_lab.devices import DeviceDisconnected, DeviceError
from execmon_lab.hub import Hub
from execmon_lab.preview import Frame, Jpeg
from execmon_lab.protocol import LogEntry
from tests.strategies import EXECUTION, fresh, stamp


def log_entry(text: str) -> LogEntry:
    return LogEntry(
        execution_id=EXECUTION,
        device_id="emulator-5554",
        level="INFO",
        message=text,
        module_id="device",
        timestamp=stamp(1),
    )


@pytest.fixture
def hub() -> Hub:
    """A hub that knows one execution."""
    hub = Hub()
    hub.publish(fresh())
    return hub


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeWatch:
    """A watch of the fake preview."""

    device_id: str
    quality: str
    callback: Callable[[Frame], None]
    on_error: Callable[[DeviceError], None]
    closed: bool = False
    fps: float | None = None

    def pace(self, fps: float | None) -> None:
        self.fps = fps

    def close(self) -> None:
        self.closed = True

    def show(self, content: bytes = b"jpeg", *, changed: bool = True) -> None:
        jpeg = Jpeg(content, 2, 3)
        self.callback(Frame(self.device_id, self.quality, jpeg, datetime.now(UTC), 1, changed, "fake"))  # type: ignore[arg-type]


@dataclass
class FakePreview:
    """Hands out watches, and remembers them."""

    watches: list[FakeWatch] = field(default_factory=list)
    refuse: bool = False

    def watch(self, device_id: str, quality: str, callback: Any, on_error: Any = None) -> FakeWatch:
        if self.refuse:
            raise DeviceDisconnected(device_id)
        self.watches.append(FakeWatch(device_id, quality, callback, on_error))
        return self.watches[-1]

    @property
    def open(self) -> list[tuple[str, str]]:
        return [(watch.device_id, watch.quality) for watch in self.watches if not watch.closed]


class FakeManual:
    """Notes what it is to carry out, and says of each what a test wants."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, AnyGesture, tuple[int, int]]] = []
        self.refusal: str | None = None
        self.closed = False
        self.script = Script()

    def send(
        self,
        device_id: str,
        gesture: AnyGesture,
        picture: tuple[int, int],
        done: Callable[[str | None], None],
    ) -> None:
        self.sent.append((device_id, gesture, picture))
        done(self.refusal)

    def close(self) -> None:
        self.closed = True


class Page:
    """What a front end would have been sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self._more = threading.Condition()

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._more:
            self.sent.append((content, buffers or []))
            self._more.notify_all()

    def kinds(self) -> list[str]:
        return [content["kind"] for content, _ in self.sent]

    def of(self, kind: str) -> list[tuple[dict[str, Any], list[bytes]]]:
        return [(content, buffers) for content, buffers in self.sent if content["kind"] == kind]

    def messages(self) -> list[dict[str, Any]]:
        """All that came in batches, in order."""
        return [message for _, buffers in self.of("messages") for message in json.loads(buffers[0])]

    def wait(self, condition: Callable[[Page], object]) -> None:
        deadline = time.monotonic() + 60
        with self._more:
            while not condition(self):
                assert self._more.wait(deadline - time.monotonic()), self.kinds()
