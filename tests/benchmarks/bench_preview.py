"""A preview's picture beside what users of adbutils write, and scrcpy beside screencap: CPU for each picture.

All sides look at the same phone in one run, in turns within each round; a ratio is the median of the rounds'
ratios, for machines are noisy, and noise meets both sides of a round. The sections on whole previews count
this process, the adb server and the phone together. Run it as
``python tests/benchmarks/bench_preview.py [--quick] [SECTION…]``; the sections are picture, unchanged,
carried, watchers, leaving, faults and whole. It fails when a target is missed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from execmon_lab.devices import AdbServer, Device, DevicePool, PrivateAdbServer, SessionClosed
from execmon_lab.engine import Plan, module
from execmon_lab.lab import Lab
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import (
    Frame,
    PreviewService,
    ScrcpySource,
    ScreencapSource,
    Source,
    VideoPacket,
    Wanted,
)
from execmon_lab.preview import source as capturing
from execmon_lab.preview.encode import PRESETS
from tests.benchmarks.preview_rig import MOTION, lab, load, missed, row, spent
from tests.benchmarks.replaying_phones import replaying
from tests.preview.tamper import Spoil, Tamper

SIZES = ((720, 1280), (1080, 1920))
SMALL = (540, 960)
QUALITY = PRESETS["medium"].jpeg_quality
RATIO_TARGET = 10.0
UNCHANGED_TARGET_MS = 1.0
LEAVING_TARGET_MS = 1000.0
FAULT_TARGET_MS = 2000.0
CARRIED = ((Wanted(max_fps=30), 30, 5), (Wanted(max_size=960), 15, 15))
"""What the device is asked for, frames a second that come, and devices that one core must carry."""
JPEGS = 15.0
"""That each of them is shown as, a second."""


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Return this process's CPU for one call, in milliseconds."""
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times * 1000


def users_way(server: PrivateAdbServer, serial: str) -> Callable[[], bytes]:
    """Return a picture as JPEG as it is commonly had: adbutils' screenshot, resized, saved."""
    device = server.client.device(serial)

    def shot() -> bytes:
        file = io.BytesIO()
        small = device.screenshot().convert("RGB").resize(SMALL, Image.Resampling.LANCZOS)
        small.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    return shot


def ours(source: Source, *, new: bool) -> Callable[[], bytes]:
    """Return a picture as JPEG from a source; where `new`, the next that differs."""

    def shot() -> bytes:
        while not (capture := source.capture()).changed and new:
            time.sleep(0.002)
        return capture.picture.jpeg("medium").data

    return shot


def one_picture(rounds: int) -> None:
    """Compare the ways to one picture."""
    size = SIZES[1]
    with lab(size) as (server, phone, _, device):
        session = device.session()
        users = users_way(server, phone.serial)
        raw, video = ScreencapSource(device), ScrcpySource(device)
        processes = {"here": os.getpid(), "adb": server.pid, "phone": phone.pid}
        for screen, action in (("home", "input keyevent HOME"), ("motion", MOTION)):
            print(f"\nOne picture of 1080x1920 ({screen}) as a JPEG of 540x960: CPU in ms")
            session.shell(action)
            sides = {
                "screencap -p, resize, JPEG (adbutils)": users,
                "screencap and JPEG": ours(raw, new=False),
            }
            if screen == "motion":
                sides["scrcpy and JPEG"] = ours(video, new=True)
            compare(sides, processes, rounds)
        raw.close()
        video.close()


