"""Commands about the machine, its processes and its users."""

from __future__ import annotations

import posixpath
import time

from execmon_lab.phone.shell.kernel import BIN
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import COMMANDS, command
from execmon_lab.phone.shell.toybox.files import parse_time
from execmon_lab.phone.shell.toybox.inputs import tool
from execmon_lab.phone.shell.toybox.listing import MOUNTS, owner
from execmon_lab.phone.shell.toybox.options import options

KERNEL = "5.15.137-android14-11"
GROUPS = (
    "1004(input),1007(log),1011(adb),1015(sdcard_rw),1028(sdcard_r),1078(ext_data_rw),1079(ext_obb_rw),"
    "3001(net_bt_admin),3002(net_bt),3003(inet),3006(net_bw_stats),3009(readproc),3011(uhid),3012(readtracefs)"
)


@command("date")
@tool
async def _date(process: Process) -> int:
    given = options(process, "uIRd:r:D:s:")
    moment = time.time()
    form = "%a %b %e %H:%M:%S %Z %Y"
    for argument in given.arguments:
        if not argument.startswith("+"):
            return await process.fail("date: cannot set date: Operation not permitted")
        form = argument[1:]
    if "I" in given:
        form = "%Y-%m-%d"
    elif "R" in given:
        form = "%a, %d %b %Y %H:%M:%S %z"
    try:
        if "d" in given:
            moment = parse_time(given["d"])
        elif "r" in given:
            moment = process.files.stat(process.path(given["r"])).mtime
    except ValueError:
        return await process.fail(f"date: bad date '{given['d']}'")
    except OSError as error:
        return await process.fail(f"date: {given['r']}: {error.strerror}")
    form = form.replace("%N", f"{int(moment % 1 * 1e9):09}").replace("%s", str(int(moment)))
    parts = (time.gmtime if "u" in given else time.localtime)(moment)
    await process.print(time.strftime(form, parts).replace("GMT", "UTC"))
    return 0


@command("uptime")
async def _uptime(process: Process) -> int:
    seconds = int(process.system.core.uptime())
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    up = f"{hours // 24} days, {hours % 24:2}:{minutes:02}" if hours >= 24 else f"{hours:2}:{minutes:02}"
    await process.print(f" {time.strftime('%H:%M:%S')} up {up},  0 users,  load average: 0.08, 0.12, 0.09")
    return 0


@command("id")
@tool
async def _id(process: Process) -> int:
    given = options(process, "ugnGrZ")
    name = owner(process.uid)
    if "Z" in given:
        await process.print("u:r:su:s0" if process.uid == 0 else "u:r:shell:s0")
    elif "u" in given or "g" in given:
        await process.print(name if "n" in given else str(process.uid))
    elif "G" in given:
        await process.print(f"{process.uid}")
    else:
        groups = f"{process.uid}({name}),{GROUPS}"
        context = "u:r:su:s0" if process.uid == 0 else "u:r:shell:s0"
        await process.print(
            f"uid={process.uid}({name}) gid={process.uid}({name}) groups={groups} context={context}"
        )
    return 0


@command("whoami", "groups", "logname")
async def _whoami(process: Process) -> int:
    await process.print(owner(process.uid))
    return 0


@command("hostname", "nproc", "tty", "arch")
async def _hostname(process: Process) -> int:
    known = {"hostname": "localhost", "nproc": "4", "arch": "aarch64"}
    known["tty"] = "/dev/pts/0" if process.tty else "not a tty"
    await process.print(known[process.name])
    return int(process.name == "tty" and not process.tty)


@command("uname")
@tool
async def _uname(process: Process) -> int:
    given = options(process, "asnrvmo")
    machine = process.system.properties.get("ro.product.cpu.abi").replace("arm64-v8a", "aarch64") or "aarch64"
    parts = {
        "s": "Linux",
        "n": "localhost",
        "r": KERNEL,
        "v": "#1 SMP PREEMPT",
        "m": machine,
        "o": "Toybox" if "a" in given else "Android",
    }
    chosen = list(parts) if "a" in given else [key for key in parts if key in given] or ["s"]
    await process.print(" ".join(parts[key] for key in chosen))
    return 0


