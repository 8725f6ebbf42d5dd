"""The messages of an execution on their way to pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.hub import Hub, UnknownExecution
from execmon_lab.protocol import DeviceStatus, ExecutionCompleted, LogEntry, Message, decode_server
from execmon_lab.state import ExecutionState
from execmon_lab.widgets.feed import BATCH_SECONDS, HERALDS, Feed
from execmon_lab.widgets.parcel import Parcel
from tests.strategies import EXECUTION, Script, executions, stamp
from tests.widgets.conftest import Clock, log_entry


def unpack(parcel: Parcel) -> list[Message]:
    (buffer,) = parcel.buffers
    return [decode_server(json.dumps(message)) for message in json.loads(buffer)]


def make(hub: Hub, clock: Clock, **options: Any) -> Feed:
    return Feed(EXECUTION, hub, lambda due: None, clock, **options)


def kinds(parcels: list[Parcel]) -> list[str]:
    return [parcel.content["kind"] for parcel in parcels]


def test_messages_are_gathered_into_one_parcel(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    for number in range(50):
        hub.publish(log_entry(str(number)))
    assert feed.collect(clock.now) == ([], clock.now + BATCH_SECONDS)
    (parcel,), due = feed.collect(clock.now + BATCH_SECONDS)
    assert [message.message for message in unpack(parcel) if isinstance(message, LogEntry)] == [
        str(number) for number in range(50)
    ]
    assert due is None


def test_a_flood_stays_far_below_what_jupyter_drops(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    sent = 0
    for number in range(5000):
        clock.now += 0.001
        hub.publish(log_entry(str(number)))
        sent += len(feed.collect(clock.now)[0])
    assert sent <= 5 / BATCH_SECONDS + 1


@given(executions(), st.data())
def test_a_page_that_comes_at_any_moment_comes_to_the_same_state(
    execution: tuple[Any, list[Message]], data: st.DataObject
) -> None:
    start, sequence = execution
    if not isinstance(sequence[-1], ExecutionCompleted):
        script = Script(sequence)
        script.end(len(start.steps), 0, cancelled=True)  # progress that waits for its second goes out
    hub, clock = Hub(), Clock()
    hub.publish(start)
    feed = make(hub, clock)
    cut = data.draw(st.integers(0, len(sequence)))
    for message in sequence[:cut]:
        hub.publish(message)
    feed.greet("page")
    for message in sequence[cut:]:
        hub.publish(message)
    parcels, _ = feed.collect(clock.now + 1)
    at = kinds(parcels).index("snapshot")
    first, *logs = unpack(parcels[at])
    page = ExecutionState(first)  # type: ignore[arg-type]
    seen = [message.timestamp for message in logs if isinstance(message, LogEntry)]
    for parcel in parcels[at + 1 :]:
        for message in unpack(parcel):
            page.fold(message)
            if isinstance(message, LogEntry):
                seen.append(message.timestamp)
    assert page.snapshot() == hub.snapshot(EXECUTION)
    logged = [message.timestamp for message in sequence if isinstance(message, LogEntry)]
    assert seen == logged, "each line once"


def test_snapshots_come_unasked_until_a_page_asks(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    feed.herald()
    feed.herald()
    begun, came = clock.now, []
    for delay in HERALDS[:3]:
        parcels, _ = feed.collect(begun + delay)
        came += [parcel.content["page"] for parcel in parcels]
    assert came == [None, None, None]
    feed.greet("page")
    parcels, due = feed.collect(begun + 1000)
    assert [parcel.content["page"] for parcel in parcels] == ["page"]
    assert due is None
    feed.herald()
    assert feed.collect(begun + 2000) == ([], None)


def test_the_log_is_kept_for_later_pages_within_a_bound(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock, lines=10)
    for number in range(25):
        hub.publish(log_entry(str(number)))
    feed.greet("page")
    snapshot = feed.collect(clock.now)[0][-1]
    _, *logs = unpack(snapshot)
    assert [message.message for message in logs if isinstance(message, LogEntry)] == [
        str(number) for number in range(15, 25)
    ]
    assert snapshot.content["lost"] == 15


def test_a_feed_that_begins_late_is_given_the_log_so_far(hub: Hub) -> None:
    past = [log_entry("one"), log_entry("two")]

    def logs() -> tuple[list[LogEntry], int]:
        both = log_entry("three")
        hub.publish(both)  # while the feed begins: it comes both ways
        return [*past, both], 12

    clock = Clock()
    feed = make(hub, clock, logs=logs)
    hub.publish(log_entry("four"))
    feed.greet("page")
    snapshot = feed.collect(clock.now)[0][-1]
    _, *entries = unpack(snapshot)
    assert [entry.message for entry in entries if isinstance(entry, LogEntry)] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert snapshot.content["lost"] == 12, "those that were missing before"


def test_devices_of_other_executions_are_none_of_its_business(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    for device in ("emulator-5554", "R58M"):
        hub.publish(DeviceStatus(device_id=device, status="offline", last_seen=stamp(5)))
    (parcel,), _ = feed.collect(clock.now + 1)
    assert [getattr(message, "device_id", None) for message in unpack(parcel)] == ["emulator-5554"]


def test_a_closed_feed_gives_what_it_heard_and_hears_no_more(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    hub.publish(log_entry("before"))
    feed.close()
    hub.publish(log_entry("after"))
    (parcel,), due = feed.collect(clock.now)
    assert len(unpack(parcel)) == 1
    assert due is None


def test_an_execution_that_is_not_known_is_refused() -> None:
    with pytest.raises(UnknownExecution):
        make(Hub(), Clock())


def test_a_page_that_asks_again_before_it_is_answered_gets_one_snapshot(hub: Hub) -> None:
    clock = Clock()
    feed = make(hub, clock)
    for _ in range(30):
        feed.greet("page")
    assert kinds(feed.collect(clock.now)[0]) == ["snapshot"]
    clock.now += 2.0
    feed.greet("page")
    assert kinds(feed.collect(clock.now)[0]) == ["snapshot"], "the answer before was lost"
