"""The files that a fresh phone has."""

from __future__ import annotations

from execmon_lab.phone.files import FileSystem
from execmon_lab.phone.state.phone import PhoneState

_FOLDERS = (
    "/data/local/tmp",
    "/data/app",
    "/data/data",
    "/data/media",
    "/sdcard/Download",
    "/sdcard/DCIM/Camera",
    "/sdcard/Pictures",
    "/sdcard/Documents",
    "/sdcard/Music",
    "/sdcard/Movies",
    "/system/app",
    "/system/priv-app",
    "/system/bin",
    "/system/etc",
    "/system/framework",
    "/vendor",
    "/storage",
    "/proc",
    "/sys/class/power_supply/battery",
    "/dev",
)


def lay_out_files(phone: PhoneState) -> None:
    """Make the folders and files of a fresh phone, where they are missing."""
    files = phone.files
    files.mkdir("/storage/emulated/0", parents=True)
    if not files.exists("/sdcard"):
        files.symlink("/storage/emulated/0", "/sdcard")
    for folder in _FOLDERS:
        if not files.exists(folder):
            files.mkdir(folder, parents=True)
    build = "".join(
        f"{name}={value}\n"
        for name, value in phone.properties.items()
        if name.startswith(("ro.build.", "ro.product."))
    )
    files.write("/system/build.prop", b"# begin build properties\n" + build.encode())
    files.write("/system/framework/scrcpy-server.jar", b"")  # a name for app_process; the phone has the code
    files.generate(
        "/proc/uptime", lambda: f"{phone.core.uptime():.2f} {phone.core.uptime() * 3:.2f}\n".encode()
    )
    files.generate("/proc/meminfo", lambda: MEMINFO.encode())
    files.generate(
        "/proc/loadavg",
        lambda: f"0.42 0.37 0.31 1/412 {max(e.pid for e in phone.processes.items())}\n".encode(),
    )
    files.generate("/proc/cpuinfo", lambda: _CPU.encode())
    files.generate(
        "/proc/version",
        lambda: b"Linux version 6.1.43-android14 (build@build) (clang version 17.0.2) #1 SMP PREEMPT\n",
    )
    _lay_out_cores(files)
    battery = "/sys/class/power_supply/battery"
    files.generate(f"{battery}/capacity", lambda: f"{phone.battery.level}\n".encode())
    files.generate(f"{battery}/status", lambda: b"Charging\n" if phone.battery.charging else b"Discharging\n")
    for package in phone.packages.all():
        if not files.exists(package.path):
            files.mkdir(package.path.rsplit("/", 1)[0], parents=True)
            files.write(package.path, b"PK\x05\x06" + bytes(18))
        home = f"/data/data/{package.name}"
        if not files.exists(home):
            files.mkdir(home)


def _lay_out_cores(files: FileSystem) -> None:
    root = "/sys/devices/system/cpu"
    for core in range(CORES):
        files.mkdir(f"{root}/cpu{core}/cpufreq", parents=True)
        for name, khz in (("cpuinfo_max_freq", 2_400_000), ("cpuinfo_min_freq", 300_000)):
            files.write(f"{root}/cpu{core}/cpufreq/{name}", f"{khz}\n".encode())
        files.write(f"{root}/cpu{core}/cpufreq/scaling_cur_freq", b"1200000\n")
    for name in ("online", "possible", "present"):
        files.write(f"{root}/{name}", f"0-{CORES - 1}\n".encode())


CORES = 4

MEMINFO = """MemTotal:        3932160 kB
MemFree:          812344 kB
MemAvailable:    2214560 kB
Buffers:           18244 kB
Cached:          1402216 kB
SwapCached:            0 kB
SwapTotal:       1966076 kB
SwapFree:        1966076 kB
"""
_CORE = """processor\t: {}
BogoMIPS\t: 38.40
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd0b
CPU revision\t: 0

"""
_CPU = "".join(_CORE.format(core) for core in range(CORES)) + "Hardware\t: Virtual Phone\n"
