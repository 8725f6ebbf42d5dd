"""The readings of the specification where it is silent, with the tests that show each; see `requirement`."""

from tests.server.guarantees import APP, GUARANTEES
from tests.server.requirement import Requirement, ask
from tests.server.specification import (
    ACCESS,
    BAD_INPUT,
    DELIVERY,
    DOCUMENTS,
    ENGINE,
    EVERY_FIELD,
    LIFECYCLE,
    LIVE,
    OUTCOMES,
    PREVIEW,
    SERVICE,
)

CODEC = "protocol/test_codec.py::"
DEADLINES = "engine/test_deadlines.py::"

DECISIONS: dict[str, tuple[Requirement, ...]] = {
    "Additions": (
        ask(
            "additive.plain",
            "Who asks for nothing is sent the specification's fields, and no other type but the state",
            *EVERY_FIELD,
            CODEC + "test_plain_consumers_are_spared_the_additive_fields",
        ),
        ask(
            "additive.unchanged",
            "A plain client that knows only the specification works unchanged",
            "peers/consumers/test_consumers.py::test_a_foreign_consumer_follows_a_run",
        ),
        ask(
            "additive.asked",
            "Additions come by a query parameter",
            LIVE + "test_detail_full_adds_messages_and_fields",
            CODEC + "test_a_sequence_number_is_for_those_who_asked_for_it",
        ),
    ),
    "Scope of messages": (
        ask(
            "scope.execution",
            "What names an execution goes to every connection of it, and of no other",
            LIVE + "test_several_clients_get_every_message_in_order_and_with_exactly_the_specified_fields",
            LIVE + "test_other_executions_are_not_heard",
        ),
        ask(
            "scope.device",
            "What names only a device goes to those who asked for it",
            LIVE + "TestDevices::test_changes_reach_only_those_who_subscribed",
            PREVIEW + "test_frames_reach_only_those_who_asked",
        ),
        ask(
            "scope.subscribe",
            "subscribe_device is answered with the present status at once",
            LIVE + "TestDevices::test_subscribing_answers_with_the_present_status",
        ),
        ask(
            "scope.twice",
            "Subscribing twice, and ending what is not there, change nothing and are no error",
            LIVE + "TestDevices::test_subscribing_twice_and_unsubscribing_what_is_not_there_change_nothing",
        ),
        ask(
            "scope.quality",
            "quality is low, medium (when absent) or high",
            CODEC + "test_what_a_client_leaves_out_has_the_documented_value",
            BAD_INPUT + "test_an_invalid_message_is_answered_and_the_connection_lives_on",
            SERVICE + "test_frames_are_the_screen_in_every_quality",
        ),
        ask(
            "scope.quality_again",
            "Asking again changes the quality",
            PREVIEW + "test_asking_again_changes_the_quality",
        ),
        ask(
            "scope.preview_alone",
            "A preview needs no subscription",
            PREVIEW + "test_a_preview_needs_no_subscription_and_brings_none",
        ),
        ask(
            "scope.size",
            "width and height are those of the picture",
            "preview/test_encode.py::test_the_picture_is_the_screens_and_its_size_is_told_truly",
            SERVICE + "test_frames_are_the_screen_in_every_quality",
        ),
        ask(
            "scope.scale",
            "high is the full size; the others may be smaller",
            "preview/test_encode.py::test_a_quality_makes_the_picture_smaller_by_a_whole_factor",
            SERVICE + "test_frames_are_the_screen_in_every_quality",
        ),
        ask(
            "scope.pace",
            "10 to 15 frames a second, also while the screen stands still",
            SERVICE + "test_frames_come_at_their_pace_also_while_the_screen_stands_still",
        ),
        ask(
            "scope.only_changes",
            "With only_changes a frame comes when the picture changed, and one a second at least",
            PREVIEW + "test_only_changes_leaves_out_what_stands_still",
            PREVIEW + "test_only_changes_still_brings_a_frame_now_and_then",
        ),
        ask(
            "scope.step_status",
            "step_completed says completed or skipped",
            OUTCOMES + "test_a_module_that_returns_is_completed",
            OUTCOMES + "test_a_skipped_step_is_told_with_its_reason_and_counts_as_neither",
        ),
        ask(
            "scope.duration",
            "duration_seconds is a number, to the millisecond",
            ENGINE + "test_the_end_tells_totals_report_and_duration",
            DOCUMENTS + "test_durations_are_told_to_the_millisecond",
        ),
        ask(
            "scope.completed",
            "An execution is completed when its plan ran to the end, failed steps counted",
            ENGINE + "test_the_end_tells_totals_report_and_duration",
        ),
        ask(
            "scope.failed",
            "It is failed when it could not go on",
            ENGINE + "test_the_remaining_steps_fail_when_the_device_does_not_return",
            ENGINE + "test_a_fault_of_the_engine_itself_ends_the_execution_as_failed",
        ),
        ask(
            "scope.cancelled",
            "It is cancelled when it was stopped",
            DEADLINES + "test_a_cancel_ends_whatever_the_module_does",
        ),
        ask(
            "scope.device_states",
            "A device is available, busy, offline or unauthorized",
            LIVE + "test_every_change_of_a_device_is_told",
            "devices/test_pool.py::TestStatus::test_each_change_is_told_once_and_in_order",
            "devices/test_tracker.py::test_every_state_of_a_list_is_read",
        ),
        ask(
            "scope.timestamps",
            "Timestamps are UTC, RFC 3339, Z, whole seconds or milliseconds",
            CODEC + "test_a_timestamp_is_utc_to_the_millisecond",
            CODEC + "test_timestamps_of_another_form_are_refused",
            DOCUMENTS + "test_every_message_of_a_run_fits_the_asyncapi_document",
        ),
        ask(
            "scope.percentage",
            "progress_percentage is an integer from 0 to 100",
            CODEC + "test_progress_is_a_whole_number_of_a_hundred",
        ),
        ask(
            "scope.percentage_rises",
            "It never goes back within an execution",
            ENGINE + "test_progress_is_told_at_each_step_and_never_goes_back",
            "test_state.py::test_progress_never_goes_back",
        ),
        ask(
            "scope.retry_attempt",
            "retry_attempt counts the attempts that failed, from 1",
            OUTCOMES + "test_a_step_fails_for_good_when_its_retries_are_used_up",
        ),
        ask(
            "scope.lost",
            "A device lost is an error, and the running step fails with the same code",
            ENGINE + "test_the_plan_goes_on_when_a_lost_device_returns",
        ),
        ask(
            "scope.timeout",
            "So is a module past its timeout",
            DEADLINES + "test_the_timeout_holds_whatever_the_module_does",
        ),
        ask(
            "scope.module_id",
            "A log entry's module_id is the running step's; between steps it is `device`",
            OUTCOMES + "test_log_entries_say_where_they_come_from",
            ENGINE + "test_the_plan_goes_on_when_a_lost_device_returns",
        ),
    ),
    "Lifecycle": (
        ask(
            "lifecycle.state",
            "execution_state comes first, with all that is listed for it",
            LIVE + "test_the_state_is_enough_to_draw_the_present_picture",
            LIVE + "test_the_first_message_is_the_execution_state",
        ),
        ask(
            "lifecycle.picture",
            "From it alone the present picture can be drawn",
            LIVE + "test_the_state_is_enough_to_draw_the_present_picture",
            "test_state.py::test_a_snapshot_and_the_rest_equal_the_whole",
        ),
        ask(
            "lifecycle.refused",
            "A connection that cannot be served is accepted, sent one error, and closed with the code",
            LIFECYCLE + "test_an_execution_that_is_not_known",
            LIFECYCLE + "test_an_execution_that_has_ended",
            LIFECYCLE + "test_the_eleventh_connection_of_a_client",
            ACCESS + "TestServerMode::test_without_a_valid_token",
        ),
        ask(
            "lifecycle.readable",
            "A browser, and a client behind a proxy that swallows close codes, can read the reason",
            "peers/consumers/test_consumers.py::test_a_refused_browser_reads_the_reason",
            "peers/consumers/test_jupyter_proxy.py::test_a_refusal_is_read_though_the_close_code_is_not",
        ),
        ask("lifecycle.4401", "UNAUTHORIZED 4401", ACCESS + "TestServerMode::test_without_a_valid_token"),
        ask("lifecycle.4404", "INVALID_EXECUTION_ID 4404", LIFECYCLE + "test_an_execution_that_is_not_known"),
        ask("lifecycle.4409", "EXECUTION_NOT_ACTIVE 4409", LIFECYCLE + "test_an_execution_that_has_ended"),
        ask(
            "lifecycle.4429",
            "CONNECTION_LIMIT 4429 for the 11th",
            LIFECYCLE + "test_the_eleventh_connection_of_a_client",
        ),
        ask(
            "lifecycle.4408",
            "The inactive hour ends in 4408",
            LIFECYCLE + "test_an_inactive_hour_ends_with_4408",
        ),
        ask(
            "lifecycle.4413",
            "Too slow for guaranteed messages ends in 4413",
            DELIVERY + "TestSlowConsumers::test_too_many_that_wait_close_with_4413_and_stay_with_the_session",
            APP + "test_an_end_that_is_never_acknowledged_is_closed_with_4413",
        ),
        ask(
            "lifecycle.1001",
            "A server that is going down closes with 1001",
            LIFECYCLE + "test_a_server_that_goes_down_says_1001",
        ),
        ask(
            "lifecycle.advice",
            "What a client should do about each code is documented, and the client does it",
            DOCUMENTS + "test_every_close_code_is_told_with_what_to_do_about_it",
            "client/test_reconnection.py::test_a_server_that_closes_with_a_final_code_is_left",
            "client/test_reconnection.py::test_a_refusal_that_cannot_change_is_not_tried_again",
        ),
        ask(
            "lifecycle.activity",
            "Messages in either direction are activity",
            LIFECYCLE + "test_messages_of_either_side_are_activity",
        ),
        ask(
            "lifecycle.pings",
            "Ping and pong are none",
            LIFECYCLE + "test_pings_and_pongs_are_no_activity",
        ),
        ask(
            "lifecycle.client",
            "A client is its token, or its address",
            LIFECYCLE + "test_connections_are_counted_for_each_token",
            LIFECYCLE + "test_the_eleventh_connection_of_a_client",
        ),
        ask(
            "lifecycle.end",
            "At the end comes execution_completed, and 1000 once that is acknowledged",
            LIVE + "test_the_end_is_acknowledged_and_then_closed_with_1000",
            APP + "test_guaranteed_messages_carry_a_rising_number_and_others_none",
        ),
    ),
    **GUARANTEES,
    "Bad input": (
        ask(
            "bad.message",
            "No JSON, no object, no known type, or a wrong field: INVALID_MESSAGE, which names it",
            BAD_INPUT + "test_an_invalid_message_is_answered_and_the_connection_lives_on",
            BAD_INPUT + "TestAnyMessage::test_it_gets_an_error_or_has_an_effect",
            BAD_INPUT + "test_a_binary_message_is_answered",
        ),
        ask(
            "bad.lives_on",
            "The connection lives on",
            BAD_INPUT + "test_an_invalid_message_is_answered_and_the_connection_lives_on",
        ),
        ask(
            "bad.device",
            "An unknown device gets UNKNOWN_DEVICE",
            LIVE + "TestDevices::test_an_unknown_device_is_told",
        ),
        ask(
            "bad.not_the_executions",
            "Neither is an error of the execution, nor anybody else's",
            BAD_INPUT + "test_the_answer_is_for_its_sender_alone_and_no_error_of_the_execution",
            "test_vectors.py::test_the_fold_gives_the_expected_state",
        ),
        ask(
            "bad.large",
            "More than 64 KiB in a message closes with 1009",
            BAD_INPUT + "test_more_than_64_kib_close_with_1009",
            BAD_INPUT + "test_in_many_small_fragments_too",
        ),
        ask("bad.flood", "A flood closes with 1008", BAD_INPUT + "test_a_flood_closes_with_1008"),
        ask(
            "bad.step_codes",
            "Attempts fail with ADB_TIMEOUT, ADB_ERROR, ASSERTION_FAILED, MODULE_ERROR, MODULE_TIMEOUT or "
            "DEVICE_DISCONNECTED",
            OUTCOMES + "test_an_exception_is_told_by_its_code",
            DEADLINES + "test_the_timeout_holds_whatever_the_module_does",
        ),
    ),
    "Security": (
        ask(
            "security.loopback",
            "Standalone mode binds the loopback alone",
            ACCESS + "TestStandalone::test_it_binds_the_loopback_alone",
        ),
        ask(
            "security.origin",
            "It refuses an Origin that is not its own or allowed by name",
            ACCESS + "TestStandalone::test_a_foreign_origin_is_refused",
            ACCESS + "TestStandalone::test_its_own_origin_and_those_named_are_not",
        ),
        ask(
            "security.host",
            "And a Host that is not its own",
            ACCESS + "TestStandalone::test_a_foreign_host_is_refused",
            ACCESS + "TestStandalone::test_a_foreign_host_is_refused_an_upgrade",
        ),
        ask(
            "security.token",
            "Server mode takes ?token=, Authorization: Bearer, and ?execmon_token= behind a proxy",
            ACCESS + "TestServerMode::test_with_one",
            "peers/consumers/test_jupyter_proxy.py::test_a_token_of_ours_passes_beside_the_proxys_own",
        ),
        ask(
            "security.constant_time",
            "Tokens are compared in constant time",
            ACCESS + "TestTokens::test_whatever_is_given_the_same_comparisons_are_made",
        ),
        ask(
            "security.secret",
            "Never logged, never echoed",
            ACCESS + "TestServerMode::test_a_token_is_never_logged",
            ACCESS + "TestServerMode::test_without_a_valid_token",
        ),
        ask(
            "security.http",
            "The same token guards /api/v1/",
            ACCESS + "TestServerMode::test_without_a_valid_token",
            ACCESS + "TestServerMode::test_with_one",
        ),
        ask(
            "security.artifacts",
            "No path of an artifact leads outside",
            "server/test_http.py::TestScreenshots::test_no_path_leads_outside",
            "history/test_artifacts.py::test_no_name_leads_outside",
            "history/test_artifacts.py::test_a_link_is_not_followed",
            "history/test_artifacts.py::test_any_name_is_a_kept_file_or_an_error",
        ),
    ),
}
"""By section."""
