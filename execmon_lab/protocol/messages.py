"""Every message of the WebSocket API, both directions, as typed structs tagged by `type`.

A field or a message that the specification does not have is *additive*: a connection that did not ask for
it is sent exactly the specification's fields (see `encode`).
"""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .words import in_words

ExecutionId = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
StepId = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Timestamp = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")]
Seconds = Annotated[float, Meta(ge=0)]
Percentage = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0)]
Number = Annotated[int, Meta(ge=1)]

Quality = Literal["low", "medium", "high"]
Level = Literal["DEBUG", "INFO", "WARN", "ERROR"]
DeviceState = Literal["available", "busy", "offline", "unauthorized"]
ExecutionStatus = Literal["pending", "running", "completed", "failed", "cancelled", "interrupted"]
"""`interrupted` is what a history says of an execution whose process died: no message ever does."""
FinalStatus = Literal["completed", "failed", "cancelled"]
StepStatus = Literal["pending", "running", "completed", "failed", "skipped"]
AttemptStatus = Literal["running", "completed", "failed", "skipped"]
PauseStatus = Literal["pausing", "paused"]
PauseReason = Literal["requested", "failure"]
LogSource = Literal["logcat"]
Acknowledgement = Literal["transport", "application"]


def _tag(name: str) -> str:
    """Make the specification's `type` of a struct's name: ``StepFailed`` is ``step_failed``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_tag):
    """What all messages have in common."""

    #: True for a type that the specification does not name.
    ADDITIVE: ClassVar[bool] = False
    #: Fields that the specification does not name.
    ADDITIVE_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: True where delivery is guaranteed (specification, "Message Delivery").
    GUARANTEED: ClassVar[bool] = False

    @property
    def additive(self) -> bool:
        """Whether the specification knows nothing of this message: it goes to those who asked for more."""
        return self.ADDITIVE

    @classmethod
    def type_name(cls) -> str:
        """Return the value of `type`, for example ``"step_failed"``."""
        return str(cls.__struct_config__.tag)


# Client to server


class SubscribeDevice(Message, frozen=True, kw_only=True):
    """Ask for a device's status; the present one is answered at once."""

    device_id: str


class UnsubscribeDevice(Message, frozen=True, kw_only=True):
    """Stop what `SubscribeDevice` began."""

    device_id: str


class StartPreview(Message, frozen=True, kw_only=True):
    """Ask for a device's picture; asking again changes the quality."""

    device_id: str
    quality: Quality = "medium"
    only_changes: bool = False


class StopPreview(Message, frozen=True, kw_only=True):
    """Stop what `StartPreview` began."""

    device_id: str


class Ack(Message, frozen=True, kw_only=True):
    """Acknowledge every guaranteed message up to `seq` (connections with ``?ack=app``)."""

    seq: Count


ClientMessage = SubscribeDevice | UnsubscribeDevice | StartPreview | StopPreview | Ack


