"""``find``: expressions over a tree."""

from __future__ import annotations

import asyncio
import posixpath
import re
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from execmon_lab.phone.files import Entry
from execmon_lab.phone.shell.expand import matcher
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import failed, tool
from execmon_lab.phone.shell.toybox.options import UsageError

_TYPES = {"f": stat.S_IFREG, "d": stat.S_IFDIR, "l": stat.S_IFLNK, "c": stat.S_IFCHR, "b": stat.S_IFBLK}
_UNITS = {"c": 1, "k": 1024, "M": 1024**2, "G": 1024**3, "b": 512, "w": 2}


@dataclass(slots=True)
class Found:
    """One path that is looked at."""

    shown: str
    path: str
    entry: Entry


Test = Callable[[Found], Awaitable[bool]]


@command("find")
@tool
async def _find(process: Process) -> int:
    arguments = process.argv[1:]
    roots = []
    while arguments and arguments[0][:1] not in ("-", "!", "("):
        roots.append(arguments.pop(0))
    if arguments[:1] == ["-L"] or arguments[:1] == ["-H"]:
        arguments.pop(0)
        while arguments and arguments[0][:1] not in ("-", "!", "("):
            roots.append(arguments.pop(0))
    expression = _Expression(process, arguments)
    test = expression.parse()
    status = 0
    for root in roots or ["."]:
        try:
            await _walk(process, expression, test, root, process.path(root), 0)
        except OSError as error:
            status = await failed(process, root, error)
    return status


async def _walk(
    process: Process, expression: _Expression, test: Test, shown: str, path: str, depth: int
) -> None:
    found = Found(shown, path, process.files.stat(path, follow=False))
    expression.pruned = False
    if depth >= expression.mindepth and not expression.depth_first:
        await test(found)
    await asyncio.sleep(0)
    if found.entry.is_dir and depth < expression.maxdepth and not expression.pruned:
        for name in process.files.list(path):
            below = f"{shown.rstrip('/')}/{name}"
            await _walk(process, expression, test, below, f"{path.rstrip('/')}/{name}", depth + 1)
    if depth >= expression.mindepth and expression.depth_first:
        await test(found)


