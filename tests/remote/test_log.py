"""The log of an execution that runs elsewhere: what was said before, in a gap, and what is kept no more."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

import execmon_lab as em
from execmon_lab.history.lookback import LinePlace, Lookback
from execmon_lab.protocol import LogEntry
from execmon_lab.protocol.clock import moment
from execmon_lab.server import KeptLog
from tests.client.relay import Relay
from tests.remote.conftest import DEADLINE, Eventually, Page, quick_module


def test_logs_that_came_before_the_widget_are_in_it(
    endless: em.Run, lab: em.Lab, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    run = lab.prepare(em.Plan([quick_module]))
    with em.connect(run.url) as remote:
        endless.cancel()
        endless.wait(DEADLINE)
        run.start()
        remote.wait(DEADLINE)
        page = Page(remote, monkeypatch)
        assert eventually(lambda: "quick" in page.log())
        assert isinstance(remote._tail.entries()[0], LogEntry)


class Chatter:
    """A run that logs all the time until it is told to stop, and what a remote run has of its log."""

    def __init__(self, lab: em.Lab) -> None:
        self.silent = threading.Event()

        @em.module(timeout=60)
        def chatting_module(ctx: em.Context) -> None:
            for number in itertools.count():
                ctx.log.info(f"line {number}")
                if self.silent.wait(0.02):
                    return

        self.run = lab.start(em.Plan([chatting_module], logcat=None))

    def has_said(self, lines: int) -> bool:
        return len(self.run._tail.entries()) >= lines

    def ends(self, remote: em.RemoteRun) -> None:
        self.silent.set()
        self.run.wait(DEADLINE)
        remote.wait(DEADLINE)

    @staticmethod
    def lines(run: em.Run | em.RemoteRun) -> list[str]:
        """Without what this side says of its connection."""
        return [entry.message for entry in run._tail.entries() if entry.module_id != "connection"]


@pytest.fixture
def chatter(lab: em.Lab) -> Iterator[Chatter]:
    chatter = Chatter(lab)
    yield chatter
    chatter.silent.set()
    chatter.run.wait(DEADLINE)


def test_who_joins_late_has_the_lines_from_before_once_and_in_their_order(
    chatter: Chatter, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert eventually(lambda: chatter.has_said(5))
    with em.connect(chatter.run.url) as remote:
        page = Page(remote, monkeypatch)
        assert eventually(lambda: page.of("snapshot"))
        assert page.log("snapshot")[:5] == chatter.lines(chatter.run)[:5]
        before = len(chatter.lines(remote))
        assert eventually(lambda: chatter.has_said(before + 5))
        chatter.ends(remote)
        assert chatter.lines(remote) == chatter.lines(chatter.run)


def test_after_a_lost_connection_the_lines_of_the_meantime_are_fetched(
    chatter: Chatter, eventually: Eventually
) -> None:
    with Relay(chatter.run.url) as relay, em.connect(relay.url) as remote:
        relay.refusing = True
        relay.cut()
        assert eventually(lambda: "connection lost" in remote._tail.entries()[-1].message)
        said = len(chatter.lines(chatter.run))
        assert eventually(lambda: chatter.has_said(said + 5))
        relay.refusing = False
        assert eventually(lambda: "connected again" in [e.message for e in remote._tail.entries()])
        chatter.ends(remote)
        assert chatter.lines(remote) == chatter.lines(chatter.run)


def place_of(entry: LogEntry) -> LinePlace:
    return LinePlace(round(moment(entry.timestamp).timestamp() * 1000), entry.device_id, entry.message)


def test_a_page_loads_the_lines_before_those_that_the_server_keeps_at_hand(
    lab: em.Lab, chatter: Chatter, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    assert eventually(lambda: chatter.has_said(6))
    chatter.silent.set()
    chatter.run.wait(DEADLINE)
    entries = chatter.run._tail.entries()
    history, last = Lookback(lab.history, chatter.run.execution_id), place_of(entries[-1])
    assert eventually(lambda: len(history.before(last, 1000)[0]) == len(entries) - 1), "all is written"
    monkeypatch.setattr(em.Run, "kept_log", KeptLog(entries[4:], 4))
    with em.connect(chatter.run.url) as remote:
        page = Page(remote, monkeypatch)
        assert page.view.may_load
        first = place_of(entries[4])
        line = {"at": first.at, "device_id": first.device_id, "message": first.message}
        page.say("earlier", id=5, first=line)
        [(told, _)] = page.of("lines")
        assert (told["id"], told["refused"], told["lost"]) == (5, None, 0)
        assert page.log("lines") == [entry.message for entry in entries[:4]]
        page.say("shed", id=6, after=line, skip=0, count=1)
        assert page.log("lines")[4:] == [entries[5].message]


def test_lines_that_a_page_cannot_load_are_told_of(endless: em.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Relay(endless.url) as relay, em.connect(relay.url) as remote:
        page = Page(remote, monkeypatch)
        relay.refusing = True
        page.say("earlier", id=5, first={"at": 0, "device_id": "phone", "message": "x" * 10_000})
        [(told, _)] = page.of("lines")
        assert told["refused"]


def test_of_one_that_has_ended_there_is_the_log(chatter: Chatter) -> None:
    chatter.silent.set()
    chatter.run.wait(DEADLINE)
    with em.connect(chatter.run.url) as remote:
        assert chatter.lines(remote) == chatter.lines(chatter.run) != []


def test_lines_that_cannot_be_had_are_told_of(
    endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    with Relay(endless.url) as relay:
        monkeypatch.setattr("execmon_lab.client.http.LARGEST", 10)
        with em.connect(relay.url) as remote:
            [line] = remote._tail.entries()
            assert line.level == "WARN"
            assert "log lines from before cannot be had: " in line.message
            relay.cut()
            assert eventually(lambda: "log lines of the meantime cannot be had" in said(remote))


def said(remote: em.RemoteRun) -> str:
    return remote._tail.entries()[-1].message


def test_lines_that_the_server_keeps_no_more_are_counted(
    endless: em.Run, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    line = LogEntry(
        execution_id=endless.execution_id,
        device_id="phone",
        level="INFO",
        message="the 43rd line",
        module_id="any_module",
        timestamp="2026-01-27T10:30:00Z",
    )
    monkeypatch.setattr(em.Run, "kept_log", KeptLog([line], 42))
    with em.connect(endless.url) as remote:
        assert remote._tail.kept() == ([line], 42)
        page = Page(remote, monkeypatch)
        assert eventually(lambda: page.of("snapshot"))
        assert page.of("snapshot")[0][0]["lost"] == 42
