"""A preview's picture beside what users of adbutils write, and scrcpy beside screencap: CPU for each picture.

All sides look at the same phone in one run, in turns within each round; a ratio is the median of the rounds'
ratios, for machines are noisy, and noise meets both sides of a round. The sections on whole previews count
this process, the adb server and the phone together. Run it as
``python tests/benchmarks/bench_preview.py [--quick]``; it fails when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import psutil
from PIL import Image

from execmon_lab.devices import AdbServer, Device, DevicePool, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.phone.screen import code
from execmon_lab.preview import Frame, PreviewService, ScrcpySource, ScreencapSource, Source
from execmon_lab.preview.encode import PRESETS

SIZES = ((720, 1280), (1080, 1920))
SMALL = (540, 960)
QUALITY = PRESETS["medium"].jpeg_quality
RATIO_TARGET = 10.0
UNCHANGED_TARGET_MS = 1.0
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"

missed: list[str] = []


def row(name: str, text: str, met: bool | None = None) -> None:
    """Print a figure, and note a target that was missed."""
    print(f"  {name:44} {text}{'' if met is None else '   ok' if met else '   MISSED'}", flush=True)
    if met is False:
        missed.append(name)


@contextlib.contextmanager
def lab(size: tuple[int, int]) -> Iterator[tuple[PrivateAdbServer, PhoneProcess, DevicePool, Device]]:
    """Run a phone of that size on an adb server of its own."""
    with (
        AdbServer.private() as server,
        PhoneProcess(adb_ports=[server.port], size=size) as phone,
        DevicePool(server, [phone.serial]) as pool,
    ):
        yield server, phone, pool, pool.wait_available(phone.serial, timeout=30)


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Return this thread's CPU for one call, in milliseconds."""
    before = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - before) / times * 1000


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
    """Print what each side costs, in this thread, and with the adb server and the phone."""
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
    one, other = (bytearray(os.urandom(1024) * (size[0] * size[1] * 4 // 1024)) for _ in range(2))
    other[:] = one
    told = statistics.median(cpu_ms(lambda: one != other, 10) for _ in range(rounds))
    row("screencap: to tell that it is", f"{told:8.3f}", told < UNCHANGED_TARGET_MS)
    with lab(size) as (_, _, pool, device):
        session = device.session()
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


@contextlib.contextmanager
def spent(processes: dict[str, int]) -> Iterator[dict[str, float]]:
    """Fill a table with the seconds of CPU that processes used within the block."""
    watched = {name: psutil.Process(pid) for name, pid in processes.items()}
    before = {name: sum(process.cpu_times()[:2]) for name, process in watched.items()}
    used: dict[str, float] = {}
    yield used
    used |= {name: sum(process.cpu_times()[:2]) - before[name] for name, process in watched.items()}


def load(processes: dict[str, int], seconds: float) -> dict[str, float]:
    """Return the CPU that processes use, in percent of a core."""
    began = time.monotonic()
    with spent(processes) as used:
        time.sleep(seconds)
    passed = time.monotonic() - began
    return {name: value / passed * 100 for name, value in used.items()}


def main() -> int:
    """Run all sections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds = 5 if quick else 15
    one_picture(rounds)
    unchanged(rounds)
    whole(3.0 if quick else 8.0)
    if missed:
        print("\nmissed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
