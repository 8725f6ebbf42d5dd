"""Who leaves: the last one ends the capture, on the device too, and nothing is left of any."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from execmon_lab.devices import AdbServer, Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import Frame, PreviewService, ScrcpySource, ScreencapSource, Source, VideoPacket
from execmon_lab.preview.stream import Stream

Eventually = Callable[..., bool]
Make = Callable[[Device], Source]

AT_ONCE = 5
SEEN, HASTY = 100, 400
POOLED = 2
"""Threads of a pool that were not needed before, in any of the three processes."""
MEMORY = 96 << 20
"""Less than one for each that saw a picture, which has 1.4 of them as YUV; measured 3 to 31 in all by itself,
no more after six times as many, and up to 62 in a process that had run hundreds of tests."""
PHONES_MEMORY = 128 << 20
"""An encoder has 10 of them, and each started one; measured up to 100 in all, and no more later."""


class Traces:
    """What watching leaves: here, in the adb server, in the phone, and on its screen's side."""

    def __init__(self, server: PrivateAdbServer, phone: PhoneProcess, session: DeviceSession) -> None:
        self.port = server.port
        self.session = session
        self.here = psutil.Process()
        self.others = [psutil.Process(server.pid), psutil.Process(phone.pid)]

    def connections(self) -> int:
        """Connections of this process to the adb server."""
        found = self.here.net_connections("tcp")
        return sum(bool(one.raddr) and one.raddr.port == self.port for one in found)

    def capturing(self) -> bool:
        """Whether anything on the device captures its screen."""
        listed = self.session.shell("ps -A")
        return "app_process" in listed or "screencap" in listed

    def threads(self) -> list[int]:
        """Of each of the three processes."""
        return [one.num_threads() for one in (self.here, *self.others)]

    def descriptors(self) -> list[int]:
        """Of each of the three processes."""
        return [one.num_fds() for one in (self.here, *self.others)]

    def memory(self) -> list[int]:
        """Bytes of this process, without what is free in it, and of the phone."""
        gc.collect()
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
        return [one.memory_info().rss for one in (self.here, self.others[1])]


@pytest.fixture
def traces(adb_server: PrivateAdbServer, phone: PhoneProcess, session: DeviceSession) -> Traces:
    session.shell("true")
    return Traces(adb_server, phone, session)


@pytest.fixture(params=[ScreencapSource, ScrcpySource], ids=["screencap", "scrcpy"])
def previews(pool: DevicePool, request: pytest.FixtureRequest) -> Iterator[PreviewService]:
    with PreviewService(pool, source=request.param) as service:
        yield service


@pytest.mark.usefixtures("no_leaks")
def test_the_last_one_ends_the_capture(
    previews: PreviewService, phone: PhoneProcess, traces: Traces, eventually: Eventually
) -> None:
    before = traces.connections()
    one: list[Frame] = []
    other: list[Frame] = []
    first = previews.watch(phone.serial, "low", one.append)
    second = previews.watch(phone.serial, "high", other.append)
    assert eventually(lambda: one and other)
    assert eventually(traces.capturing)
    first.close()
    seen = len(other)
    assert eventually(lambda: len(other) > seen + 5), "another still watches"
    second.close()
    assert eventually(lambda: not traces.capturing())
    assert eventually(lambda: traces.connections() <= before)
    left = len(one) + len(other)
    threading.Event().wait(0.5)
    assert len(one) + len(other) == left
    assert not traces.capturing()


@pytest.fixture
def apart() -> Iterator[tuple[DevicePool, Traces]]:
    """A phone that nothing else has used, on an adb server of its own."""
    with (
        AdbServer.private() as server,
        PhoneProcess(adb_ports=[server.port]) as phone,
        DevicePool(server, [phone.serial]) as pool,
    ):
        session = pool.wait_available(phone.serial, timeout=30).session()
        session.shell("true")
        yield pool, Traces(server, phone, session)


class Watching:
    """Starts and stops watching a phone, by several services: each has a stream of its own."""

    def __init__(self, pool: DevicePool, traces: Traces, eventually: Eventually) -> None:
        kinds: list[Make] = [*[ScrcpySource] * AT_ONCE, ScreencapSource]
        self.services = [PreviewService(pool, source=kind) for kind in kinds]
        self.serial = traces.session.serial
        self.traces = traces
        self.eventually = eventually

    def see(self, turn: int) -> int:
        """Watch until each of several streams by scrcpy has shown something; return how many did."""
        frames: list[list[Frame]] = [[] for _ in range(AT_ONCE)]
        packets: list[list[VideoPacket]] = [[] for _ in range(AT_ONCE)]
        watches = [
            service.watch(self.serial, "low", seen.append)
            if (turn + number) % 2
            else service.watch_video(self.serial, passed.append)
            for number, (service, seen, passed) in enumerate(
                zip(self.services[:AT_ONCE], frames, packets, strict=True)
            )
        ]
        assert self.eventually(lambda: all(map(any, zip(frames, packets, strict=True))))
        for watch in watches:
            watch.close()
        assert {frame.source for seen in frames for frame in seen} == {"scrcpy"}
        return len(watches)

    def come_and_go(self, number: int) -> None:
        """Be gone before the first picture comes, or just then."""
        with self.services[-1 if number % 2 else 0].watch(self.serial, "low", lambda frame: None):
            threading.Event().wait(number % 5 * 0.002)

    def settle(self) -> None:
        """Wait until nothing captures the screen any more."""
        assert self.eventually(
            lambda: not any(one.stats() for one in self.services) and not self.traces.capturing()
        )

    def close(self) -> None:
        """End it."""
        for service in self.services:
            service.close()


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("way", ["seen", "hasty"])
def test_hundreds_of_starts_and_stops_leave_nothing(
    apart: tuple[DevicePool, Traces], eventually: Eventually, way: str
) -> None:
    pool, traces = apart
    watching = Watching(pool, traces, eventually)
    for number in range(3):  # what is made once, and kept, is made now
        watching.see(number)
        watching.come_and_go(number)
    watching.settle()
    threads, descriptors, memory = traces.threads(), traces.descriptors(), traces.memory()
    if way == "seen":
        assert sum(watching.see(number) for number in range(SEEN // AT_ONCE)) == SEEN
    else:
        for number in range(HASTY):
            watching.come_and_go(number)
    watching.settle()
    assert eventually(lambda: no_more(traces.threads(), threads, POOLED)), (traces.threads(), threads)
    assert eventually(lambda: no_more(traces.descriptors(), descriptors)), (traces.descriptors(), descriptors)
    here, phones = (now - then for now, then in zip(traces.memory(), memory, strict=True))
    assert here < MEMORY
    assert phones < PHONES_MEMORY

    def forgotten() -> bool:
        """Those that ended, once their last question to the device has."""
        gc.collect()
        return sum(isinstance(one, Stream) for one in gc.get_objects()) <= 2 * len(watching.services)

    assert eventually(forgotten)
    watching.close()


def no_more(now: list[int], then: list[int], slack: int = 0) -> bool:
    """Whether nothing has grown by more than that."""
    return all(one <= other + slack for one, other in zip(now, then, strict=True))
