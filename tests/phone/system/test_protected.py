"""A protected screen: every picture of it is black, and the window manager says why; all else knows it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import av
import pytest
from PIL import Image

from execmon_lab.phone.scrcpy.encoder import Encoder

from .conftest import Phone

STATUS, PILL = 56, 40  # pixels of the bars at 320 dots per inch
PIN = "com.android.settings/.password.ChooseLockPassword"


@pytest.fixture
def still(phone: Phone) -> Phone:
    """The phone without animations."""
    for name in ("window_animation_scale", "transition_animation_scale"):
        phone.sh(f"settings put global {name} 0")
    return phone


def screencap(phone: Phone) -> Image.Image:
    phone.sh("screencap")
    width, height = struct.unpack_from("<2I", phone.raw)
    return Image.frombytes("RGBA", (width, height), phone.raw[16:]).convert("RGB")


def scrcpy(phone: Phone) -> Image.Image:
    """What the phone's video shows."""
    frame = phone.system.frame()
    encoder = Encoder((frame.width, frame.height), 8_000_000, 30)
    decoder = av.CodecContext.create("h264", "r")
    data = encoder.config.data + b"".join(packet.data for packet in encoder.encode(frame, 0))
    [picture] = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    return picture.to_image()


def inside(picture: Image.Image) -> Image.Image:
    """The part of a picture between the bars."""
    return picture.convert("L").crop((0, STATUS, picture.width, picture.height - PILL))


@pytest.mark.parametrize("capture", [screencap, scrcpy])
def test_its_picture_is_black_between_the_bars(still: Phone, capture: Callable[[Phone], Image.Image]) -> None:
    still.sh(f"am start -n {PIN}")
    picture = capture(still)
    assert inside(picture).getextrema()[1] <= 1
    assert picture.convert("L").crop((0, 0, picture.width, STATUS)).getextrema()[1] > 200, "the clock"
    still.sh("input keyevent BACK")
    assert inside(capture(still)).getextrema()[1] > 200


def test_no_picture_of_it_is_among_the_recent_apps(still: Phone) -> None:
    still.sh("am start -a android.settings.SECURITY_SETTINGS")
    screencap(still)
    still.sh(f"am start -n {PIN}")
    screencap(still)
    still.sh("input keyevent APP_SWITCH")
    card = next(node for node in still.nodes() if node.identifier.endswith("/task"))
    left, top, right, bottom = card.bounds
    picture = screencap(still).crop((left + 20, top + 40, right - 20, bottom - 40))
    assert len(picture.getcolors(1 << 20) or []) == 1


def test_the_window_manager_names_its_flag(still: Phone) -> None:
    def flags() -> dict[str, set[str]]:
        """The flags of each application window that shows."""
        found = {}
        for part in still.sh("dumpsys window windows").split("  Window #")[1:]:
            if "ty=BASE_APPLICATION" in part and "isOnScreen=true" in part:
                [line] = [line.strip() for line in part.splitlines() if line.startswith("      fl=")]
                found[part.split("}:")[0].split(" ")[-1]] = set(line.removeprefix("fl=").split())
        return found

    [(name, before)] = flags().items()
    assert "SECURE" not in before
    still.sh(f"am start -n {PIN}")
    [(name, after)] = flags().items()
    assert name == "com.android.settings/com.android.settings.password.ChooseLockPassword"
    assert after == before | {"SECURE"}
    still.sh("input keyevent APP_SWITCH")
    assert flags() == {}


def test_a_pin_is_set_by_taps_that_no_picture_shows(phone: Phone) -> None:
    phone.sh("am start -n com.android.settings/.Settings")
    for words in ("Security", "Screen lock", "key1", "key2", "key3", "OK"):
        phone.tap(words)
    assert phone.system.notifications.last_toast == "PIN must be at least 4 digits"
    phone.tap("key4")
    entry = phone.node("password_entry")
    assert (entry.text, entry.password) == ("••••", True)
    phone.tap("OK")
    phone.see("PIN")
    assert phone.node("Screen lock")


def test_digits_may_be_keys(phone: Phone) -> None:
    phone.sh("am start -a android.app.action.SET_NEW_PASSWORD")
    phone.sh("input keyevent 8 9 10 11")
    assert phone.node("password_entry").text == "••••"
    phone.tap("Clear")
    assert phone.node("Set a PIN")
    assert "••••" not in phone.texts()