class _Expression:
    """Reads find's expression into one test."""

    def __init__(self, process: Process, arguments: list[str]) -> None:
        self.process = process
        self.rest = arguments[::-1]
        self.maxdepth = 10**6
        self.mindepth = 0
        self.depth_first = False
        self.pruned = False
        self.acts = False

    def parse(self) -> Test:
        test = self.either() if self.rest else _always
        if self.rest:
            raise UsageError(f"bad arg '{self.rest[-1]}'")
        if self.acts:
            return test

        async def shown(found: Found) -> bool:
            if await test(found):
                await self.process.print(found.shown)
            return True

        return shown

    def either(self) -> Test:
        test = self.both()
        while self.rest and self.rest[-1] in ("-o", "-or"):
            self.rest.pop()
            test = _or(test, self.both())
        return test

    def both(self) -> Test:
        test = self.primary()
        while self.rest and self.rest[-1] not in ("-o", "-or", ")"):
            if self.rest[-1] in ("-a", "-and"):
                self.rest.pop()
            test = _and(test, self.primary())
        return test

    def value(self, option: str) -> str:
        if not self.rest:
            raise UsageError(f"Missing argument to {option}")
        return self.rest.pop()

    def primary(self) -> Test:
        option = self.value("expression")
        match option:
            case "!" | "-not":
                return _not(self.primary())
            case "(":
                test = self.either()
                if self.value("(") != ")":
                    raise UsageError("missing ')'")
                return test
            case "-maxdepth":
                self.maxdepth = int(self.value(option))
                return _always
            case "-mindepth":
                self.mindepth = int(self.value(option))
                return _always
            case "-depth":
                self.depth_first = True
                return _always
            case "-xdev" | "-true" | "-noleaf":
                return _always
            case "-prune":
                return self.prune
            case "-print" | "-print0" | "-delete" | "-exec" | "-ok" | "-quit":
                self.acts = True
                return self.action(option)
        return self.simple(option)

    def simple(self, option: str) -> Test:
        value = self.value(option) if option not in ("-empty",) else ""
        match option:
            case "-name" | "-iname":
                fits = matcher(value.lower() if option == "-iname" else value)
                fold = option == "-iname"
                return _pure(lambda found: fits(_basename(found, fold=fold)) is not None)
            case "-path" | "-wholename" | "-ipath":
                whole = matcher(value)
                return _pure(lambda found: whole(found.shown) is not None)
            case "-regex":
                pattern = re.compile(value)
                return _pure(lambda found: pattern.fullmatch(found.shown) is not None)
            case "-type":
                kinds = [_TYPES.get(letter) for letter in value.split(",")]
                return _pure(lambda found: stat.S_IFMT(found.entry.mode) in kinds)
            case "-empty":
                return _pure(self.empty)
            case "-size":
                unit = _UNITS.get(value[-1], 0)
                amount = value[:-1] if unit else value
                return _compared(amount, lambda found: -(-found.entry.size // (unit or 512)))
            case "-mtime" | "-ctime" | "-atime":
                return _compared(value, lambda found: int((time.time() - found.entry.mtime) // 86400))
            case "-mmin" | "-cmin" | "-amin":
                return _compared(value, lambda found: int((time.time() - found.entry.mtime) // 60))
            case "-newer":
                limit = self.process.files.stat(self.process.path(value)).mtime
                return _pure(lambda found: found.entry.mtime > limit)
            case "-perm":
                bits = int(value.lstrip("-/"), 8)
                return _pure(lambda found: found.entry.mode & bits == bits)
            case "-user" | "-uid" | "-group" | "-gid":
                uid = {"root": 0, "shell": 2000, "system": 1000}.get(value, -1)
                return _pure(lambda found: found.entry.uid == (int(value) if value.isdecimal() else uid))
        raise UsageError(f"bad arg '{option}'")

    def empty(self, found: Found) -> bool:
        if found.entry.is_dir:
            return not self.process.files.list(found.path)
        return found.entry.is_file and found.entry.size == 0

    async def prune(self, found: Found) -> bool:
        self.pruned = True
        return True

    def action(self, option: str) -> Test:
        process = self.process
        if option in ("-exec", "-ok"):
            words = []
            while (word := self.value(option)) not in (";", "+"):
                words.append(word)
            return self.runner(words)

        async def act(found: Found) -> bool:
            if option == "-delete":
                process.files.remove(found.path)
            elif option == "-print":
                await process.print(found.shown)
            elif option == "-print0":
                await process.write(found.shown.encode(errors="surrogateescape") + b"\0")
            else:
                self.maxdepth = -1
            return True

        if option == "-delete":
            self.depth_first = True
        return act

    def runner(self, words: list[str]) -> Test:
        async def run(found: Found) -> bool:
            argv = [word.replace("{}", found.shown) for word in words]
            status, out, err = await self.process.run(argv)
            await self.process.write(out)
            await self.process.stderr.write(err)
            return status == 0

        return run


def _basename(found: Found, *, fold: bool) -> str:
    name = posixpath.basename(found.shown.rstrip("/"))
    return name.lower() if fold else name


async def _always(found: Found) -> bool:
    return True


def _pure(test: Callable[[Found], bool]) -> Test:
    async def run(found: Found) -> bool:
        return test(found)

    return run


def _compared(value: str, measure: Callable[[Found], int]) -> Test:
    """``+n`` more, ``-n`` less, ``n`` exactly."""
    try:
        number = int(value.lstrip("+-"))
    except ValueError:
        raise UsageError(f"bad number '{value}'") from None
    if value.startswith("+"):
        return _pure(lambda found: measure(found) > number)
    if value.startswith("-"):
        return _pure(lambda found: measure(found) < number)
    return _pure(lambda found: measure(found) == number)


def _or(first: Test, second: Test) -> Test:
    async def run(found: Found) -> bool:
        return await first(found) or await second(found)

    return run


def _and(first: Test, second: Test) -> Test:
    async def run(found: Found) -> bool:
        return await first(found) and await second(found)

    return run


def _not(test: Test) -> Test:
    async def run(found: Found) -> bool:
        return not await test(found)

    return run
