"""An execution to report on: passed, flaky, failed for good and skipped steps on two devices."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from PIL import Image, ImageDraw

from execmon_lab.protocol import (
    Action,
    Attempt,
    DeviceSummary,
    ExecutionSnapshot,
    Level,
    LogEntry,
    Problem,
    Step,
    timestamp,
)
from execmon_lab.reports import Material, Still

EXECUTION = "550e8400-e29b-41d4-a716-446655440000"
EARLIER = "550e8400-e29b-41d4-a716-446655440999"
PHONE, TABLET = "emulator-5554", "R58M123ABC"
BEGIN = datetime(2025, 1, 27, 10, 30, tzinfo=UTC)

HOSTILE = '<script>alert("x")</script> #panic() {{ 7 * 7 }} ]]> =1+1 \x1b[31m \u202e'
NAMES = "短信测试 · رسالة · 🚀"


def at(seconds: float) -> str:
    """The timestamp of a moment of the execution."""
    return timestamp(BEGIN + timedelta(seconds=seconds))


def attempt(number: int, status: str, begin: float, end: float, **more: object) -> Attempt:
    """An attempt that ran from `begin` to `end`, in seconds of the execution."""
    known = {
        "attempt": number,
        "status": status,
        "started_at": at(begin),
        "ended_at": at(end),
        "duration_seconds": end - begin,
    }
    return Attempt(**{**known, **more})  # type: ignore[arg-type]


def failed(number: int, begin: float, end: float, code: str = "ASSERTION_FAILED", **more: object) -> Attempt:
    """An attempt that failed."""
    told = {
        "error_code": code,
        "error_message": "the text is not on the screen",
        "traceback": "Traceback: here",
    }
    return attempt(number, "failed", begin, end, **{**told, **more})


def step(
    number: int, module: str, status: str, *attempts: Attempt, device: str = PHONE, params: str = ""
) -> Step:
    """A step of the execution."""
    return Step(
        step_id=f"550e8400-e29b-41d4-a716-{number:012d}",
        device_id=device,
        module_id=module,
        status=status,  # type: ignore[arg-type]
        attempts=attempts,
        params=params or f"number={number}",
    )


def entry(second: float, text: str, level: Level = "INFO", device: str = PHONE) -> LogEntry:
    """A line of the log."""
    return LogEntry(
        execution_id=EXECUTION,
        device_id=device,
        level=level,
        message=text,
        module_id="call_test_module",
        timestamp=at(second),
    )


def screenshot(colour: str = "navy") -> bytes:
    """A PNG of a phone's screen."""
    image = Image.new("RGB", (720, 1280), colour)
    ImageDraw.Draw(image).rectangle((40, 40, 400, 400), fill="white")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def state(*, name: str = "nightly", hostile: str = "") -> ExecutionSnapshot:
    """The execution; `hostile` stands wherever somebody else's text can stand."""
    actions = (
        Action(path=("dial",), status="completed", duration_seconds=0.5, timestamp=at(0.5)),
        Action(path=("dial", f"wait{hostile}"), status="completed", duration_seconds=0.25, timestamp=at(0.4)),
    )
    steps = (
        step(
            1,
            f"call_test_module{hostile}",
            "completed",
            attempt(1, "completed", 0, 2, actions=actions, screenshot_url="/1.png"),
        ),
        step(
            2,
            "data_test_module",
            "completed",
            failed(
                1, 2, 5, error_message=f"no page{hostile}", traceback=f"Traceback: a{hostile}\n  line two"
            ),
            attempt(2, "completed", 5, 6),
        ),
        step(
            3,
            "sms_test_module",
            "failed",
            failed(1, 6, 8, "ADB_TIMEOUT"),
            failed(2, 8, 10, screenshot_url="/2.png"),
            params=f"to=5550100{hostile}",
        ),
        step(4, "skip_module", "skipped", attempt(1, "skipped", 0, 1, error_message="no SIM"), device=TABLET),
        step(5, "never_module", "pending", device=TABLET),
    )
    return ExecutionSnapshot(
        execution_id=EXECUTION,
        status="completed",
        progress_percentage=100,
        current_step=None,
        devices=tuple(
            DeviceSummary(device_id=device, status="available", last_seen=at(10))
            for device in (PHONE, TABLET)
        ),
        steps=steps,
        errors=(
            Problem(code="MODULE_TIMEOUT", message=f"too long{hostile}", timestamp=at(9), device_id=PHONE),
        ),
        name=name + hostile,
        started_at=at(0),
        duration_seconds=10.0,
        timestamp=at(10),
    )


def earlier() -> ExecutionSnapshot:
    """A good run of the same plan, a day before."""
    now = state()
    passed = replace(now.steps[0], attempts=(attempt(1, "completed", 0, 1.6),))
    return replace(now, execution_id=EARLIER, duration_seconds=8.0, steps=(passed, *now.steps[1:]))


def material(*, name: str = "nightly", hostile: str = "") -> Material:
    """Everything that a report of the execution can be made of."""
    files = {"/1.png": screenshot(), "/2.png": screenshot("darkred")}
    return Material(
        state=state(name=name, hostile=hostile),
        logs=[entry(n / 4, f"line {n}{hostile}", "ERROR" if n == 31 else "INFO") for n in range(44)],
        devices={PHONE: {"model": f"Pixel 8{hostile}", "android": "14"}},
        screenshot=files.get,
        film=lambda device, count: _film(count) if device == PHONE else (),
        earlier=earlier(),
    )


def _film(count: int) -> list[Still]:
    buffer = io.BytesIO()
    Image.new("RGB", (360, 640), "teal").save(buffer, "JPEG")
    stills = [Still(BEGIN.timestamp() + second, buffer.getvalue()) for second in range(11)]
    return stills[:count]
