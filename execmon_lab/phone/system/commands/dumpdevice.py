"""What the services of the device itself tell: battery, display, power, memory."""

from __future__ import annotations

import time

from execmon_lab.phone.state.processes import user_name
from execmon_lab.phone.system.system import System

DISPLAY_ID = "4619827259835644672"


def battery(system: System, words: list[str]) -> str:
    """Answer `dumpsys battery`, and change what it tells."""
    state = system.battery
    force = "-f" in words
    words = [word for word in words if word not in ("-f", "-a")]
    match words:
        case []:
            pass
        case ["unplug"]:
            state.unplug()
            return "1" if force else ""
        case ["reset"]:
            state.reset()
            return "1" if force else ""
        case ["set", str(key), str(value)]:
            try:
                known = state.set(key, value)
            except ValueError:
                return f"Bad value: {value}"
            return "" if known else f"Unknown set option: {key}"
        case ["get", str(key)]:
            shown = {
                "ac": state.ac,
                "usb": state.usb,
                "wireless": state.wireless,
                "status": state.status,
                "level": state.level,
                "temp": state.temperature,
                "present": state.present,
                "counter": 3_480_000,
            }
            return _word(shown[key]) if key in shown else f"Unknown get option: {key}"
        case ["suspend_input"]:
            return ""
        case _:
            return f"Unknown command: {words[0]}"
    lines = ["Current Battery Service state:"]
    if state.updates_stopped:
        lines.append("  (UPDATES STOPPED -- use 'reset' to restart)")
    lines += [
        f"  AC powered: {_word(state.ac)}",
        f"  USB powered: {_word(state.usb)}",
        f"  Wireless powered: {_word(state.wireless)}",
        f"  Dock powered: {_word(state.dock)}",
        "  Max charging current: 500000",
        "  Max charging voltage: 5000000",
        f"  Charge counter: {state.level * 40000}",
        f"  status: {state.status}",
        f"  health: {state.health}",
        f"  present: {_word(state.present)}",
        f"  level: {state.level}",
        f"  scale: {state.scale}",
        f"  voltage: {state.voltage}",
        f"  temperature: {state.temperature}",
        f"  technology: {state.technology}",
        "  Charging state: 0",
        "  Charging policy: 0",
        f"  Capacity level: {3 if state.level > 15 else 2}",
    ]
    return "\n".join(lines)


def _word(value: bool | int) -> str:
    return str(value).lower()


def batterystats(system: System, words: list[str]) -> str:
    """Answer `dumpsys batterystats` in short."""
    if "--reset" in words:
        return "Battery stats reset."
    return (
        "Battery History (0% used, 0 used of 256KB, 0 strings using 0):\n                    0 (9) "
        f"RESET:TIME: {time.strftime('%Y-%m-%d-%H-%M-%S')}\n\nStatistics since last charge:\n  System "
        f"starts: 0, currently on battery: {_word(not system.battery.charging)}"
    )


def power(system: System, words: list[str]) -> str:
    """Answer `dumpsys power`."""
    on = system.display.on
    stays = system.settings.get("global", "stay_on_while_plugged_in")
    plugged = 2 if system.battery.usb else 1 if system.battery.ac else 0
    return "\n".join(
        [
            "POWER MANAGER (dumpsys power)",
            "",
            "Power Manager State:",
            "  mDirty=0x0",
            f"  mWakefulness={'Awake' if on else 'Asleep'}",
            "  mWakefulnessChanging=false",
            f"  mIsPowered={_word(bool(plugged))}",
            f"  mPlugType={plugged}",
            f"  mBatteryLevel={system.battery.level}",
            f"  mStayOn={_word(stays not in (None, '0'))}",
            "  mBootCompleted=true",
            "  mSystemReady=true",
            f"  mHoldingWakeLockSuspendBlocker={_word(on)}",
            f"  mHoldingDisplaySuspendBlocker={_word(on)}",
            f"  mScreenBrightnessSetting={system.display.brightness}",
            f"Display Power: state={'ON' if on else 'OFF'}",
        ]
    )


