"""What bench_logs and bench_views run in the kernel: the same rows for each side, and a run that logs."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import psutil

from execmon_lab.history import History
from execmon_lab.history.lookback import LinePlace, Lookback
from execmon_lab.hub import Hub, execution_subject
from execmon_lab.protocol import (
    Attempt,
    DeviceSummary,
    ExecutionCompleted,
    ExecutionSnapshot,
    LogEntry,
    Step,
    timestamp,
)
from execmon_lab.tail import LINES, LogTail
from execmon_lab.widgets import ExecutionView, LogTable

EXECUTION = "550e8400-e29b-41d4-a716-446655440000"
BEGAN = 1_760_000_000.0
LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "WARN", "INFO", "ERROR")
#: In one message of a thousand.
NEEDLE = "needle"


def stamp(seconds: float) -> str:
    """A moment of the made-up run."""
    return timestamp(datetime.fromtimestamp(BEGAN + seconds, UTC))


def rows(count: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Give lines: time, level, device, module, message."""
    for n in range(count):
        word = NEEDLE if n % 1000 == 500 else "input"
        yield (
            stamp(n / 100),
            LEVELS[n % 10],
            f"emulator-{5554 + 2 * (n % 10)}",
            f"module_{n // 7 % 12}",
            f"Executing ADB command: adb shell {word} tap {n % 720} {n * 7 % 1280} ({n})",
        )


def entry(row: tuple[str, str, str, str, str]) -> LogEntry:
    """Make a line of a row."""
    at, level, device, module, message = row
    return LogEntry(
        execution_id=EXECUTION,
        device_id=device,
        level=level,  # type: ignore[arg-type]
        message=message,
        module_id=module,
        timestamp=at,
    )


def serials(devices: int = 10) -> list[str]:
    """The devices of the made-up run."""
    return [f"emulator-{5554 + 2 * n}" for n in range(devices)]


def state(status: str, devices: int = 10) -> ExecutionSnapshot:
    """The run that the lines are of."""
    return ExecutionSnapshot(
        execution_id=EXECUTION,
        status=status,  # type: ignore[arg-type]
        progress_percentage=100 if status == "completed" else 0,
        current_step=None,
        devices=tuple(
            DeviceSummary(device_id=s, status="busy", last_seen=stamp(0)) for s in serials(devices)
        ),
        steps=tuple(
            Step(step_id=f"step-{s}", device_id=s, module_id="module_0", status="pending")
            for s in serials(devices)
        ),
        started_at=stamp(0),
        timestamp=stamp(0),
    )


def keep(folder: Path, count: int) -> None:
    """Write a run with so many lines into a history."""
    History(folder).add(state("completed"), map(entry, rows(count)))


def ours(folder: str) -> LogTable:
    """Show them as a run of the history: its newest lines at once, the others as they are asked for."""
    return LogTable(_view(folder, state("completed")))


def _view(folder: str, over: ExecutionSnapshot) -> ExecutionView:
    hub = Hub()
    hub.publish(over)
    kept = Lookback(History(folder), EXECUTION)
    newest = kept.before(LinePlace(1 << 60, "", ""), LINES)
    return ExecutionView(execution_id=EXECUTION, hub=hub, logs=lambda: newest, kept_log=kept)


