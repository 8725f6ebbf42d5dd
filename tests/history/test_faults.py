"""What goes wrong: a killed writer, a full disk, a folder that takes nothing, a broken file, two at once."""

from __future__ import annotations

import contextlib
import functools
import random
import shutil
import sqlite3
import threading
import uuid
import zlib
from pathlib import Path

import pytest

from execmon_lab.history import History, HistoryError, HistoryWarning, RunIsLive, slots
from execmon_lab.hub import Hub
from execmon_lab.protocol import LogEntry
from tests.history.runs import folded, publish, publish_until, script
from tests.history.writer_process import Full, Writer, files_end_at, pages_end_at
from tests.strategies import EXECUTION, stamp

KILLS = 30


def numbers(history: History, execution_id: str) -> list[int]:
    lines = history.execution(execution_id).logs
    return [int(line.message.split()[0]) for line in lines if line.module_id != "history"]


def test_no_acknowledged_line_is_lost_in_30_kills(tmp_path: Path) -> None:
    """Three processes at a time write one folder, and each is killed at some moment of its writing."""
    chance = random.Random(6)
    history = History(tmp_path)
    for _ in range(KILLS // 3):
        acknowledged = {}
        with contextlib.ExitStack() as stack:
            names = [str(uuid.uuid4()) for _ in range(3)]
            writers = {each: stack.enter_context(Writer(tmp_path, each)) for each in names}
            for each, writer in writers.items():
                told = [writer.told() for _ in range(chance.randrange(1, 12))]
                acknowledged[each] = [*told, *writer.kill()][-1]
        for each, told in acknowledged.items():
            found = numbers(history, each)
            assert found == list(range(len(found)))
            assert len(found) > told
    runs = history.executions(backend="polars")
    assert runs["status"].to_list() == ["interrupted"] * KILLS
    assert len(slots.files(tmp_path)) == 3, "a dead writer's file is taken over"


def test_a_run_is_live_while_its_process_lives_and_interrupted_after(tmp_path: Path) -> None:
    history = History(tmp_path)
    execution_id = str(uuid.uuid4())
    with Writer(tmp_path, execution_id):
        [live] = history.executions(backend="polars").to_dicts()
        assert (live["status"], live["ended_at"]) == ("running", None)
        assert history.attempts(backend="polars")["status"].to_list() == ["running"]
        with pytest.raises(RunIsLive):
            history.delete(execution_id)
        assert history.prune() == []
    stored = history.execution(execution_id)
    assert (stored.status, stored.state.status) == ("interrupted", "interrupted")
    assert stored.ended_at is not None
    assert stored.ended_at >= stored.started_at
    assert stored.duration_s == pytest.approx((stored.ended_at - stored.started_at).total_seconds())
    assert history.attempts(backend="polars")["status"].to_list() == ["interrupted"]
    assert history.steps(backend="polars")["status"].to_list() == ["interrupted", "pending", "pending"]
    history.delete(execution_id)
    assert len(history.executions(backend="polars")) == 0


def test_a_copied_folder_says_that_the_run_was_interrupted(
    history: History, hub: Hub, tmp_path: Path
) -> None:
    """Another machine's folder: nobody here holds its lock, whatever number its process had."""
    publish_until(hub, 3)
    history.flush()
    copy = tmp_path / "copy"
    copy.mkdir()
    with (
        contextlib.closing(slots.connect(history.folder / "history.db")) as source,
        contextlib.closing(sqlite3.connect(copy / "history.db")) as target,
    ):
        source.backup(target)
    assert History(copy).execution(EXECUTION).status == "interrupted"
    assert History(history.folder).execution(EXECUTION).status == "running"


@pytest.mark.parametrize(
    "full",
    [functools.partial(files_end_at, 600_000), functools.partial(pages_end_at, 100)],
    ids=["the system refuses", "SQLite finds no room"],
)
def test_a_full_disk_is_told_and_what_came_meanwhile_is_written_later(tmp_path: Path, full: Full) -> None:
    history, execution_id = History(tmp_path), str(uuid.uuid4())
    with Writer(tmp_path, execution_id, full) as writer:
        last = -1
        while isinstance(told := writer.told(), int):
            last = told
        assert "could not be written" in told
        assert "make room there" in told
        assert numbers(history, execution_id)[: last + 1] == list(range(last + 1))
        while not isinstance(told := writer.told(), int):
            pass
        assert numbers(history, execution_id)[: told + 1] == list(range(told + 1)), "nothing is missing"
        told_again = writer.told()
        assert isinstance(told_again, int)
        said = [line.message for line in history.execution(execution_id).logs if line.module_id == "history"]
    assert said[0].startswith("History is not kept for now")
    assert said[-1] == "History is kept again, and nothing of it is missing"


def test_two_who_write_at_once_have_a_file_each(tmp_path: Path) -> None:
    hubs, ids = [Hub(), Hub()], [str(uuid.uuid4()) for _ in range(2)]
    with History(tmp_path) as one, History(tmp_path) as other:
        for history, hub in ((one, hubs[0]), (other, hubs[1])):
            history.record(hub)
        publishers = [
            threading.Thread(target=publish, args=(hub,), kwargs={"execution_id": each})
            for hub, each in zip(hubs, ids, strict=True)
        ]
        for thread in publishers:
            thread.start()
        for thread in publishers:
            thread.join()
        one.flush()
        other.flush()
        assert [path.name for path in slots.files(tmp_path)] == ["history.db", "history-2.db"]
        for reader in (one, other, History(tmp_path)):
            assert set(reader.executions(backend="polars")["execution_id"]) == set(ids)
            assert len(reader.attempts(backend="polars")) == 8
    with History(tmp_path) as again:
        again.record(Hub())
        assert len(slots.files(tmp_path)) == 2, "the files are used again"


def test_frames_of_several_files_are_in_the_order_of_time(tmp_path: Path) -> None:
    with History(tmp_path) as one, History(tmp_path) as other:
        one.record(Hub())
        other.record(Hub())
        late = folded()
        early = folded()
        one.add(late)
        other.add(early)
        begun = one.executions(backend="polars")["started_at"]
        assert begun.is_sorted()
        assert len(begun) == 2


def test_a_broken_file_is_warned_of_and_the_rest_is_read(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(folded())
    (tmp_path / "history-2.db").write_bytes(b"this was a database" * 1000)
    with pytest.warns(HistoryWarning, match=r"history-2\.db: file is not a database; move the file away"):
        assert len(history.executions(backend="polars")) == 1


def test_what_is_recorded_where_a_file_is_broken_goes_into_another(
    tmp_path: Path, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "history.db").write_bytes(b"this was a database" * 1000)
    with History(tmp_path) as history:
        history.record(hub)
        publish(hub)
        assert "set aside" in caplog.text
        assert len(history.executions(backend="polars")) == 1
    assert [path.name for path in tmp_path.glob("*.broken*")] != []


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "file").write_text("")
    history = History(tmp_path / "file" / "history")
    with pytest.raises(HistoryError, match=r"no history is kept: .*choose another folder"):
        history.record(hub)
    assert history.trouble is not None
    assert len(history.executions(backend="polars")) == 0


def test_what_is_recorded_goes_on_in_a_new_file_when_its_own_breaks(
    tmp_path: Path, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged page is met only when it is needed: here when the first attempt is written."""
    History(tmp_path).add(folded())
    break_table(tmp_path / "history.db", "attempts")
    start, messages = script()
    with History(tmp_path) as history:
        history.record(hub)
        hub.publish(start)
        lines = [say(hub, f"line {number}") for number in range(1200)]
        history.flush()
        for message in messages[:1]:
            hub.publish(message)
        history.flush()
        for message in messages[1:]:
            hub.publish(message)
        history.flush()
        assert history.trouble is None
        assert "set aside as history.db.broken-" in caplog.text
        kept = history.execution(EXECUTION)
        assert kept.state == hub.snapshot(EXECUTION)
        assert history.attempts(backend="polars").height == 4
        said = [entry.message for entry in kept.logs]
        assert said[: len(lines)] == lines, "what was acknowledged before is there too"
        assert any("a new one is begun" in text for text in said[len(lines) :])


@pytest.mark.parametrize("gone", ["the folder", "the file"])
def test_what_is_recorded_goes_on_in_a_new_file_when_its_own_is_deleted(
    tmp_path: Path, hub: Hub, gone: str
) -> None:
    folder = tmp_path / "history"
    start, messages = script()
    with History(folder) as history:
        history.record(hub)
        earlier = folded()
        history.add(earlier)
        hub.publish(start)
        lines = [say(hub, f"line {number}") for number in range(1200)]
        history.flush()
        if gone == "the folder":
            shutil.rmtree(folder)
        else:
            (folder / "history.db").unlink()
        for message in messages[:2]:
            hub.publish(message)
        history.flush()
        for message in messages[2:]:
            hub.publish(message)
        history.flush()
        assert history.trouble is None
        kept = History(folder).execution(EXECUTION)
        assert kept.state == hub.snapshot(EXECUTION)
        said = [entry.message for entry in kept.logs]
        assert said[: len(lines)] == lines, "what was acknowledged before is there too"
        assert any("was deleted; a new one is begun" in text for text in said)
        assert not history.holds(earlier.execution_id), "what was deleted on purpose stays so"
        shutil.rmtree(folder)
        history.add(earlier)
        assert History(folder).holds(earlier.execution_id), "also what is only added"
        shutil.rmtree(folder)
    assert not folder.exists(), "a history that has nothing more to write leaves nothing"


def test_a_folder_that_is_deleted_and_cannot_be_made_again_is_told(tmp_path: Path, hub: Hub) -> None:
    folder = tmp_path / "history"
    start, messages = script()
    with History(folder) as history:
        history.record(hub)
        hub.publish(start)
        history.flush()
        shutil.rmtree(folder)
        folder.write_text("in the way")
        for message in messages:
            hub.publish(message)
        with pytest.raises(HistoryError, match=r"could not be written: .*choose another folder"):
            history.flush()
        assert history.trouble is not None
        folder.unlink()
        history.flush()
        assert history.execution(EXECUTION).state == hub.snapshot(EXECUTION)


@pytest.mark.parametrize(
    "body", [b"x", b"", b"\x78\x9c garbage", zlib.compress(b"[[1]]"), zlib.compress(b"{")]
)
def test_a_damaged_part_of_a_log_costs_what_follows_it_and_no_more(tmp_path: Path, body: bytes) -> None:
    history = History(tmp_path)
    where = {"execution_id": EXECUTION, "device_id": "d", "module_id": "m", "timestamp": stamp(1)}
    entries = [LogEntry(**where, level="INFO", message=f"line {number}") for number in range(2500)]
    history.add(folded(EXECUTION), entries)
    with contextlib.closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as db:
        db.execute("UPDATE log_chunks SET body = ? WHERE first_id = 1001", (body,))
    stored = history.execution(EXECUTION)
    with pytest.warns(HistoryWarning, match="the rest of the log is not read: .*a part of a log is damaged"):
        assert [entry.message for entry in stored.logs] == [f"line {number}" for number in range(1000)]
    with pytest.warns(HistoryWarning, match="a part of a log is damaged"):
        history.logs(backend="polars")
    assert history.attempts(backend="polars").height == 4


def say(hub: Hub, text: str) -> str:
    where = {"execution_id": EXECUTION, "device_id": "d", "module_id": "m"}
    hub.publish(LogEntry(**where, level="INFO", message=text, timestamp=stamp(1)))
    return text


def break_table(path: Path, name: str) -> None:
    """Overwrite the first page of a table with nothing."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        [(page,)] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
        [(size,)] = db.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def test_a_log_line_of_an_unknown_execution_is_nobodys(history: History, hub: Hub) -> None:
    line = LogEntry(
        execution_id=EXECUTION,
        device_id="d",
        level="INFO",
        message="?",
        module_id="m",
        timestamp="2025-01-27T10:00:00.000Z",
    )
    hub.publish(line)
    assert len(history.logs(backend="polars")) == 0
