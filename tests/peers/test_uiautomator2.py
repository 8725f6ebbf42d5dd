"""The unmodified uiautomator2: pushes its jar, starts it, and speaks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import uiautomator2
from adbutils import AdbDevice


@pytest.fixture(scope="module")
def d(adb_server, phone) -> Iterator[uiautomator2.Device]:
    from adbutils import AdbClient

    device: AdbDevice = AdbClient(host="127.0.0.1", port=adb_server.port).device(phone.serial)
    connected = uiautomator2.connect(device)
    connected.settings["wait_timeout"] = 10
    yield connected
    connected.stop_uiautomator()


@pytest.fixture(autouse=True)
def at_home(d):
    d.screen_on()
    d.press("home")
    yield
    d.press("home")


def test_info(d):
    info = d.info
    assert (info["displayWidth"], info["displayHeight"]) == (720, 1280)
    assert info["sdkInt"] == 34
    assert info["screenOn"] is True
    assert d.device_info["model"] == "Virtual Phone"
    assert d.window_size() == (720, 1280)


def test_click_by_text_and_switch(d):
    d.app_start("com.android.settings", stop=True)
    d(text="Network & internet").click()
    assert d(text="Mobile data").wait(timeout=5)
    switch = d(resourceId="android:id/switch_widget", instance=1)
    before = switch.info["checked"]
    d(text="Mobile data").click()
    assert d(resourceId="android:id/switch_widget", instance=1).info["checked"] is not before
    d(text="Mobile data").click()
    assert d(resourceId="android:id/switch_widget", instance=1).info["checked"] is before
    d.press("back")
    assert d(text="About phone").exists
    d.app_stop("com.android.settings")
    assert d.app_current()["package"] == "com.android.launcher3"


def test_xpath_and_hierarchy(d):
    d.app_start("com.android.calculator2", stop=True)
    for key in ("7", "×", "6", "="):
        d.xpath(f'//*[@content-desc="{key}"]').click()
    assert d(resourceId="com.android.calculator2:id/formula").get_text() == "42"
    xml = d.dump_hierarchy()
    assert 'package="com.android.calculator2"' in xml
    assert "com.android.systemui:id/clock" in xml
    assert d.xpath("42").exists


def test_text_fields(d):
    d.shell(["am", "start", "-a", "android.intent.action.SENDTO", "-d", "smsto:5550104"])
    field = d(className="android.widget.EditText")
    assert field.wait(timeout=5)
    field.set_text("hello")
    assert field.get_text() == "hello"
    field.clear_text()
    d.send_keys("grüße 'quoted' \"text\"")
    assert field.get_text() == "grüße 'quoted' \"text\""
    assert d.clipboard == "grüße 'quoted' \"text\""
    d(description="Send SMS").click()
    assert d(textStartsWith="Thanks, got: grüße").wait(timeout=10)


def test_screenshot(d):
    assert d.screenshot().size == (720, 1280)


def test_swipe_scrolls(d):
    d.app_start("com.android.settings", stop=True)
    d(text="About phone").click()
    assert d(text="Up time").wait(timeout=5)
    before = d(text="Model").info["bounds"]["top"]
    d.swipe(360, 1000, 360, 500, duration=0.2)
    assert d(text="Model").info["bounds"]["top"] < before
    d.app_stop("com.android.settings")


def test_keys_orientation_and_toast(d):
    d.press("recent")
    d.press("back")
    d.orientation = "left"
    assert d.orientation == "left"
    assert d.window_size() == (1280, 720)
    assert d.screenshot().size == (1280, 720)
    d.orientation = "natural"
    d.toast.show("A toast", 2)
    assert d.toast.get_message(5) == "A toast"


def test_what_is_missing_is_said(d):
    with pytest.raises(uiautomator2.UiObjectNotFoundError):
        d(text="nowhere to be found").click(timeout=0.3)
    with pytest.raises(uiautomator2.exceptions.RPCUnknownError):
        d.jsonrpc.registerClickUiObjectWatcher("name", [], {})


def test_apps(d):
    assert "com.android.dialer" in d.app_list()
    info = d.app_info("com.android.dialer")
    assert info["versionCode"] == 34
    with d.session("com.android.dialer") as session:
        assert session(resourceId="com.android.dialer:id/digits").wait(timeout=5)


def test_the_keyboard_that_it_installs(d):
    d.shell(["am", "start", "-a", "android.intent.action.SENDTO", "-d", "smsto:5550104"])
    field = d(className="android.widget.EditText")
    assert field.wait(timeout=5)
    d.set_input_ime()
    assert d.current_ime() == "com.github.uiautomator/.AdbKeyboard"
    field.clear_text()
    d.send_action("send")
    d.set_input_ime(False)
    d.app_uninstall("com.github.uiautomator")
    assert d.current_ime() == "com.android.inputmethod.latin/.LatinIME"
