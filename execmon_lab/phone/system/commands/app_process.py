"""app_process: the Java programs that the phone knows."""

from __future__ import annotations

from execmon_lab.phone.scrcpy import server as scrcpy
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.uiautomator.server import UiServer

SCRCPY = "com.genymobile.scrcpy.Server"
UIA2 = "com.wetest.uia2.Main"


@command("app_process", "app_process32", "app_process64")
async def app_process(process: Process) -> int:
    """Run the servers of uiautomator2 and of scrcpy."""
    words = [word for word in process.argv[1:] if not word.startswith("-X")]
    if UIA2 in words:
        return await _uia2(process, words) if _has_jar(process) else await _no_class(process, UIA2)
    if SCRCPY in words:
        if not _has_jar(process):
            return await _no_class(process, SCRCPY)
        return await scrcpy.run(process, words[words.index(SCRCPY) + 1 :])
    name = next((word for word in words if "." in word and not word.startswith(("/", "-"))), "")
    if not name:
        return await process.fail(
            (
                "Error: no class name or --zygote supplied.\nUsage: app_process [java-options] "
                "cmd-dir start-class-name [options]"
            ),
            10,
        )
    return await process.fail(f'Error: Could not find class "{name}": this phone does not run Java', 1)


def _has_jar(process: Process) -> bool:
    """Whether the class path names a file; what is in it does not matter, the phone has its own code."""
    jar = process.env.get("CLASSPATH", "").split(":")[0]
    return bool(jar) and process.files.exists(process.path(jar))


async def _no_class(process: Process, name: str) -> int:
    return await process.fail(
        f"Error: Could not find or load main class {name}\n"
        f"Caused by: java.lang.ClassNotFoundException: {name}"
    )


async def _uia2(process: Process, words: list[str]) -> int:
    system = process.system
    port = words[words.index("-p") + 1] if "-p" in words[:-1] else "9008"
    name = f"tcp:{port}"
    if name in system.network:
        return await process.fail("[server] ERROR: java.net.BindException: Address already in use")
    server = UiServer(system)
    system.network[name] = server.serve
    try:
        await process.print("[server] INFO: [UiAutomator2Server] Starting Server")
        await server.stopped.wait()
    finally:
        if system.network.get(name) == server.serve:
            del system.network[name]
    return 0
