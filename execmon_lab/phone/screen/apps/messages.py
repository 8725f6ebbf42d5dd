"""Messages: the conversations, and one of them."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, unquote

from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import RED, mix
from execmon_lab.phone.screen.ui import CENTRE, RIGHT, Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.contacts import CONTACTS, display_name
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.state.messaging import FAILED, INBOX, Message
from execmon_lab.phone.state.telephony import normalize

CONVERSATION = ("com.android.messaging", "com.android.messaging.ui.conversation.LaunchConversationActivity")
_BUBBLE = 15.5


@view("messages")
class Conversations(View):
    """The list of conversations."""

    def new_intent(self, intent: Intent) -> None:
        """Start at the top."""
        self.scroller = Scroller()

    def build(self, ui: Ui) -> Node:
        """Return the list."""
        look = self.palette
        root, content = ui.window(look.background)
        ui.toolbar(content, "Messages", size=26)
        top = ui.top + 64.0
        threads = self.phone.messaging.threads()
        if not threads:
            middle = (top + ui.bottom) / 2
            ui.icon(content, ui.w / 2 - 36, middle - 110, 72, "message", look.primary_container)
            ui.label(
                content,
                32,
                middle - 20,
                ui.w - 64,
                "No conversations yet",
                18,
                weight=MEDIUM,
                align=CENTRE,
                id="empty_text_hint",
            )
            ui.label(
                content,
                32,
                middle + 8,
                ui.w - 64,
                "Start one with the button below",
                14,
                look.on_variant,
                align=CENTRE,
            )
        else:
            items, y = ui.scroll(
                content,
                top,
                ui.bottom,
                self.scroller,
                78 * len(threads) + 88,
                id="list",
                kind="androidx.recyclerview.widget.RecyclerView",
            )
            for thread in threads:
                self._row(ui, items, y, thread)
                y += 78
        ui.button(
            content,
            ui.w - 164,
            ui.bottom - 72,
            144,
            "Start chat",
            self._open(""),
            h=56,
            size=15,
            radius=18,
            fill=look.primary_container,
            colour=look.on_primary_container,
            icon="message",
            description="Start chat",
            id="start_new_conversation_button",
        )
        return root

    def _row(self, ui: Ui, parent: Node, y: float, thread: list[Message]) -> None:
        look = self.palette
        last = thread[-1]
        unread = sum(not message.read for message in thread)
        name = display_name(last.address)
        row = ui.node(
            parent, "FrameLayout", 0, y, ui.w, 78, tap=self._open(last.address), id="swipeableContainer"
        )
        ui.avatar(row, 20, y + 15, 48, name)
        weight = MEDIUM if unread else 0
        ui.label(row, 84, y + 17, ui.w - 170, name, 17, weight=weight, id="conversation_name")
        words = last.body if last.kind == INBOX else f"You: {last.body}"
        ink = RED if last.kind == FAILED else look.on_surface if unread else look.on_variant
        words = f"Not sent · {last.body}" if last.kind == FAILED else words
        ui.label(
            row,
            84,
            y + 42,
            ui.w - 84 - (56 if unread else 20),
            words.replace("\n", " "),
            14.5,
            ink,
            weight,
            id="conversation_snippet",
        )
        when = time.strftime("%H:%M", time.localtime(last.date))
        ui.label(
            row, ui.w - 84, y + 19, 64, when, 12.5, look.on_variant, align=RIGHT, id="conversation_timestamp"
        )
        if unread:
            ui.button(
                row,
                ui.w - 44,
                y + 40,
                24,
                str(unread),
                lambda: None,
                h=24,
                size=12,
                fill=look.primary,
                id="unread",
            )
            row.children[-1].tap = None

    def _open(self, address: str) -> Action:
        return lambda: self.open("android.intent.action.SENDTO", f"smsto:{address}", CONVERSATION)


@view("conversation")
class Conversation(View):
    """A conversation with one number, or a new one."""

    def new_intent(self, intent: Intent) -> None:
        """Show the conversation with the address of the intent, with the text it brings."""
        address, _, query = unquote(intent.data.partition(":")[2]).partition("?")
        body = intent.extras.get("sms_body") or (parse_qs(query).get("body") or [""])[0]
        number = address.removeprefix("//")
        self.address = normalize(number) or number
        self.recipient = Field(
            hint="Type a name or phone number", kind="phone", action="Done", on_action=self._take
        )
        self.text = Field(hint="Text message", action="Send", on_action=self._send)
        self.text.set(str(body))
        self.scroller = Scroller()
        self.focus = self.text if self.address else self.recipient
        self._seen = 0

    def build(self, ui: Ui) -> Node:
        """Return the conversation, read from now on."""
        messaging = self.phone.messaging
        if self.address and any(not message.read for message in messaging.thread(self.address)):
            messaging.mark_read(self.address)
        look = self.palette
        root, content = ui.window(look.background)
        ui.toolbar(content, display_name(self.address) if self.address else "New conversation", self.finish)
        if self.address:
            ui.icon_button(
                content, ui.w - 56, ui.top + 6, "call", self._call, description="Call", id="action_call"
            )
        top = ui.top + 60.0
        if not self.address:
            top = self._who(ui, content, top)
        below = ui.bottom - 68
        if self.address:
            self._bubbles(ui, content, top, below)
        self._compose(ui, content, below)
        return root

    def _who(self, ui: Ui, parent: Node, top: float) -> float:
        look = self.palette
        ui.label(parent, 20, top + 15, 36, "To", 16, look.on_variant)
        ui.field(
            parent,
            56,
            top + 4,
            ui.w - 72,
            48,
            self.recipient,
            focused=self.focus is self.recipient,
            tap=self.focusing(self.recipient),
            fill=look.surface_high,
            radius=24,
            id="recipient_text_view",
        )
        typed = self.recipient.value.lower()
        y = top + 60.0
        digits = normalize(typed)
        if digits:
            ui.row(
                parent,
                y,
                f"Send to {digits}",
                "Use this number",
                icon="message",
                tap=self._choose(digits),
                id="send_to",
                h=60,
            )
            y += 60
        for contact in CONTACTS:
            if y + 56 > ui.bottom - 70:
                break
            if typed and typed not in contact.name.lower() and typed not in contact.number:
                continue
            row = ui.node(
                parent, "LinearLayout", 0, y, ui.w, 56, tap=self._choose(contact.number), id="contact_row"
            )
            ui.avatar(row, 20, y + 8, 40, contact.name)
            ui.label(row, 76, y + 8, ui.w - 96, contact.name, 16, id="contact_name")
            ui.label(row, 76, y + 30, ui.w - 96, contact.number, 13, look.on_variant, id="contact_details")
            y += 56
        return y

    def _choose(self, number: str) -> Action:
        def choose() -> None:
            self.address = number
            self.focus = self.text
            self.changed()

        return choose

    def _take(self) -> None:
        typed = self.recipient.value.strip().lower()
        named = next((contact.number for contact in CONTACTS if typed and typed in contact.name.lower()), "")
        number = normalize(self.recipient.value) or named
        if number:
            self._choose(number)()

    def _bubbles(self, ui: Ui, parent: Node, top: float, bottom: float) -> None:
        messages = self.phone.messaging.thread(self.address)
        wide = min(ui.w * 0.74, 420.0)
        heights = [ui.text_height(message.body, wide - 32, _BUBBLE) + 20 + 26 for message in messages]
        total = sum(heights) + 16
        follow = len(messages) != self._seen
        self._seen = len(messages)
        if follow:
            self.scroller.limit = max(0.0, total - (bottom - top))
            self.scroller.offset = self.scroller.limit
        items, y = ui.scroll(
            parent,
            top,
            bottom,
            self.scroller,
            total,
            id="list",
            kind="androidx.recyclerview.widget.RecyclerView",
        )
        y += max(8.0, bottom - top - total + 8)
        for message, height in zip(messages, heights, strict=True):
            self._bubble(ui, items, y, height, wide, message)
            y += height

    def _bubble(self, ui: Ui, parent: Node, y: float, height: float, limit: float, message: Message) -> None:
        look = self.palette
        incoming = message.kind == INBOX
        wide = min(limit, max(ui.text_width(line, _BUBBLE) for line in message.body.split("\n")) + 34)
        left = 16 if incoming else ui.w - 16 - wide
        row = ui.node(parent, "FrameLayout", 0, y, ui.w, height, id="message_item")
        fill = look.surface_high if incoming else look.primary
        ink = look.on_surface if incoming else look.on_primary
        if message.kind == FAILED:
            fill, ink = mix(look.background, RED, 0.16), look.on_surface
        bubble = ui.box(row, left, y, wide, height - 26, fill, 20, id="message_text_and_info")
        ui.label(bubble, left + 16, y + 9, wide - 30, message.body, _BUBBLE, ink, lines=0, id="message_text")
        when = time.strftime("%H:%M", time.localtime(message.date))
        words = f"{message.status} · {when}" if message.status else when
        colour = RED if message.kind == FAILED else look.on_variant
        align = "left" if incoming else RIGHT
        ui.label(row, 20, y + height - 24, ui.w - 40, words, 11.5, colour, align=align, id="message_status")

    def _compose(self, ui: Ui, parent: Node, top: float) -> None:
        look = self.palette
        bar = ui.box(
            parent,
            0,
            top,
            ui.w,
            68,
            look.background,
            kind="LinearLayout",
            id="message_compose_view_container",
        )
        ui.field(
            bar,
            12,
            top + 8,
            ui.w - 84,
            52,
            self.text,
            focused=self.focus is self.text,
            tap=self.focusing(self.text),
            fill=look.surface_high,
            radius=26,
            size=15.5,
            padding=20,
            id="compose_message_text",
        )
        ready = bool(self.text.value.strip() and self.address)
        made = ui.icon_button(
            bar,
            ui.w - 64,
            top + 8,
            "send",
            self._send,
            description="Send SMS",
            size=52,
            id="send_message_button",
            colour=look.on_primary if ready else look.on_variant,
            fill=look.primary if ready else look.surface_high,
        )
        made.enabled = ready
        if not ready:
            made.tap = None

    def _send(self) -> None:
        body = self.text.value.strip()
        if body and self.address:
            self.text.set("")
            self.phone.messaging.send(self.address, body)

    def _call(self) -> None:
        self.phone.telephony.dial(self.address)