def steps(count: int, seconds: float) -> tuple[Step, ...]:
    """Make the steps of ten devices that took so long; every seventh failed once, every 23rd for good."""
    devices = serials()
    each = seconds / (count // len(devices))
    return tuple(_step(n, devices[n % len(devices)], n // len(devices) * each, each) for n in range(count))


def _step(n: int, device: str, begin: float, seconds: float) -> Step:
    endings = ["failed", "completed"] if n % 7 == 6 else ["completed"]
    if n % 23 == 22:
        endings = ["failed", "failed"]
    each = seconds * 0.95 / len(endings)
    attempts = tuple(
        Attempt(
            attempt=i + 1,
            status=ending,  # type: ignore[arg-type]
            started_at=stamp(begin + i * each),
            ended_at=stamp(begin + (i + 1) * each),
            duration_seconds=round(each, 3),
            error_code="ASSERTION_FAILED" if ending == "failed" else None,
            error_message=f"the screen shows no {NEEDLE} ({n})" if ending == "failed" else None,
        )
        for i, ending in enumerate(endings)
    )
    return Step(
        step_id=f"step-{n}",
        device_id=device,
        module_id=f"module_{n // 10 % 12}",
        status=endings[-1],  # type: ignore[arg-type]
        attempts=attempts,
        params=f"number={n}",
    )


def run(folder: str, count: int, seconds: float) -> ExecutionView:
    """Show a run of so many steps that is over, with the newest lines of its log."""
    over = msgspec.structs.replace(
        state("completed"), steps=steps(count, seconds), duration_seconds=seconds, timestamp=stamp(seconds)
    )
    return _view(folder, over)


def frame(count: int) -> Any:
    """Make a frame of them, for the others."""
    import pandas as pd

    return pd.DataFrame(list(rows(count)), columns=["time", "level", "device", "module", "message"])


def step_frame(count: int, seconds: float) -> Any:
    """Make a frame of the steps, for the others."""
    import pandas as pd

    rows = [
        (step.module_id, step.device_id, attempt.duration_seconds, step.status, attempt.error_message or "")
        for step in steps(count, seconds)
        for attempt in step.attempts[-1:]
    ]
    return pd.DataFrame(rows, columns=["step", "device", "seconds", "result", "message"])


def grid(lines: Any) -> Any:
    """Show a frame in ipydatagrid."""
    from ipydatagrid import DataGrid

    return DataGrid(lines, layout={"height": "320px"}, base_column_size=150)


def tables(lines: Any) -> Any:
    """Show a frame in itables, whole."""
    import itables

    itables.init_notebook_mode(all_interactive=False)
    return itables.show(lines, maxBytes=0)


class Load:
    """A run of ten devices that each log so many lines a second, kept in a history, with a view or without.

    Parameters
    ----------
    folder
        Of the history.
    rate
        Lines a second and device.
    """

    def __init__(self, folder: str, rate: int = 100) -> None:
        self.hub = Hub()
        self.history = History(folder)
        self.history.record(self.hub)
        self.hub.publish(state("running"))
        self.tail = LogTail(self.hub, EXECUTION)
        self.published = 0
        self.passed = 0
        self.notices = 0
        self.shed = 0
        self._rate = rate
        self._ending = threading.Event()
        subject = execution_subject(EXECUTION, LogEntry.type_name())
        self.hub.subscribe(subject, lambda envelope: self._count(envelope.message))
        self._process = psutil.Process()
        self._thread: threading.Thread | None = None

    @cached_property
    def view(self) -> ExecutionView:
        """The run's view, which costs nothing before it is asked for."""
        return ExecutionView(
            execution_id=EXECUTION,
            hub=self.hub,
            logs=self.tail.kept,
            kept_log=Lookback(self.history, EXECUTION),
        )

    def _count(self, message: Any) -> None:
        self.passed += 1
        if isinstance(message.shed, int):
            self.notices += 1
            self.shed += message.shed

    def begin(self) -> None:
        """Log from now on."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Log no more: the run has ended, and what was shed until then is told."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self.hub.publish(
            ExecutionCompleted(
                execution_id=EXECUTION,
                status="completed",
                duration_seconds=0.0,
                total_steps=10,
                successful_steps=0,
                failed_steps=0,
                report_url="/",
                timestamp=timestamp(),
            )
        )

    def _run(self) -> None:
        devices = [f"emulator-{5554 + 2 * n}" for n in range(10)]
        due = time.monotonic()
        while not self._ending.is_set():
            for device in devices:
                number = self.published
                place = f"{number % 720} {number * 7 % 1280}"
                text = f"Executing ADB command: adb shell input tap {place} ({number})"
                self.hub.publish(
                    entry((timestamp(), LEVELS[number % 10], device, f"module_{number // 7 % 12}", text))
                )
                self.published += 1
            due += 1 / self._rate
            self._ending.wait(max(0.0, due - time.monotonic()))

    def memory(self) -> int:
        """Bytes that the kernel holds."""
        gc.collect()
        return int(self._process.memory_info().rss)

    def facts(self) -> dict[str, int]:
        """What was published, and what of it went to the pages."""
        return {name: getattr(self, name) for name in ("published", "passed", "notices", "shed")}
