"""Expansion of words: parameters, commands, arithmetic, field splitting, file names, quotes.

Source: section 2.6 "Word Expansions" of POSIX.1-2017's Shell Command Language.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.shell import arithmetic
from execmon_lab.phone.shell.syntax import Arithmetic, CommandSub, List, Literal, Parameter, Part, Word

MAX_VALUE = 4 * 1024 * 1024
"""Characters one expansion may have."""

MAX_FIELDS = 65536

Segment = tuple[str, bool]
"""Text, and whether it is quoted."""


class ExpansionError(Exception):
    """An expansion failed; the command is not run."""


class Scope(Protocol):
    """Where an expansion finds values."""

    arguments: list[str]
    name: str
    files: FileSystem
    cwd: str

    @property
    def noglob(self) -> bool:
        """Whether file name expansion is off."""
        ...

    def get(self, name: str) -> str | None:
        """A variable or special parameter; None when unset."""
        ...

    def set(self, name: str, value: str) -> None:
        """Assign a variable."""
        ...

    def missing(self, name: str) -> str:
        """The value of an unset variable, or an `ExpansionError` under ``set -u``."""
        ...

    @property
    def substitute(self) -> Callable[[List], Awaitable[str]]:
        """Runs a command substitution."""
        ...


async def text(scope: Scope, word: Word) -> str:
    """Expand without splitting and globbing, as in an assignment."""
    fields = await _fields(scope, word, split=False)
    return " ".join("".join(part for part, _ in field) for field in fields)


async def pattern(scope: Scope, word: Word) -> str:
    """Expand to a pattern in which quoted characters stand for themselves."""
    fields = await _fields(scope, word, split=False)
    return " ".join(_glob_text(field) for field in fields)


async def words(scope: Scope, items: list[Word]) -> list[str]:
    """Expand to the words of a command."""
    found: list[str] = []
    for word in items:
        if (plain := word.plain) is not None and not _has_magic(plain) and "{" not in plain:
            found.append(_tilde(scope, plain))
            continue
        for item in _braces(word):
            for field in await _fields(scope, item, split=True):
                found.extend(_globbed(scope, field))
        if len(found) > MAX_FIELDS:
            raise ExpansionError("argument list too long")
    return found


async def _fields(scope: Scope, word: Word, *, split: bool) -> list[list[Segment]]:
    """The word's fields before globbing."""
    fields: list[list[Segment]] = [[]]
    size = 0
    for index, part in enumerate(word.parts):
        if isinstance(part, Literal):
            value = part.text if part.quoted or index else _tilde(scope, part.text)
            fields[-1].append((value, part.quoted))
        elif isinstance(part, Parameter) and part.name in "@*" and not part.op:
            _join_arguments(scope, part, fields, split=split)
        else:
            value = await _value(scope, part)
            size += len(value)
            if size > MAX_VALUE:
                raise ExpansionError("out of memory")
            if part.quoted or not split:
                fields[-1].append((value, part.quoted or not split))
            else:
                _split_into(fields, value, scope.get("IFS"))
    return [field for field in fields if field] if split else fields


def _join_arguments(scope: Scope, part: Parameter, fields: list[list[Segment]], *, split: bool) -> None:
    if (part.quoted and part.name == "*") or not split:
        ifs = scope.get("IFS")
        separator = " " if ifs is None or part.name == "@" else ifs[:1]
        fields[-1].append((separator.join(scope.arguments), True))
        return
    for index, argument in enumerate(scope.arguments):
        if index:
            fields.append([])
        if part.quoted:
            fields[-1].append((argument, True))
        else:
            _split_into(fields, argument, scope.get("IFS"))
    if part.quoted and not scope.arguments and fields[-1] == [("", True)]:
        fields[-1].clear()