@command("env", "printenv")
@tool
async def _env(process: Process) -> int:
    given = options(process, "0iu:", stop=True)
    if process.name == "printenv" and given.arguments:
        values = [process.env[name] for name in given.arguments if name in process.env]
        for value in values:
            await process.print(value)
        return int(len(values) < len(given.arguments))
    env = {} if "i" in given else dict(process.env)
    env.pop(given.get("u", ""), None)
    arguments = given.arguments
    while arguments and "=" in arguments[0]:
        name, _, value = arguments.pop(0).partition("=")
        env[name] = value
    if arguments:
        process.argv, process.env = arguments, env
        return await process.kernel.call(process)
    for name, value in env.items():
        await process.print(f"{name}={value}")
    return 0


# Users, commands and mounts


@command("su")
async def _su(process: Process) -> int:
    arguments = process.argv[1:]
    if process.uid not in (0, 2000) or process.system.properties.get("ro.debuggable") != "1":
        return await process.fail("su: not allowed")
    script = ""
    uid = 0
    while arguments:
        word = arguments.pop(0)
        if word in ("-c", "--command"):
            script = " ".join(arguments)
            break
        if word in ("-", "-l", "--login", "-p"):
            continue
        names = {"root": 0, "shell": 2000, "system": 1000}
        if word.isdecimal() or word in names:
            uid = names[word] if word in names else int(word)
            if arguments and arguments[0] != "-c":
                process.argv, process.uid = arguments, uid
                return await process.kernel.call(process)
        else:
            return await process.fail(f"su: invalid uid/gid '{word}'")
    process.uid = uid
    process.argv = ["sh", "-c", script] if script else ["sh"]
    return await process.kernel.call(process)


@command("which")
@tool
async def _which(process: Process) -> int:
    given = options(process, "a")
    status = 0
    for name in given.arguments:
        if posixpath.basename(name) in COMMANDS and posixpath.dirname(name) in ("", *BIN):
            await process.print(f"/system/bin/{posixpath.basename(name)}")
        else:
            status = 1
    return status


@command("toybox", "toolbox")
async def _toybox(process: Process) -> int:
    if len(process.argv) < 2:
        await process.print(" ".join(sorted(COMMANDS)))
        return 0
    if process.argv[1] in ("--version", "--help"):
        await process.print("toybox 0.8.9-android")
        return 0
    if process.argv[1] not in COMMANDS:
        return await process.fail(f"toybox: Unknown command {process.argv[1]}", 127)
    process.argv = process.argv[1:]
    return await process.kernel.call(process)


@command("mount")
async def _mount(process: Process) -> int:
    if len(process.argv) > 1 and process.uid != 0:
        return await process.fail("mount: Operation not permitted")
    if len(process.argv) == 1:
        kinds = {"/": "ext4", "/dev": "tmpfs", "/data": "f2fs", "/storage/emulated": "fuse"}
        for device, place in MOUNTS:
            flags = "rw,seclabel,nosuid,nodev,noatime"
            await process.print(f"{device} on {place} type {kinds[place]} ({flags})")
    return 0


@command("sync", "umount", "restorecon", "chcon")
async def _nothing(process: Process) -> int:
    return 0


@command("remount")
async def _remount(process: Process) -> int:
    if process.uid != 0:
        return await process.fail('Not running as root. Try "adb root" first.')
    process.files.read_only.clear()
    await process.print("Remount succeeded")
    return 0


@command("free")
@tool
async def _free(process: Process) -> int:
    given = options(process, "bkmght")
    unit = next(
        (size for letter, size in (("b", 1), ("k", 2**10), ("m", 2**20), ("g", 2**30)) if letter in given), 1
    )
    total, used = 4030904 * 1024, 2105344 * 1024
    row = [total, used, total - used, 0, 12582912]
    await process.print(f"{'':16}{'total':>12}{'used':>12}{'free':>12}{'shared':>12}{'buffers':>12}")
    await process.print(f"{'Mem:':16}" + "".join(f"{value // unit:12}" for value in row))
    await process.print(f"{'Swap:':16}" + "".join(f"{0:12}" for _ in range(3)))
    return 0


@command("dmesg")
async def _dmesg(process: Process) -> int:
    await process.print(f"[    0.000000] Linux version {KERNEL}")
    return 0


@command("run-as")
async def _run_as(process: Process) -> int:
    name = process.argv[1] if len(process.argv) > 1 else ""
    return await process.fail(f"run-as: unknown package: {name}")
