"""cmd: the services' own shell commands under one door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.system.commands import activity, package, settings, window
from execmon_lab.phone.system.commands.services import SERVICES, run_ime

Verb = Callable[[Process, list[str]], Awaitable[int]]


@command("cmd")
async def cmd(process: Process) -> int:
    """Send words to a service."""
    words = process.argv[1:]
    if words[:1] == ["-w"]:
        words = words[1:]
    if not words:
        return await process.fail("cmd: No service specified; use -l to list all services", 20)
    if words[0] == "-l":
        await process.print(
            "Currently running services:\n" + "\n".join(f"  {name}" for name in sorted(SERVICES))
        )
        return 0
    name, *rest = words
    if name in _DOORS:
        return await _DOORS[name](process, rest)
    if name in SERVICES:
        return await process.fail(
            "No shell command implementation." if not rest else f"Unknown command: {rest[0]}", 255
        )
    return await process.fail(f"cmd: Can't find service: {name}", 20)


async def _unknown(process: Process, words: list[str]) -> int:
    return await process.fail(f"Unknown command: {words[0]}" if words else "No command given", 255)


async def _statusbar(process: Process, words: list[str]) -> int:
    notices = process.system.notifications
    match words:
        case ["expand-notifications" | "expand-settings", *_]:
            notices.open_shade(True)
        case ["collapse"]:
            notices.open_shade(False)
        case ["check-support"]:
            await process.print("true")
        case ["get-status-icons"]:
            await process.print("clock\nbattery\nmobile\nwifi")
        case ["add-tile" | "remove-tile" | "click-tile", *_]:
            pass
        case _:
            return await _unknown(process, words)
    return 0


async def _uimode(process: Process, words: list[str]) -> int:
    store = process.system.settings
    match words:
        case ["night"]:
            pass
        case ["night", "yes" | "no" | "auto" as mode]:
            store.put("secure", "ui_night_mode", {"yes": "2", "no": "1", "auto": "0"}[mode])
        case _:
            return await _unknown(process, words)
    names = {"2": "yes", "1": "no", "0": "auto"}
    await process.print(f"Night mode: {names.get(store.get('secure', 'ui_night_mode') or '1', 'no')}")
    return 0


async def _connectivity(process: Process, words: list[str]) -> int:
    links = process.system.connectivity
    match words:
        case ["airplane-mode"]:
            await process.print("enabled" if links.airplane else "disabled")
        case ["airplane-mode", "enable" | "disable" as verb]:
            links.set_airplane(verb == "enable")
        case _:
            return await _unknown(process, words)
    return 0


async def _wifi(process: Process, words: list[str]) -> int:
    links = process.system.connectivity
    match words:
        case ["set-wifi-enabled", "enabled" | "disabled" as state]:
            links.set_wifi(state == "enabled")
        case ["status"]:
            _, out, _ = await process.run(["dumpsys", "wifi"])
            await process.write(out)
        case ["list-networks"]:
            await process.print(
                "Network Id      SSID                         Security type\n0            "
                "ExecmonLab                         open"
            )
        case _:
            return await _unknown(process, words)
    return 0


async def _phone(process: Process, words: list[str]) -> int:
    links = process.system.connectivity
    match words:
        case ["data", "enable" | "disable" as verb] | ["data", "enable" | "disable" as verb, "-s", _]:
            links.set_mobile(verb == "enable")
        case ["get-allowed-network-types-for-users", *_]:
            await process.print("10010000000000000000")
        case ["is-phone-number-emergency" | "has-carrier-privileges", *_]:
            await process.print("false")
        case _:
            return await _unknown(process, words)
    return 0


async def _notification(process: Process, words: list[str]) -> int:
    notices = process.system.notifications
    match words:
        case ["list"]:
            await process.write(
                "".join(f"0|{item.package}|1|{item.key}|0\n" for item in notices.items).encode()
            )
        case ["post", *rest]:
            title = rest[rest.index("-t") + 1] if "-t" in rest[:-1] else "Shell"
            text = rest[-1] if rest else ""
            notices.post(
                "shell", package="com.android.shell", title=title, text=text, target="", heads_up=True
            )
            await process.print("posting:\n  Notification(channel=shell_cmd)")
        case ["set_dnd", "on" | "off" | "none" | "priority" | "alarms" | "all" as mode]:
            process.system.settings.put("global", "zen_mode", "0" if mode in ("off", "all") else "1")
        case ["allow_listener" | "disallow_listener" | "allow_dnd" | "disallow_dnd", *_]:
            pass
        case _:
            return await _unknown(process, words)
    return 0


async def _battery(process: Process, words: list[str]) -> int:
    _, out, _ = await process.run(["dumpsys", "battery", *words])
    await process.write(out)
    return 0


async def _overlay(process: Process, words: list[str]) -> int:
    match words:
        case ["list", *_]:
            await process.print(
                "com.android.systemui\n[x] com.android.internal.systemui.navbar.gestural\n[ ] "
                "com.android.internal.systemui.navbar.threebutton"
            )
        case ["enable" | "disable" | "enable-exclusive" | "set-priority", *_]:
            pass
        case _:
            return await _unknown(process, words)
    return 0


async def _clipboard(process: Process, words: list[str]) -> int:
    return await process.fail("No shell command implementation.", 255)


async def _power(process: Process, words: list[str]) -> int:
    match words:
        case ["set-mode", "0" | "1" as mode]:
            process.system.settings.put("global", "low_power", mode)
        case _:
            return await _unknown(process, words)
    return 0


async def _input(process: Process, words: list[str]) -> int:
    status, out, err = await process.run(["input", *words])
    await process.write(out)
    await process.stderr.write(err)
    return status


async def _quiet(process: Process, words: list[str]) -> int:
    return 0


async def _display(process: Process, words: list[str]) -> int:
    match words:
        case ["set-brightness", str(share)]:
            process.system.settings.put(
                "system", "screen_brightness", str(round(255 * min(1.0, max(0.0, float(share)))))
            )
        case ["get-brightness", *_]:
            await process.print(f"{process.system.display.brightness / 255:.3f}")
        case _:
            return await _unknown(process, words)
    return 0


async def _user(process: Process, words: list[str]) -> int:
    if words[:1] == ["list"]:
        await process.print(
            "1 users:\n\n0: id=0, name=Owner, type=full.SYSTEM, flags=FULL|SYSTEM|PRIMARY (running)"
        )
        return 0
    return await _unknown(process, words)


_DOORS: dict[str, Verb] = {
    "activity": activity.run,
    "package": package.run,
    "settings": settings.run,
    "window": window.run,
    "statusbar": _statusbar,
    "uimode": _uimode,
    "connectivity": _connectivity,
    "wifi": _wifi,
    "phone": _phone,
    "notification": _notification,
    "battery": _battery,
    "overlay": _overlay,
    "input_method": run_ime,
    "clipboard": _clipboard,
    "power": _power,
    "input": _input,
    "appops": _quiet,
    "deviceidle": _quiet,
    "jobscheduler": _quiet,
    "location": _quiet,
    "bluetooth_manager": _quiet,
    "display": _display,
    "user": _user,
    "game": _quiet,
    "device_config": _quiet,
    "role": _quiet,
    "shortcut": _quiet,
}
