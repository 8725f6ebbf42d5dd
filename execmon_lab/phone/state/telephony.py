"""Calls over a simulated mobile network.

Rules of the network, by the last digits of the number that is called:

- `…99` is not in service: after `SETUP_SECONDS` the call ends with the cause "Number not in service".
- `…98` is busy: it ends with the cause "Busy".
- Any other number answers after `SETUP_SECONDS`, and stays on the line until somebody hangs up.
- In airplane mode a call ends at once with the cause "Turn off airplane mode to make a call".
- A second call while one is up ends at once with the cause "Line in use".

An incoming call rings for `RING_SECONDS` and is then a missed one. It comes from `ring()`, which the
broadcast `com.execmon.phone.INCOMING_CALL` (extra `number`) calls, or from a text "call me" to a number (see
`messaging`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from execmon_lab.phone.state.connectivity import Connectivity
from execmon_lab.phone.state.contacts import display_name
from execmon_lab.phone.state.core import Core

SETUP_SECONDS = 1.0
RING_SECONDS = 25.0
ENDED_SECONDS = 1.5  # how long the call screen still shows the end
OWN_NUMBER = "+15550100042"
IDLE, RINGING, OFFHOOK = 0, 1, 2  # mCallState


class CallState(Enum):
    """Where a call stands; the words are those of android.telecom."""

    DIALING = "Dialing"
    RINGING = "Ringing"
    ACTIVE = "Active"
    HOLDING = "On hold"
    DISCONNECTED = "Disconnected"


INCOMING, OUTGOING, MISSED, REJECTED = 1, 2, 3, 5  # CallLog.Calls.TYPE


@dataclass
class Call:
    """A call, and its row in the log once it has ended.

    Attributes
    ----------
    started, answered, ended : float or None
        Wall clock in seconds.
    cause : str
        Why it ended, in words the screen shows; empty for a plain end.
    """

    identifier: int
    number: str
    incoming: bool
    state: CallState
    started: float = field(default_factory=time.time)
    answered: float | None = None
    ended: float | None = None
    cause: str = ""
    rejected: bool = False
    muted: bool = False
    speaker: bool = False
    digits: str = ""

    @property
    def name(self) -> str:
        """Name of the other side, or its number."""
        return display_name(self.number)

    @property
    def duration(self) -> int:
        """Whole seconds since it was answered."""
        if self.answered is None:
            return 0
        return int((self.ended or time.time()) - self.answered)

    @property
    def kind(self) -> int:
        """Type as the call log numbers it."""
        if not self.incoming:
            return OUTGOING
        if self.answered is not None:
            return INCOMING
        return REJECTED if self.rejected else MISSED


class Telephony:
    """The calls of the phone."""

    def __init__(self, core: Core, connectivity: Connectivity) -> None:
        self._core = core
        self._connectivity = connectivity
        self._count = 0
        self.call: Call | None = None
        self.log: list[Call] = []
        self.signal = 4  # bars, 0 to 4
        self.on_begin: Callable[[], None] = _nothing  # a call begins: the call screen has to show
        self.on_gone: Callable[[], None] = _nothing

    def reset(self) -> None:
        """Drop the present call as a reboot does."""
        self.call = None

    @property
    def in_service(self) -> bool:
        """Whether the phone is registered with the network."""
        return not self._connectivity.airplane

    @property
    def state(self) -> int:
        """The phone's call state, IDLE, RINGING or OFFHOOK."""
        if self.call is None or self.call.state is CallState.DISCONNECTED:
            return IDLE
        return RINGING if self.call.state is CallState.RINGING else OFFHOOK

    def dial(self, number: str) -> Call:
        """Call a number; returns the call, which goes on by itself."""
        number = normalize(number)
        if self.state != IDLE:
            call = self._new(number, incoming=False, state=CallState.DISCONNECTED)
            call.cause, call.ended = "Line in use", time.time()
            self.log.insert(0, call)
            self._core.changed()
            return call
        call = self._begin(number, incoming=False, state=CallState.DIALING)
        if self._connectivity.airplane:
            self._end(call, "Turn off airplane mode to make a call")
        else:
            self._core.later(SETUP_SECONDS, lambda: self._connect(call))
        return call

    def ring(self, number: str) -> Call | None:
        """Let a call come in; None when the line is in use or out of service."""
        if self.state != IDLE or not self.in_service:
            return None
        call = self._begin(normalize(number), incoming=True, state=CallState.RINGING)
        self._core.later(RING_SECONDS, lambda: self._unanswered(call))
        return call

    def answer(self) -> bool:
        """Take the ringing call; False when none rings."""
        if self.call is None or self.call.state is not CallState.RINGING:
            return False
        self._activate(self.call)
        return True

    def hang_up(self) -> bool:
        """End or reject the present call; False when there is none."""
        call = self.call
        if call is None or call.state is CallState.DISCONNECTED:
            return False
        call.rejected = call.state is CallState.RINGING
        self._end(call, "Declined" if call.rejected else "")
        return True

    def toggle(self, name: str) -> None:
        """Flip `muted` or `speaker` of the present call, or put it on hold (`hold`)."""
        call = self.call
        if call is None:
            return
        if name == "hold":
            swap = {CallState.ACTIVE: CallState.HOLDING, CallState.HOLDING: CallState.ACTIVE}
            call.state = swap.get(call.state, call.state)
        elif name in ("muted", "speaker"):
            setattr(call, name, not getattr(call, name))
        self._core.changed()

    def _new(self, number: str, *, incoming: bool, state: CallState) -> Call:
        self._count += 1
        return Call(self._count, number, incoming, state)

    def _begin(self, number: str, *, incoming: bool, state: CallState) -> Call:
        self.call = call = self._new(number, incoming=incoming, state=state)
        self._report(call)
        self.on_begin()
        return call

    def _connect(self, call: Call) -> None:
        if call.state is not CallState.DIALING:
            return
        if call.number.endswith("99"):
            self._end(call, "Number not in service")
        elif call.number.endswith("98"):
            self._end(call, "Busy")
        else:
            self._activate(call)

    def _activate(self, call: Call) -> None:
        call.state = CallState.ACTIVE
        call.answered = time.time()
        self._report(call)

    def _unanswered(self, call: Call) -> None:
        if call.state is CallState.RINGING:
            self._end(call, "Missed call")

    def _end(self, call: Call, cause: str) -> None:
        call.state = CallState.DISCONNECTED
        call.ended = time.time()
        call.cause = cause
        self.log.insert(0, call)
        self._report(call)
        self._core.later(ENDED_SECONDS, lambda: self._forget(call))

    def _forget(self, call: Call) -> None:
        if self.call is call:
            self.call = None
            self.on_gone()
            self._core.changed()

    def _report(self, call: Call) -> None:
        cause = f" cause={call.cause}" if call.cause else ""
        self._core.log.write(
            "I", "Telecom", f"Call {call.identifier} to {call.number}: {call.state.name}{cause}"
        )
        self._core.log.write("D", "CallTracker", f"call state {self.state}", buffer="radio")
        self._core.changed()


def _nothing() -> None:
    pass


def normalize(number: str) -> str:
    """Return a number without blanks and punctuation."""
    return "".join(sign for sign in number if sign.isdigit() or sign in "+*#")
