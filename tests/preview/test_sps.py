"""What a stream's configuration says of it, in the forms that encoders give it."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest
from av.codec.context import Flags
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.preview.scrcpy import sps


def config(width: int, height: int, profile: str, flags: str = "") -> bytes:
    """Return SPS and PPS as x264 writes them."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = width, height
    context.pix_fmt = "yuv444p" if profile == "high444" else "yuv420p"
    context.options = {"profile": profile, "x264-params": f"annexb=1:{flags}"}
    context.time_base = Fraction(1, 1000)
    context.flags |= Flags.global_header
    context.open()
    return bytes(context.extradata or b"")


@pytest.mark.parametrize(
    ("profile", "flags", "begins"),
    [
        ("baseline", "", "avc1.42"),
        ("main", "bframes=2", "avc1.4d"),
        ("high", "", "avc1.64"),
        ("high", "interlaced=1", "avc1.64"),
        ("high444", "", "avc1.f4"),
    ],
)
@pytest.mark.parametrize("size", [(1080, 1920), (720, 1280), (1920, 1080), (540, 960), (362, 642)])
def test_size_and_coding_are_told(profile: str, flags: str, begins: str, size: tuple[int, int]) -> None:
    if flags == "interlaced=1" and size[1] % 4:
        size = size[0], size[1] + 2
    found = sps.parse(config(*size, profile, flags))
    assert found is not None
    assert (found.width, found.height) == size
    assert found.codec.startswith(begins)
    assert len(found.codec) == len("avc1.42c01f")


@given(st.binary(max_size=60))
def test_garbage_is_nothing(data: bytes) -> None:
    for stream in (data, b"\0\0\0\1\x67" + data, b"\0\0\1\x68" + data):
        found = sps.parse(stream)
        assert found is None or found.codec.startswith("avc1.")