def display(system: System, words: list[str]) -> str:
    """Answer `dumpsys display`."""
    state = system.display
    width, height = state.rotated_size
    wide, tall = state.size
    on = "ON" if state.on else "OFF"
    return "\n".join(
        [
            "DISPLAY MANAGER (dumpsys display)",
            "  mOnlyCode=false",
            "  mSafeMode=false",
            f"  mStableDisplaySize=Point({state.physical_size[0]}, {state.physical_size[1]})",
            f"  mViewports=[DisplayViewport{{type=INTERNAL, valid=true, isActive={_word(state.on)}, "
            f"displayId=0, uniqueId='local:{DISPLAY_ID}', physicalPort=0, "
            f"orientation={state.rotation}, logicalFrame=Rect(0, 0 - {width}, {height}), "
            f"physicalFrame=Rect(0, 0 - {width}, {height}), "
            f"deviceWidth={wide}, deviceHeight={tall}}}]",
            "Display Devices: size=1",
            f'  DisplayDeviceInfo{{"Built-in Screen": uniqueId="local:{DISPLAY_ID}", {wide} x '
            f"{tall}, modeId 1, defaultModeId 1, "
            f"supportedModes [{{id=1, width={wide}, height={tall}, fps=60.0}}], density {state.density}, "
            f"{state.density}.0 x {state.density}.0 dpi, "
            f"touch INTERNAL, rotation 0, type INTERNAL, state {on}}}",
            "Logical Displays: size=1",
            "  Display 0:",
            "    mDisplayId=0",
            (
                f'    mBaseDisplayInfo=DisplayInfo{{"Built-in Screen", displayId 0, real {wide} x {tall}, '
                f"rotation 0, density {state.density}, state {on}}}"
            ),
            f'    mOverrideDisplayInfo=DisplayInfo{{"Built-in Screen", displayId 0, real {width} x '
            f"{height}, app {width} x {height}, "
            f"rotation {state.rotation}, density {state.density}, state {on}}}",
            "Display Power Controller:",
            f"  mScreenState={on}",
            f"  mScreenBrightness={state.brightness / 255:.4f}",
        ]
    )


def surfaceflinger(system: System, words: list[str]) -> str:
    """Answer `dumpsys SurfaceFlinger`."""
    if "--display-id" in words:
        return f'Display {DISPLAY_ID} (HWC display 0): port=0 pnpId=EXM displayName="Built-in Screen"'
    if "--list" in words:
        return "\n".join(
            [
                "StatusBar#0",
                "NavigationBar0#0",
                *(f"{record.full_component}#0" for record in system.activities.records),
            ]
        )
    if "--latency" in words:
        return "16666666"
    width, height = system.display.rotated_size
    return (
        f"Build configuration: [sf PRESENT_TIME_OFFSET=0]\n\nDisplay {DISPLAY_ID} (active)\n  "
        f"{width}x{height}, 60.00 Hz\nVisible layers (count = {len(system.activities.records) + 2})"
    )


def input_method(system: System, words: list[str]) -> str:
    """Answer `dumpsys input_method`."""
    shown = _word(system.screen.keyboard_shown)
    name = system.settings.get("secure", "default_input_method")
    return "\n".join(
        [
            "Input Method Manager Service state:",
            "  Input Methods: mMethodMapUpdateCount=2",
            f"  InputMethod #0:\n    mId={name} mSettingsActivityName=null mIsVrOnly=false",
            f"  mCurMethodId={name}",
            f"  mShowRequested={shown} mShowExplicitlyRequested=false mShowForced=false mInputShown={shown}",
            f"  mServedInputConnection={_word(system.screen.focus is not None)}",
            f"  mInteractive={_word(system.display.on)}",
        ]
    )


def input_(system: System, words: list[str]) -> str:
    """Answer `dumpsys input`."""
    width, height = system.display.rotated_size
    return (
        "INPUT MANAGER (dumpsys input)\n\nEvent Hub State:\n  Devices:\n    -1: Virtual\n    1: "
        f"vphone-touchscreen\nInput Reader State:\n  SurfaceOrientation: {system.display.rotation}\n  "
        f"SurfaceWidth: {width}px\n  SurfaceHeight: {height}px\n  orientation={system.display.rotation}"
    )


def meminfo(system: System, words: list[str]) -> str:
    """Answer `dumpsys meminfo`, of the phone or of one package."""
    up = int(system.core.uptime() * 1000)
    head = f"Applications Memory Usage (in Kilobytes):\nUptime: {up} Realtime: {up}"
    names = [word for word in words if not word.startswith("-")]
    running = system.activities.running
    if names:
        name = names[0]
        if name not in running:
            return f"No process found for: {name}"
        return "\n".join(
            [
                head,
                "",
                f"** MEMINFO in pid {running[name]} [{name}] **",
                "                   Pss  Private  Private  SwapPss      Rss     Heap     Heap     Heap",
                "                 Total    Dirty    Clean    Dirty    Total     Size    Alloc     Free",
                "                ------   ------   ------   ------   ------   ------   ------   ------",
                "  Native Heap    11824    11780        0        0    13452    20480    14322     6157",
                "  Dalvik Heap     4216     4180        0        0     6628     9817     4908     4909",
                "        TOTAL    62340    38120     9876        0    98764    30297    19230    11066",
                "",
                " App Summary",
                "           TOTAL PSS:    62340            TOTAL RSS:    98764      TOTAL SWAP PSS:        0",
            ]
        )
    lines = [head, "", "Total PSS by process:"]
    lines += [f"     62,340K: {name} (pid {pid})" for name, pid in sorted(running.items())]
    lines += ["", "Total RAM: 3,932,160K (status normal)", " Free RAM: 2,214,560K", " Used RAM: 1,717,600K"]
    return "\n".join(lines)


