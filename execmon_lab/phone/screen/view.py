"""What an activity shows: the base of every screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Action, Node
from execmon_lab.phone.screen.theme import DARK, LIGHT, Colour, Palette
from execmon_lab.phone.screen.ui import Ui
from execmon_lab.phone.state.activities import Record
from execmon_lab.phone.state.intents import MAIN, Intent
from execmon_lab.phone.state.phone import PhoneState

VIEWS: dict[str, Callable[[PhoneState, Record], View]] = {}


class View:
    """The screen of one activity.

    A subclass builds its tree anew for each picture that differs; what it keeps between is its own state.

    Attributes
    ----------
    focus : Field or None
        The field that takes text; the keyboard shows while there is one.
    keyboard : bool
        False hides the keyboard although a field has the focus.
    """

    def __init__(self, phone: PhoneState, record: Record) -> None:
        self.phone = phone
        self.record = record
        self.focus: Field | None = None
        self.keyboard = True
        self.new_intent(record.intent)

    def new_intent(self, intent: Intent) -> None:
        """Take what the activity is asked to show."""

    def build(self, ui: Ui) -> Node:
        """Return the tree of the screen as it is now."""
        raise NotImplementedError

    def stamp(self) -> Hashable:
        """Return what of the time the screen shows; a new value draws it anew."""
        return None

    def back(self) -> bool:
        """Go back inside of the screen; False when there is nothing to go back to."""
        return False

    def key(self, sign: str) -> None:
        """Take a key that no field wants: a character, or `CALL`."""

    @property
    def palette(self) -> Palette:
        """The theme of the screen."""
        return DARK if self.phone.settings.get("secure", "ui_night_mode") == "2" else LIGHT

    @property
    def bars(self) -> Colour:
        """Colour of the letters in the bars."""
        return self.palette.on_surface

    def changed(self) -> None:
        """Ask for a new picture."""
        self.phone.core.changed()

    def focusing(self, field: Field | None) -> Action:
        """Return the action that gives a field the focus."""

        def take() -> None:
            self.focus = field
            self.keyboard = True
            self.changed()

        return take

    def finish(self) -> None:
        """End the activity."""
        self.phone.activities.finish(self.record)

    def open(self, action: str, data: str = "", component: tuple[str, str] | None = None) -> None:
        """Start another activity."""
        self.phone.launch(Intent(action or MAIN, data, component=component))


def view(*names: str) -> Callable[[type[View]], type[View]]:
    """Register a class as the screen of activities, under the names that their packages give."""

    def register(cls: type[View]) -> type[View]:
        for name in names:
            VIEWS[name] = cls
        return cls

    return register


def clock_text(seconds: bool = False) -> str:
    """Return the time of day."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M")
