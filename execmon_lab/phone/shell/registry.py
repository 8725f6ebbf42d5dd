"""The table of commands the phone's shell can run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from execmon_lab.phone.shell.process import Process

Command = Callable[[Process], Awaitable[int]]
"""Runs one command and returns its exit status, 0 to 255."""

COMMANDS: dict[str, Command] = {}
"""Every registered command by name."""


def command(*names: str) -> Callable[[Command], Command]:
    """Register the decorated coroutine function under each of ``names``.

    Raises
    ------
    ValueError
        When a name is taken.
    """

    def register(function: Command) -> Command:
        for name in names:
            if name in COMMANDS:
                raise ValueError(f"the command {name!r} is registered twice")
            COMMANDS[name] = function
        return function

    return register
