"""How packets go over the wire, in both versions."""

from __future__ import annotations

import struct

from execmon_lab.phone.scrcpy.framing import Framing, Packet, device_name
from execmon_lab.phone.scrcpy.options import parse

CONFIG = Packet(b"cfg", config=True)
KEY = Packet(b"keyframe", pts=1000, key=True)
OTHER = Packet(b"p", pts=2000)


def test_version_3_tells_the_size_once() -> None:
    framing = Framing(parse(["3.3.4"]))
    assert framing.session((720, 1280)) == b"h264" + struct.pack(">II", 720, 1280)
    assert framing.session((1280, 720)) == b""
    assert framing.packet(CONFIG) == struct.pack(">QI", 1 << 63, 3) + b"cfg"
    assert framing.packet(KEY) == struct.pack(">QI", 1 << 62 | 1000, 8) + b"keyframe"
    assert framing.packet(OTHER) == struct.pack(">QI", 2000, 1) + b"p"


def test_version_4_tells_each_size() -> None:
    framing = Framing(parse(["4.1"]))
    assert framing.session((720, 1280)) == b"h264" + struct.pack(">III", 1 << 31, 720, 1280)
    assert framing.session((1280, 720)) == struct.pack(">III", 1 << 31, 1280, 720)
    assert framing.packet(CONFIG) == struct.pack(">QI", 1 << 62, 3) + b"cfg"
    assert framing.packet(KEY) == struct.pack(">QI", 1 << 61 | 1000, 8) + b"keyframe"
    assert framing.packet(OTHER) == struct.pack(">QI", 2000, 1) + b"p"


def test_a_raw_stream_is_nothing_but_packets() -> None:
    framing = Framing(parse(["4.1", "raw_stream=true"]))
    assert framing.session((720, 1280)) == b""
    assert framing.packet(KEY) == b"keyframe"


def test_the_devices_name_fills_its_field() -> None:
    assert device_name("Phone") == b"Phone" + bytes(59)
    long = device_name("é" * 40)
    assert len(long) == 64
    assert long.rstrip(b"\0").decode() == "é" * 31