def cpuinfo(system: System, words: list[str]) -> str:
    """Answer `dumpsys cpuinfo`."""
    lines = ["Load: 0.42 / 0.37 / 0.31", "CPU usage from 60000ms to 0ms ago:"]
    for entry in system.processes.items():
        if entry.name in ("system_server", "surfaceflinger", *system.activities.running):
            lines.append(f"  0.7% {entry.pid}/{entry.name}: 0.5% user + 0.2% kernel / faults: 12 minor")
    return "\n".join([*lines, "2.1% TOTAL: 1.3% user + 0.8% kernel"])


def gfxinfo(system: System, words: list[str]) -> str:
    """Answer `dumpsys gfxinfo` with the frames that were drawn."""
    name = next((word for word in words if not word.startswith("-")), system.activities.front.package.name)
    pid = system.activities.running.get(name)
    if pid is None:
        return f"No process found for: {name}"
    frames = system.frame().version
    return "\n".join(
        [
            "Applications Graphics Acceleration Info:",
            f"Uptime: {int(system.core.uptime() * 1000)} Realtime: {int(system.core.uptime() * 1000)}",
            "",
            f"** Graphics info for pid {pid} [{name}] **",
            "",
            f"Total frames rendered: {frames}",
            "Janky frames: 0 (0.00%)",
            "50th percentile: 7ms",
            "90th percentile: 11ms",
            "95th percentile: 13ms",
            "99th percentile: 17ms",
        ]
    )


def alarm(system: System, words: list[str]) -> str:
    """Answer `dumpsys alarm`."""
    return (
        f"Current Alarm Manager state:\n  nowRTC={int(time.time() * 1000)} "
        f"nowELAPSED={int(system.core.uptime() * 1000)}\n  0 pending alarms"
    )


def audio(system: System, words: list[str]) -> str:
    """Answer `dumpsys audio`."""
    modes = {"0": "SILENT", "1": "VIBRATE", "2": "NORMAL"}
    mode = modes.get(system.settings.get("global", "mode_ringer") or "2", "NORMAL")
    call = (
        "MODE_IN_CALL"
        if system.telephony.state == 2
        else "MODE_RINGTONE"
        if system.telephony.state == 1
        else "MODE_NORMAL"
    )
    level = system.settings.get("system", "volume_music")
    return (
        f"Ringer mode: \n- mode (internal) = {mode}\n- mode (external) = {mode}\nAudio mode: \n- "
        f"Requested mode = {call}\n- STREAM_MUSIC:\n   streamVolume:{level}"
    )


def deviceidle(system: System, words: list[str]) -> str:
    """Answer `dumpsys deviceidle`."""
    if words[:1] == ["whitelist"]:
        return "system-excidle,com.android.shell,2000"
    return (
        f"  mScreenOn={_word(system.display.on)}\n  mCharging={_word(system.battery.charging)}\n  "
        "mState=ACTIVE mLightState=ACTIVE"
    )


def thermal(system: System, words: list[str]) -> str:
    """Answer `dumpsys thermalservice`."""
    return (
        "IsStatusOverride: false\nThermal Status: 0\nCached temperatures:\n"
        f"\tTemperature{{mValue={system.battery.temperature / 10}, mType=2, mName=battery, mStatus=0}}"
    )


def uimode(system: System, words: list[str]) -> str:
    """Answer `dumpsys uimode`."""
    dark = system.settings.get("secure", "ui_night_mode") == "2"
    return (
        f"Current UI Mode Service state:\n  mNightMode={2 if dark else 1} "
        f"({'yes' if dark else 'no'}) mComputedNightMode={_word(dark)}"
    )


def user(system: System, words: list[str]) -> str:
    """Answer `dumpsys user`."""
    return (
        "Current user: 0\nUsers:\n  UserInfo{0:Owner:4c13} serialNo=0 isPrimary=true\n    State: "
        "RUNNING_UNLOCKED\n\n  Max users: 4 (limit reached: false)"
    )


def procstats(system: System, words: list[str]) -> str:
    """Answer `dumpsys procstats`."""
    lines = ["CURRENT STATS:"]
    for name in sorted(system.activities.running):
        package = system.packages.get(name)
        lines.append(f"  * {name} / {user_name(package.uid if package else 1000)} / v34:")
    return "\n".join(lines)
