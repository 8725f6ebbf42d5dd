"""monkey, bmgr, media, telecom, locale and others that tests call in passing."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.state.activities import UnresolvedError
from execmon_lab.phone.state.intents import LAUNCHER, MAIN, NEW_TASK, Intent


@command("monkey")
async def monkey(process: Process) -> int:
    """Start an app as its icon does; random events are not sent."""
    words = process.argv[1:]
    name, category, count = "", LAUNCHER, 0
    at = 0
    while at < len(words):
        word = words[at]
        if word in ("-p", "-c", "-s", "--throttle", "--port") or word.startswith("--pct-"):
            value = words[at + 1] if at + 1 < len(words) else ""
            name = value if word == "-p" else name
            category = value if word == "-c" else category
            at += 1
        elif word.lstrip("-").isdigit():
            count = int(word)
        at += 1
    package = process.system.packages.get(name)
    await process.write("".join(f"  bash arg: {word}\n" for word in words).encode())
    if package is None or package.launcher is None or category != LAUNCHER:
        await process.fail("** No activities found to run, monkey aborted.")
        return 252
    try:
        process.system.activities.start(
            Intent(MAIN, categories=[LAUNCHER], component=(name, package.launcher.name), flags=NEW_TASK)
        )
    except UnresolvedError:
        return await process.fail("** No activities found to run, monkey aborted.", 252)
    await process.print(
        f"args: {words}\nEvents injected: {count}\n## Network stats: elapsed time=14ms (0ms "
        "mobile, 0ms wifi, 14ms not connected)"
    )
    return 0


@command("locale")
async def locale(process: Process) -> int:
    """Print the language."""
    await process.print(process.system.properties.get("persist.sys.locale"))
    return 0


@command("media")
async def media(process: Process) -> int:
    """Set the volume."""
    words = process.argv[1:]
    settings = process.system.settings
    if words[:1] == ["volume"]:
        names = {"2": "volume_ring", "3": "volume_music", "4": "volume_alarm"}
        stream = words[words.index("--stream") + 1] if "--stream" in words[:-1] else "3"
        key = names.get(stream, "volume_music")
        if "--set" in words[:-1]:
            settings.put("system", key, words[words.index("--set") + 1])
        if "--get" in words:
            await process.print(f"[V] volume is {settings.get('system', key)} in range [0..15]")
        return 0
    if words[:1] == ["dispatch"]:
        return 0
    return await process.fail(
        "usage: media [subcommand] [options]\n       media dispatch KEY\n       media volume [options]"
    )


@command("telecom")
async def telecom(process: Process) -> int:
    """Talk to the telecom service."""
    match process.argv[1:]:
        case ["get-default-dialer" | "get-system-dialer"]:
            await process.print("com.android.dialer")
        case ["get-max-phones"]:
            await process.print("1")
        case ["get-sim-config"]:
            await process.print("SSSS")
        case [
            "set-default-dialer"
            | "set-phone-account-enabled"
            | "set-phone-account-disabled"
            | "wait-on-handlers",
            *_,
        ]:
            pass
        case words:
            return await process.fail(f"Unknown command: {' '.join(words[:1])}", 255)
    return 0


@command("bugreportz")
async def bugreportz(process: Process) -> int:
    """Tell the version; there is no report to make."""
    if "-v" in process.argv:
        await process.stderr.write(b"1.2\n")
        return 0
    await process.print("FAIL:this phone writes no bug reports")
    return 1


@command("bmgr")
async def bmgr(process: Process) -> int:
    """Tell that backups are off."""
    await process.print("Backup Manager currently disabled")
    return 0


@command("logpersist.start", "logpersist.stop")
async def logpersist(process: Process) -> int:
    """Accept: the log is kept in memory."""
    return 0


@command("sm")
async def sm(process: Process) -> int:
    """List the volumes."""
    if process.argv[1:2] in (["list-volumes"], ["list-disks"]):
        if process.argv[1] == "list-volumes":
            await process.print("private mounted null\nemulated;0 mounted null")
        return 0
    return await process.fail(
        "usage: sm list-disks [adoptable]\n       sm list-volumes [public|private|emulated|stub|all]"
    )
