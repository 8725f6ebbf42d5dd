"""Fixed lists that `pm list` prints."""

from __future__ import annotations

from execmon_lab.phone.state.packages import RUNTIME_PERMISSIONS

FEATURES = (
    "reqGlEsVersion=0x30002",
    "android.hardware.audio.output",
    "android.hardware.bluetooth",
    "android.hardware.camera",
    "android.hardware.faketouch",
    "android.hardware.location",
    "android.hardware.microphone",
    "android.hardware.ram.normal",
    "android.hardware.screen.landscape",
    "android.hardware.screen.portrait",
    "android.hardware.telephony",
    "android.hardware.telephony.gsm",
    "android.hardware.touchscreen",
    "android.hardware.touchscreen.multitouch",
    "android.hardware.usb.accessory",
    "android.hardware.wifi",
    "android.software.adoptable_storage",
    "android.software.app_widgets",
    "android.software.home_screen",
    "android.software.input_methods",
    "android.software.print",
    "android.software.webview",
)
LIBRARIES = (
    "android.test.base",
    "android.test.mock",
    "android.test.runner",
    "com.android.location.provider",
    "javax.obex",
    "org.apache.http.legacy",
)
PERMISSIONS = tuple(
    f"android.permission.{name}"
    for name in sorted(["INTERNET", "VIBRATE", "WAKE_LOCK", *RUNTIME_PERMISSIONS])
)
