"""Virtual phones whose video was made before: many of them, for hardly any CPU.

Everything is the phone's own (adb, the shell, scrcpy's server and its pace) but what costs: the moving screen
is drawn and encoded once, and each phone sends the packets of that, round and round, as often as it is asked.
`replaying` runs them in a process of their own, which is this file as a script.
``python replaying_phones.py COUNT ADB_PORT WIDTHxHEIGHT MAX_SIZE FPS SECONDS`` prints the serials as JSON,
and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[2]))

from execmon_lab.devices import AdbServer, PrivateAdbServer
from execmon_lab.phone.adbd import Adbd, bind
from execmon_lab.phone.scrcpy import encoder as encoding
from execmon_lab.phone.scrcpy.framing import Packet
from execmon_lab.phone.scrcpy.options import Options
from execmon_lab.phone.screen.apps import motion
from execmon_lab.phone.screen.screen import Frame
from execmon_lab.phone.state.intents import Intent
from execmon_lab.phone.system.system import System

MOTION = ("com.execmon.motion", "com.execmon.motion.MotionActivity")
BIT_RATE = 4_000_000
SECONDS = 8
"""How long what is sent round and round takes."""


@contextlib.contextmanager
def replaying(
    count: int, size: tuple[int, int], fps: int, max_size: int = 0
) -> Iterator[tuple[PrivateAdbServer, list[str]]]:
    """Run so many phones on an adb server of their own, and tell their serials.

    Parameters
    ----------
    count
        How many.
    size
        Their screens', in pixels.
    fps
        Frames a second that they show.
    max_size
        What their video is scaled down to; 0 for the screens' size.
    """
    with AdbServer.private() as server:
        words = (count, server.port, f"{size[0]}x{size[1]}", max_size, fps, SECONDS)
        phones = subprocess.Popen(
            [sys.executable, __file__, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert phones.stdout is not None
        try:
            yield server, json.loads(phones.stdout.readline())
        finally:
            phones.communicate(timeout=20)


def record(
    size: tuple[int, int], video: tuple[int, int], fps: float, seconds: float
) -> tuple[Packet, list[Packet]]:
    """Draw and encode the moving screen: its configuration, and a packet a picture, the first a key frame."""
    now = 0.0
    clock, motion.time = motion.time, SimpleNamespace(monotonic=lambda: now)  # type: ignore[assignment]
    try:
        system = System(serial="", size=size)
        system.activities.start(Intent(component=MOTION, extras={"fps": f"{fps:g}"}))
        encoder = encoding.Encoder(video, BIT_RATE, fps)
        packets = []
        for number in range(round(seconds * fps)):
            now = (number + 0.5) / fps
            packets += encoder.encode(system.frame(), round(now * 1e6))
    finally:
        motion.time = clock
    return encoder.config, packets


class Replay:
    """An encoder that gives what another made."""

    config: Packet
    packets: list[Packet]

    def __init__(self, size: tuple[int, int], *_: float) -> None:
        self.size = size
        self._packets = self._round()

    def encode(self, frame: Frame, pts: int) -> list[Packet]:
        """Return the next packet, at the present time."""
        return [next(self._packets)._replace(pts=pts)]

    def _round(self) -> Iterator[Packet]:
        while True:
            yield from self.packets


class Replaying(System):
    """A phone whose screen always moves, and is not drawn."""

    fps: float

    def frame(self) -> Frame:
        """Return a picture that has no content, a new one so many times a second."""
        return Frame(*self.display.rotated_size, b"", int(time.monotonic() * self.fps))


async def serve(count: int, adb_port: int, size: tuple[int, int]) -> None:
    """Be the phones until the standard input ends."""
    sockets = [bind(0) for _ in range(count)]
    systems = [Replaying(serial=f"EXECMON{sock.getsockname()[1]}", size=size) for sock in sockets]
    phones = [Adbd(system, sock, adb_ports=[adb_port]) for system, sock in zip(systems, sockets, strict=True)]
    for system in systems:
        await system.start()
    serving = [asyncio.create_task(phone.run()) for phone in phones]
    sys.stdout.write(json.dumps([phone.serial for phone in phones]) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    for system in systems:
        await system.stop()


def main() -> None:
    """Record, then be the phones."""
    count, adb_port, size_, max_size, fps, seconds = sys.argv[1:]
    width, height = map(int, size_.split("x"))
    video = Options(max_size=int(max_size)).scaled((width, height))
    Replay.config, Replay.packets = record((width, height), video, float(fps), float(seconds))
    Replaying.fps = float(fps)
    encoding.Encoder = Replay  # type: ignore[assignment,misc]
    asyncio.run(serve(int(count), int(adb_port), (width, height)))


if __name__ == "__main__":
    main()