def compare(sides: dict[str, Callable[[], bytes]], processes: dict[str, int], rounds: int) -> None:
    """Print what each side costs, here, and with the adb server and the phone."""
    here: dict[str, list[float]] = {name: [] for name in sides}
    everywhere: dict[str, list[float]] = {name: [] for name in sides}
    for shot in sides.values():
        shot()
    for _ in range(rounds):
        for name, shot in sides.items():
            shot()  # what a stream has gathered while the others had their turn is not this picture's
            with spent(processes) as used:
                here[name].append(cpu_ms(shot, 5))
            everywhere[name].append(max(sum(used.values()) / 5 * 1000, 0.01))
    first = next(iter(sides))
    for name in sides:
        text = f"{statistics.median(here[name]):7.2f} here {statistics.median(everywhere[name]):7.2f} in all"
        if name == first:
            row(name, text)
            continue
        ratios = [
            statistics.median(a / b for a, b in zip(found[first], found[name], strict=True))
            for found in (here, everywhere)
        ]
        met = ratios[0] >= RATIO_TARGET if name.startswith("screencap") else None
        row(name, f"{text}   {ratios[0]:.1f} and {ratios[1]:.1f} times cheaper", met)


def unchanged(rounds: int) -> None:
    """Measure what a picture costs that does not differ."""
    size = SIZES[1]
    print(f"\nAn unchanged picture of {size[0]}x{size[1]}: CPU, ms (less than {UNCHANGED_TARGET_MS:g})")
    with lab(size) as (_, _, pool, device):
        session = device.session()
        session.home()
        whole, receiving = map(statistics.median, still_ms(device, 5 * rounds))
        row("screencap: to receive its bytes", f"{receiving:8.3f}")
        row(
            "screencap: to tell that it is unchanged",
            f"{whole - receiving:8.3f}",
            whole - receiving < UNCHANGED_TARGET_MS,
        )
        session.key("SLEEP")  # even the clock stands still
        for source in (ScreencapSource(device), ScrcpySource(device)):
            source.capture()
            time.sleep(0.5)
            source.capture()
            cost = statistics.median(cpu_ms(source.capture, 5) for _ in range(rounds))
            met = cost < UNCHANGED_TARGET_MS if source.name == "scrcpy" else None
            row(f"{source.name}: to have it", f"{cost:8.3f}", met)
            source.close()
        for kind in (ScreencapSource, ScrcpySource):
            frames: list[Frame] = []
            with PreviewService(pool, source=kind) as previews:
                with previews.watch(device.serial, "medium", frames.append):
                    while len(frames) < 20:
                        time.sleep(0.05)
                pictures = len({id(frame.picture) for frame in frames[5:]})
            # scrcpy asks a silent stream for a key frame, ever more rarely: that is a picture of its own.
            met = pictures == 1 if kind is ScreencapSource else None
            row(f"{frames[0].source}: JPEGs made for {len(frames) - 5} of them", f"{pictures - 1:8d}", met)


def still_ms(device: Device, times: int) -> tuple[list[float], list[float]]:
    """Capture the still screen; return what unchanged pictures cost, and what receiving their bytes does."""
    source, lane = ScreencapSource(device), device.lane()
    width, height = source.capture().picture.size
    buffer, nothing = bytearray(16 + width * height * 4), bytearray()

    def receive() -> None:
        with lane.service("exec:screencap", "adb exec-out screencap", 10) as (wire, _):
            wire.gather(capturing._AT_ONCE)
            capturing._read_all(wire, buffer, capturing.Likeness(nothing, b""))

    whole: list[float] = []
    receiving: list[float] = []
    try:
        while len(whole) < times:
            began = time.thread_time()
            changed = source.capture().changed  # by the clock of the status bar, once a second
            ended = time.thread_time()
            receive()
            if not changed:
                whole.append((ended - began) * 1000)
                receiving.append((time.thread_time() - ended) * 1000)
    finally:
        source.close()
        lane.close(SessionClosed("measured"))
    return whole, receiving


