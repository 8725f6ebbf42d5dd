"""Small apps: calculator, contacts and clock."""

from __future__ import annotations

import time
from collections.abc import Hashable
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext

from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.theme import NAVIGATION_BAR
from execmon_lab.phone.screen.ui import CENTRE, RIGHT, Ui
from execmon_lab.phone.screen.view import View, clock_text, view
from execmon_lab.phone.state.contacts import CONTACTS, Contact
from execmon_lab.phone.state.intents import Intent

_ROWS = (
    ("AC", "(", ")", "÷"),
    ("7", "8", "9", "×"),
    ("4", "5", "6", "−"),
    ("1", "2", "3", "+"),
    ("0", ".", "⌫", "="),
)
_KEY_IDS = {
    "AC": "clr",
    "(": "lparen",
    ")": "rparen",
    "÷": "op_div",
    "×": "op_mul",
    "−": "op_sub",
    "+": "op_add",
    ".": "dec_point",
    "⌫": "del",
    "=": "eq",
}
_TYPED = {"*": "×", "/": "÷", "-": "−", "+": "+", "=": "=", "(": "(", ")": ")", ".": "."}
MAX_FORMULA = 60


@view("calculator")
class Calculator(View):
    """Adds, subtracts, multiplies, divides."""

    def new_intent(self, intent: Intent) -> None:
        """Start empty."""
        self.formula, self.result = "", ""

    def key(self, sign: str) -> None:
        """A keyboard types too."""
        if sign.isdigit() or sign in _TYPED:
            self._press(_TYPED.get(sign, sign))
            self.changed()

    def build(self, ui: Ui) -> Node:
        """Return display and keys."""
        look = self.palette
        root, content = ui.window(look.background)
        bottom = ui.h - NAVIGATION_BAR - 8
        high = min((bottom - ui.top) * 0.34, 190.0)
        size = 44.0 if ui.text_width(self.formula, 44) < ui.w - 48 else 28.0
        ui.label(
            content,
            20,
            ui.top + high * 0.3,
            ui.w - 40,
            self.formula[-28:] or "0",
            size,
            align=RIGHT,
            id="formula",
        )
        ui.label(
            content,
            20,
            ui.top + high * 0.68,
            ui.w - 40,
            self.result,
            30,
            look.on_variant,
            align=RIGHT,
            id="result",
        )
        top = ui.top + high
        step, wide = (bottom - top) / len(_ROWS), (ui.w - 24) / 4
        for row, keys in enumerate(_ROWS):
            for column, key in enumerate(keys):
                special = key in "÷×−+"
                fill = (
                    look.primary if key == "=" else look.primary_container if special else look.surface_high
                )
                ink = (
                    look.on_primary
                    if key == "="
                    else look.on_primary_container
                    if special
                    else look.on_surface
                )
                x, y = 12 + wide * column, top + step * row
                glyph = {"⌫": "", "÷": "/", "×": "x", "−": "-"}.get(key, key)
                made = ui.button(
                    content,
                    x + 4,
                    y + 4,
                    wide - 8,
                    glyph,
                    self._tap(key),
                    h=step - 8,
                    size=24,
                    fill=fill,
                    colour=ink,
                    radius=min(step - 8, wide - 8) / 2,
                    weight=0,
                    description=key,
                    id=_KEY_IDS.get(key, f"digit_{key}"),
                )
                made.text = key
                if key == "⌫":
                    self._glyph(ui, made)
        return root

    def _glyph(self, ui: Ui, node: Node) -> None:
        size, ink = ui.px(26), self.palette.on_surface
        left, top, right, bottom = node.bounds
        ui.shape(
            node,
            lambda canvas: canvas.icon(
                "backspace", (left + right - size) // 2, (top + bottom - size) // 2, size, ink
            ),
        )

    def _tap(self, key: str) -> Action:
        return lambda: self._press(key)

    def _press(self, key: str) -> None:
        if key == "AC":
            self.formula = ""
        elif key == "⌫":
            self.formula = self.formula[:-1]
        elif key == "=":
            self.formula, self.result = (self.result or self.formula), ""
            return
        elif len(self.formula) < MAX_FORMULA:
            self.formula += key
        value = evaluate(self.formula)
        self.result = "" if value is None or value == self.formula else value


def evaluate(formula: str) -> str | None:
    """Return what a formula of numbers, + − × ÷ and brackets gives, or None where it is not complete.

    A division by zero gives "Can't divide by 0".
    """
    signs = [sign for sign in formula if sign != " "]
    with localcontext() as context:
        context.prec = 14
        try:
            value = _sum(signs)
        except (InvalidOperation, IndexError, RecursionError):
            return None
        except (DivisionByZero, ZeroDivisionError):
            return "Can't divide by 0"
        if signs or not value.is_finite():
            return None
        plain = value.normalize()
        return f"{plain:f}" if -12 < plain.adjusted() < 14 else f"{plain:E}"


def _sum(signs: list[str]) -> Decimal:
    value = _product(signs)
    while signs and signs[0] in "+−":
        value = value + _product(signs) if signs.pop(0) == "+" else value - _product(signs)
    return value


def _product(signs: list[str]) -> Decimal:
    value = _number(signs)
    while signs and signs[0] in "×÷":
        value = value * _number(signs) if signs.pop(0) == "×" else value / _number(signs)
    return value


