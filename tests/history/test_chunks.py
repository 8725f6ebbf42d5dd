"""Logs of what has ended are compressed by the thousand lines; whoever reads does not see it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from execmon_lab.history import History, chunks, slots
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry
from tests.history.runs import script
from tests.history.writer_process import Writer
from tests.strategies import EXECUTION, stamp

LINES = 2 * chunks.LINES + 345


def line(number: int) -> LogEntry:
    return LogEntry(
        execution_id=EXECUTION,
        device_id=f"device-{number % 3}",
        level="ERROR" if number % 7 == 0 else "INFO",
        message=f"line {number} 二 {'x' * (number % 50)}",
        module_id="m",
        timestamp=stamp(number // 10),
    )


@pytest.fixture
def ran(history: History, hub: Hub) -> History:
    """A run with more lines than two chunks hold; its log is not packed yet."""
    start, messages = script()
    hub.publish(start)
    for number in range(LINES):
        hub.publish(line(number))
    for message in messages:
        if not isinstance(message, LogEntry):
            hub.publish(message)
    history.flush()
    return history


def pack(history: History, most: int = 20) -> bool:
    writer = history._store.writer
    assert writer is not None
    return writer.do(lambda db: chunks.pack(db, chunks.unpacked_logs(db)[0], most)).result(30)


def counts(history: History) -> tuple[int, list[int]]:
    """How many lines are as they came, and how many are in each compressed chunk."""
    with contextlib.closing(slots.connect(history.folder / "history.db")) as db:
        [(loose,)] = db.execute("SELECT coalesce(sum(lines), 0) FROM log_chunks WHERE loose")
        packed = db.execute("SELECT lines FROM log_chunks WHERE NOT loose ORDER BY first_id")
        return loose, [count for (count,) in packed]


def messages_of(history: History) -> list[str]:
    return [entry.message for entry in history.execution(EXECUTION).logs]


def test_packed_or_not_or_half_it_is_the_same_log(ran: History) -> None:
    expected = [line(number) for number in range(LINES)]
    frame = ran.logs(backend="polars")
    assert frame.height == LINES
    for most, packed in ((0, []), (1, [1000]), (20, [1000, 1000, 345])):
        if most:
            pack(ran, most)
        assert counts(ran) == (LINES - sum(packed), packed)
        assert list(ran.execution(EXECUTION).logs) == expected
        assert ran.logs(backend="polars").equals(frame)


def test_filters_find_what_they_want_on_both_sides_of_a_chunks_end(ran: History) -> None:
    since, until = stamp(990 // 10), stamp(1010 // 10)
    wanted = {"since": since, "until": until}
    found = ran.logs(backend="polars", **wanted)["message"].to_list()
    assert found == [line(number).message for number in range(990, 1010)]
    pack(ran)
    assert ran.logs(backend="polars", **wanted)["message"].to_list() == found
    errors = ran.logs(backend="polars", level="ERROR", device_id="device-1")["message"].to_list()
    assert errors == [line(n).message for n in range(LINES) if n % 7 == 0 and n % 3 == 1]


def test_a_late_line_comes_last(ran: History, hub: Hub) -> None:
    pack(ran)
    hub.publish(late := line(LINES))
    assert messages_of(ran)[-1] == late.message
    assert counts(ran) == (1, [1000, 1000, 345])
    pack(ran)
    assert counts(ran) == (0, [1000, 1000, 345, 1])
    assert messages_of(ran)[-2:] == [line(LINES - 1).message, late.message]


def test_it_takes_a_fraction_of_the_room(ran: History) -> None:
    pack(ran)
    with contextlib.closing(slots.connect(ran.folder / "history.db")) as db:
        [(packed,)] = db.execute("SELECT sum(length(body)) FROM log_chunks")
    assert packed < sum(len(line(number).message) for number in range(LINES))


def test_a_kill_between_two_chunks_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """What was acknowledged before the kill is packed by whoever claims the file next."""
    with Writer(tmp_path, EXECUTION) as writer:
        while (told := writer.told()) < LINES:
            pass
        last = [told, *writer.kill()][-1]
    history = History(tmp_path)
    before = messages_of(history)
    assert len(before) > last
    with slots.claim_any(tmp_path) as claim, contextlib.closing(slots.connect(claim.path, write=True)) as db:
        [execution] = chunks.unpacked_logs(db)
        assert chunks.pack(db, execution, 1), "there is more to pack: as if it had been killed here"
    assert messages_of(history) == before
