"""Phone: recents, contacts and the dial pad."""

from __future__ import annotations

import time
from urllib.parse import unquote

from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import GREEN, NAVIGATION_BAR, RED, WHITE
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.contacts import CONTACTS, display_name
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.state.phone import CALL_SCREEN
from execmon_lab.phone.state.telephony import IDLE, INCOMING, MISSED, OUTGOING, Call, normalize

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")
_LETTERS = {
    "1": "",
    "2": "ABC",
    "3": "DEF",
    "4": "GHI",
    "5": "JKL",
    "6": "MNO",
    "7": "PQRS",
    "8": "TUV",
    "9": "WXYZ",
    "0": "+",
}
_NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "star", "zero", "pound")
_TABS = (
    ("recents", "Recents", "clock"),
    ("contacts", "Contacts", "contacts"),
    ("keypad", "Keypad", "keypad"),
)


@view("dialer")
class Dialer(View):
    """The phone's main screen with its three tabs."""

    def new_intent(self, intent: Intent) -> None:
        """Show the number of a tel: address on the pad, and call it where asked to."""
        if not hasattr(self, "digits"):
            self.digits = Field(hint="", kind="phone", action="Call", on_action=self._call)
            self.scroller = Scroller()
            self.tab = "recents"
        if intent.scheme == "tel":
            self.digits.set(normalize(unquote(intent.data.split(":", 1)[1])))
            self.tab = "keypad"
            if intent.action.startswith("android.intent.action.CALL"):
                self._call()
        elif (
            intent.action in ("android.intent.action.DIAL", "android.intent.action.CALL_BUTTON")
            or not self.phone.telephony.log
        ):
            self.tab = "keypad"

    def key(self, sign: str) -> None:
        """Digits of a keyboard dial too."""
        if sign == "CALL":
            self._call()
        elif sign in KEYS or sign == "+":
            self.tab = "keypad"
            self.digits.insert(sign)
            self.changed()

    def build(self, ui: Ui) -> Node:
        """Return the tab that shows."""
        look = self.palette
        root, content = ui.window(look.background)
        bottom = ui.h - NAVIGATION_BAR - 64
        inner = bottom - (56 if self.phone.telephony.state != IDLE else 0)
        if self.tab == "keypad":
            self._pad(ui, content, inner)
        elif self.tab == "contacts":
            ui.toolbar(content, "Contacts")
            self._contacts(ui, content, inner)
        else:
            ui.toolbar(content, "Recents")
            self._recents(ui, content, inner)
        if self.phone.telephony.state != IDLE:
            words = "Return to call"
            ui.button(
                content, 20, bottom - 52, ui.w - 40, words, self._return, h=44, fill=GREEN, colour=WHITE
            )
        bar = ui.box(content, 0, bottom, ui.w, ui.h - bottom, look.surface, kind="LinearLayout", id="tabs")
        for index, (name, label, icon) in enumerate(_TABS):
            wide = ui.w / len(_TABS)
            chosen = self.tab == name
            x = wide * index
            tab = ui.node(
                bar,
                "FrameLayout",
                x,
                bottom,
                wide,
                64,
                tap=self._show(name),
                selected=chosen,
                description=label,
                id=f"tab_{name}",
            )
            if chosen:
                ui.box(tab, x + wide / 2 - 30, bottom + 7, 60, 30, look.primary_container, 15)
            ink = look.on_primary_container if chosen else look.on_variant
            ui.icon(tab, x + wide / 2 - 11, bottom + 11, 22, icon, ink)
            ui.label(tab, x, bottom + 41, wide, label, 12, ink, MEDIUM, CENTRE)
        return root

    def _show(self, tab: str) -> Action:
        def show() -> None:
            self.tab = tab
            self.scroller.offset = 0
            self.changed()

        return show

    def _pad(self, ui: Ui, parent: Node, bottom: float) -> None:
        look = self.palette
        wide_screen = ui.w > ui.h
        left, wide = (ui.w * 0.5, ui.w * 0.46) if wide_screen else (28.0, ui.w - 56)
        panel = ui.node(parent, "LinearLayout", 0, ui.top, ui.w, bottom - ui.top, id="dialpad_view")
        top = ui.top + (6 if wide_screen else 108)
        step = min(74.0, (bottom - top - (8 if wide_screen else 76)) / 4)
        field_top = ui.top + (40 if wide_screen else 22)
        field_wide = left - 20 if wide_screen else ui.w - 32
        size = 38.0 if ui.text_width(self.digits.value, 38) < field_wide - 72 else 26.0
        ui.field(
            panel,
            16,
            field_top,
            field_wide - 56,
            60,
            self.digits,
            focused=False,
            tap=lambda: None,
            size=size,
            padding=56 if not wide_screen else 8,
            align=CENTRE,
            id="digits",
        )
        if self.digits.value:
            ui.icon_button(
                panel,
                16 + field_wide - 56,
                field_top + 6,
                "backspace",
                self._delete,
                description="backspace",
                long_press=lambda: self.digits.set(""),
                id="deleteButton",
                colour=look.on_variant,
            )
            name = display_name(self.digits.value)
            hint = name if name != self.digits.value else "Add to contacts"
            ui.label(
                panel,
                16,
                field_top + 58,
                field_wide - 16,
                hint,
                14,
                look.primary,
                align=CENTRE,
                id="contact_hint",
            )
        for index, key in enumerate(KEYS):
            x, y = left + wide / 3 * (index % 3), top + step * (index // 3)
            self._key(ui, panel, x, y, wide / 3, step, key, _NAMES[index])
        if wide_screen:
            ui.button(
                panel,
                40,
                bottom - 68,
                left - 80,
                "Call",
                self._call,
                h=56,
                size=17,
                fill=GREEN,
                colour=WHITE,
                icon="call",
                id="dialpad_floating_action_button",
            )
            return
        y = top + step * 4 + (bottom - top - step * 4 - 60) / 2
        ui.icon_button(
            panel,
            ui.w / 2 - 30,
            y,
            "call",
            self._call,
            description="dial",
            size=60,
            glyph=28,
            colour=WHITE,
            fill=GREEN,
            id="dialpad_floating_action_button",
        )

    def _key(self, ui: Ui, parent: Node, x: float, y: float, w: float, h: float, key: str, name: str) -> None:
        look = self.palette

        def press() -> None:
            self.digits.insert(key)

        round_ = min(h - 8, 64.0)
        cell = ui.node(
            parent,
            "FrameLayout",
            x,
            y,
            w,
            h,
            tap=press,
            description=key,
            id=name,
            long_press=lambda: self.digits.insert("+" if key == "0" else key),
        )
        disc = (x + w / 2 - min(w / 2 - 6, round_ * 0.72), y + (h - round_) / 2)
        area = ui.rect(*disc, 2 * (x + w / 2 - disc[0]), round_)
        ui.shape(cell, lambda canvas: canvas.fill(area, look.surface_high, ui.px(round_ / 2)))
        letters = _LETTERS.get(key, "")
        lift = 8 if letters and h > 56 else 0
        ui.label(cell, x, y + h / 2 - 17 - lift, w, key, 26, align=CENTRE, id="dialpad_key_number")
        if lift:
            ui.label(
                cell,
                x,
                y + h / 2 + 9,
                w,
                letters,
                10.5,
                look.on_variant,
                MEDIUM,
                CENTRE,
                id="dialpad_key_letters",
            )

    def _return(self) -> None:
        self.open("", component=CALL_SCREEN)

    def _delete(self) -> None:
        self.digits.delete()

    def _call(self) -> None:
        number = self.digits.value
        if not number:
            if self.phone.telephony.log:
                self.digits.set(self.phone.telephony.log[0].number)
            self.changed()
            return
        self.digits.set("")
        self.phone.telephony.dial(number)

    def _dial(self, number: str) -> Action:
        return lambda: self.phone.telephony.dial(number)

    def _recents(self, ui: Ui, parent: Node, bottom: float) -> None:
        look = self.palette
        calls = self.phone.telephony.log
        top = ui.top + 60
        if not calls:
            ui.icon(parent, ui.w / 2 - 32, top + (bottom - top) / 2 - 70, 64, "clock", look.outline)
            ui.label(
                parent,
                24,
                (top + bottom) / 2 + 10,
                ui.w - 48,
                "Your call log is empty",
                16,
                look.on_variant,
                align=CENTRE,
                id="empty_list_view_message",
            )
            return
        items, y = ui.scroll(
            parent,
            top,
            bottom,
            self.scroller,
            72 * len(calls),
            kind="androidx.recyclerview.widget.RecyclerView",
            id="recycler_view",
        )
        for call in calls:
            self._entry(ui, items, y, call)
            y += 72

    def _entry(self, ui: Ui, parent: Node, y: float, call: Call) -> None:
        look = self.palette
        row = ui.node(
            parent, "android.view.ViewGroup", 0, y, ui.w, 72, tap=self._dial(call.number), id="call_log_entry"
        )
        ui.avatar(row, 20, y + 14, 44, call.name)
        missed = call.kind == MISSED
        ui.label(row, 80, y + 14, ui.w - 160, call.name, 17, RED if missed else look.on_surface, id="name")
        icon = {OUTGOING: "made", INCOMING: "received"}.get(call.kind, "missed")
        ui.icon(row, 80, y + 39, 16, icon, GREEN if call.answered else RED)
        when = time.strftime("%H:%M", time.localtime(call.started))
        words = {OUTGOING: "Outgoing", INCOMING: "Incoming", MISSED: "Missed"}.get(call.kind, "Declined")
        if call.cause and not call.incoming:
            words = call.cause
        length = f" · {call.duration // 60}:{call.duration % 60:02}" if call.answered else ""
        ui.label(
            row, 101, y + 38, ui.w - 190, f"{words} · {when}{length}", 13, look.on_variant, id="call_details"
        )
        ui.icon(row, ui.w - 48, y + 24, 24, "call", look.primary)

    def _contacts(self, ui: Ui, parent: Node, bottom: float) -> None:
        items, y = ui.scroll(
            parent,
            ui.top + 60,
            bottom,
            self.scroller,
            68 * len(CONTACTS),
            kind="androidx.recyclerview.widget.RecyclerView",
            id="recycler_view",
        )
        for contact in CONTACTS:
            row = ui.node(
                items,
                "android.view.ViewGroup",
                0,
                y,
                ui.w,
                68,
                tap=self._dial(contact.number),
                id="contact_row",
            )
            ui.avatar(row, 20, y + 12, 44, contact.name)
            ui.label(row, 80, y + 12, ui.w - 100, contact.name, 17, id="contact_name")
            ui.label(
                row, 80, y + 36, ui.w - 100, contact.number, 13, self.palette.on_variant, id="contact_number"
            )
            y += 68
