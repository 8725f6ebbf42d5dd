"""The server beside what it is held against: CPU, latency, slow and dead readers, memory, decoding.

Every side runs in a process of its own on one core, the load (`load.py`) on another, in turns within each
round. A ratio is the median of the rounds' ratios: machines are noisy, and noise meets both sides of a round.
CPU is user and system time of the whole serving process, for each message that arrived. Run it as
``python tests/benchmarks/bench_server.py [--quick] [case ...]``; it fails when a target is missed.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import re
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from load import Load, Reader
from sides import DEVICE, PATH, Beat, Serving, merged, serving, stamp_of, steady

from execmon_lab.protocol import decode_client
from execmon_lab.server import Settings

COMPRESSED = "uvicorn as it comes"
QUICK_UVICORNS = ("uvicorn, no compression", "uvicorn, no compression, in turn")
NEEDED = ("pydantic", "starlette", "uvicorn")
MIB = 1024 * 1024
_NOTICE = re.compile(r"(\d+) log entr(?:y was|ies were) shed")


@dataclass(frozen=True)
class Scale:
    """How long everything takes."""

    rounds: int = 6
    cpu_seconds: float = 0.7
    latency_rounds: int = 5
    latency_seconds: float = 3.0
    stall_seconds: float = Settings().pong_seconds
    idle: int = 1000


QUICK = Scale(rounds=3, cpu_seconds=0.5, latency_rounds=3, latency_seconds=2.0, stall_seconds=4.0)


@dataclass
class Table:
    """What was measured, each figure with its target."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    missed: int = 0

    def title(self, text: str) -> None:
        """Begin a section."""
        print(f"\n{text}", flush=True)

    def row(self, name: str, value: float, unit: str, most: float | None = None, note: str = "") -> None:
        """Print a figure that may be `most` at most; None where it is there for comparison alone."""
        target = "" if most is None else f"at most {most:g}"
        self._print(name, f"{value:.4g} {unit}", target, most is None or value <= most, note)

    def at_least(self, name: str, value: float, unit: str, least: float) -> None:
        """Print a figure that must be `least` at least."""
        self._print(name, f"{value:.4g} {unit}", f"at least {least:g}", value >= least, "")

    def _print(self, name: str, value: str, target: str, met: bool, note: str) -> None:
        self.missed += not met
        verdict = "" if not target else "ok" if met else "MISSED"
        print(f"  {name:<46}{value:>14}   {target:<15}{verdict:<8}{note}".rstrip(), flush=True)


@contextlib.contextmanager
def loaded(side: str, consumers: int, nap: float = 0.0, **options: Any) -> Iterator[tuple[Serving, Load]]:
    """Run a side with consumers that all view the preview; `options` are the server's settings."""
    with serving(side, SERVER_CORE, **options) as server:
        load = Load(nap)
        try:
            for _ in range(consumers):
                viewer(load, server, deflate=True)
            load.settle()
            yield server, load
        finally:
            load.close()


def viewer(load: Load, server: Serving, **options: Any) -> Reader:
    """Connect one more, and have it ask for the preview where it must be asked for."""
    reader = load.add(Reader(server.port, PATH if server.name == "ours" else "/", **options))
    if server.name == "ours":
        reader.say(type="start_preview", device_id=DEVICE)
    return reader


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


# The cases


