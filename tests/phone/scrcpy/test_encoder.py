"""The phone's video, as a decoder sees it."""

from __future__ import annotations

import av
from PIL import Image, ImageChops, ImageStat

from execmon_lab.phone.scrcpy.encoder import Encoder
from execmon_lab.phone.scrcpy.framing import Packet
from execmon_lab.phone.screen.screen import Frame


def picture(step: int, size: tuple[int, int] = (320, 640)) -> Frame:
    image = Image.new("RGBA", size, (20, 90, 160, 255))
    image.paste((230, 60, 40, 255), (step * 10, 100, step * 10 + 80, 300))
    return Frame(*size, image.tobytes(), step + 1)


def decode(config: Packet, packets: list[Packet]) -> list[Image.Image]:
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    frames = []
    for number, packet in enumerate(packets):
        data = (config.data if number == 0 else b"") + packet.data
        frames += [frame.to_image() for frame in context.decode(av.Packet(data))]
    return frames


def test_each_picture_is_a_packet_at_once_and_the_first_a_key_frame() -> None:
    encoder = Encoder((320, 640), 4_000_000, 60)
    packets = [packet for step in range(12) for packet in encoder.encode(picture(step), step * 16_000)]
    assert [packet.key for packet in packets] == [True] + [False] * 11
    assert [packet.pts for packet in packets] == [step * 16_000 for step in range(12)]
    assert encoder.config.config
    kinds = [part[0] & 31 for part in encoder.config.data.split(b"\0\0\0\1") if part]
    assert kinds == [7, 8], "SPS and PPS, and nothing else"
    frames = decode(encoder.config, packets)
    assert len(frames) == 12
    wanted = Image.frombytes("RGBA", (320, 640), picture(11).data).convert("RGB")
    assert max(ImageStat.Stat(ImageChops.difference(frames[-1], wanted)).mean) < 3


def test_a_key_frame_comes_as_often_as_it_is_wanted() -> None:
    encoder = Encoder((160, 320), 1_000_000, 5, key_seconds=2)
    packets = [packet for step in range(25) for packet in encoder.encode(picture(step), step * 200_000)]
    assert [number for number, packet in enumerate(packets) if packet.key] == [0, 10, 20]


def test_it_scales() -> None:
    encoder = Encoder((160, 320), 1_000_000, 30)
    packets = encoder.encode(picture(3), 5)
    [frame] = decode(encoder.config, packets)
    assert frame.size == (160, 320)
    red, _, blue = frame.getpixel((40, 100))
    assert red > 180 > 100 > blue
