"""The text that other tools read: its shape is that of Android 14."""

from __future__ import annotations

import io
import re
import struct
import zipfile

import pytest
from PIL import Image


def test_getprop(phone):
    assert phone.sh("getprop ro.build.version.sdk") == "34"
    assert phone.sh("getprop ro.product.model") == "Virtual Phone"
    assert phone.sh("getprop sys.boot_completed") == "1"
    assert phone.sh("getprop ro.serialno") == "VP0001"
    assert phone.sh("getprop no.such") == ""
    assert phone.sh("getprop no.such default") == "default"
    lines = phone.sh("getprop").splitlines()
    assert len(lines) > 150
    assert all(re.fullmatch(r"\[[\w.\-]+\]: \[.*\]", line) for line in lines)
    assert not any("qemu" in line for line in lines)


def test_setprop(phone):
    phone.sh("setprop debug.some.thing 7")
    assert phone.sh("getprop debug.some.thing") == "7"
    status, _, err = phone.run("setprop", "ro.product.model", "other")
    assert status == 1
    assert "Failed to set property 'ro.product.model' to 'other'." in err


def test_am_start(phone):
    status, out, err = phone.run("am", "start", "-n", "com.android.settings/.Settings")
    assert (status, out, err) == (0, "Starting: Intent { cmp=com.android.settings/.Settings }\n", "")
    _, _, err = phone.run("am", "start", "-n", "com.android.settings/.Settings")
    assert err == (
        "Warning: Activity not started, intent has been delivered to currently running top-most instance.\n"
    )
    _, out, err = phone.run("am", "start", "-n", "no.such/.Thing")
    assert err == "Error type 3\nError: Activity class {no.such/no.such.Thing} does not exist.\n"
    _, out, err = phone.run("am", "start", "-a", "no.such.ACTION")
    assert (
        err == "Error: Activity not started, unable to resolve Intent { act=no.such.ACTION flg=0x10000000 }\n"
    )
    _, out, _ = phone.run("am", "start", "-a", "android.intent.action.VIEW", "-d", "http://example.test/page")
    assert out == "Starting: Intent { act=android.intent.action.VIEW dat=http://example.test/... }\n"
    _, out, _ = phone.run("am", "start", "-a", "android.intent.action.DIAL", "-d", "tel:555")
    assert out == "Starting: Intent { act=android.intent.action.DIAL dat=tel:xxx }\n"


def test_am_start_and_wait(phone):
    out = phone.sh("am start -W -n com.android.calculator2/.Calculator")
    assert re.fullmatch(
        r"Starting: Intent \{ cmp=com\.android\.calculator2/\.Calculator \}\nStatus: ok\nLaunchState: COLD\n"
        r"Activity: com\.android\.calculator2/\.Calculator\nTotalTime: \d+\nWaitTime: \d+\nComplete",
        out,
    )


def test_focus(phone):
    phone.sh("am start -n com.android.settings/.Settings")
    focus = r"mCurrentFocus=Window\{[0-9a-f]+ u0 com\.android\.settings/com\.android\.settings\.Settings\}"
    assert re.search(focus, phone.sh("dumpsys window"))
    assert re.search(focus, phone.sh("dumpsys window windows"))
    app = r"mFocusedApp=ActivityRecord\{[0-9a-f]+ u0 com\.android\.settings/\.Settings t\d+\}"
    assert re.search(app, phone.sh("dumpsys window displays"))
    resumed = r"mResumedActivity: ActivityRecord\{[0-9a-f]+ u0 com\.android\.settings/\.Settings t\d+\}"
    assert re.search(resumed, phone.sh("dumpsys activity activities"))
    pid = phone.system.activities.pid("com.android.settings")
    assert re.search(
        rf"ACTIVITY com\.android\.settings/\.Settings [0-9a-f]+ pid={pid}", phone.sh("dumpsys activity top")
    )


def test_force_stop_ends_process_and_activities(phone):
    phone.sh("am start -n com.android.settings/.Settings")
    assert phone.system.activities.pid("com.android.settings")
    phone.sh("am force-stop com.android.settings")
    assert phone.system.activities.pid("com.android.settings") is None
    assert phone.system.activities.front.package.name == "com.android.launcher3"


def test_a_crash_is_in_the_log_and_ends_the_process(phone):
    phone.sh("am start -n com.android.settings/.Settings")
    pid = phone.system.activities.pid("com.android.settings")
    phone.sh("am crash com.android.settings")
    assert phone.system.activities.pid("com.android.settings") is None
    told = phone.sh("logcat -d -b crash -v brief").splitlines()
    assert f"E/AndroidRuntime({pid:5}): Process: com.android.settings, PID: {pid}" in told
    assert (
        phone.sh("logcat -d -v brief *:W").count("Force finishing activity com.android.settings/.Settings")
        == 1
    )


