"""The terminal's display: a line an attempt, and a summary that states the totals."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table
from rich.text import Text

from execmon_lab.protocol import (
    ErrorMessage,
    ExecutionCompleted,
    ExecutionPaused,
    ExecutionResumed,
    LogEntry,
    Message,
    Pause,
    Step,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from execmon_lab.state import ExecutionState, planned
from execmon_lab.terminal import ExecutionDisplay, PlainConsole

NOW = "2026-01-27T10:30:00Z"
RUN = "550e8400-e29b-41d4-a716-446655440000"
PHONE = "emulator-5554"
ONE = {
    "execution_id": RUN,
    "device_id": PHONE,
    "step_id": "s1",
    "module_id": "data_test_module",
    "timestamp": NOW,
}

LINE = {
    "execution_id": RUN,
    "device_id": PHONE,
    "level": "INFO",
    "message": "by hand",
    "module_id": "manual",
    "timestamp": NOW,
}

START = planned(RUN, [Step(step_id="s1", device_id=PHONE, module_id="data_test_module", status="pending")])
RETRIED = StepFailed(
    **ONE, error_code="ADB_TIMEOUT", error_message="timed out\nlong story", retry_attempt=1, will_retry=True
)
PASSED = StepCompleted(**ONE, status="completed", duration_seconds=1.25, screenshot_url=None)
END = ExecutionCompleted(
    execution_id=RUN,
    status="completed",
    duration_seconds=3.0,
    total_steps=2,
    successful_steps=1,
    failed_steps=0,
    report_url="",
    timestamp=NOW,
)


def shown(*messages: Message, logs: str | None = None, terminal: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    with ExecutionDisplay(Console(file=out, width=width, force_terminal=terminal), logs=logs) as display:
        for message in messages:
            display.show(message)
    return out.getvalue()


def test_a_device_that_waits_is_told_and_that_it_goes_on() -> None:
    paused = {"execution_id": RUN, "device_id": PHONE, "timestamp": NOW}
    asked = ExecutionPaused(**paused, status="pausing", reason="requested")
    waits = ExecutionPaused(**paused, status="paused", reason="requested", step_id="s1")
    lines = shown(START, asked, waits, LogEntry(**LINE), ExecutionResumed(**paused), PASSED).splitlines()
    assert lines[:2] == [f"‖ {PHONE} is paused before data_test_module", f"▶ {PHONE} goes on"]
    failed = ExecutionPaused(**paused, status="paused", reason="failure", step_id="s1")
    assert (
        shown(START, failed, END).splitlines()[0] == f"‖ {PHONE} is paused on the failure of data_test_module"
    )
    late = replace(
        START,
        status="running",
        paused=(Pause(device_id=PHONE, status="paused", reason="requested", timestamp=NOW),),
    )
    assert shown(late).splitlines() == [f"‖ {PHONE} is paused before the end"]


def test_each_attempt_is_a_line() -> None:
    lines = shown(START, StepStarted(**ONE, attempt=1), RETRIED, PASSED).splitlines()
    assert lines[0].startswith("↻ data_test_module")
    assert lines[0].endswith("will be retried")
    assert lines[1:3] == ["    ADB_TIMEOUT: timed out", "    long story"]
    assert lines[3].startswith("✓ data_test_module")
    assert lines[3].endswith("1.25 s")


def test_a_step_is_told_by_what_its_module_was_bound_to() -> None:
    bound = replace(START, steps=tuple(replace(step, params="number=5550123, " * 5) for step in START.steps))
    [line] = shown(bound, PASSED).splitlines()
    assert "number=5550123" in line
    assert "…   " in line, "cut to its column"


@pytest.mark.parametrize("width", [80, 120])
def test_an_attempt_fits_a_terminal_s_line(width: int) -> None:
    bound = replace(START, steps=tuple(replace(step, params="number=5550123, " * 9) for step in START.steps))
    line = shown(bound, RETRIED, width=width).splitlines()[0]
    assert len(line) <= width
    assert line.endswith("will be retried")


def test_the_summary_names_what_did_not_run() -> None:
    assert "completed: 1 passed, 0 failed, 1 skipped or not run, 2 steps in 3.0 s" in shown(
        START, PASSED, END
    )


def test_one_who_comes_late_or_again_sees_everything_once() -> None:
    so_far = ExecutionState(START)
    problem = ErrorMessage(code="DEVICE_DISCONNECTED", message="gone", execution_id=RUN, timestamp=NOW)
    for message in (StepStarted(**ONE, attempt=1), RETRIED, problem, PASSED):
        so_far.fold(message)
    state = so_far.snapshot()
    lines = shown(state, RETRIED, problem, PASSED, state, END, END).splitlines()
    assert [line[0] for line in lines if not line.startswith(" ")] == ["↻", "✓", "!", "c"]


def test_the_end_may_be_told_by_a_state() -> None:
    state = ExecutionState(START)
    state.fold(PASSED)
    state.fold(END)
    *_, last = shown(state.snapshot(), END).splitlines()
    assert last == "completed: 1 passed, 0 failed, 1 steps in 3.0 s"


def test_errors_are_shown_and_logs_only_on_request() -> None:
    error = ErrorMessage(code="DEVICE_DISCONNECTED", message="gone", execution_id=RUN, timestamp=NOW)
    entry = LogEntry(
        execution_id=RUN, device_id=PHONE, level="INFO", message="[tap] it", module_id="m", timestamp=NOW
    )
    assert shown(START, error, entry) == "! DEVICE_DISCONNECTED: gone\n"
    assert "INFO  [tap] it" in shown(START, entry, logs="INFO")
    assert "tap" not in shown(START, entry, logs="WARN")


def test_a_terminal_has_a_bar_with_the_steps_done() -> None:
    out = shown(START, StepStarted(**ONE, attempt=1), PASSED, terminal=True)
    assert "1/1 steps" in out


def test_what_would_steer_the_terminal_is_shown_as_a_sign() -> None:
    output = io.StringIO()
    console = PlainConsole(file=output, force_terminal=True, color_system=None, width=80)
    hostile = "\x1b]0;owned\x07\x1b[2J\x9b31m\x00\u202eb\tc\nd"
    with ExecutionDisplay(console, logs="INFO") as display:
        display.show(LogEntry(**{**LINE, "message": hostile}))
    assert "�]0;owned" in output.getvalue()
    table = Table()
    table.add_row(Text(hostile, style="red"))
    said = io.StringIO()
    PlainConsole(file=said, width=80).print(table, hostile)
    for forbidden in "\x1b\x07\x9b\x00\u202e":
        assert forbidden not in said.getvalue()
    for forbidden in ("\x1b]0", "\x1b[2J", "\x9b", "\x00", "\u202e"):
        assert forbidden not in output.getvalue()
