"""dumpsys: what the services tell about themselves."""

from __future__ import annotations

from collections.abc import Callable

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.system.commands import dumpactivities, dumpdevice, dumplinks
from execmon_lab.phone.system.commands.package import package_dump
from execmon_lab.phone.system.system import System

Dump = Callable[[System, list[str]], str]


def _package(system: System, words: list[str]) -> str:
    names = [word for word in words if not word.startswith("-")]
    if not names:
        return "\n\n".join(package_dump(package) for package in system.packages.all())
    package = system.packages.get(names[0])
    return package_dump(package) if package is not None else f"Unable to find package: {names[0]}"


DUMPS: dict[str, Dump] = {
    "SurfaceFlinger": dumpdevice.surfaceflinger,
    "activity": dumpactivities.activity,
    "activity_task": dumpactivities.activity,
    "alarm": dumpdevice.alarm,
    "audio": dumpdevice.audio,
    "battery": dumpdevice.battery,
    "batterystats": dumpdevice.batterystats,
    "connectivity": dumplinks.connectivity,
    "cpuinfo": dumpdevice.cpuinfo,
    "deviceidle": dumpdevice.deviceidle,
    "display": dumpdevice.display,
    "gfxinfo": dumpdevice.gfxinfo,
    "input": dumpdevice.input_,
    "input_method": dumpdevice.input_method,
    "iphonesubinfo": dumplinks.iphonesubinfo,
    "isms": dumplinks.isms,
    "meminfo": dumpdevice.meminfo,
    "netstats": dumplinks.netstats,
    "notification": dumplinks.notification,
    "package": _package,
    "power": dumpdevice.power,
    "procstats": dumpdevice.procstats,
    "statusbar": dumplinks.statusbar,
    "telecom": dumplinks.telecom,
    "telephony.registry": dumplinks.telephony_registry,
    "thermalservice": dumpdevice.thermal,
    "uimode": dumpdevice.uimode,
    "user": dumpdevice.user,
    "wifi": dumplinks.wifi,
    "window": dumpactivities.window,
}


@command("dumpsys")
async def dumpsys(process: Process) -> int:
    """Print what a service tells, or what all of them do."""
    words = process.argv[1:]
    while words and words[0] in ("-t", "-T", "--priority"):
        words = words[2:]
    if words[:1] in (["-l"], ["-c"]):
        await process.print(
            "Currently running services:\n" + "\n".join(f"  {name}" for name in sorted(DUMPS))
        )
        return 0
    if words[:1] == ["--help"]:
        await process.print(
            "usage: dumpsys\n         To dump all services.\nor:\n       dumpsys "
            "[-t TIMEOUT] [--priority "
            "LEVEL] [--help | -l | SERVICE [ARGS]]"
        )
        return 0
    skipped = []
    if words[:1] == ["--skip"]:
        skipped, words = words[1].split(",") if len(words) > 1 else [], []
    if not words:
        names = [name for name in sorted(DUMPS) if name not in skipped]
        await process.print("Currently running services:\n" + "\n".join(f"  {name}" for name in names))
        for name in names:
            await process.print("-" * 79 + f"\nDUMP OF SERVICE {name}:\n" + DUMPS[name](process.system, []))
        return 0
    name, *rest = words
    if name not in DUMPS:
        return await process.fail(f"Can't find service: {name}", 0)
    text = DUMPS[name](process.system, rest)
    if text:
        await process.print(text)
    return 0
