"""An execution's log read from a line of it: what came before it, and what its device wrote after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from execmon_lab.history import History, HistoryError, chunks
from execmon_lab.history.clock import written
from execmon_lab.history.lookback import LinePlace, Lookback
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry
from tests.strategies import DEVICES, EXECUTION, fresh

OTHER = "550e8400-e29b-41d4-a716-446655440009"
COUNT = 2500
BEGAN = 1_763_000_000_000


def line(number: int, execution_id: str = EXECUTION) -> LogEntry:
    """A line of one of two devices; four share each millisecond."""
    return LogEntry(
        execution_id=execution_id,
        device_id=DEVICES[number % 2],
        level="INFO",
        message=f"line {number}",
        module_id="sms_test_module",
        timestamp=written(at(number)),
    )


def at(number: int) -> int:
    return BEGAN + number // 4


def place(number: int) -> LinePlace:
    return LinePlace(at(number), DEVICES[number % 2], f"line {number}")


def numbers(lines: list[LogEntry]) -> list[int]:
    return [int(known.message.split()[1]) for known in lines]


@pytest.fixture(scope="module", params=[0, 1, 2, 3], ids=lambda packed: f"{packed} chunks")
def lookback(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lookback]:
    """A log whose first thousands of lines are compressed; another's lines are written between its own."""
    hub = Hub()
    with History(tmp_path_factory.mktemp("history")) as history:
        history.record(hub)
        yield _written(history, hub, request.param)


def _written(history: History, hub: Hub, packed: int) -> Lookback:
    for execution_id in (EXECUTION, OTHER):
        hub.publish(replace(fresh(1), execution_id=execution_id, status="running"))
    for number in range(COUNT):
        hub.publish(line(number))
        hub.publish(line(number, OTHER))
    writer = history._store.writer
    assert writer is not None
    for execution in (1, 2) if packed else ():
        writer.do(lambda db, execution=execution: chunks.pack(db, execution, most=packed)).result(30)
    return Lookback(history, EXECUTION)


def test_lines_before_a_line_come_in_batches_down_to_the_first(lookback: Lookback) -> None:
    first, found = COUNT - 1, []
    while first:
        lines, left = lookback.before(place(first), 700)
        found[:0] = numbers(lines)
        assert left == found[0], "so many are before these"
        first = found[0]
    assert found == list(range(COUNT - 1))
    assert lookback.before(place(0), 700) == ([], 0)


def test_they_are_as_they_were_written(lookback: Lookback) -> None:
    assert lookback.before(place(1234), 3) == ([line(1231), line(1232), line(1233)], 1231)


@pytest.mark.parametrize("number", [3, 999, 1001, 2200])
def test_a_line_that_was_not_kept_counts_by_its_time(lookback: Lookback, number: int) -> None:
    lines, left = lookback.before(replace_message(place(number)), 2)
    older = number // 4 * 4
    assert numbers(lines) == [n for n in (older - 2, older - 1) if n >= 0]
    assert left + len(lines) == older


def replace_message(known: LinePlace) -> LinePlace:
    return LinePlace(known.at, known.device_id, "nobody wrote this")


@pytest.mark.parametrize("number", [0, 997, 998, 1999, 2100])
def test_lines_after_a_line_are_those_of_its_device(lookback: Lookback, number: int) -> None:
    own = list(range(number + 2, COUNT, 2))
    assert numbers(lookback.after(place(number), 0, 5)) == own[:5]
    assert numbers(lookback.after(place(number), 7, 300)) == own[7:307]
    assert lookback.after(replace_message(place(number)), 0, 5) == []


def test_what_is_not_kept_is_told(tmp_path: Path, history: History) -> None:
    with pytest.raises(HistoryError, match="this run is not in the history"):
        Lookback(history, EXECUTION).before(place(1), 5)
    (tmp_path / "file").write_text("no folder")
    refusing, hub = History(tmp_path / "file"), Hub()
    with pytest.raises(HistoryError):
        refusing.record(hub)
    with pytest.raises(HistoryError, match="choose another folder"):
        Lookback(refusing, EXECUTION).after(place(1), 0, 5)