def test_battery(phone):
    out = phone.sh("dumpsys battery")
    assert out.startswith("Current Battery Service state:\n  AC powered: false\n  USB powered: true\n")
    phone.sh("dumpsys battery set level 15")
    phone.sh("dumpsys battery unplug")
    out = phone.sh("dumpsys battery")
    assert "  (UPDATES STOPPED -- use 'reset' to restart)" in out
    assert "\n  level: 15\n" in out
    assert "\n  USB powered: false\n" in out
    assert "Battery 15 percent." in [node.description for node in phone.nodes()]
    phone.sh("dumpsys battery reset")
    assert "\n  level: 87\n" in phone.sh("dumpsys battery")


def test_power(phone):
    assert "mWakefulness=Awake" in phone.sh("dumpsys power")
    phone.sh("input keyevent POWER")
    assert "mWakefulness=Asleep" in phone.sh("dumpsys power")
    assert "mHoldingDisplaySuspendBlocker=false" in phone.sh("dumpsys power")
    phone.sh("input keyevent KEYCODE_WAKEUP")
    assert "mWakefulness=Awake" in phone.sh("dumpsys power")


def test_every_dump_says_something(phone):
    names = [line.strip() for line in phone.sh("dumpsys -l").splitlines()[1:]]
    assert len(names) > 25
    for name in names:
        assert phone.sh(f"dumpsys {name}")
    assert phone.sh("dumpsys").count("DUMP OF SERVICE ") == len(names)
    assert phone.run("dumpsys", "no.such")[2] == "Can't find service: no.such\n"


def test_pm_list(phone):
    lines = phone.sh("pm list packages").splitlines()
    assert "package:com.android.dialer" in lines
    assert phone.sh("pm list packages dialer") == "package:com.android.dialer"
    assert (
        phone.sh("pm list packages -f dialer")
        == "package:/system/priv-app/Dialer/Dialer.apk=com.android.dialer"
    )
    assert re.fullmatch(
        r"package:com\.android\.dialer uid:\d+", phone.sh("cmd package list packages -U dialer")
    )
    assert phone.sh("pm list packages -3") == ""
    assert phone.sh("pm path com.android.dialer") == "package:/system/priv-app/Dialer/Dialer.apk"
    assert phone.run("pm", "path", "no.such") == (1, "", "")
    for what in ("features", "libraries", "permissions", "users"):
        assert phone.sh(f"pm list {what}")
    out = phone.sh("cmd package resolve-activity --brief com.android.settings")
    assert out.splitlines()[-1] == "com.android.settings/.Settings"


def test_dumpsys_package(phone):
    out = phone.sh("dumpsys package com.android.dialer")
    assert "  Package [com.android.dialer]" in out
    assert "    versionName=14\n" in out
    assert re.search(r"versionCode=34 minSdk=\d+ targetSdk=34", out)
    assert "android.permission.CALL_PHONE: granted=true" in out
    phone.sh("pm revoke com.android.dialer android.permission.CALL_PHONE")
    assert "android.permission.CALL_PHONE: granted=false" in phone.sh("dumpsys package com.android.dialer")


def test_settings(phone):
    assert phone.sh("settings get system screen_brightness") == "102"
    assert phone.sh("settings get global no_such") == "null"
    phone.sh("settings put global my_key my_value")
    assert "my_key=my_value" in phone.sh("settings list global").splitlines()
    assert phone.sh("settings delete global my_key") == "Deleted 1 rows"
    assert phone.run("settings", "get", "nowhere", "key")[0] == 255


def test_wm(phone):
    assert phone.sh("wm size") == "Physical size: 720x1280"
    assert phone.sh("wm density") == "Physical density: 320"
    phone.sh("wm size 540x960")
    assert phone.sh("wm size") == "Physical size: 720x1280\nOverride size: 540x960"
    phone.sh("wm density 240")
    assert phone.sh("wm density") == "Physical density: 320\nOverride density: 240"
    phone.sh("wm size reset")
    phone.sh("wm density reset")
    assert phone.sh("wm size") == "Physical size: 720x1280"
    assert phone.run("wm", "size", "1x1")[0] != 0


def test_screencap(phone):
    phone.sh("screencap")
    width, height, pixels, space = struct.unpack_from("<4I", phone.raw)
    assert (width, height, pixels, space) == (720, 1280, 1, 1)
    assert len(phone.raw) == 16 + 720 * 1280 * 4
    phone.run("screencap", "-p")
    assert phone.raw.startswith(b"\x89PNG")
    phone.sh("screencap -p /sdcard/screen.png")
    with Image.open(io.BytesIO(phone.system.files.read("/sdcard/screen.png"))) as picture:
        assert picture.size == (720, 1280)
    phone.sh("screencap /sdcard/screen.raw")
    assert phone.system.files.stat("/sdcard/screen.raw").size == 16 + 720 * 1280 * 4


def test_uiautomator_dump(phone):
    assert phone.sh("uiautomator dump") == "UI hierchary dumped to: /sdcard/window_dump.xml"
    xml = phone.system.files.read("/sdcard/window_dump.xml").decode()
    assert xml.startswith(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><hierarchy rotation=\"0\"><node "
    )
    assert xml.endswith("</hierarchy>")
    out = phone.sh("uiautomator dump /dev/tty")
    assert out.endswith("</hierarchy>UI hierchary dumped to: /dev/tty")
    phone.sh("input keyevent SLEEP")
    assert phone.run("uiautomator", "dump")[2].startswith("ERROR: null root node returned")


