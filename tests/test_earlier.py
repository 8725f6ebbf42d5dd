"""The runs of earlier processes over HTTP: listed by the page, and each as its state."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from execmon_lab.earlier import EarlierRuns
from execmon_lab.history import History, slots
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Hub
from execmon_lab.protocol import ExecutionSnapshot, LogEntry
from execmon_lab.server import Server
from tests.history.runs import folded, script
from tests.history.writer_process import Writer
from tests.server.test_http import ask, problem
from tests.strategies import stamp


def run(began: int, **changes: Any) -> ExecutionSnapshot:
    """A run that began so many seconds after the first."""
    return replace(folded(name="nightly"), started_at=stamp(began), timestamp=stamp(began + 60), **changes)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


@pytest.fixture
def server(history: History, hub: Hub) -> Iterator[Server]:
    earlier = EarlierRuns(history)
    server = Server(hub, ArtifactStore(history.folder), archive=earlier, logs=earlier.log)
    server.start()
    yield server
    server.close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


def listed(server: Server, **query: object) -> tuple[list[dict[str, Any]], str | None]:
    response, content = ask(server, f"/api/v1/executions?{urlencode(query)}")
    assert response.status == 200, content
    page = json.loads(content)
    return page["executions"], page.get("next")


def test_every_run_is_on_one_page_the_newest_first(history: History, hub: Hub, server: Server) -> None:
    """Runs that began in the same millisecond too: there are more of them than go on a page."""
    runs = [run(began=number // 4) for number in range(11)]
    for state in runs:
        history.add(state)
    hub.publish(replace(run(began=100), status="running"))
    found: list[str] = []
    pages, before = 0, {}
    while True:
        page, following = listed(server, limit=3, **before)
        found += [execution["execution_id"] for execution in page]
        pages += 1
        if following is None:
            break
        before = {"before": following}
    assert pages == 4
    assert len(set(found)) == len(found) == 12
    assert set(found[1:]) == {state.execution_id for state in runs}
    began = {state.execution_id: state.started_at for state in runs}
    assert [began[each] for each in found[1:]] == sorted(began.values(), reverse=True)


def test_a_run_that_is_here_and_in_the_history_is_listed_once_as_it_is_here(
    history: History, hub: Hub, server: Server
) -> None:
    history.add(state := run(began=0))
    hub.publish(replace(state, status="running"))
    [only], _ = listed(server)
    assert only["status"] == "running"


def test_a_time_is_a_place_too(history: History, server: Server) -> None:
    for began in (0, 5, 10):
        history.add(run(began))
    page, _ = listed(server, before=stamp(10))
    assert [execution["started_at"] for execution in page] == [stamp(5), stamp(0)]
    page, _ = listed(server, before="2025-01-27")
    assert page == []


def test_what_is_told_of_a_run(history: History, server: Server) -> None:
    history.add(state := run(began=0), made_up=True)
    [told], _ = listed(server)
    assert told["name"] == "nightly"
    assert (told["total_steps"], told["failed_steps"], told["made_up"]) == (3, 1, True)
    assert told["devices"] == [device.device_id for device in state.devices]


def test_they_are_filtered_by_status(history: History, server: Server) -> None:
    history.add(run(began=0))
    history.add(cancelled := run(began=1, status="cancelled"))
    [only], _ = listed(server, status="cancelled", limit=1)
    assert only["execution_id"] == cancelled.execution_id
    assert listed(server, status="running") == ([], None)


def test_one_whose_process_died_is_interrupted(history: History, server: Server) -> None:
    execution_id = str(uuid.uuid4())
    with Writer(history.folder, execution_id):
        pass
    [only], _ = listed(server, status="interrupted")
    assert (only["execution_id"], only["current_step"]) == (execution_id, None)
    state = json.loads(ask(server, f"/api/v1/executions/{execution_id}")[1])
    assert (state["status"], len(state["steps"])) == ("interrupted", 3)
    assert problem(*ask(server, f"/api/v1/executions/{execution_id}", "DELETE"))["status"] == 409


def test_a_run_of_earlier_is_told_as_its_state(history: History, server: Server) -> None:
    history.add(state := run(began=0))
    told = json.loads(ask(server, f"/api/v1/executions/{state.execution_id.upper()}")[1])
    assert told["type"] == "execution_state"
    assert [step["step_id"] for step in told["steps"]] == [step.step_id for step in state.steps]


def test_its_log_is_told_too(history: History, server: Server) -> None:
    lines = [message for message in script()[1] if isinstance(message, LogEntry)]
    history.add(state := run(began=0), [replace(line, message="二") for line in lines])
    kept = json.loads(ask(server, f"/api/v1/executions/{state.execution_id}/logs")[1])
    assert ([line["message"] for line in kept["entries"]], kept["lost"]) == (["二"] * len(lines), 0)
    unknown = "550e8400-e29b-41d4-a716-446655440009"
    assert problem(*ask(server, f"/api/v1/executions/{unknown}/logs"))["status"] == 404


@pytest.mark.parametrize(
    "query",
    [
        *[("limit", text) for text in ("0", "1001", "-1", "many", "\u0661", "9" * 5000)],
        *[("before", text) for text in ("", "yesterday", "2025-13-01", "'; --", "0001-01-01T00:00:00+23:59")],
        ("status", "lost"),
    ],
)
def test_what_is_no_page_is_told(server: Server, query: tuple[str, str]) -> None:
    response, content = ask(server, f"/api/v1/executions?{urlencode([query])}")
    assert response.status == 400
    assert query[0] in problem(response, content)["detail"]


@pytest.mark.filterwarnings("ignore:a part of the history is not read:execmon_lab.history.HistoryWarning")
def test_a_broken_file_leaves_the_rest_of_the_list(history: History, hub: Hub, server: Server) -> None:
    history.add(kept := run(began=0))
    (history.folder / "history-2.db").write_bytes(b"this was a database" * 1000)
    hub.publish(here := run(began=1))
    page, _ = listed(server)
    assert [each["execution_id"] for each in page] == [here.execution_id, kept.execution_id]


def test_a_newer_programs_history_leaves_what_is_here(
    history: History, hub: Hub, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    history.add(old := run(began=0))
    with contextlib.closing(slots.connect(history.folder / "history.db", write=True)) as db:
        db.execute("PRAGMA user_version = 1000")
    hub.publish(here := run(began=1))
    page, _ = listed(server)
    assert [each["execution_id"] for each in page] == [here.execution_id]
    assert problem(*ask(server, f"/api/v1/executions/{old.execution_id}"))["status"] == 404
    assert "update execmon_lab" in caplog.text