# Parts of the execution's state


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named part of an attempt; `path` leads to it from the outermost action."""

    path: tuple[str, ...]
    status: Literal["completed", "failed"]
    duration_seconds: Seconds
    timestamp: Timestamp


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of a step; a retry is an attempt of its own."""

    attempt: Number
    status: AttemptStatus
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    duration_seconds: Seconds | None = None
    error_code: str | None = None
    error_message: str | None = None
    traceback: str | None = None
    screenshot_url: str | None = None
    #: Of its duration, what was spent in adb commands.
    adb_seconds: Seconds | None = None
    actions: tuple[Action, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One module on one device, with all of its attempts.

    `params` says what it was bound to, in words; `expected_seconds` what it took in earlier runs.
    """

    step_id: StepId
    device_id: str
    module_id: str
    status: StepStatus
    attempts: tuple[Attempt, ...] = ()
    params: str | UnsetType = UNSET
    expected_seconds: float | UnsetType = UNSET


class DeviceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the execution, as last heard of."""

    device_id: str
    status: DeviceState
    last_seen: Timestamp


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An `error` that the execution met."""

    code: str
    message: str
    timestamp: Timestamp
    device_id: str | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device that takes no further step for now; `step_id` is the step that failed, or the next one."""

    device_id: str
    status: PauseStatus
    reason: PauseReason
    timestamp: Timestamp
    step_id: StepId | None = None


class PauseSpan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time in which a device waited, and that is over; `step_id` as of a `Pause`."""

    device_id: str
    reason: PauseReason
    started_at: Timestamp
    ended_at: Timestamp
    step_id: StepId | None = None


# Server to client


class ExecutionSnapshot(Message, frozen=True, kw_only=True, tag="execution_state"):
    """The whole present state of an execution: the first message of every connection."""

    ADDITIVE: ClassVar[bool] = True

    execution_id: ExecutionId
    status: ExecutionStatus
    progress_percentage: Percentage
    current_step: str | None
    devices: tuple[DeviceSummary, ...]
    steps: tuple[Step, ...]
    errors: tuple[Problem, ...] = ()
    paused: tuple[Pause, ...] = ()
    pauses: tuple[PauseSpan, ...] = ()
    name: str | None = None
    #: The execution some of whose steps this one runs again.
    continues: ExecutionId | None = None
    started_at: Timestamp | None = None
    duration_seconds: Seconds | None = None
    report_url: str | None = None
    timestamp: Timestamp
    session_id: str | UnsetType = UNSET
    acknowledgement: Acknowledgement | UnsetType = UNSET

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show a line a step in IPython, where the whole would be pages."""
        printer.text(in_words(self))


class ExecutionProgress(Message, frozen=True, kw_only=True):
    """How far the execution is; never goes back."""

    execution_id: ExecutionId
    progress_percentage: Percentage
    current_step: str
    timestamp: Timestamp


class DeviceStatus(Message, frozen=True, kw_only=True):
    """A device's state changed."""

    device_id: str
    status: DeviceState
    last_seen: Timestamp


class StepStarted(Message, frozen=True, kw_only=True):
    """An attempt of a step began."""

    ADDITIVE: ClassVar[bool] = True

    execution_id: ExecutionId
    device_id: str
    step_id: StepId
    module_id: str
    attempt: Number
    timestamp: Timestamp


class ActionCompleted(Message, frozen=True, kw_only=True):
    """A named part of an attempt ended."""

    ADDITIVE: ClassVar[bool] = True

    execution_id: ExecutionId
    device_id: str
    step_id: StepId
    attempt: Number
    path: tuple[str, ...]
    status: Literal["completed", "failed"]
    duration_seconds: Seconds
    timestamp: Timestamp


class StepCompleted(Message, frozen=True, kw_only=True):
    """A step passed, or was skipped."""

    GUARANTEED: ClassVar[bool] = True
    ADDITIVE_FIELDS: ClassVar[tuple[str, ...]] = ("attempt", "reason", "adb_seconds")

    execution_id: ExecutionId
    device_id: str
    step_id: StepId
    module_id: str
    status: Literal["completed", "skipped"]
    duration_seconds: Seconds
    screenshot_url: str | None
    timestamp: Timestamp
    attempt: Number | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    adb_seconds: Seconds | UnsetType = UNSET
    seq: Number | UnsetType = UNSET


class StepFailed(Message, frozen=True, kw_only=True):
    """An attempt of a step failed; `retry_attempt` counts the attempts that failed, from 1."""

    GUARANTEED: ClassVar[bool] = True
    ADDITIVE_FIELDS: ClassVar[tuple[str, ...]] = (
        "duration_seconds",
        "screenshot_url",
        "traceback",
        "adb_seconds",
    )

    execution_id: ExecutionId
    device_id: str
    step_id: StepId
    module_id: str
    error_code: str
    error_message: str
    retry_attempt: Number
    will_retry: bool
    timestamp: Timestamp
    duration_seconds: Seconds | UnsetType = UNSET
    screenshot_url: str | UnsetType | None = UNSET
    traceback: str | UnsetType = UNSET
    adb_seconds: Seconds | UnsetType = UNSET
    seq: Number | UnsetType = UNSET


class LogEntry(Message, frozen=True, kw_only=True):
    """A line of the execution's log."""

    ADDITIVE_FIELDS: ClassVar[tuple[str, ...]] = ("step_id", "attempt", "shed", "source")

    execution_id: ExecutionId
    device_id: str
    level: Level
    message: str
    module_id: str
    timestamp: Timestamp
    step_id: StepId | UnsetType = UNSET
    attempt: Number | UnsetType = UNSET
    #: How many entries were dropped in its place.
    shed: Number | UnsetType = UNSET
    #: ``logcat`` in a line of the device's own log.
    source: LogSource | UnsetType = UNSET

    @property
    def additive(self) -> bool:
        """A line of the device's own log is: a client that knows the specification alone expects none."""
        return self.source is not UNSET


class ExecutionPaused(Message, frozen=True, kw_only=True):
    """A device takes no further step for now: ``pausing`` while one still runs, then ``paused``.

    `reason` is ``requested``, or ``failure``; `step_id` is the step that comes next, or the one that failed.
    """

    ADDITIVE: ClassVar[bool] = True

    execution_id: ExecutionId
    device_id: str
    status: PauseStatus
    reason: PauseReason
    step_id: StepId | None = None
    timestamp: Timestamp


class ExecutionResumed(Message, frozen=True, kw_only=True):
    """A device that was paused, or about to be, goes on."""

    ADDITIVE: ClassVar[bool] = True

    execution_id: ExecutionId
    device_id: str
    timestamp: Timestamp


class PreviewFrame(Message, frozen=True, kw_only=True):
    """A picture of a device's screen; `width` and `height` are the picture's, in pixels."""

    device_id: str
    frame_data: str
    width: Number
    height: Number
    timestamp: Timestamp


class ExecutionCompleted(Message, frozen=True, kw_only=True):
    """The execution ended."""

    GUARANTEED: ClassVar[bool] = True

    execution_id: ExecutionId
    status: FinalStatus
    duration_seconds: Seconds
    total_steps: Count
    successful_steps: Count
    failed_steps: Count
    report_url: str
    timestamp: Timestamp
    seq: Number | UnsetType = UNSET


class ErrorMessage(Message, frozen=True, kw_only=True, tag="error"):
    """Something went wrong with the execution, a device, or a client's message."""

    GUARANTEED: ClassVar[bool] = True

    code: str
    message: str
    execution_id: str | UnsetType = UNSET
    device_id: str | UnsetType = UNSET
    timestamp: Timestamp
    seq: Number | UnsetType = UNSET


ServerMessage = (
    ExecutionSnapshot
    | ExecutionProgress
    | DeviceStatus
    | StepStarted
    | ActionCompleted
    | StepCompleted
    | StepFailed
    | ExecutionPaused
    | ExecutionResumed
    | LogEntry
    | PreviewFrame
    | ExecutionCompleted
    | ErrorMessage
)
