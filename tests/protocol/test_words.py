"""An execution's state in words: what IPython shows of it."""

from __future__ import annotations

from IPython.lib.pretty import pretty
from msgspec.structs import replace

from execmon_lab.protocol import Attempt, ErrorCode, Step
from execmon_lab.state import planned

RUN = "550e8400-e29b-41d4-a716-446655440000"
NOW = "2026-01-27T10:30:00Z"
FAILED = Attempt(
    attempt=2, status="failed", started_at=NOW, error_code=ErrorCode.ADB_TIMEOUT, error_message="too slow"
)
STEPS = [
    Step(step_id="s1", device_id="emulator-5554", module_id="wifi_module", status="completed"),
    Step(
        step_id="s2",
        device_id="emulator-5554",
        module_id="call_module",
        status="failed",
        params="number=1",
        attempts=(FAILED,),
    ),
]


def test_a_state_is_a_line_a_step() -> None:
    state = replace(planned(RUN, STEPS, name="nightly"), status="completed", duration_seconds=2.0)
    assert pretty(state).splitlines() == [
        f"nightly: completed; 1 completed, 1 failed, in 2.0 s  ({RUN})",
        "  completed wifi_module",
        "  failed    call_module number=1 · attempt 2: ADB_TIMEOUT",
    ]


def test_a_device_is_named_where_there_are_several() -> None:
    other = replace(STEPS[0], step_id="s3", device_id="emulator-5556", status="pending")
    assert pretty(planned(RUN, [STEPS[0], other])).splitlines() == [
        f"execution: pending; 1 completed, 1 pending  ({RUN})",
        "  completed wifi_module emulator-5554",
        "  pending   wifi_module emulator-5556",
    ]
