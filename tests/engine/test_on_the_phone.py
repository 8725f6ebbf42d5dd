"""The engine on the real stack: the adb server, the adb protocol, and a phone that is killed and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from execmon_lab.devices import AdbServer, DevicePool
from execmon_lab.engine import Execution, Module, Plan, module
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Envelope, Hub
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.protocol import ErrorMessage, ExecutionSnapshot, LogEntry, Message, StepFailed

DEADLINE = 60.0
LOST = "DEVICE_DISCONNECTED"


class Stage:
    """Runs plans on a pool's phones, and does something when a message comes."""

    def __init__(self, pool: DevicePool, serials: list[str], folder: Path) -> None:
        self.pool = pool
        self.pool.wait(serials=serials, timeout=DEADLINE)
        self.artifacts = ArtifactStore(folder)
        self.hub = Hub()
        self.messages: list[Message] = []
        self._serials = serials
        self._triggers: list[tuple[Callable[[Message], bool], threading.Event]] = []
        self.hub.subscribe("execution.>", self._keep, shaped=False)

    def _keep(self, envelope: Envelope) -> None:
        self.messages.append(envelope.message)
        for fits, event in self._triggers:
            if fits(envelope.message):
                event.set()

    def when(self, fits: Callable[[Message], bool]) -> threading.Event:
        """Return an event that is set when such a message comes."""
        event = threading.Event()
        self._triggers.append((fits, event))
        return event

    def start(self, *modules: Module, **options: object) -> Execution:
        execution = Execution(
            Plan(modules, **options), self._serials, pool=self.pool, hub=self.hub, artifacts=self.artifacts
        )
        execution.start()
        return execution

    def finish(self, execution: Execution) -> ExecutionSnapshot:
        state = execution.wait(DEADLINE)
        assert execution.close() == ()
        return state

    def of(self, kind: type) -> list:
        return [message for message in self.messages if isinstance(message, kind)]


@pytest.fixture
def stage(adb_server, own_phone: PhoneProcess, tmp_path: Path) -> Iterator[Stage]:
    with DevicePool(adb_server, [own_phone.serial], heartbeat=0.3, heartbeat_timeout=1.0) as pool:
        yield Stage(pool, [own_phone.serial], tmp_path)


@module
def passing(ctx):
    assert ctx.device.shell("echo here").strip() == "here"


@module(retries=1)
def long_command(ctx):
    if ctx.attempt == 1:
        ctx.device.shell("sleep 50", timeout=60)


@module(retries=1)
def no_command(ctx):
    if ctx.attempt == 1:
        ctx.device.shell("true")
        ctx.log.info("now")
        ctx.sleep(50)


def begins(text: str) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, LogEntry) and text in message.message


def told_lost(message: Message) -> bool:
    return isinstance(message, StepFailed) and message.error_code == LOST


def check_went_on(stage: Stage, state: ExecutionSnapshot) -> None:
    """The lost attempt is told, and everything passed in the end."""
    (failed,) = stage.of(StepFailed)
    assert (failed.error_code, failed.retry_attempt, failed.will_retry) == (LOST, 1, True)
    assert failed.screenshot_url is None
    errors = stage.of(ErrorMessage)
    assert [(error.code, error.device_id) for error in errors] == [(LOST, failed.device_id)]
    assert errors[0].message.startswith(f"Device {failed.device_id} disconnected during execution")
    assert state.status == "completed"
    assert [step.status for step in state.steps] == ["completed", "completed", "completed"]


def test_a_plan_on_a_phone(stage: Stage, no_leaks: None) -> None:
    @module
    def tapping(ctx):
        with ctx.action("tap"):
            ctx.device.shell(["input", "tap", "500", "800"])
        ctx.expect("no such text" in ctx.device.screen_text(), "there is no such text")

    state = stage.finish(stage.start(passing, tapping))

    assert [step.status for step in state.steps] == ["completed", "failed"]
    assert any(begins("Executing ADB command: adb shell input tap 500 800")(m) for m in stage.messages)
    for step in state.steps:
        with Image.open(stage.artifacts.screenshot(step.attempts[0].screenshot_url)) as picture:
            assert (picture.format, picture.size) == ("PNG", (720, 1280))
    [tapped] = state.steps[1].attempts
    assert 0 < tapped.adb_seconds <= tapped.duration_seconds


