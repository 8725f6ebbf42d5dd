"""The WebSocket API specification, sentence by sentence, with the tests that show each; see `requirement`."""

from tests.server.requirement import Requirement, ask

ACCESS = "server/test_access.py::"
BAD_INPUT = "server/test_bad_input.py::"
DELIVERY = "server/test_delivery.py::"
DOCUMENTS = "server/test_documents.py::"
ENGINE = "engine/test_execution.py::"
LIFECYCLE = "server/test_lifecycle.py::"
LIVE = "server/test_live.py::"
OUTBOX = "server/test_outbox.py::"
OUTCOMES = "engine/test_outcomes.py::"
PREVIEW = "server/test_preview.py::"
RESUMPTION = "server/test_resumption.py::"
SERVICE = "preview/test_service.py::"
SESSIONS = "server/test_sessions.py::"
SHAPING = "test_shaping.py::"

EVERY_FIELD = (
    "protocol/test_codec.py::test_a_servers_example_comes_back_with_exactly_its_fields",
    LIVE + "test_several_clients_get_every_message_in_order_and_with_exactly_the_specified_fields",
    DOCUMENTS + "test_a_plain_consumer_of_a_run_gets_exactly_the_fields_of_the_specification",
)
CLIENTS_EXAMPLE = "protocol/test_codec.py::test_a_clients_example_is_read_as_it_is_written"
CUT = (
    RESUMPTION + "test_a_run_that_waits_for_the_return_is_received_whole_wherever_it_is_cut",
    RESUMPTION + "test_what_was_sent_and_never_read_comes_again",
    RESUMPTION + "test_of_a_run_that_goes_on_each_guaranteed_message_is_received_or_in_the_state",
)

