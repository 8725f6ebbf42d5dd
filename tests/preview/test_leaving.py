"""Who leaves: the last one ends the capture, on the device too, and nothing is left of any."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from execmon_lab.devices import Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import Frame, PreviewService, ScrcpySource, ScreencapSource, Source, VideoPacket
from execmon_lab.preview.stream import Stream

Eventually = Callable[..., bool]
Make = Callable[[Device], Source]

TIMES = 500
RARE = 100
"""Once in so many it is watched in a way that takes the phone's encoder half a second to begin."""
MEMORY = 96 << 20
"""What the allocator may keep: a picture left by each that waited for one would be several times as much."""


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

    def counts(self) -> list[int]:
        """Threads and descriptors of all three processes."""
        everybody = [self.here, *self.others]
        return [count for one in everybody for count in (one.num_threads(), one.num_fds())]


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


class Watching:
    """Starts and stops watching in all the ways there are."""

    def __init__(self, pool: DevicePool, serial: str, eventually: Eventually) -> None:
        self.services = {kind: PreviewService(pool, source=kind) for kind in (ScreencapSource, ScrcpySource)}
        self.serial = serial
        self.eventually = eventually

    def once(self, number: int) -> None:
        """Many are gone before the first picture comes; some stay for it, some for the video's first."""
        frames: list[Frame] = []
        packets: list[VideoPacket] = []
        if number % RARE == 0:
            with self.services[ScrcpySource].watch_video(self.serial, packets.append):
                assert self.eventually(lambda: packets)
            return
        stays = number % RARE == 2 or number % 20 == 1
        previews = self.services[ScreencapSource if number % 2 else ScrcpySource]
        with previews.watch(self.serial, "low", frames.append):
            if stays:
                assert self.eventually(lambda: frames)
            threading.Event().wait(number % 5 * 0.002)

    def close(self) -> None:
        """End it."""
        for service in self.services.values():
            service.close()


@pytest.mark.usefixtures("no_leaks")
def test_five_hundred_starts_and_stops_leave_nothing(
    pool: DevicePool, phone: PhoneProcess, traces: Traces, eventually: Eventually
) -> None:
    watching = Watching(pool, phone.serial, eventually)

    def settled() -> bool:
        return not (watching.services[ScreencapSource].stats() or traces.capturing())

    for number in range(10):  # what is made once, and kept, is made now
        watching.once(number)
    assert eventually(settled)
    gc.collect()
    counts, memory = traces.counts(), traces.here.memory_info().rss
    for number in range(TIMES):
        watching.once(number)
    assert eventually(settled)

    def few() -> bool:
        """If the rarest way left one each time there would be more; pools of threads grow as they need."""
        gc.collect()
        return all(now < then + TIMES // RARE for now, then in zip(traces.counts(), counts, strict=True))

    assert eventually(few), (traces.counts(), counts)
    assert traces.here.memory_info().rss - memory < MEMORY

    def forgotten() -> bool:
        """Those that ended, once their last question to the device has."""
        gc.collect()
        return sum(isinstance(one, Stream) for one in gc.get_objects()) <= 2 * len(watching.services)

    assert eventually(forgotten)
    watching.close()
