"""A log over HTTP in parts: around a line that the asker knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from execmon_lab.history import HistoryError
from execmon_lab.history.lookback import LinePlace
from execmon_lab.protocol import LogEntry
from execmon_lab.server import Server
from tests.server import messages as m
from tests.server.test_http import ask, problem

Start = Callable[..., Server]
LINE = {"at": "2025-01-27T10:30:30.120Z", "device_id": "emulator-5554", "message": "a & b"}


class Asked:
    """A log that notes what it is asked for."""

    def __init__(self, execution: str) -> None:
        self.lines = [m.log_entry(execution)]
        self.asked: list[tuple[object, ...]] = []
        self.error: Exception | None = None

    def before(self, line: LinePlace, most: int) -> tuple[list[LogEntry], int]:
        self._note("before", line, most)
        return self.lines, 7

    def after(self, line: LinePlace, skip: int, most: int) -> list[LogEntry]:
        self._note("after", line, skip, most)
        return self.lines

    def _note(self, *asked: object) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append(asked)


@pytest.fixture
def log(execution: str) -> Asked:
    return Asked(execution)


@pytest.fixture
def keeper(start: Start, log: Asked) -> Server:
    return start(lookback=lambda _: log)


def get(server: Server, execution: str, part: str, **query: str | int) -> tuple[int, dict[str, object]]:
    response, content = ask(server, f"/api/v1/executions/{execution}/logs/{part}?{urlencode(query)}")
    if response.status >= 400:
        return response.status, problem(response, content)
    return response.status, json.loads(content)


def test_lines_before_one_and_how_many_are_before_these(keeper: Server, log: Asked, execution: str) -> None:
    status, found = get(keeper, execution, "before", **LINE, limit=3)
    assert (status, found["lost"]) == (200, 7)
    assert [entry["message"] for entry in found["entries"]] == [log.lines[0].message]  # type: ignore[attr-defined]
    place = LinePlace(1737973830120, "emulator-5554", "a & b")
    assert log.asked == [("before", place, 3)]


def test_lines_after_one_of_a_devices_own_log(keeper: Server, log: Asked, execution: str) -> None:
    assert get(keeper, execution, "after", **LINE, source="logcat", skip=2)[0] == 200
    place = LinePlace(1737973830120, "emulator-5554", "a & b", "logcat")
    assert log.asked == [("after", place, 2, 8192)]


def test_an_answer_is_bounded(keeper: Server, log: Asked, execution: str) -> None:
    get(keeper, execution, "before", **LINE, limit=10**9)
    assert log.asked[0][-1] == 8192


@pytest.mark.parametrize(
    "query",
    [{}, {**LINE, "at": "yesterday"}, {"at": LINE["at"]}, {**LINE, "limit": -1}, {**LINE, "limit": "many"}],
)
def test_a_line_that_is_not_told_is_asked_for(
    keeper: Server, execution: str, query: dict[str, str | int]
) -> None:
    status, said = get(keeper, execution, "before", **query)
    assert status == 400
    assert "of which line" in str(said["detail"])


def test_a_log_that_is_not_kept_is_told(keeper: Server, log: Asked, execution: str) -> None:
    log.error = HistoryError("this run is not in the history")
    status, said = get(keeper, execution, "before", **LINE)
    assert (status, said["detail"]) == (404, "this run is not in the history")


def test_a_server_that_keeps_none_says_so(server: Server, execution: str) -> None:
    assert get(server, execution, "before", **LINE)[0] == 501


def test_the_token_that_guards_the_rest_guards_this(start: Start, log: Asked, execution: str) -> None:
    server = start(lookback=lambda _: log, tokens={"ann": "s3cret"})
    assert get(server, execution, "before", **LINE)[0] == 401
    assert get(server, execution, "before", **LINE, token="s3cret")[0] == 200
