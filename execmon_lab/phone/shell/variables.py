"""A shell's variables, parameters and options."""

from __future__ import annotations

import random

from execmon_lab.phone.shell import expand
from execmon_lab.phone.shell.expand import ExpansionError
from execmon_lab.phone.shell.kernel import SHELL
from execmon_lab.phone.shell.process import Process

MAX_VARIABLES = 10_000


class Variables:
    """What an expansion reads and a script assigns.

    Attributes
    ----------
    arguments
        ``$1`` and on.
    name
        ``$0``.
    options
        Letters of ``set``.
    locals
        For each function under way, what its local variables hid.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.files = process.files
        self.variables = dict(process.env)
        self.exported = set(process.env)
        self.readonly: set[str] = set()
        self.locals: list[dict[str, str | None]] = []
        self.arguments: list[str] = []
        self.options: set[str] = set()
        self.name = SHELL
        self.cwd = process.cwd
        self.status = 0
        self.last_job = 0
        self.variables["PWD"] = self.cwd

    def separate(self) -> None:
        """Share nothing with the copy this was made from."""
        self.variables = dict(self.variables)
        self.exported = set(self.exported)
        self.readonly = set(self.readonly)
        self.options = set(self.options)
        self.locals = [dict(hidden) for hidden in self.locals]

    @property
    def noglob(self) -> bool:
        """Whether file name expansion is off."""
        return "f" in self.options

    def get(self, name: str) -> str | None:
        """A variable or special parameter; None when unset."""
        if name in self.variables:
            return self.variables[name]
        if name.isdecimal():
            index = int(name) if len(name) < 7 else 10**6
            if index == 0:
                return self.name
            return self.arguments[index - 1] if index <= len(self.arguments) else None
        match name:
            case "?":
                return str(self.status)
            case "$":
                return str(self.process.pid)
            case "#":
                return str(len(self.arguments))
            case "!":
                return str(self.last_job) if self.last_job else None
            case "-":
                return "".join(sorted(self.options))
            case "RANDOM":
                return str(random.randrange(32768))
            case "PPID":
                return "1"
            case "HOSTNAME":
                return self.process.system.properties.get("ro.product.device")
        return None

    def set(self, name: str, value: str) -> None:
        """Assign a variable."""
        if name in self.readonly:
            raise ExpansionError(f"{name}: is read only")
        if len(value) > expand.MAX_VALUE or len(self.variables) > MAX_VARIABLES:
            raise ExpansionError("out of memory")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def missing(self, name: str) -> str:
        """The value of an unset variable, or an error under ``set -u``."""
        if "u" in self.options and name not in "@*":
            raise ExpansionError(f"{name}: parameter not set")
        return ""

    def environment(self) -> dict[str, str]:
        """What a command inherits."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}
