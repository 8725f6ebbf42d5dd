"""Commands that select and reorder lines: grep, sort, uniq, cut, tr."""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from execmon_lab.phone.shell.lexer import unescape
from execmon_lab.phone.shell.process import Process, Reader, encode, lines
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.files import tree
from execmon_lab.phone.shell.toybox.inputs import Inputs, read_all, tool
from execmon_lab.phone.shell.toybox.options import Options, UsageError, options

T = TypeVar("T")
_SORT_KEY = re.compile(r"(\d+)(?:\.\d+)?([a-zA-Z]*)(?:,(\d+)(?:\.\d+)?([a-zA-Z]*))?")

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": " \\t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
    "print": " -~",
    "cntrl": r"\x00-\x1f\x7f",
}


def translate(pattern: str, *, extended: bool) -> str:
    """A POSIX regular expression, basic or extended, in Python's words."""
    for name, chars in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", chars)
    if not extended:
        out, at = [], 0
        while at < len(pattern):
            char = pattern[at]
            if char == "[":
                end = pattern.find("]", at + 2 + (pattern[at + 1 : at + 2] == "^"))
                if end > 0:
                    out.append(pattern[at : end + 1])
                    at = end + 1
                    continue
            if char == "\\" and at + 1 < len(pattern):
                at += 1
                out.append(pattern[at] if pattern[at] in "(){}|+?" else "\\" + pattern[at])
            elif char in "(){}|+?" or (char == "*" and (not out or out[-1] in ("(", "^"))):
                out.append("\\" + char)
            else:
                out.append(char)
            at += 1
        pattern = "".join(out)
    return pattern.replace(r"\<", r"\b(?=\w)").replace(r"\>", r"\b(?<=\w)")


def compiled(pattern: str, *, extended: bool, fold: bool = False) -> re.Pattern[bytes]:
    """A POSIX regular expression over bytes.

    Raises
    ------
    UsageError
        When it cannot be read.
    """
    try:
        return re.compile(encode(translate(pattern, extended=extended)), re.IGNORECASE if fold else 0)
    except re.error as error:
        raise UsageError(f"bad regex '{pattern}': {error}") from None


@command("grep", "egrep", "fgrep")
@tool
async def _grep(process: Process) -> int:
    flags = "EFGHLqRrchilnosvwxzabe:f:m:A:B:C:"
    given = options(process, flags, long=("color", "color=", "line-buffered", "include=", "exclude="))
    patterns = given["e"].split("\n") if "e" in given else []
    if "f" in given:
        patterns += (await read_all(process, [given["f"]]))[0].decode(errors="surrogateescape").splitlines()
    if "e" not in given and "f" not in given:
        if not given.arguments:
            raise UsageError("no REGEX")
        patterns = given.arguments.pop(0).split("\n")
    names = given.arguments
    recursive = "r" in given or "R" in given
    if recursive:
        names = [path for name in names or ["."] for path in _files_below(process, name)]
    grep = _Grep(process, given, _matcher(process.name, patterns, given))
    grep.named = "h" not in given and ("H" in given or recursive or len(names) > 1)
    inputs = Inputs(process, names)
    async for name, reader in inputs:
        if await grep.search(name if name != "-" else "(standard input)", reader) and "q" in given:
            return 0
    return 2 if inputs.status and "s" not in given else int(not grep.found)


def _files_below(process: Process, name: str) -> list[str]:
    base = process.path(name)
    try:
        found = tree(process.files, base)
    except OSError:
        return [name]
    return [name + path[len(base) :] for path in found if not process.files.stat(path, follow=False).is_dir]


def _matcher(name: str, patterns: list[str], given: Options) -> Callable[[bytes], re.Match[bytes] | None]:
    fixed = "F" in given or name == "fgrep"
    extended = "E" in given or name == "egrep"
    sources = [
        re.escape(encode(text)) if fixed else compiled(text, extended=extended).pattern for text in patterns
    ]
    source = b"|".join(b"(?:" + part + b")" for part in sources)
    if "w" in given:
        source = rb"(?<!\w)(?:" + source + rb")(?!\w)"
    if "x" in given:
        source = rb"\A(?:" + source + rb")\Z"
    return re.compile(source, re.IGNORECASE if "i" in given else 0).search


