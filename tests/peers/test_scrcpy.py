"""Clients of scrcpy's protocol record the phone: one from npm, and one written from its description alone.

Source: ``doc/develop.md`` of scrcpy. They share no code with the project's own client.
"""

from __future__ import annotations

import io
import json
import re
import socket
import struct
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import pytest

from execmon_lab.phone.screen import code
from tests.processes import run

from .conftest import Adb, wait_until

JAR = "/data/local/tmp/scrcpy-server.jar"
YUME = Path(__file__).with_name("yume_scrcpy.mjs")
SECONDS = 3.0
MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps 30"
Recorded = list[tuple[int, bool, bytes]]
"""Packets: time in microseconds, whether it is a key frame, data."""


def exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"the stream ended after {len(data)} of {count} bytes"
        data += part
    return bytes(data)


@contextmanager
def server(adb: Adb, version: str, *options: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Start the server and connect to it; yields the video and the control socket."""
    words = ["scid=12345678", "tunnel_forward=true", "audio=false", "cleanup=false", *options]
    with started(adb, version, words) as port:
        deadline = time.monotonic() + 60
        while True:  # adb accepts before the phone does: the first byte tells that it did
            video = socket.create_connection(("127.0.0.1", port), timeout=20)
            if video.recv(1) == b"\0":
                break
            video.close()
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.05)
        with closing(video), closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as control:
            yield video, control


@contextmanager
def started(adb: Adb, version: str, words: list[str]) -> Iterator[int]:
    """Push a file and start the server; yields a port that leads to its socket. It ends with its client."""
    adb("shell", f"echo jar > {JAR}")
    line = f"CLASSPATH={JAR} app_process / com.genymobile.scrcpy.Server {version} {' '.join(words)}"
    port = int(adb.text("forward", "tcp:0", "localabstract:scrcpy_12345678"))
    with adb.start("shell", line) as process:
        try:
            yield port
            assert process.ended().status == 0
        finally:
            adb("forward", "--remove", f"tcp:{port}")


def header(video: socket.socket, version: str) -> tuple[int, int]:
    """Read what comes before the packets; returns the size."""
    assert exactly(video, 64).rstrip(b"\0") == b"Virtual Phone"
    assert exactly(video, 4) == b"h264"
    if version.startswith("3"):
        width, height = struct.unpack(">II", exactly(video, 8))
    else:
        flags, width, height = struct.unpack(">III", exactly(video, 12))
        assert flags == 0x80000000
    return width, height


def packets(video: socket.socket, version: str) -> Iterator[tuple[bool, bool, int, bytes]]:
    """Yield packets: whether it is the configuration, whether a key frame, time, data."""
    config_bit, key_bit = (63, 62) if version.startswith("3") else (62, 61)
    while True:
        flags, length = struct.unpack(">QI", exactly(video, 12))
        data = exactly(video, length)
        yield bool(flags >> config_bit & 1), bool(flags >> key_bit & 1), flags & (1 << key_bit) - 1, data


def record(video: socket.socket, version: str, seconds: float) -> tuple[bytes, Recorded]:
    """Return the configuration, and the packets of so many seconds of the phone's clock."""
    source = packets(video, version)
    config, _, _, sps = next(source)
    assert config
    found: Recorded = []
    while not found or found[-1][0] - found[0][0] < seconds * 1e6:
        config, key, pts, data = next(source)
        assert not config
        found.append((pts, key, data))
    return sps, found


def write_mp4(path: Path, config: bytes, recorded: Recorded) -> None:
    """Put the packets into an MP4 as they are."""
    raw = io.BytesIO(config + b"".join(data for _, _, data in recorded))
    with av.open(raw, format="h264") as template, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(template.streams.video[0])
        stream.time_base = Fraction(1, 1_000_000)
        for pts, key, data in recorded:
            packet = av.Packet(data)
            packet.stream = stream
            packet.time_base = Fraction(1, 1_000_000)
            packet.pts = packet.dts = pts - recorded[0][0]
            packet.is_keyframe = key
            container.mux(packet)


@pytest.mark.parametrize("version", ["3.3.4", "4.1"])
def test_a_recording_plays_and_holds_every_picture(adb: Adb, tmp_path: Path, version: str) -> None:
    adb("shell", MOTION)
    with server(adb, version, "max_fps=15", "max_size=960") as (video, _):
        size = header(video, version)
        config, recorded = record(video, version, SECONDS)
    adb("shell", "input keyevent HOME")
    path = tmp_path / "phone.mp4"
    write_mp4(path, config, recorded)
    check(path, recorded, size)


def check(path: Path, recorded: Recorded, size: tuple[int, int]) -> None:
    """Play an MP4: it has every packet that was recorded, and lasts as long as the phone moved meanwhile."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert recorded[0][1], "it begins with a key frame"
    assert len(frames) == len(recorded)
    assert {(frame.width, frame.height) for frame in frames} == {size}
    length = (frames[-1].pts - frames[0].pts) * frames[0].time_base
    assert float(length) == pytest.approx((recorded[-1][0] - recorded[0][0]) / 1e6, abs=0.01)
    assert 5 <= len(frames) <= 15 * float(length) + 2
    marks = [code.read(frame.to_image()) for frame in frames]
    numbers = [mark.number for mark in marks]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) >= 0.8 * len(numbers), "few pictures differ by nothing but the clock"
    drawn = (marks[-1].milliseconds - marks[0].milliseconds) / 1000
    assert float(length) == pytest.approx(drawn, abs=1.0)


def test_another_client_records_the_same(adb: Adb, tmp_path: Path) -> None:
    """`@yume-chan/scrcpy`, unmodified, with its own options and its own reading of the stream."""
    words = run(["node", YUME, "options"]).out
    adb("shell", MOTION)
    with started(adb, "3.3.3", words.split()) as port:
        command = ["node", str(YUME), "record", str(port), str(SECONDS)]
        said = run(command)
    assert (said.status, said.err) == (0, "")
    adb("shell", "input keyevent HOME")
    metadata, config, *packets = (json.loads(line) for line in said.out.splitlines())
    assert metadata["deviceName"] == "Virtual Phone"
    assert config["type"] == "configuration"
    assert {packet["type"] for packet in packets} == {"data"}
    recorded = [(packet["pts"], packet["keyframe"], b64decode(packet["data"])) for packet in packets]
    path = tmp_path / "phone.mp4"
    write_mp4(path, b64decode(config["data"]), recorded)
    check(path, recorded, (metadata["width"], metadata["height"]))


def test_a_tap_is_seen_in_the_video(adb: Adb) -> None:
    adb("shell", "input keyevent HOME")
    dump = adb.text("exec-out", "uiautomator dump /dev/tty")
    [bounds] = re.findall(r'text="Calculator"[^>]*bounds="\[(\d+),(\d+)\]\[(\d+),(\d+)\]"', dump)
    left, top, right, bottom = map(int, bounds)
    x, y = (left + right) // 2, (top + bottom) // 2
    with server(adb, "4.1") as (video, control):
        width, height = header(video, "4.1")
        source = packets(video, "4.1")
        next(source)
        next(source)
        for action in (0, 1):
            finger = struct.pack(">BBqiiHHHii", 2, action, -2, x, y, width, height, 0xFFFF, 1, 1)
            control.sendall(finger)
        wait_until(lambda: "calculator2" in adb.text("shell", "dumpsys activity activities"), "the app")
        # The clock of the status bar makes pictures too, of some hundred bytes.
        assert next(data for config, _, _, data in source if not config and len(data) > 2000)
    adb("shell", "input keyevent HOME")
