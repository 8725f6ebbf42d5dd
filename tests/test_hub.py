"""The hub: who is given what, and from when on."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.hub import Envelope, Hub, UnknownExecution, device_subject, execution_subject
from execmon_lab.protocol import (
    DeviceStatus,
    ErrorMessage,
    ExecutionProgress,
    ExecutionSnapshot,
    LogEntry,
    Message,
    Step,
    decode_server,
    encode,
)
from execmon_lab.state import ExecutionState, planned
from tests.strategies import DEVICES, EXECUTION, executions, fresh, stamp

OTHER = "550e8400-e29b-41d4-a716-446655440999"


def log_entry(text: str, execution_id: str = EXECUTION) -> LogEntry:
    return LogEntry(
        execution_id=execution_id,
        device_id=DEVICES[0],
        level="INFO",
        message=text,
        module_id="device",
        timestamp=stamp(1),
    )


def status(device_id: str) -> DeviceStatus:
    return DeviceStatus(device_id=device_id, status="offline", last_seen=stamp(9))


class Ear:
    """A subscriber that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def __call__(self, envelope: Envelope) -> None:
        self.heard.append(envelope.message)


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.publish(fresh())
    return hub


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (execution_subject(EXECUTION), True),
        (execution_subject(EXECUTION, "log_entry"), True),
        (execution_subject(EXECUTION, "step_failed"), False),
        (execution_subject(OTHER), False),
        ("execution.*.log_entry", True),
        ("execution.*", False),
        ("execution.>", True),
        (">", True),
        ("device.>", False),
        (f"execution.{EXECUTION}.log_entry.>", False),
    ],
)
def test_a_pattern_fits_parts_of_a_subject(hub: Hub, pattern: str, fits: bool) -> None:
    ear = Ear()
    hub.subscribe(pattern, ear)
    hub.publish(log_entry("hello"))
    assert bool(ear.heard) is fits


@pytest.mark.parametrize("serial", ["emulator-5554", "192.168.1.5:5555", "100%", "a%2Eb"])
def test_a_serial_may_hold_what_parts_a_subject(hub: Hub, serial: str) -> None:
    own, all_, other = Ear(), Ear(), Ear()
    hub.subscribe(device_subject(serial, "device_status"), own)
    hub.subscribe("device.*.device_status", all_)
    hub.subscribe(device_subject(f"{serial}.x"), other)
    hub.publish(status(serial))
    assert (len(own.heard), len(all_.heard), len(other.heard)) == (1, 1, 0)


@given(executions(), st.data())
def test_the_state_and_what_follows_make_the_whole(
    execution: tuple[ExecutionSnapshot, list[Message]], data: st.DataObject
) -> None:
    """Whenever one subscribes, none is missing and none comes twice."""
    start, sequence = execution
    hub, ear = Hub(), Ear()
    hub.publish(start)
    cut = data.draw(st.integers(0, len(sequence)))
    for message in sequence[:cut]:
        hub.publish(message)
    hub.subscribe(">", ear, shaped=False, state_of=EXECUTION)
    for message in sequence[cut:]:
        hub.publish(message)
    first, *rest = ear.heard
    assert isinstance(first, ExecutionSnapshot)
    assert rest == sequence[cut:]
    own = ExecutionState(first)
    for message in rest:
        own.fold(message)
    assert own.snapshot() == hub.snapshot(EXECUTION)


