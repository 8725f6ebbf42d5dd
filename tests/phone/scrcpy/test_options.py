"""The server's command line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.phone.scrcpy.options import OptionError, Options, parse


def test_what_is_not_given_is_as_scrcpy_has_it() -> None:
    options = parse(["4.1"])
    assert options == Options(major=4)
    assert options.socket_name == "localabstract:scrcpy"
    assert (options.video, options.audio, options.control) == (True, True, True)
    assert options.video_bit_rate == 8_000_000


def test_the_words_of_a_client() -> None:
    line = (
        "3.3.4 scid=0123abcd log_level=debug audio=false max_size=960 max_fps=15 video_bit_rate=1500000 "
        "tunnel_forward=true cleanup=false power_on=FALSE list_displays=true"
    )
    options = parse(line.split())
    assert options.major == 3
    assert options.socket_name == "localabstract:scrcpy_0123abcd"
    assert (options.max_size, options.max_fps, options.video_bit_rate) == (960, 15.0, 1_500_000)
    assert options.tunnel_forward
    assert options.lists
    assert not any((options.audio, options.cleanup, options.power_on))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "Missing client version"),
        (["2.7"], "does not match the client (2.7)"),
        (["x"], "does not match the client (x)"),
        (["4.1", "audio"], 'Invalid key=value pair: "audio"'),
        (["4.1", "scid=80000000"], "scid"),
        (["4.1", "max_size=wide"], 'max_size: "wide"'),
        (["4.1", "max_fps=nan"], "max_fps"),
        (["4.1", "video_bit_rate=0"], "video_bit_rate"),
        (["4.1", "video_codec=mpeg2"], "video_codec"),
        (["4.1", "video_codec_options=i-frame-interval=soon"], "video_codec_options"),
        (["4.1", "log_level=loud"], "log_level"),
        (["4.1", "crop=100:100:0:0"], "cropping is not supported"),
        (["4.1", "new_display=800x600"], "virtual displays are not supported"),
    ],
)
def test_what_makes_no_sense_is_told(words: list[str], reason: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(words)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("", 10), ("i-frame-interval=2", 2), ("profile=1,i-frame-interval:float=0.5", 0.5), ("profile=1", 10)],
)
def test_key_frames_are_as_far_apart_as_the_encoders_options_say(given: str, seconds: float) -> None:
    assert parse(["4.1", f"video_codec_options={given}"]).video_codec_options == seconds


def test_an_option_of_another_version_is_no_error() -> None:
    assert parse(["4.1", "flux=1", "send_codec_meta=false"]).unknown == ["flux", "send_codec_meta"]
    assert parse(["4.1", "send_codec_meta=false"]).send_stream_meta
    assert not parse(["3.3.4", "send_codec_meta=false"]).send_stream_meta
    assert not parse(["4.1", "send_stream_meta=false"]).send_stream_meta


def test_a_raw_stream_has_nothing_around_it() -> None:
    options = parse(["4.1", "raw_stream=true"])
    meta = (options.send_device_meta, options.send_frame_meta, options.send_dummy_byte)
    assert not any((*meta, options.send_stream_meta))


@pytest.mark.parametrize(
    ("version", "max_size", "screen", "video"),
    [
        ("3.3.4", 0, (720, 1280), (720, 1280)),
        ("3.3.4", 960, (720, 1280), (544, 960)),
        ("3.3.4", 960, (1280, 720), (960, 544)),
        ("3.3.4", 0, (1080, 2340), (1080, 2336)),
        ("4.1", 960, (720, 1280), (540, 960)),
        ("4.1", 0, (1080, 2340), (1080, 2340)),
        ("4.1", 0, (361, 641), (360, 640)),
        ("4.1", 2000, (720, 1280), (720, 1280)),
    ],
)
def test_the_videos_size(
    version: str, max_size: int, screen: tuple[int, int], video: tuple[int, int]
) -> None:
    assert parse([version, f"max_size={max_size}"]).scaled(screen) == video


@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from(["4.1", "3.3.4", "4", ""]))
def test_no_words_break_it(words: list[str], version: str) -> None:
    with contextlib.suppress(OptionError):
        assert min(parse([version, *words]).scaled((720, 1280))) > 0
