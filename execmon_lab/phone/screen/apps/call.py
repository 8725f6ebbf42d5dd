"""The call screen: dialing, ringing, talking, ended."""

from __future__ import annotations

import time
from collections.abc import Hashable

from execmon_lab.phone.screen.apps.dialer import KEYS
from execmon_lab.phone.screen.node import Action, Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import DARK, GREEN, NAVIGATION_BAR, RED, WHITE, Colour, Palette
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.telephony import Call, CallState

_BUTTONS = (
    ("mic_off", "Mute", "muted"),
    ("keypad", "Keypad", "keypad"),
    ("sound", "Speaker", "speaker"),
    ("pause", "Hold", "hold"),
)


@view("call")
class InCall(View):
    """The present call."""

    keypad = False

    @property
    def palette(self) -> Palette:
        """Calls are dark."""
        return DARK

    @property
    def bars(self) -> Colour:
        """White on the dark picture."""
        return WHITE

    def stamp(self) -> Hashable:
        """The timer shows seconds; the dots of dialing run."""
        call = self.phone.telephony.call
        if call is None or call.state is CallState.DISCONNECTED:
            return None
        return call.duration if call.answered else int(time.time() * 2) % 4

    def back(self) -> bool:
        """Close the keypad; else the call goes on behind the home screen."""
        if self.keypad:
            self.keypad = False
            self.changed()
        else:
            self.phone.activities.home()
        return True

    def key(self, sign: str) -> None:
        """Digits become tones."""
        call = self.phone.telephony.call
        if call is not None and sign in KEYS:
            call.digits += sign
            self.changed()

    def build(self, ui: Ui) -> Node:
        """Return the screen for the state that the call is in."""
        root, content = ui.window()
        root.paint = lambda canvas: canvas.blend(root.bounds, (0x1E, 0x2B, 0x52), (0x0F, 0x12, 0x22))
        call = self.phone.telephony.call
        if call is None:
            ui.label(content, 24, ui.h / 2 - 12, ui.w - 48, "No call", 20, WHITE, align=CENTRE)
            return root
        if ui.w > ui.h:
            self._wide(ui, content, call)
        else:
            self._tall(ui, content, call)
        return root

    def _tall(self, ui: Ui, parent: Node, call: Call) -> None:
        y = ui.top + 40.0
        if not self.keypad:
            self._who(ui, parent, 24, y, ui.w - 48, call, 104)
        else:
            self._name(ui, parent, 24, y - 16, ui.w - 48, call)
        if call.state is CallState.RINGING:
            self._answer(ui, parent, 0, ui.w, ui.h - NAVIGATION_BAR - 130)
        elif call.state is not CallState.DISCONNECTED:
            if self.keypad:
                self._pad(
                    ui,
                    parent,
                    40,
                    ui.top + 140,
                    ui.w - 80,
                    ui.h - NAVIGATION_BAR - 110 - (ui.top + 140),
                    call,
                )
                self._close_pad(ui, parent, ui.w - 92, ui.h - NAVIGATION_BAR - 88)
            else:
                self._buttons(ui, parent, 16, ui.h - NAVIGATION_BAR - 220, ui.w - 32, call)
            self._end(ui, parent, ui.w / 2 - 34, ui.h - NAVIGATION_BAR - 96)

    def _wide(self, ui: Ui, parent: Node, call: Call) -> None:
        half = ui.w / 2
        self._who(ui, parent, 16, ui.top + 24, half - 32, call, 80)
        if call.state is CallState.RINGING:
            self._answer(ui, parent, half, half, ui.h / 2 - 40)
        elif call.state is not CallState.DISCONNECTED:
            if self.keypad:
                self._pad(ui, parent, half, ui.top + 4, half - 90, ui.h - ui.top - NAVIGATION_BAR - 12, call)
                self._close_pad(ui, parent, ui.w - 76, ui.top + 20)
            else:
                self._buttons(ui, parent, half, ui.top + 40, half - 24, call)
            self._end(ui, parent, half / 2 - 34, ui.h - NAVIGATION_BAR - 84)

    def _who(self, ui: Ui, parent: Node, x: float, y: float, w: float, call: Call, size: float) -> None:
        card = ui.node(parent, "FrameLayout", x, y, w, size + 110, id="incall_contact_grid")
        middle = x + w / 2
        area = ui.rect(middle - size / 2 - 12, y - 12, size + 24, size + 24)
        ui.shape(card, lambda canvas: canvas.fill(area, WHITE, ui.px(size / 2 + 12), 0.08))
        ui.avatar(card, middle - size / 2, y, size, call.name)
        self._name(ui, card, x, y + size + 26, w, call)

    def _name(self, ui: Ui, parent: Node, x: float, y: float, w: float, call: Call) -> None:
        ui.label(parent, x, y, w, call.name, 30, WHITE, MEDIUM, CENTRE, id="contactgrid_contact_name")
        status, ink = self._status(call)
        shift = 42
        if call.name != call.number:
            ui.label(
                parent,
                x,
                y + 40,
                w,
                call.number,
                14,
                (0xB5, 0xBD, 0xD2),
                align=CENTRE,
                id="contactgrid_number",
            )
            shift = 64
        identifier = (
            "contactgrid_bottom_timer" if call.state is CallState.ACTIVE else "contactgrid_status_text"
        )
        ui.label(parent, x, y + shift, w, status, 18, ink, align=CENTRE, id=identifier)

    def _status(self, call: Call) -> tuple[str, Colour]:
        pale: Colour = (0xC9, 0xD2, 0xE8)
        if call.state is CallState.DIALING:
            return "Calling…", pale
        if call.state is CallState.RINGING:
            return "Incoming call", pale
        if call.state is CallState.HOLDING:
            return "On hold", (0xFF, 0xD1, 0x80)
        if call.state is CallState.DISCONNECTED:
            return call.cause or "Call ended", (0xFF, 0x9A, 0x92)
        return f"{call.duration // 60:02}:{call.duration % 60:02}", pale

    def _answer(self, ui: Ui, parent: Node, x: float, w: float, y: float) -> None:
        telephony = self.phone.telephony
        for share, icon, words, fill, tap, name in (
            (0.25, "call_end", "Decline", RED, telephony.hang_up, "incoming_decline"),
            (0.75, "call", "Answer", GREEN, telephony.answer, "incoming_answer"),
        ):
            middle = x + w * share
            ui.icon_button(
                parent,
                middle - 36,
                y,
                icon,
                tap,
                description=words,
                size=72,
                glyph=34,
                colour=WHITE,
                fill=fill,
                id=name,
            )
            ui.label(parent, middle - 60, y + 80, 120, words, 14, WHITE, align=CENTRE)

    def _buttons(self, ui: Ui, parent: Node, x: float, y: float, w: float, call: Call) -> None:
        step = w / len(_BUTTONS)
        live = call.state in (CallState.ACTIVE, CallState.HOLDING)
        for index, (icon, words, name) in enumerate(_BUTTONS):
            middle = x + step * (index + 0.5)
            on = {"muted": call.muted, "speaker": call.speaker, "hold": call.state is CallState.HOLDING}.get(
                name, False
            )
            fill = WHITE if on else (0x33, 0x3C, 0x5C)
            ink = (0x1A, 0x24, 0x40) if on else WHITE if live or name != "hold" else (0x78, 0x80, 0x96)
            ui.icon_button(
                parent,
                middle - 29,
                y,
                icon,
                self._toggle(name),
                description=words,
                size=58,
                glyph=25,
                colour=ink,
                fill=fill,
                checkable=True,
                checked=on,
                id=f"button_{name}",
            )
            ui.label(parent, middle - step / 2, y + 64, step, words, 12.5, (0xC9, 0xD2, 0xE8), align=CENTRE)

    def _toggle(self, name: str) -> Action:
        def flip() -> None:
            if name == "keypad":
                self.keypad = True
            else:
                self.phone.telephony.toggle(name)
            self.changed()

        return flip

    def _close_pad(self, ui: Ui, parent: Node, x: float, y: float) -> None:
        def close() -> None:
            self.keypad = False
            self.changed()

        ui.icon_button(
            parent,
            x,
            y,
            "down",
            close,
            description="Hide keypad",
            size=52,
            colour=WHITE,
            fill=(0x33, 0x3C, 0x5C),
        )

    def _pad(self, ui: Ui, parent: Node, x: float, y: float, w: float, h: float, call: Call) -> None:
        ui.label(parent, x, y - 2, w, call.digits[-18:], 24, WHITE, align=CENTRE, id="dtmf_digits")
        top, step = y + 34, (h - 34) / 4
        for index, key in enumerate(KEYS):
            ui.button(
                parent,
                x + w / 3 * (index % 3) + 8,
                top + step * (index // 3) + 3,
                w / 3 - 16,
                key,
                self._tone(key),
                h=step - 6,
                size=24,
                fill=(0x2A, 0x33, 0x52),
                colour=WHITE,
                weight=0,
            )

    def _tone(self, key: str) -> Action:
        return lambda: self.key(key)

    def _end(self, ui: Ui, parent: Node, x: float, y: float) -> None:
        ui.icon_button(
            parent,
            x,
            y,
            "call_end",
            self.phone.telephony.hang_up,
            description="End call",
            size=68,
            glyph=34,
            colour=WHITE,
            fill=RED,
            id="incall_end_call",
        )
