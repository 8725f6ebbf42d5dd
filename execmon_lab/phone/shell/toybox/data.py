"""Commands that encode, sum up and compare bytes."""

from __future__ import annotations

import base64
import difflib
import gzip
import hashlib
import re
import textwrap
import zlib
from collections.abc import Callable

from execmon_lab.phone.shell.process import Process, Reader, encode
from execmon_lab.phone.shell.redirect import open_reader
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.shell.toybox.inputs import Inputs, failed, read_all, tool
from execmon_lab.phone.shell.toybox.options import UsageError, options, size

MAX_BLOCK = 16 * 1024 * 1024
_DD_WORDS = frozenset(
    ("if", "of", "bs", "ibs", "obs", "count", "skip", "seek", "conv", "status", "iflag", "oflag")
)


@command("base64")
@tool
async def _base64(process: Process) -> int:
    given = options(process, "diw:")
    data, status = await read_all(process, given.arguments)
    if "d" in given:
        text = re.sub(rb"[^A-Za-z0-9+/=]", b"", data)
        await process.write(base64.b64decode(text + b"=" * (-len(text) % 4)))
        return status
    width = given.number("w", 76)
    encoded = base64.b64encode(data).decode()
    await process.print("\n".join(textwrap.wrap(encoded, width)) if width else encoded)
    return status


@command("md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum")
@tool
async def _sum(process: Process) -> int:
    given = options(process, "bc:", long=("status",))
    algorithm = process.name.removesuffix("sum")
    inputs = Inputs(process, given.arguments)
    async for name, reader in inputs:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        while data := await reader.read(1 << 20):
            digest.update(data)
        await process.print(digest.hexdigest() if "b" in given else f"{digest.hexdigest()}  {name}")
    return inputs.status


@command("cksum", "crc32")
@tool
async def _crc(process: Process) -> int:
    inputs = Inputs(process, options(process, "HILPN").arguments)
    async for name, reader in inputs:
        data = await reader.read()
        crc = zlib.crc32(data)
        await process.print(f"{crc:08x}" if process.name == "crc32" else f"{crc} {len(data)} {name}")
    return inputs.status


@command("gzip", "gunzip", "zcat")
@tool
async def _gzip(process: Process) -> int:
    given = options(process, "cdfk123456789")
    unpack = "d" in given or process.name != "gzip"
    work: Callable[[bytes], bytes] = gzip.decompress if unpack else gzip.compress
    status = 0
    for name in given.arguments or ["-"]:
        try:
            source = process.stdin if name == "-" else open_reader(process.files, process.path(name))
            result = work(await source.read())
        except (gzip.BadGzipFile, EOFError, zlib.error):
            status = await process.fail(f"{process.name}: {name}: bad file")
            continue
        except OSError as error:
            status = await failed(process, name, error)
            continue
        if name == "-" or "c" in given or process.name == "zcat":
            await process.write(result)
            continue
        target = name.removesuffix(".gz") if unpack else name + ".gz"
        process.files.write(process.path(target), result)
        if "k" not in given:
            process.files.remove(process.path(name))
    return status