def cpu(table: Table, scale: Scale) -> None:
    """Server CPU for each delivered message, 100 connections; each offers compression, as browsers do."""
    sides = ("ours", "raw", "broadcast", COMPRESSED, *QUICK_UVICORNS)
    kinds: dict[str, tuple[Any, float, int]] = {
        "frame": ("frame", 15, 1),
        "log": ("log", 500, 10),
        "log, singly": ("log", 500, 1),
    }
    costs: dict[str, dict[str, list[float]]] = {name: {side: [] for side in sides} for name in kinds}
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(loaded(side, 100, nap=0.004)) for side in sides]
        for turn in range(scale.rounds + 1):
            for name, (kind, rate, burst) in kinds.items():
                beats = steady(kind, rate, scale.cpu_seconds, burst)
                for server, load in running:
                    # What compresses cannot keep up with the others' rate.
                    programme = beats[: max(1, len(beats) // 10)] if server.name == COMPRESSED else beats
                    if turn == 0:  # the kernel's buffers must first grow to the messages' size
                        load.ask(server.pipe, programme)
                        load.settle(0.06)
                    else:
                        costs[name][server.name].append(cpu_each(server, load, programme))
    targets = {"frame": (1.15, 0.85, 0.4), "log": (1.3, 0.65, 0.4), "log, singly": (1.3, None, None)}
    for name, by_side in costs.items():
        table.title(f"CPU for each delivered {name}, 100 connections, {scale.rounds} rounds")
        for side in sides:
            each = [seconds * 1e6 for seconds in by_side[side]]
            table.row(side, statistics.median(each), "us", note=f"{min(each):.3g} to {max(each):.3g}")
        raw, broadcast, uvicorn = targets[name]
        for side, most in zip(sides[1:], (raw, broadcast, uvicorn, uvicorn, uvicorn), strict=True):
            note = "it deflates for each consumer" if side == COMPRESSED else ""
            table.row(f"ours / {side}", ratio(by_side["ours"], by_side[side]), "", most, note)
        for side in ("broadcast", *QUICK_UVICORNS):
            table.row(f"raw / {side}", ratio(by_side["raw"], by_side[side]), "", note="one write each")


def cpu_each(server: Serving, load: Load, beats: list[Beat]) -> float:
    """Play a programme; return CPU seconds of the server for each message that arrived."""
    before, arrived = load.ask(server.pipe, "cpu"), load.frames + load.small
    load.ask(server.pipe, beats)
    load.settle(0.06)
    arrived = load.frames + load.small - arrived
    expected = sum(beat.count for beat in beats) * len(load.readers)
    if arrived < 0.9 * expected:
        raise RuntimeError(f"{server.name}: {arrived} of {expected} messages came; too high a load for here")
    return float(load.ask(server.pipe, "cpu") - before) / arrived


def latency(table: Table, scale: Scale) -> None:
    """From publication to the last byte, 50 connections at 15 frames a second."""
    sides = ("ours", "raw", "broadcast")
    late: dict[str, list[float]] = {side: [] for side in sides}
    middle: dict[str, list[float]] = {side: [] for side in sides}
    ages: list[int] = []

    def note_age(prefix: bytes, now: int) -> None:
        ages.append(now - stamp_of(prefix))

    with contextlib.ExitStack() as stack:
        running = []
        for side in sides:
            server, load = stack.enter_context(loaded(side, 0))
            for _ in range(50):
                viewer(load, server, on_frame=note_age)
            load.settle()
            running.append((server, load))
        for turn in range(scale.latency_rounds + 1):
            for server, load in running:
                ages.clear()
                load.ask(server.pipe, steady("frame", 15, scale.latency_seconds if turn else 1))
                load.settle()
                if turn:
                    ages.sort()
                    middle[server.name].append(ages[len(ages) // 2] / 1e6)
                    late[server.name].append(ages[len(ages) * 99 // 100] / 1e6)
    table.title(f"Latency, 50 connections x 15 frames/s x 150 KB, {scale.latency_rounds} rounds")
    for side in sides:
        note = f"p50 {statistics.median(middle[side]):.3g}"
        table.row(f"{side}, p99", statistics.median(late[side]), "ms", note=note)
    table.row("ours / raw, p99", ratio(late["ours"], late["raw"]), "", 1.2)
    table.row("ours / broadcast, p99", ratio(late["ours"], late["broadcast"]), "")


def dead(table: Table, scale: Scale) -> None:
    """One of 50 stops reading, and says nothing more."""
    limit = scale.stall_seconds
    with loaded("ours", 50, pong_seconds=limit) as (server, load):
        before = load.ask(server.pipe, merged(steady("frame", 15, 2), steady("sample", 10, 2))).samples
        load.settle()
        silent = load.readers.pop()
        load.stop_reading(silent)
        arrived = load.frames
        frames = steady("frame", 15, limit + 3)
        after = load.ask(server.pipe, merged(frames, steady("sample", 10, limit + 3))).samples
        load.settle()
        silent.socket.close()
        share = (load.frames - arrived) / (len(frames) * len(load.readers))
    grown = max(look.resident for look in after) - statistics.median(look.resident for look in before)
    gone = next((look.at for look in after if look.sockets < before[-1].sockets), float("inf"))
    table.title(f"One dead reader among 50, 15 frames/s, stall limit {limit:g} s")
    table.at_least("frames that the others got", share * 100, "%", 99)
    table.row("growth of the server's memory", grown / MIB, "MiB", 2)
    table.row("the dead one is gone after", gone, "s", limit + 1.2, "the server looks once a second")


def slow(table: Table, scale: Scale) -> None:
    """A reader at 500 KB/s is sent 2.3 MB/s; afterwards a storm of logs, and the end."""
    seconds = 8.0
    beats = merged(steady("frame", 15, seconds), steady("log", 100, seconds), steady("step", 5, seconds))
    storm = merged(steady("frame", 15, 2), steady("storm", 5000, 2, burst=50), steady("step", 5, 2))
    storm += steady("end", 1, 1, begin=2)
    whole, last = {}, {}
    for side in ("ours", "broadcast"):
        ages: list[tuple[int, int]] = []
        received: list[bytes] = []
        with loaded(side, 0) as (server, load):
            reader = viewer(
                load,
                server,
                bytes_per_second=500_000,
                on_frame=lambda prefix, now, ages=ages: ages.append((now, now - stamp_of(prefix))),
                on_small=received.append,
            )
            load.settle(most=1.0)
            played = load.ask(server.pipe, beats)
            ended = ages[-1][0]
            whole[side] = statistics.median(age for _, age in ages) / 1e9
            last[side] = statistics.median(age for now, age in ages if now > ended - 2e9) / 1e9
            if side == "ours":
                steps = played.steps + load.ask(server.pipe, storm).steps
                load.unpace(reader)
                load.settle(1.0)
                messages = [json.loads(payload) for payload in received]
    table.title("One reader at 500 KB/s, 15 frames/s, 100 logs/s, 5 steps/s")
    for side in ("ours", "broadcast"):
        note = f"over all {whole[side]:.3g}"
        table.row(f"{side}, age of frames after 8 s, p50", last[side], "s", note=note)
    table.row("ours / broadcast, after 8 s", last["ours"] / last["broadcast"], "", 0.2)
    table.row("ours / broadcast, over all", whole["ours"] / whole["broadcast"], "")
    published = sum(beat.count for beat in beats + storm if beat.kind in ("log", "storm"))
    losses(table, published, steps, messages)


def losses(table: Table, published: int, steps: list[str], messages: list[dict[str, Any]]) -> None:
    """Count what the slow reader got in the end, after 5,000 log entries a second for two seconds."""
    got = [message["step_id"] for message in messages if message["type"] == "step_completed"]
    lost = len(set(steps) - set(got))
    table.row("guaranteed messages lost", lost, "", 0, f"of {len(steps)}")
    table.row("or out of their order, or twice", float(lost == 0 and got != steps), "", 0)
    table.row("the end lost", float(messages[-1]["type"] != "execution_completed"), "", 0)
    logs = [message["message"] for message in messages if message["type"] == "log_entry"]
    notices = [notice for notice in map(_NOTICE.fullmatch, logs) if notice]
    came, shed = len(logs) - len(notices), sum(int(notice[1]) for notice in notices)
    table.row("logs that neither came nor were counted", published - came - shed, "", 0, f"of {published}")
    table.row("logs shed and counted", shed, "")


def idle(table: Table, scale: Scale) -> None:
    """What a connection costs that does nothing."""
    table.title(f"{scale.idle} idle connections")
    for side, most in (("ours", 18.0), ("broadcast", None), ("raw", None)):
        with serving(side, SERVER_CORE) as server:
            load = Load()
            path = PATH if side == "ours" else "/"
            for _ in range(100):
                load.add(Reader(server.port, path))
            load.settle()
            before = load.ask(server.pipe, "resident")
            for _ in range(scale.idle):
                load.add(Reader(server.port, path))
            load.settle(1.0)
            each = (load.ask(server.pipe, "resident") - before) / scale.idle
            alive = sum(reader.open for reader in load.readers)
            load.close()
        if alive != scale.idle + 100:
            raise RuntimeError(f"{side}: {scale.idle + 100 - alive} connections were lost")
        table.row(f"{side}, each", each / 1024, "KiB", most)


def decoding(table: Table, scale: Scale) -> None:
    """The validated decoding of what a client may say."""
    from pydantic import BaseModel, Field, TypeAdapter

    class SubscribeDevice(BaseModel):
        type: Literal["subscribe_device"]
        device_id: str

    class UnsubscribeDevice(BaseModel):
        type: Literal["unsubscribe_device"]
        device_id: str

    class StartPreview(BaseModel):
        type: Literal["start_preview"]
        device_id: str
        quality: Literal["low", "medium", "high"] = "medium"
        only_changes: bool = False

    class StopPreview(BaseModel):
        type: Literal["stop_preview"]
        device_id: str

    class Ack(BaseModel):
        type: Literal["ack"]
        seq: Annotated[int, Field(ge=0)]

    union = SubscribeDevice | UnsubscribeDevice | StartPreview | StopPreview | Ack
    tagged = Annotated[union, Field(discriminator="type")]
    theirs: Callable[[bytes], object] = TypeAdapter(tagged).validate_json
    messages = [
        b'{"type":"subscribe_device","device_id":"emulator-5554"}',
        b'{"type":"start_preview","device_id":"emulator-5554","quality":"medium"}',
        b'{"type":"stop_preview","device_id":"emulator-5554"}',
        b'{"type":"ack","seq":1234}',
    ]

    def seconds(decode: Callable[[bytes], object]) -> float:
        def all_messages() -> None:
            for message in messages:
                decode(message)

        return timeit.timeit(all_messages, number=5000) / 5000 / len(messages)

    times = [(seconds(decode_client), seconds(theirs)) for _ in range(15)]
    ours, peer = [list(column) for column in zip(*times, strict=True)]
    table.title("Validated decoding of a client's message")
    table.row("ours", statistics.median(ours) * 1e6, "us")
    table.row("pydantic", statistics.median(peer) * 1e6, "us")
    table.row("ours / pydantic", ratio(ours, peer), "", 0.4)


CASES: dict[str, Callable[[Table, Scale], None]] = {
    "cpu": cpu,
    "latency": latency,
    "dead": dead,
    "slow": slow,
    "idle": idle,
    "decoding": decoding,
}
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


def main() -> int:
    """Run the cases and print their tables; 1 when a target is missed, 2 when they cannot be run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds; a stall limit of 4 s")
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    arguments = parser.parse_args()
    unknown = [case for case in arguments.cases if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]!r}; there are {', '.join(CASES)}")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"install what is measured against: pip install {' '.join(missing)}", file=sys.stderr)
        return 2
    if len(CORES) < 2:
        print("two cores are needed: one for the server, one for the load", file=sys.stderr)
        return 2
    os.sched_setaffinity(0, {LOAD_CORE})
    began = time.monotonic()
    table = Table()
    for name in arguments.cases or CASES:
        CASES[name](table, QUICK if arguments.quick else Scale())
    print(f"\n{table.missed} targets missed, {time.monotonic() - began:.0f} s")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
