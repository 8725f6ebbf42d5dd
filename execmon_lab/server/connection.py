"""One consumer's connection: its place in the execution, its outbox, its acknowledgements."""

import time
import uuid
from collections import deque
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request

from ..hub import Envelope, UnknownExecution
from ..protocol import (
    CloseCode,
    Detail,
    ErrorCode,
    ErrorMessage,
    ExecutionSnapshot,
    InvalidMessage,
    decode_client,
    encode,
    timestamp,
)
from ..state import FINAL
from .commands import Commands
from .entrance import ENDPOINT
from .outbox import Outbox, Overflow
from .parcel import Kind, Parcel, Picture, next_number, text_frame
from .room import Room
from .session import Session
from .wire import Wire, ping_frame

_CHOICES = {"detail": ("plain", "full"), "ack": ("transport", "app")}


class _Mark(NamedTuple):
    """What a ping stands for: all that was written before it."""

    number: int
    seq: int
    frames: int
    sent: float


class Connection(Wire):
    """Serves one consumer.

    Parameters
    ----------
    room
        What the server's connections share.
    """

    def __init__(self, room: Room) -> None:
        super().__init__(room.settings, room.loop, room.buffer)
        self.room = room
        self.execution_id = ""
        self.client = ""
        self.detail: Detail = "plain"
        self.acknowledges = False
        self.session: Session | None = None
        self.commands = Commands(self)
        self.outbox = Outbox(room.settings)
        self._query: dict[str, str] = {}
        self._identity: str | None = None
        self._marks: deque[_Mark] = deque()
        self._ping_due = False
        self._seq_written = 0
        self._most_in_flight = room.settings.frames_in_flight
        self._frames_in_flight = 0
        self._frames_unmarked = 0
        self._finishing: float | None = None
        now = time.monotonic()
        self._last_message = now
        self._last_ping = now
        self._stalled_since: float | None = None
        self._allowance = float(room.settings.messages_burst)
        self._allowance_at = now

    # The handshake

    def on_request(self, request: Request) -> str | None:
        """Check Host and Origin, and read what the client asks for; all else is told after the upgrade."""
        try:
            host, origin = request.headers.get("Host"), request.headers.get("Origin")
            authorization = request.headers.get("Authorization")
        except MultipleValuesError:
            return "a header that may be there once is there twice"
        refusal = self.room.access.refusal(host, origin)
        if refusal is not None:
            return refusal
        parts = urlsplit(request.path)
        self._query = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name, choices in _CHOICES.items():
            if self._query.get(name, choices[0]) not in choices:
                return f"?{name}= must be {' or '.join(choices)}"
        self.detail = "full" if self._query.get("detail") == "full" else "plain"
        self.acknowledges = self._query.get("ack") == "app"
        self.execution_id = unquote(parts.path.removeprefix(ENDPOINT))
        peer = self.transport.get_extra_info("peername")
        remote = str(peer[0]) if isinstance(peer, tuple) else "local"
        self._identity = self.room.access.client(self._query, authorization, remote)
        return None

    def on_open(self) -> None:
        """Serve the connection, or say why not and close it (specification, "Connection Errors")."""
        self.room.connections[self] = None
        if self._identity is None:
            self._deny(ErrorCode.UNAUTHORIZED, CloseCode.UNAUTHORIZED, "the token is missing or not valid")
            return
        limit = self.settings.connections_per_client
        if self.room.clients[self._identity] >= limit:
            self._deny(
                ErrorCode.CONNECTION_LIMIT,
                CloseCode.CONNECTION_LIMIT,
                f"a client may have {limit} connections; close one first",
            )
            return
        self.client = self._identity
        self.room.clients[self.client] += 1
        try:
            self.execution_id = str(uuid.UUID(self.execution_id))
            self.room.switchboard.join(self, self.execution_id)
        except (ValueError, UnknownExecution):
            self._deny(
                ErrorCode.INVALID_EXECUTION_ID, CloseCode.INVALID_EXECUTION_ID, "there is no such execution"
            )

    def begin(self, state: Envelope) -> None:
        """Send the present state, what the session holds, and from here on what is published."""
        snapshot = state.message
        if not isinstance(snapshot, ExecutionSnapshot) or not self.is_open:
            return
        resumed = self._resume()
        ended = snapshot.status in FINAL
        if ended and resumed is None:
            self._deny(
                ErrorCode.EXECUTION_NOT_ACTIVE,
                CloseCode.EXECUTION_NOT_ACTIVE,
                f"the execution has ended ({snapshot.status}); GET /api/v1/executions/{self.execution_id}",
            )
            return
        self.session = resumed or self.room.sessions.open(self.execution_id, self.client)
        self.session.connection = self
        self.room.switchboard.follow_execution(self, self.execution_id)
        first = msgspec.structs.replace(
            snapshot,
            session_id=self.session.id,
            acknowledgement="application" if self.acknowledges else "transport",
        )
        self._write(Parcel(Envelope(first)), 0)
        self._seq_written = self.session.acknowledged
        for seq, parcel in self.session.unacknowledged:
            self._send_or_file(parcel, seq, resumed=True)
        self._query = {}
        if ended:
            self._finishing = time.monotonic()
            self._finish_if_acknowledged()
        self.room.on_connect(self.execution_id)

    def _resume(self) -> Session | None:
        session_id = self._query.get("session")
        if session_id is None:
            return None
        session = self.room.sessions.resume(session_id, self.execution_id, self.client, time.monotonic())
        if session is not None and session.connection is not None:
            # The consumer knows before the server does that its former connection is gone.
            session.connection.abort()
        return session

    def _deny(self, code: ErrorCode, close_code: CloseCode, reason: str) -> None:
        message = ErrorMessage(
            code=code,
            message=reason,
            execution_id=self.execution_id[:64],
            timestamp=timestamp(),
        )
        self.write_frame(text_frame(encode(message, "plain")))
        self.close(close_code, code)

    # Sending

    def send(self, parcel: Parcel) -> None:
        """Send a message, or file it for later; never waits."""
        session = self.session
        if session is None or (parcel.additive and self.detail == "plain") or not self.is_open:
            return
        if parcel.kind is not Kind.GUARANTEED:
            self._send_or_file(parcel, 0)
            return
        try:
            self._send_or_file(parcel, session.number(parcel))
        except Overflow:
            self._too_slow()
            return
        if parcel.ends:
            self._finishing = time.monotonic()
            self.commands.stop_all()
        elif session.exceeds(self.settings):
            self._too_slow()

    def show(self, picture: Picture) -> bool:
        """Send a preview frame, or keep it for later; tell whether it was written at once."""
        if not self.ready or self._frames_in_flight >= self._most_in_flight:
            self.outbox.put(picture)
            return False
        self._frames_in_flight += 1
        self._frames_unmarked += 1
        if self._frames_in_flight < self._most_in_flight:
            return self.write(picture.framed, picture.file)
        # Only the frame that uses the credit up is asked about: its pong is for those before it too.
        self._mark(picture.number)
        return self.write(picture.pinged, picture.file)

    def send_error(self, code: ErrorCode, text: str, device_id: str | None = None) -> None:
        """Tell this consumer alone that something is wrong with what it asked."""
        message = ErrorMessage(
            code=code,
            message=text,
            execution_id=self.execution_id,
            device_id=msgspec.UNSET if device_id is None else device_id,
            timestamp=timestamp(),
        )
        self.send(Parcel(Envelope(message)))

    def preview_failed(self, device_id: str, reason: str) -> None:
        """Tell that there are no pictures at present."""
        self.send_error(ErrorCode.PREVIEW_UNAVAILABLE, reason, device_id)

    def _send_or_file(self, parcel: Parcel, seq: int, *, resumed: bool = False) -> None:
        if self.ready:
            self._write(parcel, seq)
        else:
            self.outbox.put(parcel, seq, resumed=resumed)

    def _write(self, parcel: Parcel, seq: int) -> None:
        self.room.tally.sent[parcel.type_name] += 1
        if not seq:
            self.write_frame(parcel.frame(self.detail))
        else:
            self._seq_written = seq
            self.write_frame(self._numbered(parcel, seq) if self.acknowledges else parcel.frame(self.detail))
            if not self._ping_due:
                # One ping for all that is written before the loop comes round again.
                self._ping_due = True
                self.loop.call_soon(self._ping)

    def _numbered(self, parcel: Parcel, seq: int) -> bytes:
        return text_frame(encode(msgspec.structs.replace(parcel.message, seq=seq), self.detail))

    def _ping(self) -> None:
        self._ping_due = False
        if not self.is_open:
            return
        number = next_number()
        self._mark(number)
        self.transport.write(ping_frame(number))

    def _mark(self, number: int) -> None:
        self._marks.append(_Mark(number, self._seq_written, self._frames_unmarked, time.monotonic()))
        self._frames_unmarked = 0

    def pause_writing(self) -> None:
        """Note when the consumer stopped taking what is sent."""
        super().pause_writing()
        self._stalled_since = time.monotonic()

    def on_writable(self) -> None:
        """Send what waits."""
        self._stalled_since = None
        self._flush()

    def _flush(self) -> None:
        while self.ready:
            waiting = self.outbox.take(frames=self._frames_in_flight < self._most_in_flight)
            if waiting is None:
                return
            parcel, seq = waiting
            if isinstance(parcel, Picture):
                self.show(parcel)
                self.room.tally.frames(1, time.monotonic() - parcel.came)
            else:
                self._write(parcel, seq)

    # Receiving

    def on_message(self, payload: bytes, *, text: bool) -> None:
        """Do what the client asks, or say what is wrong with it."""
        self.active = True
        if self.session is None or not self._spend():
            return
        if not text:
            self.send_error(ErrorCode.INVALID_MESSAGE, "send text messages, not binary ones")
            return
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            self.send_error(ErrorCode.INVALID_MESSAGE, f"not UTF-8: {error.reason} at byte {error.start}")
            self.close(CloseCode.INVALID_DATA, "text that is no UTF-8")
            return
        try:
            message = decode_client(payload)
        except InvalidMessage as error:
            self.send_error(ErrorCode.INVALID_MESSAGE, str(error))
            return
        self.commands.obey(message)

    def on_ping(self) -> None:
        """Count it: the answer costs as much as one to a message."""
        self._spend()

    def on_pong(self, number: int) -> None:
        """Take the acknowledgement of everything before the ping."""
        marks = self._marks
        if not marks or (marks[0].number != number and all(mark.number != number for mark in marks)):
            self._spend()
            return
        mark = marks.popleft()
        self._frames_in_flight -= mark.frames
        while mark.number != number:
            mark = marks.popleft()
            self._frames_in_flight -= mark.frames
        session = self.session
        if session is not None and session.unacknowledged and not self.acknowledges:
            session.acknowledge(mark.seq)
            self._finish_if_acknowledged()
        if self.outbox:
            self._flush()

    def acknowledge(self, seq: int) -> None:
        """Take a client's own acknowledgement (``?ack=app``)."""
        if not self.acknowledges:
            self.send_error(ErrorCode.INVALID_MESSAGE, "`ack` is for connections made with ?ack=app")
        elif seq > self._seq_written:
            self.send_error(ErrorCode.INVALID_MESSAGE, f"`seq`: {seq} has not been sent")
        elif self.session is not None and self.session.acknowledge(seq):
            # It was asked for: one who acknowledges every message by itself is no flood.
            self._allowance += 1
            self._finish_if_acknowledged()

    def _spend(self) -> bool:
        """Take from the client's allowance of messages; closes the connection of one who has none left."""
        now = time.monotonic()
        earned = (now - self._allowance_at) * self.settings.messages_per_second
        self._allowance = min(self._allowance + earned, self.settings.messages_burst) - 1
        self._allowance_at = now
        if self._allowance >= 0:
            return True
        self.close(CloseCode.POLICY_VIOLATION, "too many messages")
        return False

    # The end

    def _finish_if_acknowledged(self) -> None:
        if self._finishing is not None and self.session is not None and not self.session.unacknowledged:
            self.room.sessions.end(self.session)
            self.close(CloseCode.NORMAL, "the execution has ended")

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; doing so twice is no error."""
        if self.is_open:
            self.room.tally.closed[code] += 1
        super().close(code, reason)

    def _too_slow(self) -> None:
        self.close(CloseCode.TOO_SLOW, "too slow for its guaranteed messages")

    def check(self, now: float) -> None:
        """Hold the connection to its deadlines (see `Settings`)."""
        if not self.is_open:
            return
        if self.active:
            self.active, self._last_message = False, now
        patience = self.settings.pong_seconds
        oldest = self._marks[0].sent if self._marks else None
        since = min((t for t in (oldest, self._stalled_since) if t is not None), default=now)
        if now - since > patience:
            self.room.tally.aborted += 1
            self.abort()
        elif self._finishing is not None and now - self._finishing > patience:
            self._too_slow()
        elif now - self._last_message > self.settings.inactivity_seconds:
            self.close(CloseCode.INACTIVE, "no message for too long")
        elif not self._marks and now - self._last_ping > patience:
            self._last_ping = now
            self._ping()

    def on_lost(self) -> None:
        """Leave every place; the session waits for the consumer's return."""
        self.room.leave(self)
        self.room.switchboard.leave_execution(self, self.execution_id)
        self.commands.stop_all()
        if self.client:
            self.room.clients[self.client] -= 1
            if not self.room.clients[self.client]:
                del self.room.clients[self.client]
            self.client = ""
        if self.session is not None and self.session.connection is self:
            self.room.sessions.detach(self.session, time.monotonic())
