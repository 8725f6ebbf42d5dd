"""Lines that a page has not, on their way to it: from a history, shed ones and all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from execmon_lab.history import History
from execmon_lab.history.lookback import Lookback
from execmon_lab.hub import Hub, execution_subject
from execmon_lab.protocol import LogEntry, limits, moment
from execmon_lab.widgets.backlog import LINES, Backlog
from execmon_lab.widgets.commands import Earlier, LogLine, Shed, read
from execmon_lab.widgets.parcel import Parcel
from tests.strategies import DEVICES, EXECUTION, fresh, stamp

COUNT = 3 * limits.LOGS_PER_SECOND


class Rig:
    """A run's log, all of which came within one second, and what the page is told."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(clock=lambda: 5.0)
        self.history = History(folder)
        self.history.record(self.hub)
        self.live: list[LogEntry] = []
        self.hub.subscribe(
            execution_subject(EXECUTION, LogEntry.type_name()),
            lambda envelope: self.live.append(envelope.message),  # type: ignore[arg-type]
        )
        self.told: list[Parcel] = []
        self.backlog = Backlog(Lookback(self.history, EXECUTION), self.told.append)

    def log(self, count: int = COUNT) -> None:
        self.hub.publish(fresh(1))
        for number, device in itertools.product(range(count), DEVICES):
            self.hub.publish(entry(number, device))

    def ask(self, command: Earlier | Shed) -> tuple[dict[str, Any], list[LogEntry]]:
        self.backlog.take(command)
        (parcel,) = self.told
        self.told.clear()
        assert parcel.content.items() >= {"kind": "lines", "page": "p", "id": 7}.items()
        return parcel.content, msgspec.json.decode(parcel.buffers[0], type=list[LogEntry])


def entry(number: int, device: str = DEVICES[0]) -> LogEntry:
    return LogEntry(
        execution_id=EXECUTION,
        device_id=device,
        level="INFO",
        message=f"line {number}",
        module_id="sms_test_module",
        timestamp=stamp(number // 10),
    )


def known(line: LogEntry) -> LogLine:
    at = round(moment(line.timestamp).timestamp() * 1000)
    return LogLine(at=at, device_id=line.device_id, message=line.message)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.history.close()
    rig.hub.close()


def test_lines_before_the_pages_first_come_a_batch_at_a_time(rig: Rig) -> None:
    rig.log(LINES)
    content, lines = rig.ask(Earlier(page="p", id=7, first=known(entry(LINES - 1))))
    assert len(lines) == LINES
    assert content["lost"] == 2 * (LINES - 1) - LINES
    assert content["refused"] is None
    _, before = rig.ask(Earlier(page="p", id=7, first=known(lines[0])))
    assert [*before, *lines] == [entry(n, d) for n, d in itertools.product(range(LINES - 1), DEVICES)]


def test_what_the_page_was_told_is_shed_is_what_it_gets(rig: Rig) -> None:
    rig.log()
    rig.hub._clock = lambda: 7.0
    rig.hub.publish(entry(COUNT))
    passed = [line for line in rig.live if line.device_id == DEVICES[0]]
    [(place, shed)] = [(n, line.shed) for n, line in enumerate(passed) if isinstance(line.shed, int)]
    assert shed > 150
    last = known(passed[place - 1])
    _, lines = rig.ask(Shed(page="p", id=7, after=last, count=shed))
    assert [*passed[:place], *lines, *passed[place + 1 :]] == [entry(number) for number in range(COUNT + 1)]
    _, rest = rig.ask(Shed(page="p", id=7, after=last, skip=150, count=shed - 150))
    assert rest == lines[150:]


def test_no_answer_is_longer_than_a_batch(rig: Rig) -> None:
    rig.log(LINES + 10)
    _, lines = rig.ask(Shed(page="p", id=7, after=known(entry(0)), count=LINES + 5))
    assert len(lines) == LINES


def test_a_run_that_is_not_kept_is_told(rig: Rig) -> None:
    content, lines = rig.ask(Earlier(page="p", id=7, first=known(entry(0))))
    assert (content["refused"], lines) == ("this run is not in the history", [])


def test_a_page_speaks_of_a_line_by_its_time_device_and_text() -> None:
    place = {"at": 1_763_000_000_000, "device_id": "R58M", "message": "late"}
    assert read({"kind": "earlier", "page": "p", "id": 1, "first": place}) == Earlier(
        page="p", id=1, first=LogLine(**place)
    )
    assert read({"kind": "shed", "page": "p", "id": 2, "after": place, "skip": 3, "count": 4}) == Shed(
        page="p", id=2, after=LogLine(**place), skip=3, count=4
    )
