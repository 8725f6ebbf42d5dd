"""The outbox: what waits, in which order it goes, and what gives way."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.hub import Envelope
from execmon_lab.protocol import LogEntry, Message
from execmon_lab.server import Settings
from execmon_lab.server.outbox import Outbox, Overflow
from execmon_lab.server.parcel import Parcel, Picture
from execmon_lab.shaping import ShedLogs
from tests.server import messages as m

EXECUTION = str(uuid.uuid4())


def parcel(message: Message) -> Parcel:
    return Parcel(Envelope(message))


def log(text: str) -> Parcel:
    return parcel(m.log_entry(EXECUTION, text))


def taken(outbox: Outbox, *, frames: bool = True) -> list[Any]:
    order = []
    while (item := outbox.take(frames=frames)) is not None:
        order.append(item[0])
    return order


def test_guaranteed_then_logs_then_statuses_then_progress_then_frames() -> None:
    outbox = Outbox(Settings())
    items = [
        Picture(m.DEVICE, b"{}"),
        parcel(m.progress(EXECUTION)),
        parcel(m.device_status("busy")),
        log("hello"),
        parcel(m.failed(EXECUTION)),
    ]
    for item in items:
        outbox.put(item)
    assert taken(outbox) == items[::-1]
    assert len(outbox) == 0


def test_the_end_comes_after_the_log_and_the_last_progress() -> None:
    outbox = Outbox(Settings())
    end, step, entry, progress = (
        parcel(m.ended(EXECUTION)),
        parcel(m.completed(EXECUTION)),
        log("bye"),
        parcel(m.progress(EXECUTION, 100)),
    )
    for number, item in enumerate((step, end)):
        outbox.put(item, number + 1)
    outbox.put(entry)
    outbox.put(progress)
    assert taken(outbox) == [step, entry, progress, end]


def test_the_newest_progress_status_and_frame_replace_the_ones_before() -> None:
    outbox = Outbox(Settings())
    for percentage in (1, 2, 3):
        outbox.put(parcel(m.progress(EXECUTION, percentage)))
        outbox.put(parcel(m.device_status("busy" if percentage == 3 else "available")))
        for device in ("a", "b"):
            outbox.put(Picture(device, b"%d" % percentage))
    assert outbox.conflated == 8
    status, progress, *pictures = taken(outbox)
    assert status.message.status == "busy"
    assert progress.message.progress_percentage == 3
    assert [(picture.device_id, picture.framed[-1:]) for picture in pictures] == [
        ("a", b"3"),
        ("b", b"3"),
    ]


def test_without_credit_frames_stay() -> None:
    outbox = Outbox(Settings())
    outbox.put(Picture(m.DEVICE, b"{}"))
    assert taken(outbox, frames=False) == []
    assert len(taken(outbox)) == 1


def test_too_many_guaranteed_messages_overflow() -> None:
    outbox = Outbox(Settings(queued_messages=2))
    for _ in range(2):
        outbox.put(parcel(m.completed(EXECUTION)))
    with pytest.raises(Overflow):
        outbox.put(parcel(m.completed(EXECUTION)))


def test_too_many_bytes_overflow_and_what_was_taken_makes_room() -> None:
    step = parcel(m.completed(EXECUTION))
    outbox = Outbox(Settings(queued_bytes=step.size * 2))
    for _ in range(50):
        outbox.put(step)
        outbox.put(step)
        assert len(taken(outbox)) == 2
    outbox.put(step)
    outbox.put(step)
    with pytest.raises(Overflow):
        outbox.put(step)


@given(st.integers(0, 60), st.integers(1, 20))
def test_every_entry_is_kept_or_counted(count: int, ring: int) -> None:
    outbox = Outbox(Settings(log_ring=ring))
    for number in range(count):
        outbox.put(log(str(number)))
    entries = [item.message for item in taken(outbox)]
    assert all(isinstance(entry, LogEntry) for entry in entries)
    warnings = [entry for entry in entries if entry.level == "WARN"]
    kept = [entry.message for entry in entries if entry.level != "WARN"]
    shed = max(0, count - ring)
    assert kept == [str(number) for number in range(shed, count)]
    texts = {0: [], 1: ["1 log entry was shed"]}.get(shed, [f"{shed} log entries were shed"])
    assert [warning.message for warning in warnings] == texts


def test_a_notice_that_is_shed_stands_for_all_that_it_tells_of() -> None:
    shed = ShedLogs()
    for number in range(37):
        shed.add(m.log_entry(EXECUTION, str(number)))
    outbox = Outbox(Settings(log_ring=1))
    outbox.put(parcel(shed.notice()))
    outbox.put(log("kept"))
    assert [item.message.message for item in taken(outbox)] == ["37 log entries were shed", "kept"]


def test_a_stopped_preview_leaves_nothing() -> None:
    outbox = Outbox(Settings())
    outbox.put(Picture(m.DEVICE, b"{}"))
    outbox.put(parcel(m.device_status("busy")))
    outbox.drop_frame(m.DEVICE)
    outbox.drop_status(m.DEVICE)
    outbox.drop_frame("nobody")
    assert taken(outbox) == []


def test_a_message_is_framed_once_for_each_detail() -> None:
    step, entry = parcel(m.completed(EXECUTION)), parcel(m.progress(EXECUTION))
    assert step.frame("plain") is step.frame("plain")
    assert step.frame("plain") != step.frame("full")
    assert entry.frame("plain") is entry.frame("full")
