"""A made-up history: executions that never were, to learn on and to test with.

Everything in it is drawn from a seed. It has a story, which `STORY` tells: a module that is slow, a device
that is flaky, and a module that takes a quarter longer from a certain day on.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from ..history import History, tables
from ..history.frames import Backend, build, choose
from ..history.rows import PUT_EXECUTION, execution_row, put_steps
from ..history.schema import migrate
from ..protocol import (
    Attempt,
    AttemptStatus,
    DeviceSummary,
    ErrorCode,
    ExecutionSnapshot,
    LogEntry,
    Step,
    timestamp,
)

RUNS = 300
BEGIN = datetime(2026, 8, 3, tzinfo=UTC)
"""The Monday on which the story begins."""


class Story(NamedTuple):
    """What is in the history, to be found."""

    slow_module: str
    flaky_device: str
    slower_module: str
    slower_by: float
    #: As a share of the runs.
    slower_since: float


STORY = Story("app_install_module", "R5CT4-MADEUP", "sms_test_module", 1.25, 0.62)


class _Module(NamedTuple):
    name: str
    seconds: float
    spread: float
    adb: float
    failing: float
    code: ErrorCode
    message: str
    params: str = ""


_CHECK, _ADB, _LATE = ErrorCode.ASSERTION_FAILED, ErrorCode.ADB_ERROR, ErrorCode.ADB_TIMEOUT
_MODULES = (
    _Module(
        "boot_check_module", 3.2, 0.06, 0.9, 0.004, ErrorCode.ADB_TIMEOUT, "no answer to getprop in 10 s"
    ),
    _Module("app_install_module", 21.0, 0.10, 0.8, 0.010, _ADB, "INSTALL_FAILED_INSUFFICIENT_STORAGE"),
    _Module("permissions_module", 2.1, 0.07, 0.5, 0.005, _CHECK, "the dialog asks for the location"),
    _Module("call_test_module", 6.8, 0.08, 0.35, 0.020, _CHECK, "the call is answered", "number='5550123'"),
    _Module("sms_test_module", 4.4, 0.07, 0.4, 0.012, _CHECK, "the message is shown as sent", "to='5550100'"),
    _Module(
        "data_test_module", 5.2, 0.14, 0.3, 0.040, _CHECK, "the page is loaded", "url='http://example.test/'"
    ),
    _Module("wifi_test_module", 7.5, 0.16, 0.3, 0.030, ErrorCode.MODULE_TIMEOUT, "longer than 30 s"),
    _Module("bluetooth_test_module", 8.3, 0.12, 0.35, 0.025, _CHECK, "the headset is paired"),
    _Module("nfc_test_module", 2.7, 0.09, 0.4, 0.010, _CHECK, "the tag is read"),
    _Module("camera_test_module", 6.1, 0.09, 0.3, 0.008, _CHECK, "the picture has 12 megapixels"),
    _Module("location_test_module", 9.4, 0.18, 0.2, 0.030, _CHECK, "a fix within 9 s"),
    _Module("notification_module", 1.9, 0.06, 0.5, 0.004, _CHECK, "the notification is shown"),
    _Module("rotation_module", 2.4, 0.06, 0.6, 0.003, _CHECK, "the screen is turned"),
    _Module("ui_interaction_module", 5.6, 0.08, 0.45, 0.010, ErrorCode.MODULE_ERROR, "no element 'About'"),
    _Module("logout_module", 1.3, 0.06, 0.5, 0.002, _CHECK, "the account is gone"),
)


class _Device(NamedTuple):
    serial: str
    pace: float
    failing: float
    nfc: bool = True


_DEVICES = (
    _Device("R3CN2-MADEUP", 1.00, 1.0),
    _Device("R5CT4-MADEUP", 1.04, 9.0),
    _Device("9B141-MADEUP", 0.88, 1.0),
    _Device("ZY22F-MADEUP", 1.22, 1.3, nfc=False),
    _Device("emulator-5580", 0.95, 0.8, nfc=False),
)
_RETRIES = 2


@dataclass(frozen=True)
class MadeUpRun:
    """An execution that never was: its last state, and its log."""

    state: ExecutionSnapshot
    logs: tuple[LogEntry, ...] = field(repr=False, default=())


def made_up(seed: int = 1, runs: int = RUNS) -> Iterator[MadeUpRun]:
    """Make executions up, in the order of time.

    On working days some run by day on two devices and one by night on all; at weekends the nightly one alone.

    Parameters
    ----------
    seed
        The same seed gives the same history.
    runs
        How many executions.

    Raises
    ------
    ValueError
        When `runs` is negative.
    """
    if runs < 0:
        raise ValueError(f"runs is {runs}: a history has none or more")
    random = np.random.default_rng(seed)
    for number, (begin, nightly) in zip(range(runs), _times(random), strict=False):
        chosen = range(len(_DEVICES)) if nightly else sorted(random.choice(len(_DEVICES), 2, replace=False))
        devices = [_DEVICES[place] for place in chosen]
        yield _Run(random, begin, nightly, devices, number >= STORY.slower_since * runs).make()


def _times(random: np.random.Generator) -> Iterator[tuple[datetime, bool]]:
    day = BEGIN
    while True:
        if day.weekday() < 5:
            hours = np.sort(random.uniform(7.5, 18.5, int(random.integers(3, 7))))
            for hour in hours:
                yield day + timedelta(hours=float(hour)), False
        yield day + timedelta(hours=22, minutes=float(random.uniform(0, 5))), True
        day += timedelta(days=1)


class _Run:
    """One execution in the making."""

    def __init__(
        self,
        random: np.random.Generator,
        begin: datetime,
        nightly: bool,
        devices: Sequence[_Device],
        later: bool,
    ) -> None:
        self._random = random
        self._begin = begin.replace(microsecond=begin.microsecond // 1000 * 1000)
        self._name = "nightly" if nightly else "merge"
        self._devices = devices
        self._id = self._uuid()
        self._logs: list[LogEntry] = []
        # What all steps of an execution have in common, and what all steps of a module in it have.
        mood = random.normal(0, 0.03)
        own = random.normal(0, [module.spread / 2 for module in _MODULES])
        grown = [
            STORY.slower_by if later and module.name == STORY.slower_module else 1.0 for module in _MODULES
        ]
        self._pace = np.exp(mood + own) * np.array(grown)

    def make(self) -> MadeUpRun:
        steps: list[Step] = []
        ends = [self._begin]
        for device in self._devices:
            clock = self._begin + timedelta(seconds=float(self._random.uniform(0.05, 0.4)))
            for place, module in enumerate(_MODULES):
                step, clock = self._step(device, module, float(self._pace[place]), clock)
                steps.append(step)
                clock += timedelta(seconds=float(self._random.lognormal(-1.6, 0.5)))
            ends.append(datetime.fromisoformat(steps[-1].attempts[-1].ended_at or ""))
        end = max(ends)
        state = ExecutionSnapshot(
            execution_id=self._id,
            status="completed",
            progress_percentage=100,
            current_step=None,
            devices=tuple(
                DeviceSummary(device_id=device.serial, status="available", last_seen=timestamp(end))
                for device in self._devices
            ),
            steps=tuple(steps),
            name=self._name,
            started_at=timestamp(self._begin),
            duration_seconds=round((end - self._begin).total_seconds(), 3),
            timestamp=timestamp(end),
        )
        return MadeUpRun(state, tuple(sorted(self._logs, key=lambda entry: entry.timestamp)))

    def _step(self, device: _Device, module: _Module, pace: float, clock: datetime) -> tuple[Step, datetime]:
        attempts: list[Attempt] = []
        step_id = self._uuid()
        failing = min(0.5, module.failing * device.failing)
        while True:
            number = len(attempts) + 1
            attempt = self._attempt(device, module, pace, failing, clock, number)
            attempts.append(attempt)
            clock = datetime.fromisoformat(attempt.ended_at or "")
            self._say(device, module, step_id, attempt)
            if attempt.status != "failed" or number > _RETRIES:
                break
            failing = 0.3  # what failed once is likelier to fail again
            clock += timedelta(seconds=0.05)
        step = Step(
            step_id=step_id,
            device_id=device.serial,
            module_id=module.name,
            status=attempt.status,
            attempts=tuple(attempts),
            params=module.params,
        )
        return step, clock

    def _attempt(
        self, device: _Device, module: _Module, pace: float, failing: float, clock: datetime, number: int
    ) -> Attempt:
        if module.name == "nfc_test_module" and not device.nfc:
            return self._ended(
                clock, number, 0.012, 0.9, status="skipped", error_message="the device has no NFC"
            )
        seconds = module.seconds * pace * device.pace * float(np.exp(self._random.normal(0, module.spread)))
        if self._random.random() >= failing:
            return self._ended(clock, number, seconds, module.adb, status="completed")
        if module.code == ErrorCode.MODULE_TIMEOUT:
            seconds = 30.0
        elif module.code == ErrorCode.ADB_TIMEOUT:
            seconds += 10.0
        else:
            seconds *= float(self._random.uniform(0.3, 1.1))
        return self._ended(
            clock,
            number,
            seconds,
            module.adb,
            status="failed",
            error_code=module.code,
            error_message=module.message,
        )

    def _ended(
        self,
        clock: datetime,
        number: int,
        seconds: float,
        adb: float,
        *,
        status: AttemptStatus,
        error_code: str | None = None,
        error_message: str | None = None,
    ) -> Attempt:
        share = float(np.clip(self._random.normal(adb, 0.04), 0.02, 0.98))
        return Attempt(
            attempt=number,
            status=status,
            started_at=timestamp(clock),
            ended_at=timestamp(clock + timedelta(seconds=seconds)),
            duration_seconds=round(seconds, 3),
            error_code=error_code,
            error_message=error_message,
            adb_seconds=round(seconds * share, 3),
        )

    def _say(self, device: _Device, module: _Module, step_id: str, attempt: Attempt) -> None:
        words = {"completed": "passed", "skipped": f"skipped: {attempt.error_message}"}
        self._logs.append(
            LogEntry(
                execution_id=self._id,
                device_id=device.serial,
                level="ERROR" if attempt.status == "failed" else "INFO",
                message=words.get(attempt.status, f"{attempt.error_code}: {attempt.error_message}"),
                module_id=module.name,
                timestamp=attempt.ended_at or "",
                step_id=step_id,
                attempt=attempt.attempt,
            )
        )

    def _uuid(self) -> str:
        return str(UUID(bytes=self._random.bytes(16), version=4))


def make_up(history: History, seed: int = 1, runs: int = RUNS) -> None:
    """Add made-up executions to a history; its frames say that they are.

    Parameters
    ----------
    history
        One of their own: real executions beside them are no company.
    seed, runs
        As of `made_up`.

    Raises
    ------
    HistoryError
        When they are there already, or the folder cannot be written.
    """
    for run in made_up(seed, runs):
        history.add(run.state, run.logs, made_up=True)


class MadeUpFrames(NamedTuple):
    """The frames that a history of the made-up executions has."""

    executions: Any
    steps: Any
    attempts: Any


def made_up_frames(seed: int = 1, runs: int = RUNS, backend: Backend | None = None) -> MadeUpFrames:
    """Make a history up as frames alone, with the columns of `History`'s.

    Parameters
    ----------
    seed, runs
        As of `made_up`.
    backend
        pandas' where pandas is installed, and else polars', when absent.

    Raises
    ------
    ModuleNotFoundError
        When the backend is not installed.
    """
    chosen = choose(backend)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        db.execute("BEGIN")
        for run in made_up(seed, runs):
            row = execution_row(run.state, run.state.started_at or run.state.timestamp, made_up=True)
            [(number,)] = db.execute(PUT_EXECUTION, row).fetchall()
            put_steps(db, number, enumerate(run.state.steps), {})
        told = [
            build(table.columns, [row[1:] for row in tables.read(db, table, tables.Filters())], chosen)
            for table in (tables.EXECUTIONS, tables.STEPS, tables.ATTEMPTS)
        ]
    return MadeUpFrames(*told)