def test_service_and_ime(phone):
    assert phone.sh("service check activity") == "Service activity: found"
    assert phone.sh("service list").startswith("Found ")
    assert phone.sh("service call iphonesubinfo 1").startswith(
        "Result: Parcel(\n  0x00000000: 00000000 0000000f "
    )
    assert phone.sh("ime list -s") == "com.android.inputmethod.latin/.LatinIME"


def test_monkey_starts_an_app(phone):
    out = phone.sh("monkey -p com.android.dialer -c android.intent.category.LAUNCHER 1")
    assert "Events injected: 1" in out
    assert phone.system.activities.front.package.name == "com.android.dialer"
    status, _, err = phone.run("monkey", "-p", "no.such", "-c", "android.intent.category.LAUNCHER", "1")
    assert (status, err) == (252, "** No activities found to run, monkey aborted.\n")


def manifest() -> bytes:
    """Binary XML of a manifest with a package and one activity with a launcher category."""
    words = ["manifest", "package", "versionCode", "activity", "name", "category", "org.example.app", ".Main",
             "android.intent.category.LAUNCHER"]  # fmt: skip
    encoded = b"".join(struct.pack("<H", len(word)) + word.encode("utf-16-le") + b"\0\0" for word in words)
    offsets, at = [], 0
    for word in words:
        offsets.append(at)
        at += 4 + 2 * len(word)
    encoded += bytes(-len(encoded) % 4)
    size = 28 + 4 * len(words)
    pool = struct.pack("<HHIIIIII", 1, 28, size + len(encoded), len(words), 0, 0, size, 0)
    pool += struct.pack(f"<{len(words)}I", *offsets) + encoded

    def element(name: int, *values: tuple[int, int, int]) -> bytes:
        body = struct.pack("<iIHHHHHH", -1, name, 20, 20, len(values), 0, 0, 0)
        for key, kind, value in values:
            body += struct.pack("<iIiHBBI", -1, key, value if kind == 3 else -1, 8, 0, kind, value)
        return struct.pack("<HHIII", 0x102, 16, 16 + len(body), 1, 0xFFFFFFFF) + body

    body = pool + element(0, (1, 3, 6), (2, 0x10, 7)) + element(3, (4, 3, 7)) + element(5, (4, 3, 8))
    return struct.pack("<HHI", 3, 8, 8 + len(body)) + body


@pytest.fixture
def apk() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("AndroidManifest.xml", manifest())
    return buffer.getvalue()


def test_install_a_pushed_file(phone, apk):
    phone.system.files.write("/data/local/tmp/app.apk", apk)
    assert phone.sh("pm install -r -t /data/local/tmp/app.apk") == "Success"
    assert phone.sh("pm list packages -3") == "package:org.example.app"
    assert "versionCode=7 " in phone.sh("dumpsys package org.example.app")
    phone.sh("monkey -p org.example.app -c android.intent.category.LAUNCHER 1")
    assert phone.system.activities.front.component == "org.example.app/.Main"
    assert phone.sh("pm uninstall org.example.app") == "Success"
    assert phone.sh("pm list packages -3") == ""
    assert phone.system.activities.front.package.name == "com.android.launcher3"


def test_install_a_stream(phone, apk):
    assert phone.run("cmd", "package", "install", "-S", str(len(apk)), stdin=apk)[:2] == (0, "Success\n")
    out = phone.sh("pm install-create -r")
    number = re.fullmatch(r"Success: created install session \[(\d+)\]", out)[1]
    status, out, _ = phone.run("pm", "install-write", "-S", str(len(apk)), number, "base.apk", "-", stdin=apk)
    assert (status, out) == (0, f"Success: streamed {len(apk)} bytes\n")
    assert phone.sh(f"pm install-commit {number}") == "Success"


def test_what_is_no_apk_is_refused(phone):
    phone.system.files.write("/data/local/tmp/app.apk", b"not a zip")
    status, _, err = phone.run("pm", "install", "/data/local/tmp/app.apk")
    assert status == 1
    assert err.startswith("Failure [INSTALL_PARSE_FAILED_NOT_APK")
    assert phone.run("pm", "uninstall", "com.android.dialer")[1] == "Failure [DELETE_FAILED_INTERNAL_ERROR]\n"


def test_getevent_tells_the_range_of_the_touch_screen(phone):
    described = phone.sh("getevent -p")
    assert re.search(r"0035  : value 0, min 0, max 719,", described)
    assert re.search(r"0036  : value 0, min 0, max 1279,", described)
    status, _, complaint = phone.run("getevent")
    assert (status, "getevent -p" in complaint) == (1, True)


def test_the_cores_are_the_same_wherever_they_are_told(phone):
    cores = phone.sh("cat /proc/cpuinfo").count("processor")
    folders = re.findall(r"\bcpu\d+\b", phone.sh("ls /sys/devices/system/cpu"))
    assert len(folders) == cores > 0
    assert int(phone.sh("cat /sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")) > 0