def _split_into(fields: list[list[Segment]], value: str, ifs: str | None) -> None:
    """Append ``value`` to the last field, starting a new one at each separator."""
    if ifs is None:
        ifs = " \t\n"
    if not ifs or not value:
        if value:
            fields[-1].append((value, False))
        return
    blanks = "".join(char for char in ifs if char in " \t\n")
    rest = value.lstrip(blanks) if blanks else value
    if len(rest) < len(value) and fields[-1]:
        fields.append([])
    if not rest:
        return
    for index, piece in enumerate(split_fields(rest, ifs)):
        if index:
            fields.append([])
        fields[-1].append((piece, not piece))
    if value[-1] in ifs and fields[-1]:
        fields.append([])


def split_fields(value: str, ifs: str) -> list[str]:
    """Split at ``ifs``: blanks together count once, other characters each."""
    blanks = re.escape("".join(char for char in ifs if char in " \t\n"))
    others = re.escape("".join(char for char in ifs if char not in " \t\n"))
    parts = []
    if others:
        space = f"[{blanks}]*" if blanks else ""
        parts.append(f"{space}[{others}]{space}")
    if blanks:
        parts.append(f"[{blanks}]+")
    pieces = re.split("|".join(parts), value)
    if len(pieces) > 1 and pieces[-1] == "":
        pieces.pop()
    return pieces


async def _value(scope: Scope, part: Part) -> str:
    if isinstance(part, CommandSub):
        return await scope.substitute(part.body)
    if isinstance(part, Arithmetic):
        return str(await calculate(scope, part.body))
    assert isinstance(part, Parameter)
    return await _parameter(scope, part)


async def calculate(scope: Scope, body: Word) -> int:
    """The value of ``((…))``."""
    expression = await text(scope, body)
    try:
        return arithmetic.evaluate(expression, lambda name: scope.get(name) or "", scope.set)
    except arithmetic.ArithmeticFault as error:
        raise ExpansionError(str(error)) from None


async def _parameter(scope: Scope, part: Parameter) -> str:
    value = " ".join(scope.arguments) if part.name in "@*" else scope.get(part.name)
    op, word = part.op, part.word
    if op in (":-", ":=", ":?", ":+", "-", "=", "?", "+"):
        return await _default(scope, part, value)
    if value is None:
        value = scope.missing(part.name)
    if op == "length":
        return str(len(scope.arguments) if part.name in "@*" else len(value))
    if not op or word is None:
        return value
    if op == ":":
        return await _substring(scope, value, word)
    glob = await pattern(scope, word)
    if op in ("/", "//"):
        return await _replace(scope, part, value, glob)
    return _trim(value, glob, op)


async def _default(scope: Scope, part: Parameter, value: str | None) -> str:
    op, word = part.op, part.word or Word()
    present = value is not None and (value != "" or not op.startswith(":"))
    if op[-1] == "+":
        return await text(scope, word) if present else ""
    if present and value is not None:
        return value
    fallback = await text(scope, word)
    if op[-1] == "?":
        raise ExpansionError(f"{part.name}: {fallback or 'parameter null or not set'}")
    if op[-1] == "=":
        scope.set(part.name, fallback)
    return fallback


async def _substring(scope: Scope, value: str, word: Word) -> str:
    spec = await text(scope, word)
    start_text, _, length_text = spec.partition(":")
    get = lambda name: scope.get(name) or ""  # noqa: E731
    try:
        start = arithmetic.evaluate(start_text, get, scope.set)
        if not length_text:
            return value[max(start, -len(value)) if start < 0 else start :]
        start = max(0, len(value) + start) if start < 0 else start
        length = arithmetic.evaluate(length_text, get, scope.set)
    except arithmetic.ArithmeticFault as error:
        raise ExpansionError(str(error)) from None
    return value[start : start + length] if length >= 0 else value[start:length]


async def _replace(scope: Scope, part: Parameter, value: str, glob: str) -> str:
    new = await text(scope, part.replacement) if part.replacement else ""
    if not glob:
        return value
    prefix, suffix = "", ""
    if glob[0] in "#%" and len(glob) > 1:
        prefix, suffix = ("^", "") if glob[0] == "#" else ("", "$")
        glob = glob[1:]
    source = translate(glob).removesuffix(r"\Z")
    return re.sub(prefix + source + suffix, lambda _: new, value, count=0 if part.op == "//" else 1)