SPECIFICATION: dict[str, tuple[Requirement, ...]] = {
    "Connection Endpoints": (
        ask(
            "endpoint.address",
            "Updates of one execution, as they happen, at /ws/executions/{execution_id}",
            LIVE + "test_several_clients_get_every_message_in_order_and_with_exactly_the_specified_fields",
            LIVE + "test_other_executions_are_not_heard",
        ),
        ask("endpoint.uuid", "execution_id is a UUID", LIFECYCLE + "test_an_execution_that_is_not_known"),
        ask(
            "endpoint.token",
            "In server mode ?token= lets a client in",
            ACCESS + "TestServerMode::test_with_one",
            ACCESS + "TestServerMode::test_without_a_valid_token",
        ),
        ask(
            "endpoint.standalone",
            "In standalone mode nothing is asked for",
            LIVE + "test_the_first_message_is_the_execution_state",
        ),
    ),
    "Client → Server Messages": (
        ask(
            "asks.subscribe_device",
            "subscribe_device with device_id begins a device's updates",
            CLIENTS_EXAMPLE,
            LIVE + "TestDevices::test_subscribing_answers_with_the_present_status",
            LIVE + "TestDevices::test_changes_reach_only_those_who_subscribed",
        ),
        ask(
            "asks.unsubscribe_device",
            "unsubscribe_device with device_id ends them",
            CLIENTS_EXAMPLE,
            LIVE + "TestDevices::test_after_unsubscribing_nothing_comes",
        ),
        ask(
            "asks.start_preview",
            "start_preview with device_id and quality begins the device's picture",
            CLIENTS_EXAMPLE,
            PREVIEW + "test_frames_come_with_exactly_the_specified_fields",
        ),
        ask(
            "asks.stop_preview",
            "stop_preview with device_id ends it",
            CLIENTS_EXAMPLE,
            PREVIEW + "test_no_frame_comes_after_the_stop",
            PREVIEW + "test_stopping_and_leaving_end_the_watch",
        ),
    ),
    "Server → Client Messages": (
        ask("tells.execution_progress", "execution_progress and its fields", *EVERY_FIELD),
        ask(
            "tells.device_status",
            "device_status and its fields, when a device's status changes",
            *EVERY_FIELD,
            LIVE + "TestDevices::test_changes_reach_only_those_who_subscribed",
        ),
        ask(
            "tells.last_seen",
            "last_seen is when the device was last heard of",
            "devices/test_pool.py::TestStatus::test_the_heartbeat_keeps_last_seen_fresh",
        ),
        ask("tells.step_completed", "step_completed and its fields", *EVERY_FIELD),
        ask(
            "tells.screenshot",
            "screenshot_url is where the picture is to be had",
            "engine/test_screenshots.py::test_a_pictures_address_works_when_its_message_is_out",
            "server/test_http.py::TestScreenshots::test_whole",
        ),
        ask("tells.step_failed", "step_failed and its fields", *EVERY_FIELD),
        ask(
            "tells.will_retry",
            "will_retry says whether another attempt follows",
            OUTCOMES + "test_a_retry_is_an_attempt_of_its_own",
            OUTCOMES + "test_a_step_fails_for_good_when_its_retries_are_used_up",
        ),
        ask("tells.log_entry", "log_entry and its fields", *EVERY_FIELD),
        ask(
            "tells.command",
            "An adb command is logged before it runs",
            "engine/test_on_the_phone.py::test_a_plan_on_a_phone",
            OUTCOMES + "test_every_command_of_the_session_is_logged",
        ),
        ask(
            "tells.preview_frame",
            "preview_frame and its fields; frame_data is a JPEG as a data URL",
            *EVERY_FIELD,
            PREVIEW + "test_frames_come_with_exactly_the_specified_fields",
            "preview/test_encode.py::test_the_text_form_is_made_once_and_is_the_file",
        ),
        ask(
            "tells.execution_completed",
            "execution_completed and its fields, with the totals and where the report is",
            *EVERY_FIELD,
            ENGINE + "test_the_end_tells_totals_report_and_duration",
        ),
        ask(
            "tells.report",
            "report_url is where the report is to be had",
            "test_report.py::test_the_report_url_opens_a_pdf",
        ),
        ask("tells.error", "error and its fields", *EVERY_FIELD),
    ),
    "Connection Established": (
        ask(
            "established.state",
            "The first message is the execution's state, if there is such an execution",
            LIVE + "test_the_first_message_is_the_execution_state",
            LIVE + "test_a_client_that_comes_later_gets_the_state_as_it_is_then",
        ),
        ask(
            "established.subscribe",
            "From then on a client can subscribe to single devices",
            LIVE + "TestDevices::test_subscribing_answers_with_the_present_status",
        ),
        ask(
            "established.live",
            "Live updates follow, none missing and none twice",
            LIVE + "test_no_message_is_missing_or_twice_between_the_state_and_what_follows",
        ),
    ),
    "During Execution": (
        ask(
            "during.progress",
            "Progress every 1 to 2 seconds",
            LIVE + "test_a_running_execution_is_never_silent_for_long",
            ENGINE + "test_progress_is_told_while_a_step_runs",
            SHAPING + "test_at_most_one_progress_a_second_and_the_last_before_the_end",
        ),
        ask(
            "during.steps",
            "Steps are told at once when they complete or fail",
            LIVE + "test_a_step_waits_for_no_limit_of_other_messages",
        ),
        ask(
            "during.logs",
            "Log entries stream as they are made",
            LIVE + "test_several_clients_get_every_message_in_order_and_with_exactly_the_specified_fields",
            SHAPING + "test_a_hundred_at_once_pass_untouched",
        ),
        ask(
            "during.preview",
            "Frames come at 10 to 15 a second, to those who asked",
            SERVICE + "test_frames_come_at_their_pace_also_while_the_screen_stands_still",
            SERVICE + "test_a_pace_outside_the_specification_is_refused",
            PREVIEW + "test_frames_reach_only_those_who_asked",
        ),
    ),
    "Connection Closed": (
        ask(
            "closed.unsubscribed",
            "A connection that ends is subscribed to nothing any more",
            LIFECYCLE + "test_a_client_killed_at_any_stage_leaves_nothing",
            "server/test_faults.py::test_a_client_process_killed_in_any_stage_of_its_life_leaves_nothing",
        ),
        ask(
            "closed.previews",
            "Its previews stop",
            PREVIEW + "test_stopping_and_leaving_end_the_watch",
            PREVIEW + "test_the_end_of_the_execution_ends_its_previews",
        ),
        ask(
            "closed.gracefully",
            "It is closed with the closing handshake",
            LIFECYCLE + "test_a_client_that_closes_is_answered",
            LIVE + "test_the_end_is_acknowledged_and_then_closed_with_1000",
        ),
    ),
    "Connection Errors": (
        ask(
            "refused.unknown",
            "INVALID_EXECUTION_ID where there is no such execution",
            LIFECYCLE + "test_an_execution_that_is_not_known",
        ),
        ask(
            "refused.token",
            "UNAUTHORIZED without a valid token",
            ACCESS + "TestServerMode::test_without_a_valid_token",
        ),
        ask(
            "refused.ended",
            "EXECUTION_NOT_ACTIVE where it has ended",
            LIFECYCLE + "test_an_execution_that_has_ended",
        ),
    ),
    "Runtime Errors": (
        ask(
            "runtime.device",
            "DEVICE_DISCONNECTED when a device is lost",
            OUTCOMES + "test_a_lost_device_is_also_told_as_an_error",
            "engine/test_on_the_phone.py::test_a_phone_killed_in_a_step_and_started_again",
        ),
        ask(
            "runtime.timeout",
            "MODULE_TIMEOUT when a module takes longer than it may",
            "engine/test_deadlines.py::test_the_timeout_holds_whatever_the_module_does",
        ),
        ask(
            "runtime.preview",
            "PREVIEW_UNAVAILABLE when a preview cannot begin",
            PREVIEW + "test_a_preview_that_cannot_begin_is_told_and_may_be_asked_for_again",
            PREVIEW + "test_a_server_without_previews_says_so",
        ),
    ),
    "Message Frequency Limits": (
        ask(
            "rate.progress",
            "Progress: at most 1 a second for an execution",
            SHAPING + "test_at_most_one_progress_a_second_and_the_last_before_the_end",
            LIFECYCLE + "test_the_numbers_are_those_of_the_specification",
        ),
        ask(
            "rate.logs",
            "Log entries: at most 100 a second for a device",
            SHAPING + "test_at_most_a_hundred_log_entries_in_any_second",
            SHAPING + "test_the_notice_at_the_very_end_is_within_the_limit",
            SHAPING + "test_one_device_takes_nothing_from_another",
            LIVE + "test_a_step_waits_for_no_limit_of_other_messages",
        ),
        ask(
            "rate.frames",
            "Frames: at most 15 a second for a device",
            SERVICE + "test_frames_come_at_their_pace_also_while_the_screen_stands_still",
            SERVICE + "test_a_pace_outside_the_specification_is_refused",
        ),
        ask("rate.status", "Statuses: no limit", LIVE + "test_every_change_of_a_device_is_told"),
    ),
    "Connection Limits": (
        ask(
            "limit.connections",
            "At most 10 connections of one client at a time",
            LIFECYCLE + "test_the_eleventh_connection_of_a_client",
            "server/test_faults.py"
            "::test_ten_thousand_handshakes_refused_at_the_limit_harm_nobody_who_is_served",
        ),
        ask("limit.previews", "At most 5 previews on a connection", PREVIEW + "test_five_streams_at_most"),
        ask(
            "limit.inactivity",
            "Disconnected after an inactive hour",
            LIFECYCLE + "test_an_inactive_hour_ends_with_4408",
            LIFECYCLE + "test_the_numbers_are_those_of_the_specification",
        ),
    ),
    "Message Delivery": (
        ask(
            "delivery.progress",
            "Progress: as well as can be; the newest wins",
            OUTBOX + "test_the_newest_progress_status_and_frame_replace_the_ones_before",
        ),
        ask("delivery.steps", "Steps: guaranteed, with acknowledgement", *CUT),
        ask("delivery.errors", "Errors: guaranteed, with acknowledgement", *CUT),
        ask(
            "delivery.logs",
            "Log entries: as well as can be; some may be dropped under load",
            DELIVERY + "TestSlowConsumers::test_shed_log_entries_are_counted_in_one_warning",
        ),
    ),
    "Reconnection Handling": (
        ask(
            "reconnect.backoff",
            "A client waits exponentially longer between attempts",
            "client/test_reconnection.py::test_delays_double_up_to_a_bound_and_vary",
        ),
        ask(
            "reconnect.five_minutes",
            "The state is kept for 5 minutes after a disconnection",
            SESSIONS + "TestRegistry::test_sessions_wait_for_five_minutes",
            SESSIONS + "test_a_session_is_served_after_the_execution_has_ended",
        ),
        ask(
            "reconnect.no_replay",
            "What was missed in between is not replayed",
            SESSIONS + "test_what_was_missed_in_between_is_in_the_state_and_not_replayed",
            SESSIONS + "test_without_the_session_nothing_is_replayed",
        ),
    ),
}
"""By section."""
