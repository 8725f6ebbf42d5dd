"""A picture that goes black is told of, once, with the reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from execmon_lab.devices import Device, DevicePool, DeviceSession, PrivateAdbServer
from execmon_lab.phone.process import PhoneProcess
from execmon_lab.preview import BestSource, ImagePicture, Preference
from execmon_lab.preview.darkness import OFF, PROTECTED, Darkness
from execmon_lab.protocol import Level

Eventually = Callable[..., bool]
Told = list[tuple[str, Level, str]]


def shown(colour: str, bars: str = "black") -> ImagePicture:
    """A screen of one colour between its two bars."""
    image = Image.new("RGB", (720, 1280), bars)
    image.paste(Image.new("RGB", (720, 1280 - 72 - 96), colour), (0, 72))
    return ImagePicture(image)


@pytest.fixture
def told() -> Told:
    return []


def test_what_is_protected_is_told_once_each_time(device: Device, told: Told) -> None:
    darkness = Darkness(device, lambda *line: told.append(line))
    for picture in (shown("navy"), shown("black", "white"), shown("black"), shown("white"), shown("#0b0b0b")):
        darkness.look(picture)
    assert told == [(device.serial, "WARN", PROTECTED)] * 2


@pytest.mark.parametrize("prefer", ["screencap", "scrcpy"])
def test_a_screen_that_is_off_is_told(
    device: Device,
    session: DeviceSession,
    phone: PhoneProcess,
    told: Told,
    prefer: Preference,
    eventually: Eventually,
) -> None:
    session.home()
    source = BestSource(device, prefer=prefer, tell=lambda *line: told.append(line))
    source.capture()
    assert told == []
    session.key("SLEEP")
    try:
        assert eventually(lambda: source.capture() and told)
        for _ in range(3):
            source.capture()
    finally:
        session.key("WAKEUP")
    assert told == [(phone.serial, "WARN", OFF)]
    source.close()


def test_a_device_that_is_away_is_not_asked(adb_server: PrivateAdbServer, told: Told) -> None:
    with DevicePool(adb_server, ["R58M"]) as pool:
        Darkness(pool.get("R58M"), lambda *line: told.append(line)).look(shown("black"))
    assert told == []
