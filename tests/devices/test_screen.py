"""Looking at the screen and touching it."""

from __future__ import annotations

import re

import pytest

from execmon_lab.devices import AdbError, DeviceSession, ElementNotFound

SETTINGS = "com.android.settings"


@pytest.fixture(autouse=True)
def _at_home(session: DeviceSession) -> None:
    session.home()


def test_the_size_is_the_screens(session: DeviceSession) -> None:
    assert session.size == (720, 1280)


def test_a_screenshot_is_the_screens_and_not_black(session: DeviceSession) -> None:
    image = session.screenshot()
    assert (image.mode, image.size) == ("RGB", session.size)
    assert len(image.getcolors(maxcolors=1 << 20) or []) > 10


def test_an_app_is_started_and_stopped(session: DeviceSession) -> None:
    session.start(package=SETTINGS)
    session.wait_for(re.compile("data", re.I))
    assert any(node.package == SETTINGS for node in session.nodes())
    session.stop(SETTINGS)
    assert not any(node.package == SETTINGS for node in session.nodes())


def test_what_cannot_be_started_is_told(session: DeviceSession) -> None:
    with pytest.raises(AdbError):
        session.start(component="com.example.nothing/.Main")
    with pytest.raises(ValueError, match="name what to start"):
        session.start()


def test_an_element_is_found_and_touched(session: DeviceSession) -> None:
    session.start(package=SETTINGS)
    switch = session.wait_for(cls="android.widget.Switch", timeout=20)
    session.tap(*switch.bounds.center)
    try:
        assert session.find(cls="android.widget.Switch").checked is not switch.checked
    finally:
        session.tap(*switch.bounds.center)


def test_an_element_that_is_missing_fails_as_a_check_and_tells_what_is_there(session: DeviceSession) -> None:
    session.start(package=SETTINGS)
    session.wait_for(re.compile("data", re.I))
    with pytest.raises(AssertionError, match="no element with text='Nothing'") as caught:
        session.wait_for("Nothing", timeout=0.1)
    assert isinstance(caught.value, ElementNotFound)
    assert session.screen_text() in str(caught.value)


def test_the_keys_work(session: DeviceSession) -> None:
    home = session.screen_text()
    session.start(package=SETTINGS)
    assert session.screen_text() != home
    session.back()
    assert session.screen_text() == home


def test_the_log_is_read(session: DeviceSession) -> None:
    session.shell(["log", "-t", "execmon", "a line of the test"])
    assert "a line of the test" in session.logcat(50)
