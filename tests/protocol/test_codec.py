"""Messages as bytes: the specification's examples, what is left out for plain consumers, and bad input."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.protocol import (
    Ack,
    InvalidMessage,
    LogEntry,
    StartPreview,
    StepCompleted,
    StepFailed,
    decode_client,
    decode_server,
    encode,
    moment,
    timestamp,
)
from tests.strategies import EXECUTION, messages, stamp

FROM_CLIENT: list[dict[str, Any]] = [
    {"type": "subscribe_device", "device_id": "emulator-5554"},
    {"type": "unsubscribe_device", "device_id": "emulator-5554"},
    {"type": "start_preview", "device_id": "emulator-5554", "quality": "medium"},
    {"type": "stop_preview", "device_id": "emulator-5554"},
]

FROM_SERVER: list[dict[str, Any]] = [
    {
        "type": "execution_progress",
        "execution_id": EXECUTION,
        "progress_percentage": 45,
        "current_step": "sms_test_module",
        "timestamp": "2025-01-27T10:30:00Z",
    },
    {
        "type": "device_status",
        "device_id": "emulator-5554",
        "status": "busy",
        "last_seen": "2025-01-27T10:30:00Z",
    },
    {
        "type": "step_completed",
        "execution_id": EXECUTION,
        "device_id": "emulator-5554",
        "step_id": "550e8400-e29b-41d4-a716-446655440001",
        "module_id": "call_test_module",
        "status": "completed",
        "duration_seconds": 12.5,
        "screenshot_url": "/api/v1/artifacts/screenshots/step_001.png",
        "timestamp": "2025-01-27T10:30:15Z",
    },
    {
        "type": "step_failed",
        "execution_id": EXECUTION,
        "device_id": "emulator-5554",
        "step_id": "550e8400-e29b-41d4-a716-446655440002",
        "module_id": "data_test_module",
        "error_code": "ADB_TIMEOUT",
        "error_message": "ADB command timed out after 30 seconds",
        "retry_attempt": 1,
        "will_retry": True,
        "timestamp": "2025-01-27T10:31:00Z",
    },
    {
        "type": "log_entry",
        "execution_id": EXECUTION,
        "device_id": "emulator-5554",
        "level": "INFO",
        "message": "Executing ADB command: adb shell input tap 500 800",
        "module_id": "ui_interaction_module",
        "timestamp": "2025-01-27T10:30:30Z",
    },
    {
        "type": "preview_frame",
        "device_id": "emulator-5554",
        "frame_data": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQ...",
        "width": 1080,
        "height": 1920,
        "timestamp": "2025-01-27T10:30:30.500Z",
    },
    {
        "type": "execution_completed",
        "execution_id": EXECUTION,
        "status": "completed",
        "duration_seconds": 180,
        "total_steps": 15,
        "successful_steps": 14,
        "failed_steps": 1,
        "report_url": f"/api/v1/reports/{EXECUTION}?format=pdf",
        "timestamp": "2025-01-27T10:33:00Z",
    },
    {
        "type": "error",
        "code": "DEVICE_DISCONNECTED",
        "message": "Device emulator-5554 disconnected during execution",
        "execution_id": EXECUTION,
        "device_id": "emulator-5554",
        "timestamp": "2025-01-27T10:32:00Z",
    },
]

by_type = pytest.mark.parametrize("example", FROM_SERVER, ids=lambda example: example["type"])


@pytest.mark.parametrize("example", FROM_CLIENT, ids=lambda example: example["type"])
def test_a_clients_example_is_read_as_it_is_written(example: dict[str, Any]) -> None:
    message = decode_client(json.dumps(example))
    assert message.type_name() == example["type"]
    written = json.loads(encode(message, "plain"))
    assert {key: written[key] for key in example} == example


@by_type
def test_a_servers_example_comes_back_with_exactly_its_fields(example: dict[str, Any]) -> None:
    message = decode_server(json.dumps(example))
    assert message.type_name() == example["type"]
    for detail in ("plain", "full"):
        assert json.loads(encode(message, detail)) == example


@given(messages())
def test_what_is_written_is_read_again(message: Any) -> None:
    assert decode_server(encode(message)) == message


def test_plain_consumers_are_spared_the_additive_fields() -> None:
    log = decode_server(json.dumps(FROM_SERVER[4] | {"step_id": EXECUTION, "attempt": 2}))
    failed = decode_server(json.dumps(FROM_SERVER[3] | {"duration_seconds": 1.0, "traceback": "…"}))
    completed = decode_server(json.dumps(FROM_SERVER[2] | {"attempt": 2, "reason": "no SIM"}))
    assert isinstance(log, LogEntry)
    assert isinstance(failed, StepFailed)
    assert isinstance(completed, StepCompleted)
    for message, example in ((log, FROM_SERVER[4]), (failed, FROM_SERVER[3]), (completed, FROM_SERVER[2])):
        assert json.loads(encode(message, "plain")) == example
        assert set(json.loads(encode(message, "full"))) > set(example)


def test_a_sequence_number_is_for_those_who_asked_for_it() -> None:
    """It is set per connection, so no detail takes it away."""
    message = decode_server(json.dumps(FROM_SERVER[2] | {"seq": 7}))
    assert json.loads(encode(message, "plain"))["seq"] == 7


def test_what_a_client_leaves_out_has_the_documented_value() -> None:
    assert decode_client(b'{"type":"start_preview","device_id":"d"}') == StartPreview(
        device_id="d", quality="medium", only_changes=False
    )
    assert decode_client(b'{"type":"ack","seq":3}') == Ack(seq=3)


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert decode_server(json.dumps(FROM_SERVER[0] | {"colour": "red"})) == decode_server(
        json.dumps(FROM_SERVER[0])
    )


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b'{"type":"subscribe_device"}', "device_id"),
        (b'{"type":"subscribe_device","device_id":5}', "device_id"),
        (b'{"type":"start_preview","device_id":"d","quality":"ultra"}', "quality"),
        (b'{"type":"ack","seq":-1}', "seq"),
        (b'{"type":"ack","seq":1.5}', "seq"),
        (b'{"type":"reboot"}', "type"),
        (b'{"device_id":"d"}', "type"),
        (b"{}", "type"),
        (b"[]", "object"),
        (b"null", "object"),
        (b"hello", "malformed"),
        (b"", "truncated"),
        (b'{"type":"subscribe_device","device_id":"\xff"}', "UTF-8"),
        (b'{"type":' + b"[" * 100_000, "nested"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_the_field(data: bytes, named: str) -> None:
    with pytest.raises(InvalidMessage, match=named):
        decode_client(data)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_input_raises_anything_else(data: bytes | str) -> None:
    for decode in (decode_client, decode_server):
        with contextlib.suppress(InvalidMessage):
            decode(data)


@by_type
def test_a_message_that_lacks_a_field_names_it(example: dict[str, Any]) -> None:
    optional = {"error": {"execution_id", "device_id"}}.get(example["type"], set())
    for field in example.keys() - {"type"} - optional:
        short = {key: value for key, value in example.items() if key != field}
        with pytest.raises(InvalidMessage, match=field):
            decode_server(json.dumps(short))


@pytest.mark.parametrize("percentage", [-1, 101, 45.5, "45", None])
def test_progress_is_a_whole_number_of_a_hundred(percentage: object) -> None:
    with pytest.raises(InvalidMessage, match="progress_percentage"):
        decode_server(json.dumps(FROM_SERVER[0] | {"progress_percentage": percentage}))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1), timezones=st.timezones()))
def test_a_timestamp_is_utc_to_the_millisecond(when: datetime) -> None:
    text = timestamp(when)
    assert text.endswith("Z")
    assert abs((moment(text) - when).total_seconds()) < 0.001
    decode_server(json.dumps(FROM_SERVER[0] | {"timestamp": text}))


def test_timestamps_of_another_form_are_refused() -> None:
    for text in ("2025-01-27 10:30:00Z", "2025-01-27T10:30:00", "2025-01-27T10:30:00+01:00", stamp(1)[:-1]):
        with pytest.raises(InvalidMessage, match="timestamp"):
            decode_server(json.dumps(FROM_SERVER[0] | {"timestamp": text}))
