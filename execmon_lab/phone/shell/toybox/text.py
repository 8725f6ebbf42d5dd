"""Commands that pass text on: whole, in part, or counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from execmon_lab.phone.pipe import Source
from execmon_lab.phone.shell.process import Process, Reader, Writer, decode, encode, lines
from execmon_lab.phone.shell.redirect import open_writer
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import Inputs, failed, read_all, tool
from execmon_lab.phone.shell.toybox.options import Options, UsageError, options, size

BLOCK = 64 * 1024
POLL = 0.1
"""Seconds between two looks at a file that ``tail -f`` follows."""


@command("cat")
@tool
async def _cat(process: Process) -> int:
    given = options(process, "uvteAns")
    inputs = Inputs(process, given.arguments)
    number = 0
    async for _, reader in inputs:
        if "n" not in given:
            while data := await reader.read(BLOCK):
                await process.write(data)
            continue
        async for line in lines(reader):
            number += 1
            await process.write(f"{number:6}\t".encode() + line)
    return inputs.status


@command("head")
@tool
async def _head(process: Process) -> int:
    given = _with_count(process, "n:c:qv")
    inputs = Inputs(process, given.arguments)
    titled = (len(given.arguments) > 1 and "q" not in given) or "v" in given
    first = True
    async for name, reader in inputs:
        if titled:
            await process.print(f"{'' if first else chr(10)}==> {name} <==")
            first = False
        if "c" in given:
            await _head_bytes(process, reader, size(given["c"]))
        else:
            await _head_lines(process, reader, int(given.get("n", "10")))
    return inputs.status


def _with_count(process: Process, flags: str) -> Options:
    """Options where ``-5`` stands for ``-n 5``."""
    argv = process.argv
    if len(argv) > 1 and argv[1][:1] == "-" and argv[1][1:].isdecimal():
        process.argv = [argv[0], "-n", argv[1][1:], *argv[2:]]
    given = options(process, flags)
    for name in ("n", "c"):
        size(given.get(name, "0").lstrip("+"))
    return given


async def _head_bytes(process: Process, reader: Reader, count: int) -> None:
    if count < 0:
        await process.write((await reader.read())[:count])
        return
    while count > 0 and (data := await reader.read(min(count, BLOCK))):
        await process.write(data)
        count -= len(data)


async def _head_lines(process: Process, reader: Reader, count: int) -> None:
    if count < 0:
        await process.write(b"".join((await reader.read()).splitlines(keepends=True)[:count]))
        return
    if count:
        async for line in lines(reader):
            await process.write(line)
            count -= 1
            if not count:
                return


@command("tail")
@tool
async def _tail(process: Process) -> int:
    given = _with_count(process, "n:c:fFqvs:")
    inputs = Inputs(process, given.arguments)
    async for name, reader in inputs:
        if len(given.arguments) > 1 and "q" not in given:
            await process.print(f"==> {name} <==")
        if "c" in given:
            count, from_start = size(given["c"]), given["c"].startswith("+")
            data = await reader.read()
            await process.write(data[count - 1 :] if from_start else data[-abs(count) :] if count else b"")
        else:
            await _tail_lines(process, reader, given.get("n", "10"))
    if ("f" in given or "F" in given) and given.arguments:
        await _follow(process, process.path(given.arguments[-1]))
    return inputs.status


async def _tail_lines(process: Process, reader: Reader, spec: str) -> None:
    if spec.startswith("+"):
        skip = int(spec) - 1
        async for line in lines(reader):
            if skip > 0:
                skip -= 1
            else:
                await process.write(line)
        return
    kept: deque[bytes] = deque(maxlen=abs(int(spec)))
    async for line in lines(reader):
        kept.append(line)
    await process.write(b"".join(kept))


async def _follow(process: Process, path: str) -> None:
    seen = process.files.stat(path).size
    while True:
        await asyncio.sleep(POLL)
        with contextlib.suppress(FileNotFoundError):
            if process.files.stat(path).size != seen:
                data = process.files.read(path)
                await process.write(data[seen if len(data) >= seen else 0 :])
                seen = len(data)


@command("wc")
@tool
async def _wc(process: Process) -> int:
    given = options(process, "lwcm")
    chosen = [letter for letter in "lwmc" if letter in given] or ["l", "w", "c"]
    inputs = Inputs(process, given.arguments)
    totals = [0] * len(chosen)
    count = 0
    async for name, reader in inputs:
        numbers = await _count(reader)
        row = [numbers[letter] for letter in chosen]
        totals = [a + b for a, b in zip(totals, row, strict=True)]
        await process.print(_counts(row, "" if name == "-" else name))
        count += 1
    if count > 1:
        await process.print(_counts(totals, "total"))
    return inputs.status


async def _count(reader: Reader) -> dict[str, int]:
    numbers = dict.fromkeys("lwcm", 0)
    inside = False
    while data := await reader.read(BLOCK):
        numbers["l"] += data.count(b"\n")
        numbers["c"] += len(data)
        numbers["m"] += sum(byte & 0xC0 != 0x80 for byte in data)
        words = len(data.split())
        if inside and not data[:1].isspace():
            words -= 1
        inside = not data[-1:].isspace()
        numbers["w"] += words
    return numbers


def _counts(row: Sequence[int], name: str) -> str:
    text = str(row[0]) if len(row) == 1 else "".join(f"{number:8}" for number in row)
    return f"{text} {name}".rstrip()


@command("tee")
@tool
async def _tee(process: Process) -> int:
    given = options(process, "ai")
    targets: list[Writer] = [process.stdout]
    status = 0
    for name in given.arguments:
        try:
            targets.append(open_writer(process.files, process.path(name), append="a" in given))
        except OSError as error:
            status = await failed(process, name, error)
    while data := await process.stdin.read(BLOCK):
        for target in targets:
            await target.write(data)
    return status


@command("tac", "rev")
@tool
async def _tac(process: Process) -> int:
    given = options(process, "")
    data, status = await read_all(process, given.arguments)
    rows = data.splitlines(keepends=True)
    if process.name == "tac":
        rows = rows[::-1]
    else:
        rows = [encode(decode(row.rstrip(b"\n"))[::-1]) + b"\n" for row in rows]
    await process.write(b"".join(rows))
    return status


@command("nl")
@tool
async def _nl(process: Process) -> int:
    given = options(process, "b:n:s:w:v:l:i:E")
    inputs = Inputs(process, given.arguments)
    number = 0
    async for _, reader in inputs:
        async for line in lines(reader):
            if line.strip() or given.get("b") == "a":
                number += 1
                await process.write(f"{number:6}\t".encode() + line)
            else:
                await process.write(b"       " + line)
    return inputs.status


@command("paste")
@tool
async def _paste(process: Process) -> int:
    given = options(process, "sd:")
    delimiter = encode(given.get("d", "\t"))
    columns = []
    inputs = Inputs(process, given.arguments)
    async for _, reader in inputs:
        columns.append((await reader.read()).splitlines())
    rows = columns if "s" in given else _transposed(columns)
    await process.write(b"".join(delimiter.join(row) + b"\n" for row in rows))
    return inputs.status


def _transposed(columns: list[list[bytes]]) -> list[list[bytes]]:
    height = max(map(len, columns), default=0)
    return [[column[row] if row < len(column) else b"" for column in columns] for row in range(height)]


@command("xargs")
@tool
async def _xargs(process: Process) -> int:
    given = options(process, "0prtn:s:I:L:P:E:", stop=True)
    data = await process.stdin.read()
    if "0" in given:
        words = [decode(item) for item in data.split(b"\0") if item]
    elif "I" in given:
        words = [line.strip() for line in decode(data).splitlines() if line.strip()]
    else:
        words = decode(data).split()
    base = given.arguments or ["echo"]
    status = 0
    for argv in _batches(base, words, given):
        if "t" in given:
            await process.stderr.write(encode(" ".join(argv) + "\n"))
        status = max(status, await _run_child(process, argv))
        if status == 255:
            return 124
    return 123 if 0 < status < 126 else status


def _batches(base: list[str], words: list[str], given: dict[str, str]) -> list[list[str]]:
    if "I" in given:
        return [[part.replace(given["I"], word) for part in base] for word in words]
    if not words:
        return [] if "r" in given else [base]
    step = int(given.get("n") or given.get("L") or len(words))
    if step < 1:
        raise UsageError("-n < 1")
    return [base + words[at : at + step] for at in range(0, len(words), step)]


async def _run_child(process: Process, argv: list[str]) -> int:
    child = Process(**{**vars(process), "argv": argv, "pid": 0, "stdin": Source(b"")})
    return await process.kernel.call(child)
