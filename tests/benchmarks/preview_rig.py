"""What bench_preview and bench_recording share: a phone, the CPU of processes, and what was missed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psutil

from execmon_lab.devices import AdbServer, Device, DevicePool, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess

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