def test_a_timeout_ends_a_command_that_is_under_way_and_the_screen_is_kept(
    stage: Stage, no_leaks: None
) -> None:
    execution = stage.start(long_command.with_options(timeout=0.5, retries=0), passing)
    state = stage.finish(execution)

    (failed,) = stage.of(StepFailed)
    assert failed.error_code == "MODULE_TIMEOUT"
    assert 0.3 < failed.adb_seconds <= failed.duration_seconds, "the command that was cut off counts"
    assert stage.artifacts.screenshot(failed.screenshot_url).is_file()
    assert [step.status for step in state.steps] == ["failed", "completed"]


@pytest.mark.parametrize(
    ("during", "sign"), [(long_command, "sleep 50"), (no_command, "now")], ids=["command", "no command"]
)
def test_a_phone_killed_in_a_step_and_started_again(
    stage: Stage, own_phone: PhoneProcess, during: Module, sign: str
) -> None:
    under_way, lost = stage.when(begins(sign)), stage.when(told_lost)
    execution = stage.start(passing, during, passing)
    assert under_way.wait(DEADLINE)
    own_phone.kill()
    assert lost.wait(DEADLINE)
    own_phone.restart()

    check_went_on(stage, stage.finish(execution))


@pytest.mark.parametrize(
    ("during", "sign"), [(long_command, "sleep 50"), (no_command, "now")], ids=["command", "no command"]
)
def test_a_phone_that_hangs_in_a_step_and_goes_on(
    stage: Stage, own_phone: PhoneProcess, during: Module, sign: str
) -> None:
    under_way, lost = stage.when(begins(sign)), stage.when(told_lost)
    execution = stage.start(passing, during, passing)
    assert under_way.wait(DEADLINE)
    own_phone.pause()
    assert lost.wait(DEADLINE)
    own_phone.resume()

    check_went_on(stage, stage.finish(execution))


def test_the_adb_server_killed_in_a_step(tmp_path: Path, no_leaks: None) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(AdbServer.private())
        phone = stack.enter_context(PhoneProcess(adb_ports=[server.port]))
        stage = Stage(stack.enter_context(DevicePool(server, [phone.serial])), [phone.serial], tmp_path)
        under_way = stage.when(begins("sleep 50"))
        execution = stage.start(passing, long_command, passing)
        assert under_way.wait(DEADLINE)
        os.kill(server.pid, signal.SIGKILL)

        check_went_on(stage, stage.finish(execution))


def test_a_cancel_ends_a_command_that_is_under_way(stage: Stage, no_leaks: None) -> None:
    under_way = stage.when(begins("sleep 50"))
    execution = stage.start(passing, long_command, passing)
    assert under_way.wait(DEADLINE)
    execution.cancel()

    state = stage.finish(execution)

    assert state.status == "cancelled"
    assert [step.status for step in state.steps] == ["completed", "failed", "pending"]
    assert state.steps[1].attempts[0].error_code == "CANCELLED"
    assert stage.pool.snapshot()[state.steps[0].device_id].status == "available"


def test_two_phones_share_a_plan_and_one_takes_over_from_the_other(
    adb_server, phone: PhoneProcess, own_phone: PhoneProcess, tmp_path: Path
) -> None:
    both = threading.Barrier(2)
    serials = [phone.serial, own_phone.serial]

    @module(retries=1)
    def fragile(ctx):
        if ctx.attempt == 1:
            both.wait(DEADLINE)
            if ctx.device.serial == own_phone.serial:
                own_phone.kill()
        passing(ctx)

    with DevicePool(adb_server, serials) as pool:
        stage = Stage(pool, serials, tmp_path)
        state = stage.finish(stage.start(fragile, fragile, passing, distribution="shared"))

    assert [step.status for step in state.steps] == ["completed"] * 3
    assert {step.device_id for step in state.steps} == {phone.serial}
    assert [failed.error_code for failed in stage.of(StepFailed)] == [LOST]
