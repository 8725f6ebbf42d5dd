"""The shell's syntax tree."""

from __future__ import annotations

from dataclasses import dataclass, field


class ShellSyntaxError(Exception):
    """The script cannot be parsed; ``incomplete`` when more lines could mend it."""

    def __init__(self, message: str, *, incomplete: bool = False) -> None:
        super().__init__(message)
        self.incomplete = incomplete


@dataclass(slots=True)
class Literal:
    """Text as it stands; ``quoted`` text is neither split nor globbed."""

    text: str
    quoted: bool = False


@dataclass(slots=True)
class Parameter:
    """``$name`` or ``${name op word}``; ``op`` is empty, or ``:-``, ``#``, ``length``, ``substring``, …"""

    name: str
    op: str = ""
    word: Word | None = None
    replacement: Word | None = None
    quoted: bool = False


@dataclass(slots=True)
class CommandSub:
    """``$(…)`` or backticks."""

    body: List
    quoted: bool = False


@dataclass(slots=True)
class Arithmetic:
    """``$((…))``."""

    body: Word
    quoted: bool = False


Part = Literal | Parameter | CommandSub | Arithmetic


@dataclass(slots=True)
class Word:
    """Adjacent parts that make one word."""

    parts: list[Part] = field(default_factory=list)

    @property
    def plain(self) -> str | None:
        """The text of a word that has no quotes and no expansions."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal) and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(slots=True)
class Redirect:
    """``fd op target``, or a here-document in ``target`` when ``op`` is ``<<``."""

    fd: int
    op: str
    target: Word


@dataclass(slots=True)
class Simple:
    """Assignments, words and redirections of one command."""

    assignments: list[tuple[str, bool, Word]]
    words: list[Word]
    redirects: list[Redirect]


@dataclass(slots=True)
class Condition:
    """``[[ … ]]``: words, and operators as plain strings."""

    items: list[Word | str]


@dataclass(slots=True)
class Calculation:
    """``((…))``."""

    body: Word


@dataclass(slots=True)
class Subshell:
    """``( … )``."""

    body: List


@dataclass(slots=True)
class Group:
    """``{ …; }``."""

    body: List


@dataclass(slots=True)
class If:
    """``if``: pairs of condition and body, and what follows ``else``."""

    branches: list[tuple[List, List]]
    otherwise: List | None


@dataclass(slots=True)
class While:
    """``while``, or ``until`` when ``negate``."""

    condition: List
    body: List
    negate: bool


@dataclass(slots=True)
class For:
    """``for name in words``; words None stands for the positional parameters."""

    name: str
    words: list[Word] | None
    body: List


@dataclass(slots=True)
class Case:
    """``case word in``: each clause has patterns and a body."""

    word: Word
    clauses: list[tuple[list[Word], List]]


@dataclass(slots=True)
class Function:
    """``name() { …; }``."""

    name: str
    body: Command


@dataclass(slots=True)
class Redirected:
    """A compound command with redirections."""

    body: Command
    redirects: list[Redirect]


@dataclass(slots=True)
class Pipeline:
    """Commands joined by pipes; a single one is not a pipe."""

    commands: list[Command]
    negate: bool = False


@dataclass(slots=True)
class AndOr:
    """Pipelines joined by ``&&`` and ``||``; the first has an empty operator."""

    items: list[tuple[str, Pipeline]]
    background: bool = False


@dataclass(slots=True)
class List:
    """Commands one after the other."""

    items: list[AndOr] = field(default_factory=list)


Command = (
    Simple
    | Condition
    | Calculation
    | Subshell
    | Group
    | If
    | While
    | For
    | Case
    | Function
    | Redirected
    | Pipeline
)
