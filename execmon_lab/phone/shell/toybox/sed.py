"""``sed``: the commands that scripts use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from execmon_lab.phone.pipe import Sink
from execmon_lab.phone.shell.lexer import unescape
from execmon_lab.phone.shell.process import Process, Writer, decode, encode
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.filters import compiled
from execmon_lab.phone.shell.toybox.inputs import failed, read_all, tool
from execmon_lab.phone.shell.toybox.options import UsageError, options

MAX_STEPS = 1_000_000
Address = int | str | re.Pattern[bytes]


@dataclass
class Step:
    """One command of a script with its addresses."""

    name: str
    start: Address | None = None
    end: Address | None = None
    negate: bool = False
    pattern: re.Pattern[bytes] | None = None
    text: bytes = b""
    flags: str = ""
    label: str = ""
    block: list[Step] = field(default_factory=list)
    active: bool = False
    until: int = 0


class _Next(Exception):
    """Go on with the next line; ``quit`` ends the script."""

    def __init__(self, *, end: bool = False, restart: bool = False) -> None:
        super().__init__()
        self.end = end
        self.restart = restart


@command("sed")
@tool
async def _sed(process: Process) -> int:
    given = options(process, "nEre:f:iszu", long=("expression=", "quiet", "regexp-extended"))
    script = given.get("e") or given.get("expression") or ""
    if "f" in given:
        script = decode((await read_all(process, [given["f"]]))[0])
    if not script:
        if not given.arguments:
            raise UsageError("no pattern")
        script = given.arguments.pop(0)
    extended = bool({"E", "r", "regexp-extended"} & set(given))
    quiet = "n" in given or "quiet" in given
    if "i" not in given:
        data, status = await read_all(process, given.arguments)
        await _Editor(_Parser(script, extended).parse(), quiet).run(data, process.stdout)
        return status
    for name in given.arguments:
        path = process.path(name)
        sink = Sink()
        try:
            await _Editor(_Parser(script, extended).parse(), quiet).run(process.files.read(path), sink)
            process.files.write(path, bytes(sink.data))
        except OSError as error:
            return await failed(process, name, error)
    return 0


class _Parser:
    def __init__(self, script: str, extended: bool) -> None:
        self.text = script
        self.at = 0
        self.extended = extended

    def parse(self, *, inside: bool = False) -> list[Step]:
        steps: list[Step] = []
        while True:
            self.skip(" \t\n;")
            if self.at >= len(self.text):
                if inside:
                    raise UsageError("missing }")
                return steps
            if self.text[self.at] == "}":
                if not inside:
                    raise UsageError("unexpected }")
                self.at += 1
                return steps
            if self.text[self.at] == "#":
                self.rest_of_line()
                continue
            steps.append(self.step())

    def step(self) -> Step:
        step = Step("")
        step.start = self.address()
        if step.start is not None and self.take(","):
            self.skip(" ")
            step.end = self.address()
            if step.end is None:
                raise UsageError("bad address")
        self.skip(" \t")
        while self.take("!"):
            step.negate = not step.negate
            self.skip(" \t")
        if self.at >= len(self.text):
            raise UsageError("no command")
        step.name = self.text[self.at]
        self.at += 1
        match step.name:
            case "{":
                step.block = self.parse(inside=True)
            case "s":
                self.substitute(step)
            case "y":
                mark = self.text[self.at]
                self.at += 1
                step.text = encode(unescape(self.until(mark)))
                step.flags = unescape(self.until(mark))
                if len(step.text) != len(encode(step.flags)):
                    raise UsageError("y: strings of different lengths")
            case "a" | "i" | "c":
                text = self.rest_of_line().lstrip(" \t").removeprefix("\\").lstrip("\n")
                step.text = encode(unescape(text))
            case ":" | "b" | "t" | "T":
                step.label = self.word()
            case "p" | "d" | "D" | "P" | "n" | "N" | "q" | "Q" | "g" | "G" | "h" | "H" | "x" | "=" | "l":
                pass
            case _:
                raise UsageError(f"bad command '{step.name}'")
        return step

    def substitute(self, step: Step) -> None:
        mark = self.text[self.at : self.at + 1]
        if not mark or mark in "\\\n":
            raise UsageError("bad s///")
        self.at += 1
        pattern, new = self.until(mark), self.until(mark)
        match = re.compile(r"[gpiIm0-9]*").match(self.text, self.at)
        step.flags = match[0] if match else ""
        self.at += len(step.flags)
        fold = "i" in step.flags.lower()
        step.pattern = compiled(pattern, extended=self.extended, fold=fold)
        step.text = encode(new)

    def until(self, mark: str) -> str:
        found = []
        inside = False
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == "\\" and self.at < len(self.text):
                follower = self.text[self.at]
                self.at += 1
                found.append(follower if follower == mark and mark not in "&" else char + follower)
                continue
            if char == "[" and not inside:
                inside = "]" in self.text[self.at :]
            elif char == "]":
                inside = False
            if char == mark and not (inside and mark not in self.text[self.at - 1 : self.at]):
                return "".join(found)
            found.append(char)
        raise UsageError(f"unfinished s{mark}")

    def address(self) -> Address | None:
        self.skip(" \t")
        match = re.compile(r"\d+(?:~\d+)?").match(self.text, self.at)
        if match:
            self.at = match.end()
            return int(match[0]) if match[0].isdecimal() else match[0]
        if self.take("$"):
            return "$"
        if self.take("+"):
            count = re.compile(r"\d+").match(self.text, self.at)
            self.at += len(count[0]) if count else 0
            return "+" + (count[0] if count else "0")
        if self.take("/"):
            return compiled(self.until("/"), extended=self.extended)
        return None

    def take(self, char: str) -> bool:
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def skip(self, chars: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in chars:
            self.at += 1

    def word(self) -> str:
        self.skip(" \t")
        match = re.compile(r"[^\s;}]*").match(self.text, self.at)
        found = match[0] if match else ""
        self.at += len(found)
        return found

    def rest_of_line(self) -> str:
        end = self.text.find("\n", self.at)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("\n", end + 1)
        end = len(self.text) if end < 0 else end
        found = self.text[self.at : end]
        self.at = end
        return found


class _Editor:
    """Runs a script over lines."""

    def __init__(self, steps: list[Step], quiet: bool) -> None:
        self.steps = steps
        self.quiet = quiet
        self.space = b""
        self.hold = b""
        self.number = 0
        self.rows: list[bytes] = []
        self.out = bytearray()
        self.append: list[bytes] = []
        self.replaced = False
        self.count = 0

    async def run(self, data: bytes, out: Writer) -> None:
        self.rows = data.split(b"\n")
        if self.rows[-1] == b"":
            self.rows.pop()
        ended = data.endswith(b"\n") or not data
        restart = False
        while restart or self.number < len(self.rows):
            if not restart:
                self.space = self.rows[self.number]
                self.number += 1
            restart = False
            stop = False
            try:
                self.execute(self.steps)
            except _Next as jump:
                stop, restart = jump.end, jump.restart
            else:
                self.print_space()
            self.out += b"".join(text + b"\n" for text in self.append)
            self.append.clear()
            if len(self.out) > 65536:
                await out.write(bytes(self.out))
                self.out.clear()
            if stop:
                break
        text = bytes(self.out)
        await out.write(text if ended or self.number < len(self.rows) else text.removesuffix(b"\n"))

    def print_space(self) -> None:
        if not self.quiet:
            self.out += self.space + b"\n"

    def execute(self, steps: list[Step]) -> None:
        at = 0
        while at < len(steps):
            self.count += 1
            if self.count > MAX_STEPS:
                raise UsageError("the script does not end")
            step = steps[at]
            at += 1
            if self.selected(step) == step.negate:
                continue
            if step.name in "btT":
                if step.name == "b" or self.replaced == (step.name == "t"):
                    self.replaced = False
                    at = self.jump(steps, step.label)
                continue
            self.one(step)

    @staticmethod
    def jump(steps: list[Step], label: str) -> int:
        if not label:
            return len(steps)
        for index, step in enumerate(steps):
            if step.name == ":" and step.label == label:
                return index
        raise UsageError(f"no :{label}")

    def one(self, step: Step) -> None:
        match step.name:
            case "{":
                self.execute(step.block)
            case "s":
                self.substitute(step)
            case "y":
                self.space = self.space.translate(bytes.maketrans(step.text, encode(step.flags)))
            case "p":
                self.out += self.space + b"\n"
            case "P":
                self.out += self.space.partition(b"\n")[0] + b"\n"
            case "d":
                raise _Next
            case "D":
                _head, newline, rest = self.space.partition(b"\n")
                self.space = rest
                raise _Next(restart=bool(newline))
            case "q":
                self.print_space()
                raise _Next(end=True)
            case "Q":
                raise _Next(end=True)
            case "n" | "N":
                self.next_line(step.name)
            case "=":
                self.out += f"{self.number}\n".encode()
            case "a":
                self.append.append(step.text)
            case "i":
                self.out += step.text + b"\n"
            case "c":
                self.out += step.text + b"\n"
                raise _Next
            case "g" | "G":
                self.space = self.hold if step.name == "g" else self.space + b"\n" + self.hold
            case "h" | "H":
                self.hold = self.space if step.name == "h" else self.hold + b"\n" + self.space
            case "x":
                self.space, self.hold = self.hold, self.space
            case "l":
                self.out += ascii(decode(self.space))[1:-1].encode() + b"$\n"

    def next_line(self, name: str) -> None:
        if self.number >= len(self.rows):
            self.print_space()
            raise _Next(end=True)
        following = self.rows[self.number]
        self.number += 1
        if name == "n":
            self.print_space()
            self.space = following
        else:
            self.space += b"\n" + following

    def substitute(self, step: Step) -> None:
        assert step.pattern is not None
        digits = re.search(r"\d+", step.flags)
        wanted = int(digits[0]) if digits else 1
        seen = 0

        def replace(match: re.Match[bytes]) -> bytes:
            nonlocal seen
            seen += 1
            if seen < wanted or (seen > wanted and "g" not in step.flags):
                return match[0]
            return _filled(step.text, match)

        self.space = step.pattern.sub(replace, self.space)
        if seen >= wanted:
            self.replaced = True
            if "p" in step.flags:
                self.out += self.space + b"\n"

    def selected(self, step: Step) -> bool:
        if step.start is None:
            return True
        if step.end is None:
            return self.fits(step.start)
        if not step.active:
            if not self.fits(step.start):
                return False
            step.active = True
            if isinstance(step.end, str) and step.end.startswith("+"):
                step.until = self.number + int(step.end[1:])
            elif isinstance(step.end, int):
                step.until = step.end
            else:
                return True
            step.active = self.number < step.until
            return True
        if step.until:
            step.active = self.number < step.until
        elif self.fits(step.end):
            step.active = False
        return True

    def fits(self, address: Address) -> bool:
        if isinstance(address, int):
            return self.number == address
        if isinstance(address, str):
            if address == "$":
                return self.number == len(self.rows)
            first, _, step = address.partition("~")
            return int(step) > 0 and self.number >= int(first) and (self.number - int(first)) % int(step) == 0
        return address.search(self.space) is not None


_ESCAPES: dict[bytes, bytes] = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}


def _filled(template: bytes, match: re.Match[bytes]) -> bytes:
    """The replacement with ``&``, groups and escapes put in."""

    def part(found: re.Match[bytes]) -> bytes:
        if found[0] == b"&":
            return match[0]
        char = found[1]
        if char.isdigit():
            try:
                return match[int(char)] or b""
            except IndexError:
                return b""
        return _ESCAPES.get(char, char)

    return re.sub(rb"\\(.)|&", part, template, flags=re.DOTALL)
