"""scrcpy's video socket, taken apart."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.preview.scrcpy import Demuxer, Packet, StreamBroken

PICTURE = b"\0\0\0\1\x65 picture"
CONFIG = b"\0\0\1\x67 config"
PREFACE = b"\0" + b"Virtual Phone".ljust(64, b"\0") + b"h264"
V3 = PREFACE + struct.pack(">II", 720, 1280)
V4 = PREFACE + struct.pack(">III", 1 << 31, 720, 1280)
FLAGS = {3: (1 << 63, 1 << 62), 4: (1 << 62, 1 << 61)}


def header(major: int) -> bytes:
    return V3 if major == 3 else V4


def framed(major: int, packet: Packet) -> bytes:
    config, key = FLAGS[major]
    head = config * packet.config | key * packet.key | packet.pts
    return struct.pack(">QI", head, len(packet.data)) + packet.data


packets = st.lists(
    st.builds(
        Packet,
        data=st.binary(max_size=40).map(lambda rest: b"\0\0\0\1" + rest),
        pts=st.integers(0, 1 << 50),
        config=st.booleans(),
        key=st.booleans(),
    ),
    max_size=6,
)


@given(packets, st.sampled_from([3, 4]), st.integers(1, 60))
def test_packets_come_out_as_they_went_in_however_the_bytes_are_cut(
    sent: list[Packet], major: int, piece: int
) -> None:
    stream = header(major) + b"".join(framed(major, packet) for packet in sent)
    demuxer = Demuxer(major)
    found = []
    for start in range(0, len(stream), piece):
        found += demuxer.feed(stream[start : start + piece])
    assert found == sent
    assert demuxer.size == (720, 1280)
    assert demuxer.device_name == "Virtual Phone"
    assert not demuxer.waiting


def test_a_session_packet_tells_a_new_size() -> None:
    demuxer = Demuxer(4)
    turned = struct.pack(">III", 1 << 31, 1280, 720)
    assert len(demuxer.feed(V4 + framed(4, Packet(PICTURE, 1, False, True)))) == 1
    assert demuxer.feed(turned + framed(4, Packet(CONFIG, 0, True, False))) == [
        Packet(CONFIG, 0, True, False)
    ]
    assert demuxer.size == (1280, 720)


def test_a_packet_that_is_not_whole_is_waited_for() -> None:
    demuxer = Demuxer(4)
    whole = V4 + framed(4, Packet(PICTURE, 5, False, True))
    assert demuxer.feed(whole[:-1]) == []
    assert demuxer.waiting
    assert demuxer.feed(whole[-1:]) == [Packet(PICTURE, 5, False, True)]
    assert not demuxer.waiting


def test_what_comes_before_the_first_packet_may_take_its_time() -> None:
    """The dummy byte and the name come at once, the codec when the encoder runs."""
    demuxer = Demuxer(4)
    for part in (V4[:1], V4[1:40]):
        assert demuxer.feed(part) == []
        assert not demuxer.waiting


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (PREFACE[:-4] + bytes(4), "gives no video"),
        (PREFACE[:-4] + b"\0\0\0\1", "could not configure"),
        (PREFACE[:-4] + b"h265", "not H.264"),
        (PREFACE + struct.pack(">III", 1 << 31, 0, 1280), "0x1280 pixels"),
        (PREFACE + struct.pack(">III", 1 << 31, 720, 1 << 30), "pixels"),
        (V4 + struct.pack(">QI", 1 << 61, 0), "claims 0 bytes"),
        (V4 + struct.pack(">QI", 1 << 61, 0xFFFFFFFF), "claims 4294967295 bytes"),
        (V4 + struct.pack(">QI", 1 << 61 | 1 << 60, 8), "claims 8 bytes"),
        (V4 + struct.pack(">QI", 1 << 61, 8) + b"garbage!", "no H.264"),
    ],
)
def test_what_no_server_sends_is_told(stream: bytes, reason: str) -> None:
    with pytest.raises(StreamBroken, match=reason):
        Demuxer(4).feed(stream)


@given(st.binary(max_size=400), st.sampled_from([3, 4]), st.booleans())
def test_garbage_is_told_or_waited_for_and_never_kept_beyond_its_bound(
    data: bytes, major: int, begun: bool
) -> None:
    demuxer = Demuxer(major)
    with contextlib.suppress(StreamBroken):
        demuxer.feed(header(major) if begun else b"")
        for packet in demuxer.feed(data):
            assert packet.data.startswith((b"\0\0\1", b"\0\0\0\1"))
