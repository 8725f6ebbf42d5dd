"""How delivery is guaranteed, and what is shed: the readings, with the tests that show each."""

from tests.server.requirement import Requirement, ask
from tests.server.specification import (
    CUT,
    DELIVERY,
    ENGINE,
    LIFECYCLE,
    LIVE,
    OUTBOX,
    PREVIEW,
    RESUMPTION,
    SERVICE,
    SESSIONS,
    SHAPING,
)

APP = DELIVERY + "TestApplicationAcknowledgement::"
FAULTS = "server/test_faults.py::"

GUARANTEES: dict[str, tuple[Requirement, ...]] = {
    "Guaranteed delivery with acknowledgement": (
        ask(
            "ack.ping",
            "After guaranteed messages comes a ping that numbers them",
            DELIVERY + "test_after_guaranteed_messages_comes_a_ping_that_numbers_them",
            DELIVERY + "test_logs_and_progress_are_not_pinged_for",
        ),
        ask(
            "ack.pong",
            "Its pong acknowledges all up to it; the newest may be the only one answered",
            DELIVERY + "test_a_client_that_answers_only_the_newest_ping_acknowledges_all",
            DELIVERY + "test_a_pong_that_was_not_asked_for_acknowledges_nothing",
        ),
        ask(
            "ack.kinds",
            "Guaranteed are step_completed, step_failed, error and execution_completed",
            APP + "test_guaranteed_messages_carry_a_rising_number_and_others_none",
            *CUT,
        ),
        ask(
            "ack.order",
            "They are never dropped, sampled or reordered",
            DELIVERY + "TestSlowConsumers::test_guaranteed_messages_wait_in_order_behind_a_full_network",
            LIVE + "test_a_step_waits_for_no_limit_of_other_messages",
            *CUT,
        ),
        ask(
            "ack.no_pong",
            "Without a pong in 20 s it is aborted, and its session keeps what was not acknowledged",
            DELIVERY + "test_without_a_pong_the_connection_is_aborted",
            LIFECYCLE + "test_the_numbers_are_those_of_the_specification",
            *CUT,
        ),
        ask(
            "ack.app",
            "With ?ack=app guaranteed messages carry a rising seq, and `ack` acknowledges all up to it",
            APP + "test_the_state_says_which_acknowledgement_is_awaited",
            APP + "test_guaranteed_messages_carry_a_rising_number_and_others_none",
            APP + "test_pongs_do_not_acknowledge",
            DELIVERY + "test_one_who_acknowledges_each_message_by_itself_is_no_flood",
            DELIVERY + "test_a_late_acknowledgement_is_taken_by_the_next_connection",
        ),
        ask(
            "ack.app_wrong",
            "An `ack` of what was not sent, or not asked for, is told",
            APP + "test_what_was_not_sent_cannot_be_acknowledged",
            APP + "test_a_connection_that_did_not_ask_for_it_is_told",
        ),
        ask("ack.once", "Within one connection nothing is sent twice", *CUT),
        ask(
            "session.resume",
            "With ?session= come the state, what was sent and not acknowledged, then live messages",
            *CUT,
            SESSIONS + "test_the_return_takes_over_from_a_connection_that_is_not_known_to_be_gone",
            FAULTS + "test_a_client_process_killed_while_it_came_back_may_come_back_again",
        ),
        ask(
            "session.time",
            "For 5 minutes",
            SESSIONS + "TestRegistry::test_sessions_wait_for_five_minutes",
        ),
        ask(
            "session.nothing_else",
            "Nothing else is replayed, and without ?session= nothing at all",
            SESSIONS + "test_what_was_missed_in_between_is_in_the_state_and_not_replayed",
            SESSIONS + "test_without_the_session_nothing_is_replayed",
            RESUMPTION + "test_of_a_run_that_goes_on_each_guaranteed_message_is_received_or_in_the_state",
        ),
        ask(
            "session.ended",
            "Also where the execution has ended meanwhile; any other connection gets EXECUTION_NOT_ACTIVE",
            SESSIONS + "test_a_session_is_served_after_the_execution_has_ended",
            SESSIONS + "test_a_session_that_was_fully_served_is_over",
        ),
        ask(
            "session.whose",
            "A session is its client's and its execution's alone",
            SESSIONS + "test_another_token_cannot_resume_a_session",
            SESSIONS + "test_a_session_belongs_to_its_execution",
            SESSIONS + "test_an_unknown_session_is_a_new_one",
        ),
    ),
    "Shedding": (
        ask(
            "shed.progress",
            "Progress: the newest wins, at most one a second",
            SHAPING + "test_the_newest_progress_wins_and_rides_with_the_next_message",
            SHAPING + "test_at_most_one_progress_a_second_and_the_last_before_the_end",
            OUTBOX + "test_the_newest_progress_status_and_frame_replace_the_ones_before",
        ),
        ask(
            "shed.progress_silence",
            "While an execution runs, one every 2 seconds at least",
            LIVE + "test_a_running_execution_is_never_silent_for_long",
            ENGINE + "test_progress_is_told_while_a_step_runs",
            "engine/test_pausing.py::test_progress_is_told_while_an_execution_is_paused",
        ),
        ask(
            "shed.progress_last",
            "The last (100, or where it stopped) before execution_completed",
            LIVE + "TestLastProgress::test_the_last_progress_comes_before_the_end",
            ENGINE + "test_a_cancelled_execution_tells_where_it_stopped",
            OUTBOX + "test_the_end_comes_after_the_log_and_the_last_progress",
        ),
        ask(
            "shed.logs",
            "Log entries: at most 100 a second for a device",
            SHAPING + "test_at_most_a_hundred_log_entries_in_any_second",
        ),
        ask(
            "shed.logs_told",
            "What is shed is counted, and told in one entry at level WARN",
            SHAPING + "test_what_was_shed_is_told_once_there_is_room",
            SHAPING + "test_every_log_entry_is_passed_or_counted",
            OUTBOX + "test_every_entry_is_kept_or_counted",
            DELIVERY + "TestSlowConsumers::test_shed_log_entries_are_counted_in_one_warning",
        ),
        ask("shed.history", "History keeps every entry", "test_hub.py::test_history_sees_what_is_shed"),
        ask(
            "shed.frames",
            "Frames: at most 15 a second for a device",
            SERVICE + "test_frames_come_at_their_pace_also_while_the_screen_stands_still",
        ),
        ask(
            "shed.frames_newest",
            "A slow consumer gets the newest frame, and at most 2 are under way to it",
            PREVIEW + "test_at_most_two_frames_are_under_way_to_one_who_acknowledges_none",
            PREVIEW + "test_a_pong_brings_the_newest_frame",
        ),
        ask(
            "shed.streams",
            "At most 5 streams; the sixth gets PREVIEW_UNAVAILABLE",
            PREVIEW + "test_five_streams_at_most",
        ),
        ask(
            "shed.others",
            "One slow or dead consumer delays nobody",
            DELIVERY + "TestSlowConsumers::test_a_dead_reader_delays_nobody_and_is_dropped",
            ENGINE + "test_a_failing_hub_consumer_does_not_disturb_the_execution",
            FAULTS + "test_ten_thousand_handshakes_refused_at_the_limit_harm_nobody_who_is_served",
        ),
        ask(
            "shed.memory",
            "It costs bounded memory",
            OUTBOX + "test_too_many_guaranteed_messages_overflow",
            OUTBOX + "test_too_many_bytes_overflow_and_what_was_taken_makes_room",
            SESSIONS + "TestRegistry::test_more_unacknowledged_than_allowed_is_known",
            SESSIONS + "TestRegistry::test_a_client_that_comes_and_goes_leaves_a_bounded_number",
        ),
    ),
}
"""By section."""
