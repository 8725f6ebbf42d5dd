"""svc, service, ime, locale and other small doors to system services."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command

SERVICES: dict[str, str] = {
    "activity": "android.app.IActivityManager",
    "activity_task": "android.app.IActivityTaskManager",
    "alarm": "android.app.IAlarmManager",
    "audio": "android.media.IAudioService",
    "battery": "",
    "batterystats": "",
    "clipboard": "android.content.IClipboard",
    "connectivity": "android.net.IConnectivityManager",
    "cpuinfo": "",
    "display": "android.hardware.display.IDisplayManager",
    "dropbox": "com.android.internal.os.IDropBoxManagerService",
    "gfxinfo": "",
    "input": "android.hardware.input.IInputManager",
    "input_method": "com.android.internal.view.IInputMethodManager",
    "iphonesubinfo": "com.android.internal.telephony.IPhoneSubInfo",
    "isms": "com.android.internal.telephony.ISms",
    "meminfo": "",
    "notification": "android.app.INotificationManager",
    "overlay": "android.content.om.IOverlayManager",
    "package": "android.content.pm.IPackageManager",
    "phone": "com.android.internal.telephony.ITelephony",
    "power": "android.os.IPowerManager",
    "settings": "",
    "statusbar": "com.android.internal.statusbar.IStatusBarService",
    "SurfaceFlinger": "android.ui.ISurfaceComposer",
    "telecom": "com.android.internal.telecom.ITelecomService",
    "telephony.registry": "com.android.internal.telephony.ITelephonyRegistry",
    "uimode": "android.app.IUiModeManager",
    "usb": "android.hardware.usb.IUsbManager",
    "user": "android.os.IUserManager",
    "wifi": "android.net.wifi.IWifiManager",
    "window": "android.view.IWindowManager",
}


@command("service")
async def service(process: Process) -> int:
    """List, check and call services."""
    verb, *rest = process.argv[1:] or ["help"]
    if verb == "list":
        lines = [f"Found {len(SERVICES)} services:"]
        lines += [f"{index}\t{name}: [{SERVICES[name]}]" for index, name in enumerate(SERVICES)]
        await process.print("\n".join(lines))
        return 0
    if verb == "check" and rest:
        await process.print(f"Service {rest[0]}: {'found' if rest[0] in SERVICES else 'not found'}")
        return 0
    if verb == "call" and len(rest) >= 2:
        if rest[0] not in SERVICES:
            await process.print(f"service: Service {rest[0]} does not exist")
            return 10
        if rest[:2] == ["statusbar", "1"]:
            process.system.notifications.open_shade(True)
        elif rest[:2] == ["statusbar", "2"]:
            process.system.notifications.open_shade(False)
        elif rest[0] == "iphonesubinfo":
            await process.print(parcel("001010123456789"))
            return 0
        await process.print("Result: Parcel(00000000    '....')")
        return 0
    await process.print(
        "Usage: service [-h|-?]\n       service list\n       service check SERVICE\n"
        "       service call SERVICE CODE [i32 N | i64 N | f N | d N | s16 STR | null "
        "| fd f | nfd n | afd f ] ..."
    )
    return 0 if verb in ("help", "-h", "-?") else 10


def parcel(text: str) -> str:
    """Return a text as `service call` prints the parcel that holds it."""
    data = b"\0\0\0\0" + len(text).to_bytes(4, "little") + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    rows = []
    for at in range(0, len(data), 16):
        chunk = data[at : at + 16]
        words = " ".join(f"{int.from_bytes(chunk[n : n + 4], 'little'):08x}" for n in range(0, len(chunk), 4))
        signs = "".join(chr(value) if 32 <= value < 127 else "." for value in chunk)
        rows.append(f"  0x{at:08x}: {words:<35} '{signs}'")
    return "Result: Parcel(\n" + "\n".join(rows) + ")"


@command("svc")
async def svc(process: Process) -> int:
    """Switch data, Wi-Fi, power and USB."""
    words = process.argv[1:]
    links = process.system.connectivity
    match words:
        case ["data", "enable" | "disable" as verb]:
            links.set_mobile(verb == "enable")
        case ["wifi", "enable" | "disable" as verb]:
            links.set_wifi(verb == "enable")
        case ["power", "stayon", str(mode)]:
            modes = {"true": "15", "false": "0", "ac": "1", "usb": "2", "wireless": "4", "dock": "8"}
            if mode not in modes:
                return await process.fail(
                    "Control the power manager\n\nusage: svc power stayon [true|false|usb|ac|wireless|dock]"
                )
            process.system.settings.put("global", "stay_on_while_plugged_in", modes[mode])
            process.system.display.power(True)
        case ["power", "reboot", *reason]:
            await process.system.reboot(reason[0] if reason else "")
        case ["power", "shutdown"]:
            process.system.display.power(False)
        case ["usb", "getFunctions"]:
            await process.print("adb")
        case (
            ["usb", "setFunctions", *_]
            | ["usb", "resetUsbGadget"]
            | ["bluetooth" | "nfc", "enable" | "disable"]
        ):
            pass
        case _:
            return await process.fail(
                "Available commands:\n    help     Show information about the subcommands\n    power "
                "   Control the power manager\n"
                "    data     Control mobile data connectivity\n    wifi     Control the Wi-Fi manager\n"
                "    usb      Control Usb state"
            )
    return 0


@command("ime")
async def ime(process: Process) -> int:
    """List, enable and choose keyboards."""
    return await run_ime(process, process.argv[1:])


async def run_ime(process: Process, words: list[str]) -> int:
    """Run a verb of the input method manager."""
    settings, packages = process.system.settings, process.system.packages
    known = ["com.android.inputmethod.latin/.LatinIME"]
    if packages.get("com.github.uiautomator") is not None:
        known.append("com.github.uiautomator/.AdbKeyboard")
    enabled = (settings.get("secure", "enabled_input_methods") or "").split(":")
    match words:
        case ["list", *options]:
            shown = known if "-a" in options else [name for name in known if name in enabled]
            if "-s" in options:
                await process.write("".join(f"{name}\n" for name in shown).encode())
            else:
                for name in shown:
                    await process.print(
                        f"{name}:\n  mId={name} mSettingsActivityName=null mIsVrOnly=false "
                        "mSupportsSwitchingToNextInputMethod=true"
                    )
        case ["enable" | "disable" | "set" as verb, str(name)]:
            if name not in known:
                status = (
                    f"Unknown input method {name} cannot be "
                    f"{'selected' if verb == 'set' else verb + 'd'} for user #0"
                )
                return await process.fail(status)
            if verb == "set":
                settings.put("secure", "default_input_method", name)
                await process.print(f"Input method {name} selected for user #0")
            else:
                left = [*(item for item in enabled if item != name), *([name] if verb == "enable" else [])]
                before = "already" if (name in enabled) == (verb == "enable") else "now"
                settings.put("secure", "enabled_input_methods", ":".join(left))
                if verb == "disable" and settings.get("secure", "default_input_method") == name:
                    settings.put("secure", "default_input_method", known[0])
                await process.print(f"Input method {name}: {before} {verb}d for user #0")
        case ["reset"]:
            settings.put("secure", "enabled_input_methods", known[0])
            settings.put("secure", "default_input_method", known[0])
            await process.print(
                f"Reset current and enabled IMEs for user #0\n  Newly selected IME for user #0: {known[0]}"
            )
        case _:
            return await process.fail("Unknown command: " + " ".join(words[:1]), 255)
    return 0
