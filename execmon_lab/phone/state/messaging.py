"""Text messages over the simulated network.

Rules of the network:

- A message is sent after `SEND_SECONDS`, unless the number ends in 99: then it fails with "Not sent". So it
  does in airplane mode.
- The other side answers `REPLY_SECONDS` later with "Thanks, got: …" and the text it got.
- The text "call me" is answered with an incoming call instead.
- A message to the phone's own number arrives as it is.
- `receive()` lets a message come in; the broadcast `com.execmon.phone.INCOMING_SMS` (extras `number` and
  `text`) calls it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from execmon_lab.phone.state.connectivity import Connectivity
from execmon_lab.phone.state.contacts import display_name
from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.notifications import Notifications
from execmon_lab.phone.state.telephony import OWN_NUMBER, Telephony, normalize

SEND_SECONDS = 0.7
REPLY_SECONDS = 1.0
INBOX, SENT, FAILED, OUTBOX = 1, 2, 5, 4  # Telephony.Sms.TYPE
MAX_MESSAGES = 1000
MAX_BODY = 1530  # characters: ten parts, what Android sends as text at most; the rest is cut


@dataclass
class Message:
    """A text message; `kind` is the type as the provider numbers it, `date` wall clock in seconds."""

    identifier: int
    address: str
    body: str
    kind: int
    read: bool = True
    date: float = field(default_factory=time.time)

    @property
    def status(self) -> str:
        """The word under the bubble."""
        return {SENT: "Sent", FAILED: "Not sent", OUTBOX: "Sending…", INBOX: ""}[self.kind]


class Messaging:
    """All messages, oldest first."""

    def __init__(
        self, core: Core, connectivity: Connectivity, telephony: Telephony, notifications: Notifications
    ) -> None:
        self._core = core
        self._connectivity = connectivity
        self._telephony = telephony
        self._notifications = notifications
        self._count = 0
        self.messages: list[Message] = []
        self.reading: Callable[[], str | None] = lambda: (
            None
        )  # the conversation on the screen makes no notice

    def threads(self) -> list[list[Message]]:
        """Return the conversations, the newest first, each with its messages in order."""
        found: dict[str, list[Message]] = {}
        for message in self.messages:
            found.setdefault(message.address, []).append(message)
        return sorted(found.values(), key=lambda thread: thread[-1].identifier, reverse=True)

    def thread(self, address: str) -> list[Message]:
        """Return the messages with one number, in order."""
        return [message for message in self.messages if message.address == address]

    def mark_read(self, address: str) -> None:
        """Mark a conversation read."""
        unread = [message for message in self.thread(address) if not message.read]
        for message in unread:
            message.read = True
        if unread:
            self._core.changed()
        self._notifications.cancel(f"sms:{address}")

    def send(self, address: str, body: str) -> Message:
        """Send a message; it goes on by itself."""
        message = self._add(normalize(address) or address, body, OUTBOX)
        self._core.later(SEND_SECONDS, lambda: self._sent(message))
        return message

    def receive(self, address: str, body: str) -> Message:
        """Let a message come in."""
        number = normalize(address) or address
        message = self._add(number, body, INBOX, read=number == self.reading())
        if not message.read:
            self._notifications.post(
                f"sms:{number}",
                package="com.android.messaging",
                title=display_name(number),
                text=body,
                target=f"sms:{number}",
                heads_up=True,
            )
        return message

    def insert(self, address: str, body: str, kind: int, read: bool = True) -> Message:
        """Put a message into the store without sending it."""
        return self._add(address, body, kind, read=read)

    def clear(self) -> None:
        """Delete all messages."""
        self.messages.clear()
        self._core.changed()

    def delete(self, message: Message) -> None:
        """Delete one message."""
        self.messages.remove(message)
        self._core.changed()

    def _add(self, address: str, body: str, kind: int, read: bool = True) -> Message:
        self._count += 1
        message = Message(self._count, address, body[:MAX_BODY], kind, read)
        self.messages.append(message)
        del self.messages[:-MAX_MESSAGES]
        words = {INBOX: "received from", OUTBOX: "sending to", SENT: "stored for", FAILED: "failed for"}
        self._core.log.write("I", "SmsService", f"Message {message.identifier} {words[kind]} {address}")
        self._core.changed()
        return message

    def _sent(self, message: Message) -> None:
        failed = message.address.endswith("99") or self._connectivity.airplane
        message.kind = FAILED if failed else SENT
        outcome = "failed: RESULT_ERROR_NO_SERVICE" if failed else "sent"
        self._core.log.write("W" if failed else "I", "SmsService", f"Message {message.identifier} {outcome}")
        self._core.changed()
        if not failed:
            self._core.later(REPLY_SECONDS, lambda: self._reply(message))

    def _reply(self, message: Message) -> None:
        if not self._telephony.in_service:
            return
        if message.body.strip().lower() == "call me":
            self._telephony.ring(message.address)
        elif message.address in (OWN_NUMBER, OWN_NUMBER[1:]):
            self.receive(message.address, message.body)
        else:
            self.receive(message.address, f"Thanks, got: {message.body}")
