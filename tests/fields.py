"""The specification's messages, for tests that hold what is sent against them."""

FIELDS = {
    "execution_progress": {"execution_id", "progress_percentage", "current_step", "timestamp"},
    "device_status": {"device_id", "status", "last_seen"},
    "step_completed": {
        "execution_id",
        "device_id",
        "step_id",
        "module_id",
        "status",
        "duration_seconds",
        "screenshot_url",
        "timestamp",
    },
    "step_failed": {
        "execution_id",
        "device_id",
        "step_id",
        "module_id",
        "error_code",
        "error_message",
        "retry_attempt",
        "will_retry",
        "timestamp",
    },
    "preview_frame": {"device_id", "frame_data", "width", "height", "timestamp"},
    "log_entry": {"execution_id", "device_id", "level", "message", "module_id", "timestamp"},
    "execution_completed": {
        "execution_id",
        "status",
        "duration_seconds",
        "total_steps",
        "successful_steps",
        "failed_steps",
        "report_url",
        "timestamp",
    },
    "error": {"code", "message", "execution_id", "device_id", "timestamp"},
}
"""The fields of each message, as the specification's examples have them."""