def carried(rounds: int, seconds: float) -> None:
    """Watch as many devices at once as one core shall carry, and measure what each costs this process."""
    print("\nH.264 of moving screens to JPEG: CPU of this process in % of a core, for each device")
    print("  (the phones, which send what was encoded before, and the adb server are other processes)")
    for wanted, fps, target in CARRIED:
        with replaying(target, SIZES[1], fps, wanted.max_size) as (server, serials):
            found = [several(server, serials, wanted, seconds) for _ in range(max(1, rounds // 5))]
        used, rate = (statistics.median(column) for column in zip(*found, strict=True))
        # A busy machine makes fewer; those that are missing are reckoned as if all CPU had gone into JPEGs.
        devices = 100 / used * min(rate, JPEGS) / JPEGS
        text = f"{used:6.2f} at {rate:4.1f} JPEGs/s   {devices:.1f} devices a core (at least {target})"
        name = f"{target} at once, {wanted.max_size or SIZES[1][1]} high, {fps} frames/s"
        row(name, text, devices >= target)


def several(
    server: PrivateAdbServer, serials: list[str], wanted: Wanted, seconds: float
) -> tuple[float, float]:
    """Watch devices at once; return this process's CPU in percent, and JPEGs a second, for each of them."""
    counts = dict.fromkeys(serials, 0)

    def count(frame: Frame) -> None:
        counts[frame.device_id] += frame.changed

    with (
        DevicePool(server, serials) as pool,
        PreviewService(pool, fps=JPEGS, source=lambda device: ScrcpySource(device, wanted)) as previews,
    ):
        for serial in serials:
            pool.wait_available(serial, timeout=60)
            previews.watch(serial, "medium", count)
        while min(counts.values()) < 30:
            time.sleep(0.05)
        before, began = sum(counts.values()), time.monotonic()
        used = load({"here": os.getpid()}, seconds)["here"]
        made = (sum(counts.values()) - before) / (time.monotonic() - began)
    return used / len(serials), made / len(serials)


def watchers(rounds: int, seconds: float) -> None:
    """Compare one who watches over the server with five, and with five of whom one reads nothing."""
    print(
        "\nA moving screen of 720x1280, medium, over WebSockets: CPU of the server's process in % of a core"
    )
    sides = {"one": (1, 0), "five": (5, 0), "four, and one that reads nothing": (4, 1)}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder, Lab(history=folder, record=False) as served:
        [serial] = served.serials
        served.pool.get(serial).session().shell(MOTION)
        run = served.prepare(Plan([module(lambda ctx: None)]))
        for _ in range(rounds):
            for name, (reading, stalled) in sides.items():
                used, rate = watched(run.url, serial, reading, stalled, seconds)
                cpu[name].append(used)
                rates[name].append(rate)
    for name in sides:
        ratio = statistics.median(b / a for a, b in zip(cpu["one"], cpu[name], strict=True))
        text = f"{statistics.median(cpu[name]):6.1f}   {statistics.median(rates[name]):4.1f} frames/s each"
        row(
            name,
            text if name == "one" else f"{text}   {ratio:.2f} of one",
            None if name == "one" else ratio <= 1.2,
        )
    slowed = statistics.median(
        b / a for a, b in zip(rates["five"], rates["four, and one that reads nothing"], strict=True)
    )
    row("frames/s beside one that reads nothing", f"{slowed:6.2f} of those without it", slowed >= 0.95)


def watched(url: str, serial: str, reading: int, stalled: int, seconds: float) -> tuple[float, float]:
    """Let clients watch; return this process's CPU in percent, and the frames a second of the slowest."""
    words = [
        sys.executable,
        str(Path(__file__).with_name("watchers.py")),
        url,
        serial,
        str(reading),
        str(stalled),
    ]
    client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert client.stdin is not None
    assert client.stdout is not None
    while min(counts := json.loads(client.stdout.readline())) < 5:
        continue
    began = time.monotonic()
    with spent({"here": os.getpid()}) as used:
        before = counts
        while time.monotonic() - began < seconds:
            counts = json.loads(client.stdout.readline())
    passed = time.monotonic() - began
    client.stdin.close()
    client.wait(20)
    rate = min(after - first for after, first in zip(counts, before, strict=True)) / passed
    return used["here"] / passed * 100, rate


def leaving(rounds: int) -> None:
    """Measure how long a device goes on with the capture after the last watcher left."""
    print("\nFrom the last watcher's leaving until nothing captures the screen any more: ms")
    with lab(SIZES[0]) as (_, _, pool, device):
        session = device.session()
        for kind in (ScreencapSource, ScrcpySource):
            took = []
            with PreviewService(pool, source=kind) as previews:
                for _ in range(rounds):
                    frames: list[Frame] = []
                    watch = previews.watch(device.serial, "medium", frames.append)
                    while len(frames) < 3:
                        time.sleep(0.02)
                    began = time.perf_counter()
                    watch.close()
                    while "app_process" in (listed := session.shell("ps -A")) or "screencap" in listed:
                        continue
                    took.append((time.perf_counter() - began) * 1000)
            text = (
                f"{statistics.median(took):7.1f}   (at most {max(took):.1f}; less than {LEAVING_TARGET_MS:g})"
            )
            row(frames[0].source, text, max(took) < LEAVING_TARGET_MS)


def faults(rounds: int) -> None:
    """Measure how soon there is a picture again after a fault, or it is told why there is none."""
    print("\nFrom a fault to a picture that comes after it, or to the reason why there is none: ms")
    broken: dict[str, Spoil] = {
        "the stream stalls": lambda data: None,
        "a packet is cut off": lambda data: data[: len(data) // 2] if len(data) > 100 else data,
        "garbage in the stream": lambda data: random.Random(len(data)).randbytes(len(data)),
    }
    with lab(SIZES[0]) as (server, phone, _, device), Tamper(server.port) as tamper:
        device.session().shell(MOTION)
        for name, spoil in broken.items():
            told(name, [mended(tamper, phone.serial, spoil) for _ in range(rounds)])
        told("screencap hangs", [hung_screencap(tamper, phone.serial) for _ in range(rounds)])
    for kind in (ScreencapSource, ScrcpySource):
        took = [lost(kind, "moving", PhoneProcess.kill) for _ in range(rounds)]
        told(f"{kind.name}: the device is lost", took)
        for screen in ("moving", "still"):
            took = [lost(kind, screen, PhoneProcess.pause) for _ in range(rounds)]
            told(f"{kind.name}, {screen}: the device hangs", took)


def lost(
    kind: type[ScreencapSource | ScrcpySource], screen: str, fault: Callable[[PhoneProcess], None]
) -> float:
    """Let a phone go that is watched; return after how many ms that is told."""
    with lab(SIZES[0]) as (_, phone, pool, device), PreviewService(pool, source=kind) as previews:
        session = device.session()
        session.shell(MOTION) if screen == "moving" else session.key("SLEEP")
        frames: list[Frame] = []
        is_told = threading.Event()
        previews.watch(device.serial, "low", frames.append, lambda error: is_told.set())
        while len(frames) < 3:
            time.sleep(0.02)
        time.sleep(1.5)  # what came to rest has come to rest
        is_told.clear()
        began = time.perf_counter()
        fault(phone)
        is_told.wait(20)
        return (time.perf_counter() - began) * 1000


def hung_screencap(tamper: Tamper, serial: str) -> float:
    """Let screencap hang on a device that answers; return after how many ms that is told."""
    with (
        DevicePool(AdbServer("127.0.0.1", tamper.port), [serial]) as pool,
        PreviewService(pool, source=ScreencapSource) as previews,
    ):
        pool.wait_available(serial, timeout=30)
        frames: list[Frame] = []
        is_told = threading.Event()
        previews.watch(serial, "low", frames.append, lambda error: is_told.set())
        while len(frames) < 3:
            time.sleep(0.02)
        began = time.perf_counter()
        tamper.hang = b"exec:screencap"
        is_told.wait(20)
        tamper.hang = None
        return (time.perf_counter() - began) * 1000


def mended(tamper: Tamper, serial: str, spoil: Spoil) -> float:
    """Spoil the video that is watched; return after how many ms there is one anew."""
    packets: list[VideoPacket] = []
    with (
        DevicePool(AdbServer("127.0.0.1", tamper.port), [serial]) as pool,
        PreviewService(pool, source=ScrcpySource) as previews,
    ):
        pool.wait_available(serial, timeout=30)
        with previews.watch_video(serial, packets.append):
            while len(packets) < 5:
                time.sleep(0.02)
            present, before = tamper.videos, packets[-1].session
            began = time.time()
            tamper.spoil = lambda data: spoil(data) if tamper.videos == present else data
            while packets[-1].session == before:
                time.sleep(0.01)
            tamper.spoil = None
            return (next(packet.at for packet in packets if packet.session > before) - began) * 1000


def told(name: str, took: list[float]) -> None:
    """Print how long a fault lasted; the worst counts."""
    text = f"{statistics.median(took):7.0f}   (at most {max(took):.0f}; less than {FAULT_TARGET_MS:g})"
    row(name, text, max(took) < FAULT_TARGET_MS)


def whole(seconds: float) -> None:
    """Compare whole previews by either source, on a still and on a moving screen."""
    for size in SIZES:
        print(f"\nA preview of {size[0]}x{size[1]} at 12 frames/s, medium: CPU in % of a core, all processes")
        with lab(size) as (server, phone, pool, device):
            session = device.session()
            processes = {"here": os.getpid(), "adb": server.pid, "phone": phone.pid}
            for screen, action in (("still", "input keyevent HOME"), ("moving", MOTION)):
                session.shell(action)
                idle = sum(load(processes, seconds).values())
                row(f"{screen}, nobody watching", f"{idle:6.1f}")
                for kind in (ScreencapSource, ScrcpySource):
                    preview(pool, device, kind, screen, processes, seconds)


def preview(
    pool: DevicePool,
    device: Device,
    kind: Callable[[Device], Source],
    screen: str,
    processes: dict[str, int],
    seconds: float,
) -> None:
    """Print what one preview costs."""
    ages: list[float] = []

    def take(frame: Frame) -> None:
        if screen == "moving" and frame.changed and len(ages) < 10_000:
            ages.append(time.time())
            pictures.append(frame.jpeg)
            del pictures[:-1]
            ages[-1] = code.read(Image.open(io.BytesIO(frame.jpeg))).age() * 1000

    pictures: list[bytes] = []
    with PreviewService(pool, source=kind) as previews:
        watch = previews.watch(device.serial, "medium", take)
        while previews.stats()[device.serial].frames < 12:
            time.sleep(0.05)
        ages.clear()
        used = load(processes, seconds)
        stats = previews.stats()[device.serial]
        watch.close()
    parts = "  ".join(f"{name} {value:5.1f}" for name, value in used.items())
    age = f"  {statistics.median(ages):4.0f} ms old" if ages else ""
    rate = f"{stats.frames_per_second:4.1f}/s"
    row(f"{screen}, {stats.source}", f"{sum(used.values()):6.1f}   ({parts})  {rate}{age}")


def main() -> int:
    """Run the sections that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    quick = "--quick" in sys.argv
    rounds, seconds = (5, 3.0) if quick else (15, 8.0)
    sections: dict[str, Callable[[], None]] = {
        "picture": lambda: one_picture(rounds),
        "unchanged": lambda: unchanged(rounds),
        "carried": lambda: carried(rounds, seconds),
        "watchers": lambda: watchers(3 if quick else 5, 4.0),
        "leaving": lambda: leaving(rounds),
        "faults": lambda: faults(3 if quick else 5),
        "whole": lambda: whole(seconds),
    }
    parser.add_argument("sections", nargs="*", choices=[[], *sections], metavar="SECTION")
    parser.add_argument("--quick", action="store_true")
    for name in parser.parse_args().sections or sections:
        sections[name]()
    if missed:
        print("\nmissed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
