"""getprop, setprop, and starting and stopping what init runs."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command


@command("getprop")
async def getprop(process: Process) -> int:
    """Print one property, or all of them as `[name]: [value]`."""
    properties = process.system.properties
    options = [word for word in process.argv[1:] if word.startswith("-")]
    names = [word for word in process.argv[1:] if not word.startswith("-")]
    if "-T" in options and not names:
        lines = "".join(f"[{name}]: [{_type(value)}]\n" for name, value in properties.items())
        await process.write(lines.encode())
    elif not names:
        lines = "".join(f"[{name}]: [{value}]\n" for name, value in properties.items())
        await process.write(lines.encode())
    elif len(names) > 2:
        return await process.fail("getprop: Max 2 arguments")
    else:
        await process.print(properties.get(names[0], names[1] if len(names) > 1 else ""))
    return 0


def _type(value: str) -> str:
    if value in ("true", "false", "0", "1"):
        return "bool"
    return "int" if value.lstrip("-").isdigit() else "string"


@command("setprop")
async def setprop(process: Process) -> int:
    """Set a property."""
    if len(process.argv) != 3:
        return await process.fail("setprop: Need 2 arguments")
    name, value = process.argv[1:]
    try:
        process.system.properties.set(name, value)
    except (PermissionError, ValueError) as error:
        reason = "error code: 0xb" if isinstance(error, PermissionError) else str(error)
        return await process.fail(
            f"Failed to set property '{name}' to '{value}'.\nSee dmesg for error reason. ({reason})"
        )
    return 0


@command("start", "stop")
async def start(process: Process) -> int:
    """Start or stop a service of init; without a name it is the framework, which stays up here."""
    if process.uid != 0:
        return await process.fail("must be root")
    state = "running" if process.name == "start" else "stopped"
    for name in process.argv[1:]:
        if not process.system.properties.get(f"init.svc.{name}"):
            return await process.fail(
                f"Unable to {process.name} service '{name}'\nSee dmesg for error reason."
            )
        process.system.properties.set(f"init.svc.{name}", state)
    if process.argv == ["start"]:  # hosts that restart the framework wait for this
        process.system.properties.set("sys.boot_completed", "1")
    return 0


@command("getenforce")
async def getenforce(process: Process) -> int:
    """Print the mode of SELinux."""
    await process.print("Enforcing")
    return 0


@command("setenforce")
async def setenforce(process: Process) -> int:
    """Refuse: the mode is fixed."""
    return await process.fail(
        "setenforce: Couldn't set enforcing status to '" + "".join(process.argv[1:2]) + "': Permission denied"
    )


@command("reboot")
async def reboot(process: Process) -> int:
    """Restart the phone."""
    await process.system.reboot(next((word for word in process.argv[1:] if not word.startswith("-")), ""))
    return 0
