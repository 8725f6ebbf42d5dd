"""What goes when there is too much, and what never does."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.history import History, Retention, UnknownRun, slots
from execmon_lab.history.retention import DAY_MS, Kept, surplus
from execmon_lab.hub import Hub
from tests.history.runs import folded, publish, publish_until
from tests.strategies import EXECUTION, step_id

NOW = 1_800_000_000.0

runs = st.lists(
    st.builds(
        Kept,
        since=st.integers(0, 400).map(lambda days: int(NOW * 1000) - days * DAY_MS),
        execution_id=st.uuids().map(str),
        file=st.just(Path("history.db")),
        size=st.integers(1, 1000),
    ),
    max_size=20,
    unique_by=lambda run: run.execution_id,
)


@given(runs, st.none() | st.integers(1, 300), st.none() | st.integers(1, 5000))
def test_the_oldest_go_and_no_more_than_must(found: list[Kept], days: int | None, room: int | None) -> None:
    going = surplus(found, Retention(days=days, max_bytes=room), NOW)
    staying = sorted(set(found) - set(going))
    assert sorted(going) + staying == sorted(found)
    oldest = NOW * 1000 - (days if days is not None else 10_000) * DAY_MS
    assert all(run.since >= oldest for run in staying)
    if room is not None:
        assert sum(run.size for run in staying) <= room
    if going:
        last = going[-1]
        fits = room is None or last.size + sum(run.size for run in staying) <= room
        assert last.since < oldest or not fits


@pytest.mark.parametrize("wrong", [{"days": 0}, {"max_bytes": -1}])
def test_what_keeps_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="give more than 0"):
        Retention(**wrong)


def test_a_run_goes_with_its_pictures_and_another_keeps_its(history: History, hub: Hub) -> None:
    gone, stays = "550e8400-e29b-41d4-a716-446655440001", "550e8400-e29b-41d4-a716-446655440002"
    for number, execution_id in enumerate((gone, stays)):
        url = history.artifacts.save_screenshot(f"{step_id(number)}-1.png", b"PNG")
        publish(hub, screenshot=url, execution_id=execution_id)
        folder = history.artifacts.recording(execution_id)
        folder.mkdir(parents=True)
        (folder / "emulator-5554.frames").write_bytes(b"pictures")
    history.delete(gone)
    assert history.executions(backend="polars")["execution_id"].to_list() == [stays]
    assert history.steps(execution_id=gone, backend="polars").is_empty()
    assert [path.name for path in (history.folder / "artifacts/screenshots").iterdir()] == [
        f"{step_id(1)}-1.png"
    ]
    assert [path.name for path in (history.folder / "artifacts/recordings").iterdir()] == [stays]
    with pytest.raises(UnknownRun):
        history.delete(gone)


def test_a_run_in_progress_stays_whatever_is_kept(history: History, hub: Hub) -> None:
    publish_until(hub, 4)
    history.add(folded())
    assert len(history.prune(Retention(days=None, max_bytes=1))) == 1
    assert history.executions(backend="polars")["execution_id"].to_list() == [EXECUTION]


def test_what_starts_to_record_deletes_what_is_too_old(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.add(folded())
        history.record(Hub(), Retention(max_bytes=1))
        assert history._pruning is not None
        history._pruning.join()
        assert len(history.executions(backend="polars")) == 0


def test_the_room_of_what_was_deleted_is_given_back(history: History, hub: Hub) -> None:
    for _ in range(30):
        history.add(folded())
    history.flush()
    before = pages(history)
    history.prune(Retention(max_bytes=1))
    after = pages(history)
    assert after[0] < before[0]
    assert after[1] == 0


def pages(history: History) -> tuple[int, int]:
    """How many pages the file has, and how many of them are free."""
    with contextlib.closing(slots.connect(history.folder / "history.db")) as db:
        [(count,)] = db.execute("PRAGMA page_count").fetchall()
        [(free,)] = db.execute("PRAGMA freelist_count").fetchall()
    return count, free
