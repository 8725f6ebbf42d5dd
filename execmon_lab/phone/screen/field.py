"""A text field's content: what keys, text and the clipboard do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_TEXT = 10_000


@dataclass
class Field:
    """Text with a cursor.

    Attributes
    ----------
    kind : str
        Which keyboard it wants: `text`, `phone` or `url`.
    action : str
        What its enter key says: `Send`, `Go`, `Next`, `Done`; without one, enter makes a new line.
    on_change, on_action : callable or None
        Called after each change, and for the enter key.
    """

    hint: str = ""
    kind: str = "text"
    action: str = "Done"
    on_change: Callable[[], None] | None = None
    on_action: Callable[[], None] | None = None
    value: str = ""
    cursor: int = 0

    def set(self, text: str) -> None:
        """Replace the whole text."""
        self.value = text[:MAX_TEXT]
        self.cursor = len(self.value)
        self._changed()

    def insert(self, text: str) -> None:
        """Write at the cursor."""
        text = text[: max(0, MAX_TEXT - len(self.value))]
        self.value = self.value[: self.cursor] + text + self.value[self.cursor :]
        self.cursor += len(text)
        self._changed()

    def delete(self, *, forward: bool = False) -> None:
        """Delete the character before the cursor, or after it."""
        if forward:
            self.value = self.value[: self.cursor] + self.value[self.cursor + 1 :]
        elif self.cursor:
            self.value = self.value[: self.cursor - 1] + self.value[self.cursor :]
            self.cursor -= 1
        self._changed()

    def move(self, steps: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(0, self.cursor + steps), len(self.value))

    def enter(self) -> None:
        """Do what the enter key does."""
        if self.on_action is not None:
            self.on_action()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
