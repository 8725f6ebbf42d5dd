"""The screen that asks for a new PIN: a protected one, of which no picture may be taken."""

from __future__ import annotations

from execmon_lab.phone.screen.node import Action, Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import NAVIGATION_BAR, WHITE, Colour
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state.intents import Intent

SHORTEST, LONGEST = 4, 16
NUMERIC = "131072"  # android.app.admin.DevicePolicyManager.PASSWORD_QUALITY_NUMERIC
LOCK = "lockscreen.password_type"  # in the secure settings; absent without a lock
_BACK: Colour = (0x0A, 0x2C, 0x5C)
_KEY: Colour = (0x1F, 0x47, 0x84)


@view("settings/pin")
class NewPin(View):
    """Dots for the digits, and a pad."""

    def new_intent(self, intent: Intent) -> None:
        """Start empty."""
        self.digits = ""

    @property
    def bars(self) -> Colour:
        """White letters on the dark page."""
        return WHITE

    def key(self, sign: str) -> None:
        """A keyboard types too."""
        if sign.isdigit():
            self._press(sign)

    def build(self, ui: Ui) -> Node:
        """Return title, dots and pad."""
        root, content = ui.window(_BACK)
        ui.icon_button(content, 4, ui.top + 6, "back", self.finish, description="Navigate up", colour=WHITE)
        ui.label(content, 0, ui.top + 60, ui.w, "Set a PIN", 26, WHITE, MEDIUM, CENTRE, id="suc_layout_title")
        hint = f"It must have at least {SHORTEST} digits"
        ui.label(
            content, 0, ui.top + 100, ui.w, hint, 14, WHITE, align=CENTRE, alpha=0.8, id="description_text"
        )
        dots = "•" * len(self.digits)
        ui.label(
            content,
            24,
            ui.top + 128,
            ui.w - 48,
            dots,
            30,
            WHITE,
            align=CENTRE,
            id="password_entry",
            password=True,
        )
        self._pad(ui, content, ui.top + 180, ui.h - NAVIGATION_BAR - 12)
        return root

    def _pad(self, ui: Ui, content: Node, top: float, bottom: float) -> None:
        keys: list[tuple[str, str, Action]] = [
            (digit, f"key{digit}", self._typing(digit)) for digit in "123456789"
        ]
        keys += [
            ("Clear", "clear", self._clear),
            ("0", "key0", self._typing("0")),
            ("OK", "confirm", self._confirm),
        ]
        wide = min(ui.w - 48, 360.0)
        left, across, down = (ui.w - wide) / 2, wide / 3, (bottom - top) / 4
        for index, (words, name, tap) in enumerate(keys):
            x, y = left + across * (index % 3), top + down * (index // 3)
            size = 24 if words.isdigit() else 16
            ui.button(
                content,
                x + 6,
                y + 4,
                across - 12,
                words,
                tap,
                h=down - 8,
                size=size,
                fill=_KEY,
                colour=WHITE,
                id=name,
            )

    def _typing(self, digit: str) -> Action:
        return lambda: self._press(digit)

    def _press(self, digit: str) -> None:
        self.digits = (self.digits + digit)[:LONGEST]
        self.changed()

    def _clear(self) -> None:
        self.digits = ""
        self.changed()

    def _confirm(self) -> None:
        if len(self.digits) < SHORTEST:
            self.phone.notifications.toast(f"PIN must be at least {SHORTEST} digits")
            return
        self.phone.settings.put("secure", LOCK, NUMERIC)
        self.finish()
