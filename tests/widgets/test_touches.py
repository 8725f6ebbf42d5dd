"""Touches of pages: none while control is off, none too late, none on another picture; each is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from execmon_lab.control import AnyGesture, Key, Tap
from execmon_lab.preview import Frame, Jpeg
from execmon_lab.widgets.commands import Touch
from execmon_lab.widgets.parcel import Parcel
from execmon_lab.widgets.touches import STALE_SECONDS, Touches
from tests.widgets.conftest import FakeManual

NOW = 1000.0
TAP = Tap(x=0.5, y=0.25)


class Rig:
    """Touches with a fake hand, and what pages are told."""

    def __init__(self) -> None:
        self.manual = FakeManual()
        self.told: list[dict[str, Any]] = []
        self.newest: Frame | None = None
        self.touches = Touches(
            self.manual,
            self.hear,
            lambda device: self.newest,
            lambda device: device == "emulator-5554",
            lambda: NOW,
        )

    def hear(self, parcel: Parcel) -> None:
        self.told.append(parcel.content)

    def take(self, gesture: AnyGesture = TAP, *, on: bool = True, **changes: Any) -> str | None:
        """Take a touch, and return what the page was answered."""
        fields: dict[str, Any] = {
            "page": "p",
            "id": 7,
            "device_id": "emulator-5554",
            "at": NOW * 1000,
            "picture": (540, 960),
            "gesture": gesture,
        }
        self.touches.take(Touch(**fields | changes), on=on)
        content = self.told.pop()
        assert self.told == []
        refused: str | None = content.pop("refused")
        assert content == {"kind": "touched", "page": "p", "id": 7}
        return refused


@pytest.fixture
def rig() -> Rig:
    return Rig()


def picture(width: int, height: int) -> Frame:
    return Frame("emulator-5554", "low", Jpeg(b"", width, height), datetime.now(UTC), 1, True)


def test_a_touch_is_passed_on_and_answered(rig: Rig) -> None:
    assert rig.take() is None
    assert rig.manual.sent == [("emulator-5554", TAP, (540, 960))]
    rig.manual.refusal = "the device is offline"
    assert rig.take() == "the device is offline"
    rig.manual.refusal = "the device is slow: 16 touches wait already"
    assert rig.take() == rig.manual.refusal


def test_nothing_is_passed_on_while_control_is_off(rig: Rig) -> None:
    assert rig.take(on=False) == "control is switched off"
    assert rig.take(device_id="R58M") == "R58M is no device of this execution"
    assert rig.manual.sent == []


def test_nothing_that_a_busy_kernel_hears_of_too_late(rig: Rig) -> None:
    assert rig.take(at=(NOW - STALE_SECONDS - 0.6) * 1000) == "the kernel was busy for 3 s: nothing was sent"
    assert rig.manual.sent == []
    assert rig.take(at=(NOW - STALE_SECONDS + 0.1) * 1000) is None


def test_nothing_that_was_aimed_at_the_screen_before_it_turned(rig: Rig) -> None:
    rig.newest = picture(640, 360)
    assert rig.take() == "the device has just turned: nothing was sent"
    assert rig.take(Key(key="back")) is None, "a key has no place"
    assert rig.take(picture=(960, 540)) is None
    rig.newest = picture(360, 640)
    assert rig.take() is None, "the scale does not matter"