def test_publishers_in_many_threads_are_heard_one_at_a_time(hub: Hub) -> None:
    inside, overlapped, heard = threading.Lock(), [], []

    def listen(envelope: Envelope) -> None:
        if not inside.acquire(blocking=False):
            overlapped.append(envelope)
            return
        heard.append(envelope.message)
        inside.release()

    hub.subscribe(">", listen, shaped=False)
    threads = [
        threading.Thread(target=lambda name=name: [hub.publish(log_entry(f"{name} {n}")) for n in range(200)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlapped
    texts = [message.message for message in heard if isinstance(message, LogEntry)]
    assert len(texts) == 800
    for name in "abcd":
        assert [text for text in texts if text.startswith(name)] == [f"{name} {n}" for n in range(200)]


def test_a_closed_subscription_hears_no_more(hub: Hub) -> None:
    ear = Ear()
    with hub.subscribe(">", ear) as subscription:
        hub.publish(log_entry("one"))
    subscription.close()
    hub.publish(log_entry("two"))
    assert len(ear.heard) == 1


def test_a_subscriber_that_fails_fails_alone(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Envelope) -> None:
        raise ZeroDivisionError

    ear = Ear()
    hub.subscribe(">", fail)
    hub.subscribe(">", ear)
    hub.publish(log_entry("hello"))
    assert len(ear.heard) == 1
    assert "failed" in caplog.text


def test_text_that_utf8_cannot_carry_becomes_escapes_for_all(hub: Hub) -> None:
    live, history = Ear(), Ear()
    hub.subscribe(">", live)
    hub.subscribe(">", history, shaped=False)
    hub.publish(log_entry("file b\udce9b\udce9, 🚀"))
    step = {"step_id": "s", "device_id": DEVICES[0], "module_id": "m", "status": "pending", "attempts": ()}
    hub.publish(planned(OTHER, [Step(**step, params="path=\ud83d")], name="p\udfff"))
    for ear in (live, history):
        assert ear.heard[0] == log_entry("file b\\udce9b\\udce9, 🚀")
        assert [decode_server(encode(message)) for message in ear.heard] == ear.heard
    state = hub.snapshot(OTHER)
    assert (state.name, state.steps[0].params) == ("p\\udfff", "path=\\ud83d")


def test_of_a_text_that_no_client_would_take_the_middle_is_left_out(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe(">", ear)
    hub.publish(log_entry("begin" + "🚀" * 10_000_000 + "end"))
    [entry] = ear.heard
    assert isinstance(entry, LogEntry)
    assert len(encode(entry)) < 1_000_000
    assert re.fullmatch("begin🚀+\n… 9,934,472 characters are left out …\n🚀+end", entry.message)


def test_history_sees_what_is_shed(hub: Hub) -> None:
    live, history = Ear(), Ear()
    hub.subscribe(">", live)
    hub.subscribe(">", history, shaped=False)
    for number in range(300):
        hub.publish(log_entry(str(number)))
    assert len(history.heard) == 300
    assert len(live.heard) < 300


def test_devices_are_told_to_the_executions_that_use_them(hub: Hub) -> None:
    hub.publish(status(DEVICES[0]))
    hub.publish(status("R58M"))
    devices = {device.device_id: device.status for device in hub.snapshot(EXECUTION).devices}
    assert devices == {DEVICES[0]: "offline", DEVICES[1]: "available"}


def test_a_message_of_an_unknown_execution_passes_through(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe(">", ear)
    hub.publish(log_entry("hello", OTHER))
    hub.publish(ErrorMessage(code="ADB_ERROR", message="no", timestamp=stamp(1)))
    assert len(ear.heard) == 2


def test_an_execution_is_known_until_it_is_forgotten(hub: Hub) -> None:
    assert [state.execution_id for state in hub.executions()] == [EXECUTION]
    hub.forget(EXECUTION)
    hub.forget(EXECUTION)
    assert hub.executions() == []
    for ask in unknown(hub):
        with pytest.raises(UnknownExecution, match=EXECUTION):
            ask()


def unknown(hub: Hub) -> list[Callable[[], object]]:
    return [
        lambda: hub.snapshot(EXECUTION),
        lambda: hub.subscribe(">", Ear(), state_of=EXECUTION),
    ]


def test_a_closed_hub_tells_nobody(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe(">", ear)
    hub.close()
    hub.publish(log_entry("hello"))
    assert ear.heard == []


def test_an_envelope_is_written_in_both_details() -> None:
    entry = log_entry("hello")
    envelope = Envelope(LogEntry(**{f: getattr(entry, f) for f in entry.__struct_fields__} | {"attempt": 2}))
    assert decode_server(envelope.wire("full")) == envelope.message
    assert decode_server(envelope.wire("plain")) == entry
    progress = Envelope(
        ExecutionProgress(execution_id=EXECUTION, progress_percentage=1, current_step="x", timestamp=stamp(1))
    )
    assert progress.plain is progress.full