class _Grep:
    """Searches one input after the other.

    Attributes
    ----------
    named
        Whether lines are told with their file.
    found
        Whether any line was selected so far.
    """

    def __init__(
        self, process: Process, given: Options, search: Callable[[bytes], re.Match[bytes] | None]
    ) -> None:
        self.named = False
        self.found = False
        self._process = process
        self._given = given
        self._match = search
        context = given.number("C", 0)
        self._after = given.number("A", context)
        self._before = given.number("B", context)

    async def search(self, name: str, reader: Reader) -> bool:
        """Search one input; whether a line was selected."""
        given = self._given
        limit = given.number("m", 2**62)
        count, number, trailing, last = 0, 0, 0, 0
        before: deque[tuple[int, bytes]] = deque(maxlen=self._before)
        quiet = bool({"q", "c", "l", "L"} & set(given))
        async for line in lines(reader):
            number += 1
            text = line.rstrip(b"\n")
            match = self._match(text)
            if (match is None) == ("v" not in given):
                if trailing and not quiet:
                    trailing -= 1
                    last = number
                    await self._print(name, number, text, "-")
                elif self._before:
                    before.append((number, text))
                continue
            count += 1
            if "q" in given or "l" in given:
                break
            if not quiet:
                start = before[0][0] if before else number
                if (self._after or self._before) and last and start > last + 1:
                    await self._process.print("--")
                for earlier in before:
                    await self._print(name, *earlier, "-")
                before.clear()
                await self._select(name, number, text)
                last, trailing = number, self._after
            if count >= limit:
                break
        self.found = self.found or bool(count)
        await self._summary(name, count)
        return bool(count)

    async def _select(self, name: str, number: int, text: bytes) -> None:
        if "o" not in self._given:
            await self._print(name, number, text, ":")
            return
        at = 0
        while (match := self._match(text[at:])) is not None and "v" not in self._given:
            if match[0]:
                await self._print(name, number, match[0], ":")
            at += max(match.end(), 1)
            if at >= len(text):
                return

    async def _print(self, name: str, number: int, text: bytes, mark: str) -> None:
        prefix = (name + mark if self.named else "") + (f"{number}{mark}" if "n" in self._given else "")
        await self._process.write(encode(prefix) + text + b"\n")

    async def _summary(self, name: str, count: int) -> None:
        if "q" in self._given:
            return
        if "c" in self._given:
            await self._process.print(f"{name}:{count}" if self.named else str(count))
        elif ("l" in self._given and count) or ("L" in self._given and not count):
            await self._process.print(name)


@command("sort")
@tool
async def _sort(process: Process) -> int:
    given = options(process, "bcdfghiMnrsuVzk:o:t:T:S:x")
    data, status = await read_all(process, given.arguments)
    rows = data.split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    key = _sort_key(given)
    if "c" in given:
        return int(rows != sorted(rows, key=key, reverse="r" in given))
    rows.sort(key=key, reverse="r" in given)
    if "u" in given:
        kept: list[bytes] = []
        for row in rows:
            if not kept or key(row) != key(kept[-1]):
                kept.append(row)
        rows = kept
    out = b"".join(row + b"\n" for row in rows)
    if "o" in given:
        process.files.write(process.path(given["o"]), out)
    else:
        await process.write(out)
    return status


def _sort_key(given: Options) -> Callable[[bytes], Any]:
    spec = given.get("k", "")
    match = _SORT_KEY.fullmatch(spec) if spec else None
    if spec and match is None:
        raise UsageError(f"bad key '{spec}'")
    flags = set(given) | (set(match[2] + (match[4] or "")) if match else set())
    separator = encode(given["t"]) if "t" in given else None

    def key(row: bytes) -> Any:
        text = row
        if match is not None:
            fields = row.split(separator)
            first, last = int(match[1]) - 1, int(match[3] or len(fields))
            text = (separator or b" ").join(fields[first:last])
        if "b" in flags:
            text = text.lstrip()
        if "f" in flags:
            text = text.lower()
        if {"n", "g", "h", "V"} & flags:
            return _natural(text) if "V" in flags else (_number(text, "h" in flags), text)
        return text

    return key


def _number(text: bytes, units: bool) -> float:
    match = re.match(rb"\s*([-+]?\d*\.?\d+)([KMGT]?)", text)
    if match is None:
        return 0.0
    return float(match[1]) * (1024 ** (b" KMGT".index(match[2] or b" ")) if units else 1)


def _natural(text: bytes) -> list[tuple[int, object]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(rb"(\d+)", text) if part]


