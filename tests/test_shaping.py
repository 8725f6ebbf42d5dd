"""The rates at which messages leave the hub (specification, "Message Frequency Limits")."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from execmon_lab.protocol import ExecutionCompleted, ExecutionProgress, LogEntry, Message
from execmon_lab.shaping import Shaper
from tests.strategies import EXECUTION, stamp

SHED = re.compile(r"(\d+) log entr(?:y was|ies were) shed")

END = ExecutionCompleted(
    execution_id=EXECUTION,
    status="completed",
    duration_seconds=1.0,
    total_steps=1,
    successful_steps=1,
    failed_steps=0,
    report_url="/r",
    timestamp=stamp(9),
)

#: Moments at which something is published, in seconds: dense in places, with pauses.
moments = st.lists(st.sampled_from([0.0, 0.001, 0.01, 0.3, 1.1]), min_size=1, max_size=400).map(
    lambda gaps: [sum(gaps[: i + 1]) for i in range(len(gaps))]
)


def log_entry(text: str = "x", device: str = "emulator-5554") -> LogEntry:
    return LogEntry(
        execution_id=EXECUTION,
        device_id=device,
        level="INFO",
        message=text,
        module_id="device",
        timestamp=stamp(1),
    )


def progress(percentage: int) -> ExecutionProgress:
    return ExecutionProgress(
        execution_id=EXECUTION, progress_percentage=percentage, current_step="x", timestamp=stamp(1)
    )


def shaped(*timed: tuple[float, Message]) -> list[tuple[float, Message]]:
    shaper = Shaper()
    return [(now, passed) for now, message in timed for passed in shaper.shape(message, now)]


def reports(passed: list[tuple[float, Message]]) -> int:
    found = [SHED.fullmatch(message.message) for _, message in passed if isinstance(message, LogEntry)]
    return sum(int(match[1]) for match in found if match)


@given(moments)
def test_at_most_a_hundred_log_entries_in_any_second(times: list[float]) -> None:
    passed = shaped(*((now, log_entry()) for now in times), (times[-1], END))
    entries = [now for now, message in passed if isinstance(message, LogEntry)]
    for first, later in zip(entries, entries[100:], strict=False):
        assert later - first >= 1.0


@given(moments)
def test_every_log_entry_is_passed_or_counted(times: list[float]) -> None:
    passed = shaped(*((now, log_entry()) for now in times), (times[-1], END))
    entries = [message for _, message in passed if isinstance(message, LogEntry) and message.message == "x"]
    assert len(entries) + reports(passed) == len(times)
    assert passed[-1][1] is END


@given(moments)
def test_at_most_one_progress_a_second_and_the_last_before_the_end(times: list[float]) -> None:
    passed = shaped(*((now, progress(i % 101)) for i, now in enumerate(times)), (times[-1], END))
    *live, (_, last) = passed
    assert last is END
    assert isinstance(live[-1][1], ExecutionProgress)
    assert live[-1][1].progress_percentage == (len(times) - 1) % 101
    rest = [now for now, _ in live[:-1]]
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(rest))


@given(moments)
def test_log_entries_keep_their_order(times: list[float]) -> None:
    passed = shaped(*((now, log_entry(str(n))) for n, now in enumerate(times)), (times[-1], END))
    texts = [message.message for _, message in passed if isinstance(message, LogEntry)]
    numbers = [int(text) for text in texts if text.isdecimal()]
    assert numbers == sorted(numbers)


def test_a_hundred_at_once_pass_untouched() -> None:
    passed = shaped(*((0.0, log_entry(str(n))) for n in range(100)), (0.5, END))
    assert [message.message for _, message in passed[:-1]] == [str(n) for n in range(100)]  # type: ignore[union-attr]


def test_the_notice_at_the_very_end_is_within_the_limit() -> None:
    passed = shaped(*((0.0, log_entry(str(n))) for n in range(137)), (0.5, END))
    told = [message.message for _, message in passed if isinstance(message, LogEntry)]
    assert told == [*(str(n) for n in range(99)), "38 log entries were shed"]


def test_what_was_shed_is_told_once_there_is_room() -> None:
    passed = shaped(*((0.0, log_entry(str(n))) for n in range(137)), (1.0, log_entry("after")))
    told = [message for now, message in passed if now == 1.0]
    assert [(m.level, m.message) for m in told if isinstance(m, LogEntry)] == [
        ("INFO", "99"),
        ("WARN", "37 log entries were shed"),
        ("INFO", "after"),
    ]


def test_one_device_takes_nothing_from_another() -> None:
    flood = [(0.0, log_entry(device="a")) for _ in range(150)]
    passed = shaped(*flood, (0.0, log_entry(device="b")))
    assert passed[-1][1] == log_entry(device="b")


def test_the_newest_progress_wins_and_rides_with_the_next_message() -> None:
    passed = shaped((0.0, progress(1)), (0.2, progress(2)), (0.4, progress(3)), (1.0, log_entry()))
    assert [
        message.progress_percentage for _, message in passed if isinstance(message, ExecutionProgress)
    ] == [
        1,
        3,
    ]


def test_the_devices_own_log_takes_nothing_from_the_runs() -> None:
    own = replace(log_entry("own"), source="logcat")
    passed = shaped(
        *[(5.0, entry) for _ in range(300) for entry in (own, log_entry())], (9.0, log_entry("last"))
    )
    lines = [message for _, message in passed if isinstance(message, LogEntry)]
    alone = shaped(*[(5.0, log_entry())] * 300, (9.0, log_entry("last")))
    assert [line for line in lines if line.source != "logcat"] == [message for _, message in alone]
    told = [line for line in lines if line.source == "logcat"]
    [notice] = [line for line in told if line.shed is not UNSET]
    assert notice.shed == 300 - (len(told) - 1)