def _number(signs: list[str]) -> Decimal:
    if signs[0] == "(":
        signs.pop(0)
        value = _sum(signs)
        if signs and signs.pop(0) != ")":
            raise InvalidOperation
        return value
    if signs[0] == "−":
        signs.pop(0)
        return -_number(signs)
    digits = ""
    while signs and (signs[0].isdigit() or signs[0] == "."):
        digits += signs.pop(0)
    return Decimal(digits)


@view("contacts")
class Contacts(View):
    """The people the phone knows, and one of them."""

    def new_intent(self, intent: Intent) -> None:
        """Start with the list."""
        self.scroller = Scroller()
        self.chosen: Contact | None = None

    def back(self) -> bool:
        """Go back to the list."""
        if self.chosen is None:
            return False
        self._choose(None)()
        return True

    def build(self, ui: Ui) -> Node:
        """Return the list or the card."""
        root, content = ui.window(self.palette.background)
        if self.chosen is not None:
            self._card(ui, content, self.chosen)
            return root
        ui.toolbar(content, "Contacts", size=26)
        items, y = ui.scroll(
            content,
            ui.top + 64,
            ui.bottom,
            self.scroller,
            68 * len(CONTACTS),
            id="list",
            kind="androidx.recyclerview.widget.RecyclerView",
        )
        for contact in CONTACTS:
            row = ui.node(
                items, "android.view.ViewGroup", 0, y, ui.w, 68, tap=self._choose(contact), id="contact_row"
            )
            ui.avatar(row, 20, y + 12, 44, contact.name)
            ui.label(row, 80, y + 23, ui.w - 100, contact.name, 17, id="cliv_name_textview")
            y += 68
        return root

    def _choose(self, contact: Contact | None) -> Action:
        def choose() -> None:
            self.chosen = contact
            self.changed()

        return choose

    def _card(self, ui: Ui, parent: Node, contact: Contact) -> None:
        look = self.palette
        ui.icon_button(parent, 4, ui.top + 6, "back", self._choose(None), description="Navigate up")
        top = ui.top + (70 if ui.h > 480 else 20)
        ui.avatar(parent, ui.w / 2 - 52, top, 104, contact.name)
        ui.label(
            parent, 24, top + 122, ui.w - 48, contact.name, 27, align=CENTRE, weight=MEDIUM, id="large_title"
        )
        ui.label(
            parent,
            24,
            top + 162,
            ui.w - 48,
            contact.number,
            16,
            look.on_variant,
            align=CENTRE,
            id="phone_number",
        )
        wide = min(150.0, (ui.w - 60) / 2)
        ui.button(
            parent,
            ui.w / 2 - wide - 8,
            top + 200,
            wide,
            "Call",
            lambda: self._call(contact),
            h=52,
            icon="call",
            fill=look.primary,
            id="verb_call",
        )
        ui.button(
            parent,
            ui.w / 2 + 8,
            top + 200,
            wide,
            "Message",
            lambda: self._write(contact),
            h=52,
            icon="message",
            fill=look.primary_container,
            colour=look.on_primary_container,
            id="verb_text",
        )

    def _call(self, contact: Contact) -> None:
        self.phone.telephony.dial(contact.number)

    def _write(self, contact: Contact) -> None:
        self.open("android.intent.action.SENDTO", f"smsto:{contact.number}")


@view("clock")
class Clock(View):
    """The time, and a stopwatch."""

    def new_intent(self, intent: Intent) -> None:
        """Keep the stopwatch."""
        if not hasattr(self, "since"):
            self.since: float | None = None
            self.kept = 0.0

    def stamp(self) -> Hashable:
        """Seconds run; tenths while the stopwatch does."""
        return (clock_text(seconds=True), round(self._elapsed() * 10))

    def _elapsed(self) -> float:
        return self.kept + (time.monotonic() - self.since if self.since is not None else 0.0)

    def build(self, ui: Ui) -> Node:
        """Return the clock and the stopwatch's buttons."""
        look = self.palette
        root, content = ui.window(look.background)
        ui.toolbar(content, "Clock", size=26)
        tall = ui.h > 480
        y = ui.top + (100.0 if tall else 50.0)
        ui.label(
            content,
            16,
            y,
            ui.w - 32,
            clock_text(seconds=True),
            58 if tall else 40,
            align=CENTRE,
            id="digital_clock",
        )
        date = time.strftime("%A, %B ") + str(time.localtime().tm_mday)
        ui.label(
            content,
            16,
            y + (86 if tall else 58),
            ui.w - 32,
            date,
            17,
            look.on_variant,
            align=CENTRE,
            id="date",
        )
        elapsed = self._elapsed()
        words = f"{int(elapsed // 60):02}:{int(elapsed % 60):02}.{int(elapsed * 10) % 10}"
        y = ui.bottom - (190 if tall else 130)
        ui.label(
            content, 16, y, ui.w - 32, words, 40 if tall else 28, look.primary, align=CENTRE, id="stopwatch"
        )
        y += 70 if tall else 46
        running = self.since is not None
        ui.button(
            content,
            ui.w / 2 - 138,
            y,
            130,
            "Pause" if running else "Start",
            self._run,
            h=52,
            fill=look.primary,
            id="fab",
        )
        ui.button(
            content,
            ui.w / 2 + 8,
            y,
            130,
            "Reset",
            self._reset,
            h=52,
            fill=look.primary_container,
            colour=look.on_primary_container,
            id="reset",
        )
        return root

    def _run(self) -> None:
        if self.since is None:
            self.since = time.monotonic()
        else:
            self.kept, self.since = self._elapsed(), None

    def _reset(self) -> None:
        self.kept, self.since = 0.0, None
