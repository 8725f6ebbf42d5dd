"""Looking at the screen and touching it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from execmon_lab.devices import (
    AdbError,
    DevicePool,
    DeviceSession,
    ElementNotFound,
    NotTypable,
    PrivateAdbServer,
)
from execmon_lab.phone.process import PhoneProcess

SETTINGS = "com.android.settings"


@pytest.fixture(autouse=True)
def _at_home(session: DeviceSession) -> None:
    session.stop(SETTINGS)
    session.home()


@pytest.fixture
def own_session(adb_server: PrivateAdbServer, own_phone: PhoneProcess) -> Iterator[DeviceSession]:
    with DevicePool(adb_server, [own_phone.serial]) as pool:
        yield pool.wait_available(own_phone.serial, timeout=30).session()


def test_the_size_is_the_screens(session: DeviceSession) -> None:
    assert session.size == (720, 1280)


def test_the_rotated_size_is_the_pictures(session: DeviceSession) -> None:
    try:
        for rotation in (1, 2, 3, 0):
            session.shell(["settings", "put", "system", "user_rotation", str(rotation)])
            assert session.rotated_size == session.screenshot().size
            assert session.size == (720, 1280)
        session.shell("wm size 600x900")
        assert session.rotated_size == (600, 900)
    finally:
        session.shell("settings put system user_rotation 0; wm size reset")


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
    session.tap_on(re.compile("^Network"))
    switch = session.tap_on(cls="Switch")
    try:
        assert session.find(cls="Switch").checked is not switch.checked
    finally:
        session.tap(*switch.bounds.center)


def test_an_element_that_is_missing_fails_as_a_check_and_tells_what_is_there(session: DeviceSession) -> None:
    session.start(package=SETTINGS)
    session.wait_for(re.compile("data", re.I))
    with pytest.raises(AssertionError, match="no element with text='Nothing'") as caught:
        session.wait_for("Nothing", timeout=0.1)
    assert isinstance(caught.value, ElementNotFound)
    shown = session.screen_text().splitlines()
    assert str(caught.value).endswith(f"it shows: {' · '.join(shown)}")


def test_the_keys_work(session: DeviceSession) -> None:
    home = {node.package for node in session.nodes()}
    session.start(package=SETTINGS)
    assert {node.package for node in session.nodes()} != home
    session.back()
    assert {node.package for node in session.nodes()} == home


def test_the_log_is_read(session: DeviceSession) -> None:
    session.shell(["log", "-t", "execmon", "a line of the test"])
    assert "a line of the test" in session.logcat(50)


def test_a_text_that_the_keyboard_has_no_keys_for_is_told(session: DeviceSession) -> None:
    session.start("android.intent.action.SENDTO", data="sms:5550100")
    session.tap_on("Text message")
    with pytest.raises(NotTypable, match=r"cannot type '日本'.*ASCII") as caught:
        session.text("日本")
    assert caught.value.text == "日本"
    session.find("Text message")


def test_text_is_typed_into_the_field_that_has_the_focus(session: DeviceSession) -> None:
    session.start("android.intent.action.SENDTO", data="smsto:5550100")
    session.tap_on(cls="EditText")
    session.text("it's $5 & more")
    session.wait_for(re.compile(re.escape("it's $5 & more")))
    session.stop("com.android.messaging")


def test_the_phone_is_back_after_a_reboot(own_session: DeviceSession) -> None:
    own_session.reboot(timeout=60)
    assert own_session.getprop("sys.boot_completed") == "1"


def test_an_app_that_is_none_is_not_installed(session: DeviceSession, tmp_path: Path) -> None:
    (tmp_path / "no.apk").write_bytes(b"this is no app")
    with pytest.raises(AdbError, match=r"Failure|failed"):
        session.install(tmp_path / "no.apk")
    assert not session.stat("/data/local/tmp/no.apk").exists
