"""``test``, ``[ … ]`` and ``[[ … ]]``."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from typing import Protocol

from execmon_lab.phone.files import Entry, FileSystem
from execmon_lab.phone.shell import expand
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.syntax import Word

_FILE_TESTS: dict[str, Callable[[Entry], bool]] = {
    "-e": lambda entry: True,
    "-a": lambda entry: True,
    "-f": lambda entry: entry.is_file,
    "-d": lambda entry: entry.is_dir,
    "-s": lambda entry: entry.size > 0,
    "-r": lambda entry: True,
    "-w": lambda entry: bool(entry.mode & 0o222),
    "-x": lambda entry: bool(entry.mode & 0o111),
    "-c": lambda entry: stat.S_ISCHR(entry.mode),
    "-b": lambda entry: stat.S_ISBLK(entry.mode),
    "-p": lambda entry: stat.S_ISFIFO(entry.mode),
    "-S": lambda entry: stat.S_ISSOCK(entry.mode),
    "-u": lambda entry: bool(entry.mode & stat.S_ISUID),
    "-g": lambda entry: bool(entry.mode & stat.S_ISGID),
    "-k": lambda entry: bool(entry.mode & stat.S_ISVTX),
    "-O": lambda entry: True,
    "-G": lambda entry: True,
}
_NUMERIC: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_UNARY = (*_FILE_TESTS, "-L", "-h", "-n", "-z", "-t", "-o", "-v")
_BINARY = (*_NUMERIC, "=", "==", "!=", "<", ">", "-nt", "-ot", "-ef", "=~")


class ConditionError(Exception):
    """The expression makes no sense; status 2."""


class Tester:
    """Evaluates single tests against a file system.

    Parameters
    ----------
    cwd
        Folder of relative paths.
    tty
        Whether the standard streams are a terminal.
    """

    def __init__(self, files: FileSystem, cwd: str, *, tty: bool = False) -> None:
        self._files = files
        self._cwd = cwd
        self._tty = tty

    def unary(self, operator: str, value: str) -> bool:
        """``-f name`` and the like."""
        match operator:
            case "-n":
                return value != ""
            case "-z":
                return value == ""
            case "-t":
                return self._tty and value in ("0", "1", "2")
            case "-o" | "-v":
                return False
            case "-L" | "-h":
                entry = self._entry(value, follow=False)
                return entry is not None and entry.is_symlink
        entry = self._entry(value)
        return entry is not None and _FILE_TESTS[operator](entry)

    def binary(self, left: str, operator: str, right: str) -> bool:
        """``a = b`` and the like."""
        if operator in _NUMERIC:
            return _NUMERIC[operator](_integer(left), _integer(right))
        match operator:
            case "=" | "==":
                return left == right
            case "!=":
                return left != right
            case "<":
                return left < right
            case ">":
                return left > right
        first, second = self._entry(left), self._entry(right)
        if operator == "-ef":
            return first is not None and second is not None and first.inode == second.inode
        if operator == "-ot":
            first, second = second, first
        return first is not None and (second is None or first.mtime > second.mtime)

    def _entry(self, path: str, *, follow: bool = True) -> Entry | None:
        if not path:
            return None
        try:
            return self._files.stat(path if path.startswith("/") else f"{self._cwd}/{path}", follow=follow)
        except OSError:
            return None


def test(tester: Tester, arguments: list[str]) -> bool:
    """The ``test`` command.

    Raises
    ------
    ConditionError
        For an expression that cannot be read.
    """
    match arguments:
        case []:
            return False
        case [value]:
            return value != ""
        case ["!", value]:
            return value == ""
        case [left, operator, right] if operator in _BINARY[:-1]:
            return tester.binary(left, operator, right)
    rest = arguments[::-1]
    found = _or(tester, rest)
    if rest:
        raise ConditionError(f"{rest[-1]}: unexpected operator/operand")
    return found


def _or(tester: Tester, rest: list[str]) -> bool:
    value = _and(tester, rest)
    while rest and rest[-1] == "-o":
        rest.pop()
        other = _and(tester, rest)
        value = value or other
    return value


def _and(tester: Tester, rest: list[str]) -> bool:
    value = _primary(tester, rest)
    while rest and rest[-1] == "-a":
        rest.pop()
        other = _primary(tester, rest)
        value = value and other
    return value


def _primary(tester: Tester, rest: list[str]) -> bool:
    if not rest:
        raise ConditionError("argument expected")
    first = rest.pop()
    if rest and rest[-1] in _BINARY[:-1] and len(rest) > 1:
        operator = rest.pop()
        return tester.binary(first, operator, rest.pop())
    if first == "!":
        return not _primary(tester, rest)
    if first == "(":
        value = _or(tester, rest)
        if not rest or rest.pop() != ")":
            raise ConditionError("missing ')'")
        return value
    if first in _UNARY and rest:
        return tester.unary(first, rest.pop())
    return first != ""


def _integer(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise ConditionError(f"{text}: bad number") from None


class Testing(expand.Scope, Protocol):
    """Whose words are tested."""

    @property
    def process(self) -> Process:
        """The shell's own process."""


async def evaluate(shell: Testing, items: list[Word | str]) -> bool:
    """The value of ``[[ … ]]``.

    Raises
    ------
    expand.ExpansionError
        For an expression that cannot be read.
    """
    evaluator = _Extended(shell, items)
    try:
        value = await evaluator.either()
    except (ConditionError, re.error) as error:
        raise expand.ExpansionError(str(error)) from None
    if evaluator.rest:
        raise expand.ExpansionError("syntax error in [[ ]]")
    return value


class _Extended:
    def __init__(self, shell: Testing, items: list[Word | str]) -> None:
        self.shell = shell
        self.rest = items[::-1]
        self.tester = Tester(shell.files, shell.cwd, tty=shell.process.tty)

    def take(self, operator: str) -> bool:
        if self.rest and self.peek() == operator:
            self.rest.pop()
            return True
        return False

    def peek(self, back: int = 1) -> str:
        if len(self.rest) < back:
            return ""
        item = self.rest[-back]
        return item if isinstance(item, str) else item.plain or ""

    async def either(self) -> bool:
        value = await self.both()
        while self.take("||"):
            other = await self.both()
            value = value or other
        return value

    async def both(self) -> bool:
        value = await self.primary()
        while self.take("&&"):
            other = await self.primary()
            value = value and other
        return value

    async def primary(self) -> bool:
        if self.take("!"):
            return not await self.primary()
        if self.take("("):
            value = await self.either()
            if not self.take(")"):
                raise ConditionError("missing ')' in [[ ]]")
            return value
        if self.peek() in _UNARY and len(self.rest) > 1 and self.peek(2) not in _BINARY:
            operator = self.peek()
            self.rest.pop()
            return self.tester.unary(operator, await expand.text(self.shell, self.word()))
        left = await expand.text(self.shell, self.word())
        operator = self.peek()
        if operator not in _BINARY:
            return left != ""
        self.rest.pop()
        return await self.compare(left, operator, self.word())

    def word(self) -> Word:
        item = self.rest.pop() if self.rest else None
        if not isinstance(item, Word):
            raise ConditionError("syntax error in [[ ]]")
        return item

    async def compare(self, left: str, operator: str, right: Word) -> bool:
        if operator in ("=", "==", "!="):
            fits = expand.matcher(await expand.pattern(self.shell, right))(left) is not None
            return fits != (operator == "!=")
        if operator == "=~":
            return re.search(await expand.text(self.shell, right), left) is not None
        return self.tester.binary(left, operator, await expand.text(self.shell, right))
