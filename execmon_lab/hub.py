"""Publish and subscribe inside a process.

A message has a subject, ``execution.<execution_id>.<type>`` or ``device.<device_id>.<type>``; a pattern is a
subject in which ``*`` stands for one part and a last ``>`` for all that follow. The hub folds every message
into its execution's state, so that a subscriber can be given the present state and then every later message,
with none missing and none twice.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self

from .protocol import Detail, DeviceStatus, ExecutionSnapshot, Message, encode, sendable
from .shaping import Shaper
from .state import ExecutionState

log = logging.getLogger(__name__)


class UnknownExecution(KeyError):
    """No execution of that id was ever published here."""

    def __str__(self) -> str:
        return f"no execution {self.args[0]}"


class Envelope:
    """A message on its way: its subject, and its bytes, made once for all who send it on."""

    def __init__(self, message: Message) -> None:
        self.message = message

    @cached_property
    def subject(self) -> str:
        """Where the message belongs."""
        execution_id = getattr(self.message, "execution_id", None)
        if isinstance(execution_id, str):
            return execution_subject(execution_id, self.message.type_name())
        device_id = getattr(self.message, "device_id", None)
        return device_subject(device_id if isinstance(device_id, str) else "", self.message.type_name())

    @cached_property
    def full(self) -> bytes:
        """The message as JSON, with its additive fields."""
        return encode(self.message, "full")

    @cached_property
    def plain(self) -> bytes:
        """The message as JSON, with exactly the specification's fields."""
        return encode(self.message, "plain") if self.message.ADDITIVE_FIELDS else self.full

    def wire(self, detail: Detail) -> bytes:
        """Return the message as JSON in the given detail."""
        return self.plain if detail == "plain" else self.full


def execution_subject(execution_id: str, kind: str = ">") -> str:
    """Return the subject of one type of an execution's messages, or the pattern of all of them."""
    return f"execution.{_token(execution_id)}.{kind}"


def device_subject(device_id: str, kind: str = ">") -> str:
    """Return the subject of one type of a device's messages, or the pattern of all of them."""
    return f"device.{_token(device_id)}.{kind}"


def _token(part: str) -> str:
    """Serials may hold dots (``192.168.1.5:5555``), which part a subject."""
    return part.replace("%", "%25").replace(".", "%2E")


class Subscription:
    """What `Hub.subscribe` gives; closing it ends it."""

    def __init__(
        self, hub: "Hub", pattern: str, callback: Callable[[Envelope], None], *, shaped: bool
    ) -> None:
        self._hub = hub
        self._parts = pattern.split(".")
        self._callback = callback
        self.shaped = shaped

    def matches(self, subject: str) -> bool:
        """Tell whether a subject fits the pattern."""
        parts = subject.split(".")
        wanted = self._parts
        if wanted[-1] == ">":
            wanted = wanted[:-1]
            if len(parts) <= len(wanted):
                return False
            parts = parts[: len(wanted)]
        return len(parts) == len(wanted) and all(
            want in ("*", part) for want, part in zip(wanted, parts, strict=True)
        )

    def deliver(self, envelope: Envelope) -> None:
        """Hand an envelope to the subscriber; its failure is logged and stays its own."""
        try:
            self._callback(envelope)
        except Exception:
            log.exception("a subscriber of %s failed", ".".join(self._parts))

    def close(self) -> None:
        """End the subscription; doing so twice is no error."""
        self._hub._remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Hub:
    """Where all messages pass; any thread may publish and subscribe.

    Callbacks run in the publisher's thread, one at a time and in the order of publication; they must be
    quick, must not block, and must not call the hub.

    Parameters
    ----------
    clock
        Monotonic seconds.
    shaping
        False for messages from another hub, whose rates are limited already.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, shaping: bool = True) -> None:
        self._clock = clock
        self._shaping = shaping
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []
        self._routes: dict[str, tuple[Subscription, ...]] = {}
        self._states: dict[str, ExecutionState] = {}
        self._shapers: dict[str, Shaper] = {}

    def publish(self, message: Message) -> None:
        """Fold a message into its execution's state and give it to all whose pattern fits.

        An execution becomes known by its first `ExecutionSnapshot`. Here a message is made `sendable`, for
        all alike.
        """
        message = sendable(message)
        with self._lock:
            self._fold(message)
            self._deliver(Envelope(message), shaped=False)
            execution_id = getattr(message, "execution_id", None)
            shaper = self._shapers.get(execution_id) if isinstance(execution_id, str) else None
            if shaper is None:
                self._deliver(Envelope(message), shaped=True)
                return
            for passed in shaper.shape(message, self._clock()):
                self._deliver(Envelope(passed), shaped=True)

    def subscribe(
        self,
        pattern: str,
        callback: Callable[[Envelope], None],
        *,
        shaped: bool = True,
        state_of: str | None = None,
    ) -> Subscription:
        """Have every message whose subject fits `pattern` given to `callback`.

        Parameters
        ----------
        pattern
            For example ``execution.<id>.>``, ``device.*.device_status`` or ``>``.
        callback
            Called with an `Envelope`, in the publisher's thread.
        shaped
            False for one who keeps everything (history): it sees messages before rates are limited.
        state_of
            An execution whose present state is given first, as an `execution_state`.

        Raises
        ------
        UnknownExecution
            When `state_of` is not known.
        """
        subscription = Subscription(self, pattern, callback, shaped=shaped)
        with self._lock:
            if state_of is not None:
                subscription.deliver(Envelope(self._state(state_of).snapshot()))
            self._subscriptions.append(subscription)
            self._routes.clear()
        return subscription

    def snapshot(self, execution_id: str) -> ExecutionSnapshot:
        """Return an execution's present state.

        Raises
        ------
        UnknownExecution
            When it is not known.
        """
        with self._lock:
            return self._state(execution_id).snapshot()

    def executions(self) -> list[ExecutionSnapshot]:
        """Return the present state of every execution, the oldest first."""
        with self._lock:
            return [state.snapshot() for state in self._states.values()]

    def forget(self, execution_id: str) -> None:
        """Drop what is kept of an execution; an unknown one is no error."""
        with self._lock:
            self._states.pop(execution_id, None)
            self._shapers.pop(execution_id, None)
            self._routes.clear()

    def close(self) -> None:
        """End every subscription."""
        with self._lock:
            self._subscriptions.clear()
            self._routes.clear()

    def _state(self, execution_id: str) -> ExecutionState:
        try:
            return self._states[execution_id]
        except KeyError:
            raise UnknownExecution(execution_id) from None

    def _fold(self, message: Message) -> None:
        if isinstance(message, ExecutionSnapshot) and message.execution_id not in self._states:
            self._states[message.execution_id] = ExecutionState(message)
            if self._shaping:
                self._shapers[message.execution_id] = Shaper()
        elif isinstance(message, DeviceStatus):
            for state in self._states.values():
                if not state.ended and state.has_device(message.device_id):
                    state.fold(message)
        else:
            state_of = self._states.get(getattr(message, "execution_id", ""))
            if state_of is not None:
                state_of.fold(message)

    def _deliver(self, envelope: Envelope, *, shaped: bool) -> None:
        for subscription in self._route(envelope.subject):
            if subscription.shaped is shaped:
                subscription.deliver(envelope)

    def _route(self, subject: str) -> tuple[Subscription, ...]:
        """Routes are kept by subject until someone comes or goes."""
        route = self._routes.get(subject)
        if route is None:
            route = tuple(s for s in self._subscriptions if s.matches(subject))
            self._routes[subject] = route
        return route

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
                self._routes.clear()
