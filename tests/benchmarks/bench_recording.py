"""What a recording costs while nobody watches, as JPEG and as H.264, and how soon a picture of it is found.

Each way has its turn within each round; a ratio is the median of the rounds' ratios. Run it as
``python tests/benchmarks/bench_recording.py [--quick]``; it fails when a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from execmon_lab.devices import Device, DevicePool
from execmon_lab.preview import PreviewService, ScrcpySource, ScreencapSource, Source
from execmon_lab.preview.recording import Keep, Recorder, Recording, Track, TrackWriter, track_path
from execmon_lab.preview.recording.track import Packet
from tests.benchmarks.preview_rig import MOTION, lab, load, missed, row

SIZE = (720, 1280)


def recorded(rounds: int, seconds: float) -> None:
    """Measure what a run with nobody watching pays to be scrubbed later, and how quick that is."""
    keep = Keep()
    print(
        f"\nA recording of 720x1280, nobody watching (JPEG: {keep.quality}, {keep.fps:g}/s): CPU, % of a core"
    )
    sides = {
        "screencap, JPEG": (ScreencapSource, keep),
        "scrcpy, JPEG": (ScrcpySource, Keep(h264=False)),
        "scrcpy, H.264 as it came": (ScrcpySource, keep),
    }
    with lab(SIZE) as (server, phone, pool, device), tempfile.TemporaryDirectory() as folder:
        session = device.session()
        processes = {"here": os.getpid(), "adb": server.pid, "phone": phone.pid}
        for screen, action in (("still", "input keyevent HOME"), ("moving", MOTION)):
            session.shell(action)
            here: dict[str, list[float]] = {name: [] for name in sides}
            for turn in range(rounds):
                for name, (source, how) in sides.items():
                    path = Path(folder) / f"{screen}-{name}-{turn}"
                    used, told = recording(pool, device, source, how, path, processes, seconds)
                    here[name].append(max(used["here"], 0.01))
                    if turn == rounds - 1:
                        more = sum(used.values())
                        row(
                            f"{screen}, {name}",
                            f"{statistics.median(here[name]):6.1f} here, {more:6.1f} in all   {told}",
                        )
            jpeg, video = here["scrcpy, JPEG"], here["scrcpy, H.264 as it came"]
            ratio = statistics.median(b / a for a, b in zip(jpeg, video, strict=True))
            row(f"{screen}, H.264 to JPEG, here", f"{ratio:6.2f}  (less than 1)", ratio < 1)
        packets = list(Track(track_path(path, device.serial)).packets(0.0, time.time()))
    for kind in ("JPEG", "H.264"):
        with tempfile.TemporaryDirectory() as folder:
            long_recording(Path(folder), packets if kind == "H.264" else [])
            scrubbing(Recording(folder), f"10 minutes of {kind} that moved all the time")


def recording(
    pool: DevicePool,
    device: Device,
    source: Callable[[Device], Source],
    keep: Keep,
    path: Path,
    processes: dict[str, int],
    seconds: float,
) -> tuple[dict[str, float], str]:
    """Record a device; return the CPU that it took, and what was kept."""
    with PreviewService(pool, source=source) as previews:
        recorder = Recorder(previews, [device.serial], path, keep, lambda *said: print(*said))
        recorder.start()
        time.sleep(1.5)
        used = load(processes, seconds)
        recorder.close()
    marks = Recording(path).index(device.serial)
    size = sum(file.stat().st_size for file in path.iterdir())
    return used, f"{len(marks)} pictures, {size / 1024:.0f} KiB"


def long_recording(folder: Path, packets: Sequence[Packet]) -> None:
    """Write ten minutes of pictures that are as large as a phone's: of these packets, or as JPEG."""
    rng = random.Random(1)
    writer = TrackWriter(track_path(folder, "R58M"), "R58M", Keep().max_bytes)
    coming = itertools.cycle(packets)
    for tick in range(10 * 60 * 12):
        if packets:
            packet = next(coming)
            writer.append_video(tick / 12, (720, 1280), packet.data, key=packet.key)
        else:
            writer.append(tick / 12, (720, 1280), rng.randbytes(40_000))
    writer.close()


def scrubbing(recording: Recording, what: str) -> None:
    """Measure how soon a picture of a recording is at hand: anywhere, and by little steps forth and back."""
    rng, serial = random.Random(1), "R58M"
    began = time.perf_counter()
    marks = recording.index(serial)
    print(f"\nA recording of {what}, {len(marks)} pictures kept: ms")
    row("to open it and have its index", f"{(time.perf_counter() - began) * 1000:8.2f}")
    first, last = marks[0].at, marks[-1].at
    anywhere = [rng.uniform(first, last) for _ in range(200)]
    steps = [first + step / 12 for step in (*range(150), *reversed(range(150)))]
    for name, moments, target in (("anywhere", anywhere, 100.0), ("step by step", steps, 20.0)):
        times = []
        for at in moments:
            began = time.perf_counter()
            recording.frame_at(serial, at)
            times.append((time.perf_counter() - began) * 1000)
        median, worst = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
        text = f"{median:8.3f}   (99 in 100 within {worst:.1f}; half within {target:g})"
        row(f"the picture of a moment, {name}", text, median < target)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    recorded(2 if quick else 3, 2.0 if quick else 4.0)
    if missed:
        print("\nmissed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
