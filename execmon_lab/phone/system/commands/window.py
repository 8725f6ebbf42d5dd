"""wm: the display's size, density and rotation."""

from __future__ import annotations

import re

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command


@command("wm")
async def wm(process: Process) -> int:
    """Talk to the window manager."""
    return await run(process, process.argv[1:])


async def run(process: Process, words: list[str]) -> int:
    """Run a verb of the window manager."""
    if "-d" in words:
        at = words.index("-d")
        words = words[:at] + words[at + 2 :]
    verb, rest = (words[0], words[1:]) if words else ("help", [])
    match verb:
        case "size":
            return await _size(process, rest)
        case "density":
            return await _density(process, rest)
        case "user-rotation":
            return await _rotation(process, rest)
        case "dismiss-keyguard" | "fixed-to-user-rotation" | "set-ignore-orientation-request" | "folded-area":
            return 0
        case "set-fix-to-user-rotation" | "set-user-rotation":
            return await _rotation(process, rest)
        case "get-ignore-orientation-request":
            await process.print("ignoreOrientationRequest false for displayId=0")
        case "scaling" | "overscan":
            return 0
        case "reset":
            process.system.display.resize(None)
            process.system.display.set_density(None)
        case "help":
            await process.print(
                "Window manager (window) commands:\n  size [reset|WxH|WdpxHdp] [-d DISPLAY_ID]\n"
                "  density [reset|DENSITY] [-d DISPLAY_ID]\n  user-rotation [-d "
                "DISPLAY_ID] [free|lock] [rotation]\n"
                "  dismiss-keyguard"
            )
        case _:
            return await process.fail(f"Unknown command: {verb}", 255)
    return 0


async def _size(process: Process, words: list[str]) -> int:
    display = process.system.display
    if not words:
        width, height = display.physical_size
        await process.print(f"Physical size: {width}x{height}")
        if display.override_size:
            width, height = display.override_size
            await process.print(f"Override size: {width}x{height}")
        return 0
    if words[0] == "reset":
        display.resize(None)
        return 0
    match = re.fullmatch(r"(\d{1,5})(dp)?x(\d{1,5})(dp)?", words[0])
    if match is None:
        return await process.fail(f"Error: bad size {words[0]}", 255)
    k = display.density / 160
    width = round(int(match[1]) * (k if match[2] else 1))
    height = round(int(match[3]) * (k if match[4] else 1))
    try:
        display.resize((width, height))
    except ValueError as error:
        return await process.fail(f"Error: {error}", 255)
    return 0


async def _density(process: Process, words: list[str]) -> int:
    display = process.system.display
    if not words:
        await process.print(f"Physical density: {display.physical_density}")
        if display.override_density:
            await process.print(f"Override density: {display.override_density}")
        return 0
    if words[0] == "reset":
        display.set_density(None)
        return 0
    try:
        display.set_density(int(words[0]))
    except ValueError as error:
        reason = f"bad number {error}" if not words[0].isdigit() else str(error)
        return await process.fail(f"Error: {reason}", 255)
    return 0


async def _rotation(process: Process, words: list[str]) -> int:
    system = process.system
    if not words:
        free = system.settings.get("system", "accelerometer_rotation") == "1"
        await process.print("free" if free else f"lock {system.display.rotation}")
        return 0
    mode, *rest = words
    if mode not in ("free", "lock"):
        return await process.fail(
            f"Error: argument needs to be either -d, free or lock, but we get {mode}", 255
        )
    system.settings.put("system", "accelerometer_rotation", "1" if mode == "free" else "0")
    if mode == "lock" and rest:
        if rest[0] not in ("0", "1", "2", "3"):
            return await process.fail("Error: bad rotation value", 255)
        system.display.rotate(int(rest[0]))
    return 0
