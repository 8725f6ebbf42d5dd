"""System properties, as `getprop` lists them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from execmon_lab.phone.state.core import Core

MODEL = "Virtual Phone"
DEVICE = "vphone"
BUILD_ID = "UP1A.231105.001"
INCREMENTAL = "11060151"
RELEASE = "14"
SDK = 34
FINGERPRINT = f"execmon/{DEVICE}/{DEVICE}:{RELEASE}/{BUILD_ID}/{INCREMENTAL}:userdebug/test-keys"
SCRCPY = "4.1"
"""`ro.execmon.scrcpy`: the phone plays scrcpy's server of this version by itself, nobody need push one.
Absent where the phone has no video encoder (PyAV, an optional part)."""

PROP_VALUE_MAX = 92  # bionic's sys/system_properties.h, the closing zero included

_SERVICES = [
    "adbd",
    "apexd",
    "audioserver",
    "bootanim",
    "cameraserver",
    "drm",
    "gatekeeperd",
    "gpu",
    "hwservicemanager",
    "installd",
    "keystore2",
    "lmkd",
    "logd",
    "media",
    "mediaextractor",
    "mediametrics",
    "netd",
    "servicemanager",
    "statsd",
    "storaged",
    "surfaceflinger",
    "tombstoned",
    "traced",
    "traced_probes",
    "ueventd",
    "usbd",
    "vndservicemanager",
    "vold",
    "wificond",
    "zygote",
]
_PARTITIONS = ("product", "system", "system_ext", "vendor", "odm", "bootimage")


def boot_properties(serial: str, density: int, boot_time: float) -> dict[str, str]:
    """Return the properties of a freshly booted phone.

    Parameters
    ----------
    serial
        `ro.serialno`.
    density
        Dots per inch, `ro.sf.lcd_density`.
    boot_time
        Wall clock of the boot, seconds.
    """
    built = 1699228800  # 2023-11-06, the date of the build id
    date = time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(built))
    description = f"{DEVICE}-userdebug {RELEASE} {BUILD_ID} {INCREMENTAL} test-keys"
    found = {
        "dalvik.vm.heapgrowthlimit": "192m",
        "dalvik.vm.heapsize": "512m",
        "dalvik.vm.heapstartsize": "8m",
        "dalvik.vm.isa.arm64.variant": "generic",
        "dalvik.vm.usejit": "true",
        "debug.force_rtl": "false",
        "dev.bootcomplete": "1",
        "gsm.current.phone-type": "1",
        "gsm.network.type": "Unknown",
        "gsm.operator.alpha": "Execmon Mobile",
        "gsm.operator.iso-country": "us",
        "gsm.operator.isroaming": "false",
        "gsm.operator.numeric": "00101",
        "gsm.sim.operator.alpha": "Execmon Mobile",
        "gsm.sim.operator.iso-country": "us",
        "gsm.sim.operator.numeric": "00101",
        "gsm.sim.state": "LOADED",
        "gsm.version.baseband": "1.0.0.0",
        "net.bt.name": "Android",
        "persist.sys.dalvik.vm.lib.2": "libart.so",
        "persist.sys.locale": "en-US",
        "persist.sys.timezone": time.tzname[0] or "UTC",
        "persist.sys.usb.config": "adb",
        "ro.adb.secure": "1",
        "ro.allow.mock.location": "1",
        "ro.arch": "arm64",
        "ro.baseband": "unknown",
        "ro.board.platform": DEVICE,
        "ro.boot.hardware": DEVICE,
        "ro.boot.mode": "normal",
        "ro.boot.serialno": serial,
        "ro.boot.verifiedbootstate": "orange",
        "ro.bootimage.build.date.utc": str(built),
        "ro.bootloader": "unknown",
        "ro.bootmode": "normal",
        "ro.build.characteristics": "default",
        "ro.build.date": date,
        "ro.build.date.utc": str(built),
        "ro.build.description": description,
        "ro.build.display.id": description,
        "ro.build.fingerprint": FINGERPRINT,
        "ro.build.flavor": f"{DEVICE}-userdebug",
        "ro.build.host": "build",
        "ro.build.id": BUILD_ID,
        "ro.build.product": DEVICE,
        "ro.build.tags": "test-keys",
        "ro.build.type": "userdebug",
        "ro.build.user": "android-build",
        "ro.build.version.all_codenames": "REL",
        "ro.build.version.base_os": "",
        "ro.build.version.codename": "REL",
        "ro.build.version.incremental": INCREMENTAL,
        "ro.build.version.min_supported_target_sdk": "23",
        "ro.build.version.preview_sdk": "0",
        "ro.build.version.release": RELEASE,
        "ro.build.version.release_or_codename": RELEASE,
        "ro.build.version.sdk": str(SDK),
        "ro.build.version.security_patch": "2023-11-05",
        "ro.carrier": "unknown",
        "ro.com.android.dataroaming": "no",
        "ro.crypto.state": "encrypted",
        "ro.crypto.type": "file",
        "ro.debuggable": "1",
        "ro.hardware": DEVICE,
        "ro.opengles.version": "196610",
        "ro.product.board": DEVICE,
        "ro.product.brand": "execmon",
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a,armeabi",
        "ro.product.cpu.abilist32": "armeabi-v7a,armeabi",
        "ro.product.cpu.abilist64": "arm64-v8a",
        "ro.product.device": DEVICE,
        "ro.product.first_api_level": "34",
        "ro.product.locale": "en-US",
        "ro.product.manufacturer": "Execmon",
        "ro.product.model": MODEL,
        "ro.product.name": DEVICE,
        "ro.runtime.firstboot": str(int(boot_time * 1000)),
        "ro.secure": "1",
        "ro.serialno": serial,
        "ro.sf.lcd_density": str(density),
        "ro.treble.enabled": "true",
        "ro.vndk.version": "34",
        "ro.wifi.channels": "",
        "ro.zygote": "zygote64",
        "service.bootanim.exit": "1",
        "sys.boot_completed": "1",
        "sys.bootstat.first_boot_completed": "1",
        "sys.sysctl.extra_free_kbytes": "10800",
        "sys.system_server.start_count": "1",
        "sys.system_server.start_elapsed": "4127",
        "sys.usb.config": "adb",
        "sys.usb.state": "adb",
        "sys.user.0.ce_available": "true",
        "telephony.lteOnGsmDevice": "1",
        "vold.decrypt": "trigger_restart_framework",
        "wifi.interface": "wlan0",
    }
    if find_spec("av") is not None:
        found["ro.execmon.scrcpy"] = SCRCPY
    for partition in _PARTITIONS:
        found[f"ro.{partition}.build.fingerprint"] = FINGERPRINT
        found[f"ro.{partition}.build.version.sdk"] = str(SDK)
        for key in ("brand", "device", "manufacturer", "model", "name"):
            found[f"ro.product.{partition}.{key}"] = found[f"ro.product.{key}"]
    for number, service in enumerate(_SERVICES):
        found[f"init.svc.{service}"] = "stopped" if service == "bootanim" else "running"
        found[f"ro.boottime.{service}"] = str(1_400_000_000 + 37_000_000 * number)
    return found


class Properties:
    """The property store.

    A `ro.` property can be set once; `persist.` ones outlive a reboot.
    """

    def __init__(self, core: Core, serial: str, density: Callable[[], int]) -> None:
        self._core = core
        self._serial = serial
        self._density = density
        self._values: dict[str, str] = {}
        self.reset()

    def reset(self) -> None:
        """Take the values of a fresh boot, keeping what is persistent."""
        kept = {name: value for name, value in self._values.items() if name.startswith("persist.")}
        self._values = boot_properties(self._serial, self._density(), self._core.boot_time) | kept

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a property, or `default`."""
        return self._values.get(name, default)

    def set(self, name: str, value: str) -> None:
        """Set a property.

        Raises
        ------
        PermissionError
            The property is read-only and has a value already.
        ValueError
            The name is empty or malformed, or the value too long.
        """
        if not name or name.startswith(".") or name.endswith(".") or ".." in name:
            raise ValueError("invalid property name")
        if len(value.encode()) >= PROP_VALUE_MAX and not name.startswith("ro."):
            raise ValueError("value too long")
        if name.startswith("ro.") and name in self._values:
            raise PermissionError("read-only property")
        self._values[name] = value

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield names and values in order of names."""
        yield from sorted(self._values.items())