@command("dd")
@tool
async def _dd(process: Process) -> int:
    words = dict(word.partition("=")[::2] for word in process.argv[1:])
    unknown = set(words) - _DD_WORDS
    if unknown:
        raise UsageError(f"bad arg '{sorted(unknown)[0]}'")
    block = size(words.get("bs") or words.get("ibs") or "512")
    if not 0 < block <= MAX_BLOCK:
        raise UsageError(f"bad bs '{words['bs']}'")
    count = size(words["count"]) if "count" in words else -1
    skip, seek = size(words.get("skip", "0")) * block, size(words.get("seek", "0")) * block
    files = process.files
    target = process.path(words["of"]) if "of" in words else ""
    try:
        reader: Reader = open_reader(files, process.path(words["if"])) if "if" in words else process.stdin
        if target:
            keep = files.read(target)[:seek] if seek and files.exists(target) else b""
            tail = files.read(target) if "notrunc" in words.get("conv", "") and files.exists(target) else b""
            files.write(target, keep.ljust(seek, b"\0"))
    except OSError as error:
        return await process.fail(f"dd: {words.get('if') or words.get('of')}: {error.strerror}")
    await _exactly(reader, skip)
    total = blocks = 0
    while count < 0 or blocks < count:
        data = await _exactly(reader, block)
        if not data:
            break
        blocks += 1
        total += len(data)
        if target:
            files.write(target, data, append=True)
        else:
            await process.write(data)
    if target and len(tail) > seek + total:
        files.write(target, tail[seek + total :], append=True)
    if words.get("status") not in ("none", "noxfer"):
        whole, part = total // block, int(total % block > 0)
        lines = f"{whole}+{part} records in\n{whole}+{part} records out\n{total} bytes copied\n"
        await process.stderr.write(encode(lines))
    return 0


async def _exactly(reader: Reader, count: int) -> bytes:
    parts = []
    while count > 0 and (data := await reader.read(min(count, 1 << 20))):
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


@command("xxd", "hexdump", "od")
@tool
async def _xxd(process: Process) -> int:
    given = options(process, "c:g:l:pruis:Cvn:A:t:x")
    data, status = await read_all(process, given.arguments[:1])
    if "r" in given:
        rows = [data] if "p" in given else [_hex_column(row) for row in data.splitlines()]
        text = re.sub(rb"\s", b"", b"".join(rows))
        await process.write(bytes.fromhex(text.decode(errors="replace")))
        return status
    skip = given.number("s", 0)
    limit = given.number("l", given.number("n", len(data)))
    data = data[skip : skip + limit]
    shown = []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        if "p" in given:
            shown.append(piece.hex())
            continue
        column = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        pairs = " ".join(piece[i : i + 2].hex() for i in range(0, len(piece), 2))
        shown.append(f"{at + skip:08x}: {pairs:<39}  {column}")
    if shown:
        await process.print("\n".join(shown))
    return status


def _hex_column(row: bytes) -> bytes:
    return re.sub(rb"\s", b"", row.partition(b": ")[2].partition(b"  ")[0])


@command("cmp")
@tool
async def _cmp(process: Process) -> int:
    given = options(process, "ls")
    if len(given.arguments) != 2:
        raise UsageError("Needs 2 arguments")
    first, second = [(await read_all(process, [name]))[0] for name in given.arguments]
    if first == second:
        return 0
    at = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    if "s" not in given:
        if at is None:
            shorter = given.arguments[len(first) > len(second)]
            await process.stderr.write(encode(f"cmp: EOF on {shorter}\n"))
        else:
            line = first[:at].count(b"\n") + 1
            await process.print(f"{' '.join(given.arguments)} differ: char {at + 1}, line {line}")
    return 1


@command("diff")
@tool
async def _diff(process: Process) -> int:
    given = options(process, "uqrabBNwU:")
    if len(given.arguments) != 2:
        raise UsageError("Needs 2 arguments")
    texts = []
    for name in given.arguments:
        data, status = await read_all(process, [name])
        if status:
            return 2
        texts.append(data.decode(errors="surrogateescape").splitlines(keepends=True))
    if texts[0] == texts[1]:
        return 0
    if "q" in given:
        await process.print(f"Files {given.arguments[0]} and {given.arguments[1]} differ")
        return 1
    names = given.arguments
    found = difflib.unified_diff(texts[0], texts[1], names[0], names[1], n=given.number("U", 3))
    await process.write(encode("".join(line if line.endswith("\n") else line + "\n" for line in found)))
    return 1


@command("strings")
@tool
async def _strings(process: Process) -> int:
    given = options(process, "an:fot:")
    data, status = await read_all(process, given.arguments)
    shortest = max(1, given.number("n", 4))
    for match in re.finditer(rb"[\t -~]{%d,}" % shortest, data):
        await process.write(match[0] + b"\n")
    return status