@command("uniq")
@tool
async def _uniq(process: Process) -> int:
    given = options(process, "cduizf:s:w:")
    inputs = Inputs(process, given.arguments[:1])
    present, count = b"", 0
    skip, chars = given.number("f", 0), given.number("s", 0)

    def key(line: bytes) -> bytes:
        text = b" ".join(line.split()[skip:]) if skip else line
        return (text.lower() if "i" in given else text)[chars:]

    async def flush() -> None:
        if count and not ("d" in given and count < 2) and not ("u" in given and count > 1):
            await process.write((f"{count:7} ".encode() if "c" in given else b"") + present + b"\n")

    async for _, reader in inputs:
        async for line in lines(reader):
            text = line.rstrip(b"\n")
            if count and key(text) == key(present):
                count += 1
            else:
                await flush()
                present, count = text, 1
    await flush()
    return inputs.status


@command("cut")
@tool
async def _cut(process: Process) -> int:
    given = options(process, "b:c:f:d:snC:F:O:D", long=("output-delimiter=",))
    spec = given.get("f") or given.get("c") or given.get("b") or given.get("F")
    if not spec:
        raise UsageError("Needs -fbcF")
    wanted = _ranges(spec)
    delimiter = encode(given.get("d", "\t"))
    joiner = encode(given.get("output-delimiter") or given.get("O") or given.get("d", "\t"))
    inputs = Inputs(process, given.arguments)
    async for _, reader in inputs:
        async for line in lines(reader):
            text = line.rstrip(b"\n")
            if "f" in given:
                if delimiter not in text:
                    if "s" not in given:
                        await process.write(text + b"\n")
                    continue
                cut = joiner.join(_chosen(text.split(delimiter), wanted))
            elif "F" in given:
                cut = (joiner if "O" in given else b" ").join(_chosen(text.split(), wanted))
            elif "c" in given:
                cut = encode("".join(_chosen(list(text.decode(errors="surrogateescape")), wanted)))
            else:
                cut = b"".join(_chosen([bytes((byte,)) for byte in text], wanted))
            await process.write(cut + b"\n")
    return inputs.status


def _ranges(spec: str) -> list[tuple[int, int]]:
    found = []
    for part in spec.split(","):
        match = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if match is None or not (match[1] or match[3]):
            raise UsageError(f"bad range '{part}'")
        first = int(match[1] or 1)
        last = int(match[3] or 2**31) if match[2] else first
        if first < 1 or last < first:
            raise UsageError(f"bad range '{part}'")
        found.append((first, last))
    return found


def _chosen(items: Sequence[T], wanted: list[tuple[int, int]]) -> list[T]:
    return [item for index, item in enumerate(items, 1) if any(a <= index <= b for a, b in wanted)]


@command("tr")
@tool
async def _tr(process: Process) -> int:
    given = options(process, "cCdst")
    if not given.arguments:
        raise UsageError("Needs 1 argument")
    first = _char_set(given.arguments[0])
    second = _char_set(given.arguments[1]) if len(given.arguments) > 1 else b""
    if "c" in given or "C" in given:
        first = bytes(byte for byte in range(256) if byte not in first)
    table = _tr_table(first, second)
    squeezed = second if second and "s" in given else first
    last = b""
    while data := await process.stdin.read(65536):
        data = data.translate(None, first) if "d" in given else data.translate(table)
        if "s" in given and data:
            data = re.sub(b"([" + re.escape(squeezed) + b"])\\1+", rb"\1", last + data)[len(last) :]
            last = data[-1:] if data[-1:] and data[-1] in squeezed else b""
        await process.write(data)
    return 0


def _tr_table(first: bytes, second: bytes) -> bytes:
    table = bytearray(range(256))
    if second:
        for index, byte in enumerate(first):
            table[byte] = second[min(index, len(second) - 1)]
    return bytes(table)


@functools.lru_cache(64)
def _char_set(spec: str) -> bytes:
    chars = {
        "alpha": "A-Za-z",
        "digit": "0-9",
        "alnum": "0-9A-Za-z",
        "upper": "A-Z",
        "lower": "a-z",
        "space": "\t\n\v\f\r ",
        "blank": "\t ",
        "punct": "!-/:-@[-`{-~",
        "cntrl": "\0-\x1f\x7f",
        "print": " -~",
        "xdigit": "0-9A-Fa-f",
    }
    for name, members in chars.items():
        spec = spec.replace(f"[:{name}:]", members)
    data = encode(unescape(spec))
    found = bytearray()
    at = 0
    while at < len(data):
        if data[at + 1 : at + 2] == b"-" and at + 2 < len(data):
            found += bytes(range(data[at], data[at + 2] + 1))
            at += 3
        else:
            found.append(data[at])
            at += 1
    return bytes(found)
