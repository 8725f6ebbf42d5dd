"""Messages as an engine publishes them."""

import uuid
from typing import Any

from execmon_lab import protocol as p

DEVICE = "emulator-5554"


def progress(execution: str, percentage: int = 45) -> p.ExecutionProgress:
    return p.ExecutionProgress(
        execution_id=execution,
        progress_percentage=percentage,
        current_step="sms_test_module",
        timestamp=p.timestamp(),
    )


def log_entry(execution: str, text: str = "hello", device: str = DEVICE) -> p.LogEntry:
    return p.LogEntry(
        execution_id=execution,
        device_id=device,
        level="INFO",
        message=text,
        module_id="sms_test_module",
        timestamp=p.timestamp(),
        step_id=str(uuid.uuid4()),
        attempt=1,
    )


def completed(execution: str, **changes: Any) -> p.StepCompleted:
    fields: dict[str, Any] = {
        "execution_id": execution,
        "device_id": DEVICE,
        "step_id": str(uuid.uuid4()),
        "module_id": "call_test_module",
        "status": "completed",
        "duration_seconds": 12.5,
        "screenshot_url": "/api/v1/artifacts/screenshots/step_001.png",
        "timestamp": p.timestamp(),
        "attempt": 1,
    }
    return p.StepCompleted(**{**fields, **changes})


def failed(execution: str) -> p.StepFailed:
    return p.StepFailed(
        execution_id=execution,
        device_id=DEVICE,
        step_id=str(uuid.uuid4()),
        module_id="data_test_module",
        error_code="ADB_TIMEOUT",
        error_message="ADB command timed out after 30 seconds",
        retry_attempt=1,
        will_retry=True,
        timestamp=p.timestamp(),
        duration_seconds=30.0,
        traceback="…",
    )


def started(execution: str) -> p.StepStarted:
    return p.StepStarted(
        execution_id=execution,
        device_id=DEVICE,
        step_id=str(uuid.uuid4()),
        module_id="call_test_module",
        attempt=1,
        timestamp=p.timestamp(),
    )


def error(execution: str) -> p.ErrorMessage:
    return p.ErrorMessage(
        code="DEVICE_DISCONNECTED",
        message=f"Device {DEVICE} disconnected during execution",
        execution_id=execution,
        device_id=DEVICE,
        timestamp=p.timestamp(),
    )


def ended(execution: str, status: Any = "completed") -> p.ExecutionCompleted:
    return p.ExecutionCompleted(
        execution_id=execution,
        status=status,
        duration_seconds=180.0,
        total_steps=15,
        successful_steps=14,
        failed_steps=1,
        report_url=f"/api/v1/reports/{execution}?format=pdf",
        timestamp=p.timestamp(),
    )


def device_status(status: Any, device: str = DEVICE) -> p.DeviceStatus:
    return p.DeviceStatus(device_id=device, status=status, last_seen=p.timestamp())
