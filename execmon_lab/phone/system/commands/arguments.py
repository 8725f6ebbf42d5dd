"""Reading a command's arguments one by one, as Android's shell commands do."""

from __future__ import annotations


class ArgumentError(ValueError):
    """An argument is missing or makes no sense; the text is what the command prints."""


class Arguments:
    """A cursor over the arguments of a command."""

    def __init__(self, values: list[str]) -> None:
        self._values = values
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._values)

    def peek(self) -> str | None:
        """Return the next argument without taking it."""
        return self._values[self._at] if self else None

    def next(self) -> str | None:
        """Take the next argument, or None at the end."""
        value = self.peek()
        self._at += 1
        return value

    def option(self) -> str | None:
        """Take the next argument when it is an option."""
        value = self.peek()
        if value is None or not value.startswith("-") or value == "-":
            return None
        self._at += 1
        return value if value != "--" else None

    def required(self, what: str = "") -> str:
        """Take the next argument.

        Raises
        ------
        ArgumentError
            There is none.
        """
        value = self.next()
        if value is None:
            wanted = what or (self._values[self._at - 2] if len(self._values) >= self._at - 1 > 0 else "")
            raise ArgumentError(f'Argument expected after "{wanted}"')
        return value

    def integer(self) -> int:
        """Take the next argument as an integer.

        Raises
        ------
        ArgumentError
            There is none, or it is no integer.
        """
        value = self.required()
        try:
            return int(value, 0)
        except ValueError as error:
            raise ArgumentError(f'For input string: "{value}"') from error

    def rest(self) -> list[str]:
        """Take all that is left."""
        values, self._at = self._values[self._at :], len(self._values)
        return values