def _trim(value: str, glob: str, op: str) -> str:
    """``#`` and ``%`` cut the shortest fit, ``##`` and ``%%`` the longest."""
    source = translate(glob)
    if op.startswith("#"):
        source = source.removesuffix(r"\Z")
        found = re.match(source if op == "##" else source.replace(".*", ".*?"), value, re.DOTALL)
        return value[found.end() :] if found else value
    found = re.match(f"({'.*' if op == '%' else '.*?'}){source}", value, re.DOTALL)
    return found[1] if found else value


# Patterns


def translate(glob: str) -> str:
    r"""A shell pattern, in which ``\x`` stands for x, as a regular expression."""
    out, at = [], 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "\\" and at < len(glob):
            out.append(re.escape(glob[at]))
            at += 1
        elif char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "[" and (end := glob.find("]", at + 1 + (glob[at : at + 1] in ("!", "^")))) >= 0:
            out.append(fnmatch.translate("[" + glob[at:end].replace("^", "!", 1) + "]")[4:-3])
            at = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out) + r"\Z"


@functools.lru_cache(maxsize=256)
def matcher(glob: str) -> Callable[[str], re.Match[str] | None]:
    """Whether a whole text fits a shell pattern, as a function."""
    return re.compile(translate(glob), re.DOTALL).match


def _has_magic(value: str) -> bool:
    return any(char in value for char in "*?[")


def _glob_text(field: list[Segment]) -> str:
    return "".join(re.sub(r"([*?\[\]\\!^-])", r"\\\1", part) if quoted else part for part, quoted in field)


def _globbed(scope: Scope, field: list[Segment]) -> list[str]:
    plain = "".join(part for part, _ in field)
    if scope.noglob or not any(_has_magic(part) for part, quoted in field if not quoted):
        return [plain]
    return glob(scope.files, scope.cwd, _glob_text(field)) or [plain]


def glob(files: FileSystem, cwd: str, wanted: str) -> list[str]:
    """Sorted paths that fit a pattern; relative ones when the pattern is."""
    absolute = wanted.startswith("/")
    found = [""]
    for index, part in enumerate(wanted.split("/")):
        prefix = "/" if index else ""
        if not part:
            found = [base + prefix for base in found] if index else found
            continue
        following: list[str] = []
        for base in found:
            root = base.rstrip("/") + "/" if absolute or base else ""
            where = root or cwd
            if not absolute and root:
                where = f"{cwd.rstrip('/')}/{root}"
            if not _has_magic(part):
                name = part.replace("\\", "")
                if files.exists(f"{where.rstrip('/')}/{name}"):
                    following.append(root + name)
                continue
            fits = matcher(part)
            try:
                names = files.list(where)
            except OSError:
                continue
            following.extend(root + n for n in names if fits(n) and (part[0] == "." or n[0] != "."))
        found = following[:MAX_FIELDS]
    return [path for path in found if path]


def _tilde(scope: Scope, value: str) -> str:
    if value == "~" or value.startswith("~/"):
        return (scope.get("HOME") or "/") + value[1:]
    return value


def _braces(word: Word) -> list[Word]:
    """``a{b,c}d`` as two words; only where the braces stand in one unquoted piece of text."""
    for index, part in enumerate(word.parts):
        if not isinstance(part, Literal) or part.quoted:
            continue
        match = re.search(r"\{([^{}]*,[^{}]*|(-?\d+)\.\.(-?\d+))\}", part.text)
        if match is None:
            continue
        if match[2] is not None:
            first, last = int(match[2]), int(match[3])
            step = 1 if last >= first else -1
            choices = [str(n) for n in range(first, last + step, step)[:MAX_FIELDS]]
        else:
            choices = match[1].split(",")
        out = []
        for choice in choices:
            pieces: list[Part] = [Literal(part.text[: match.start()] + choice + part.text[match.end() :])]
            out.extend(_braces(Word(word.parts[:index] + pieces + word.parts[index + 1 :])))
            if len(out) > MAX_FIELDS:
                raise ExpansionError("argument list too long")
        return out
    return [word]
