"""What the activity manager and the window manager tell."""

from __future__ import annotations

import time
import zlib

from execmon_lab.phone.state.activities import Record, Task
from execmon_lab.phone.state.processes import user_name
from execmon_lab.phone.system.system import System


def activity(system: System, words: list[str]) -> str:
    """Answer `dumpsys activity` with its sections."""
    section = next((word for word in words if not word.startswith("-")), "")
    sections = {
        "activities": _activities,
        "a": _activities,
        "top": _top,
        "recents": _recents,
        "r": _recents,
        "processes": _processes,
        "p": _processes,
        "broadcasts": _broadcasts,
        "b": _broadcasts,
        "services": _services,
        "s": _services,
        "lru": _lru,
        "oom": _lru,
        "intents": _intents,
        "i": _intents,
        "starter": _starter,
        "settings": _starter,
        "providers": _providers,
    }
    if section in sections:
        return sections[section](system)
    if section and system.packages.get(section) is None:
        return f"Bad activity command, or no activities match: {section}\nUse -h for help."
    line = "-" * 79
    parts = (_intents, _broadcasts, _providers, _services, _recents, _starter, _activities, _processes)
    return f"\n{line}\n".join(part(system) for part in parts)


def record_text(task: Task, record: Record) -> str:
    """Return an activity as the dumps name it."""
    return f"ActivityRecord{{{record.token:x} u0 {record.component} t{task.identifier}}}"


def _activities(system: System) -> str:
    tasks = list(reversed(system.activities.tasks))
    front = system.activities.tasks[-1]
    lines = [
        "ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)",
        "Display #0 (activities from top to bottom):",
    ]
    for task in tasks:
        kind = "home" if task.top.activity.screen == "launcher" else "standard"
        shown = str(task is front).lower()
        lines.append(
            f"  * Task{{{task.identifier * 7919:x} #{task.identifier} type={kind} "
            f"A={task.top.package.uid}:{task.affinity} U=0 "
            f"visible={shown} visibleRequested={shown} mode=fullscreen "
            f"translucent={'false' if task is front else 'true'} sz={len(task.records)}}}"
        )
        if task is front:
            lines.append(f"    topResumedActivity={record_text(task, task.top)}")
        for index in range(len(task.records) - 1, -1, -1):
            record = task.records[index]
            state = "RESUMED" if record is front.top else "STOPPED"
            lines += [
                f"    * Hist  #{index}: {record_text(task, record)}",
                f"      packageName={record.package.name} processName={record.package.name}",
                "      launchedFromUid=2000 launchedFromPackage=com.android.shell userId=0",
                (
                    f"      app=ProcessRecord{{{record.pid * 31:x} "
                    f"{record.pid}:{record.package.name}/{_app_user(record)}}}"
                ),
                f"      {record.intent}",
                f"      mActivityComponent={record.component}",
                f"      state={state} delayedResume=false finishing=false",
            ]
        if task is front:
            lines.append(f"    mResumedActivity: {record_text(task, task.top)}")
    focused = record_text(front, front.top)
    lines += [
        "",
        f"  ResumedActivity: {focused}",
        "",
        "ActivityTaskSupervisor state:",
        f"  topDisplayFocusedRootTask=Task{{{front.identifier * 7919:x} #{front.identifier}}}",
        f"  mFocusedApp={focused}",
        f"  mResumedActivity: {focused}",
        "  isHomeRecentsComponent=true",
        "",
        "KeyguardController:",
        "  mKeyguardShowing=false\n  mAodShowing=false\n  mKeyguardGoingAway=false",
    ]
    return "\n".join(lines)


def _app_user(record: Record) -> str:
    return user_name(record.package.uid).replace("_", "")


def _top(system: System) -> str:
    lines = []
    for task in system.activities.tasks:
        record = task.top
        lines += [
            f"TASK {task.affinity} id={task.identifier} userId=0",
            f"  ACTIVITY {record.component} {record.token:x} pid={record.pid} userId=0",
            "    Local Activity:",
            (
                f"      mResumed={str(record is system.activities.front).lower()} "
                f"mStopped={str(record is not system.activities.front).lower()} mFinished=false"
            ),
        ]
    if system.activities.tasks:
        lines.append("    View Hierarchy:")
        lines += [
            f"      {node.kind}{{{index:x} V.E...... ........ {node.bounds[0]},"
            f"{node.bounds[1]}-{node.bounds[2]},{node.bounds[3]}"
            f"{' ' + node.identifier if node.identifier else ''}}}"
            for index, node in enumerate(system.screen.active.root.walk())
        ]
    return "\n".join(lines)


def _recents(system: System) -> str:
    lines = [
        "ACTIVITY MANAGER RECENT TASKS (dumpsys activity recents)",
        "  mRecentsUid=10066",
        "  mRecentsComponent=ComponentInfo{com.android.launcher3/com.android.quickstep.RecentsActivity}",
        "  Recent tasks:",
    ]
    for index, task in enumerate(reversed(system.activities.tasks)):
        kind = "home" if task.top.activity.screen == "launcher" else "standard"
        lines += [
            (
                f"  * Recent #{index}: Task{{{task.identifier * 7919:x} #{task.identifier} type={kind} "
                f"A={task.top.package.uid}:{task.affinity}}}"
            ),
            f"    userId=0 effectiveUid=u0a{task.top.package.uid % 10000} mCallingUid=u0a0",
            f"    affinity={task.affinity}",
            f"    intent={{{str(task.records[0].intent)[9:-2]}}}",
            f"    mActivityComponent={task.records[0].component}",
            f"    realActivity={{{task.records[0].component}}}",
        ]
    return "\n".join(lines)


def _processes(system: System) -> str:
    lines = ["ACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)", "  All known processes:"]
    for name, pid in sorted(system.activities.running.items()):
        package = system.packages.get(name)
        uid = package.uid if package else 1000
        lines.append(
            f"  *APP* UID {uid} ProcessRecord{{{pid * 31:x} {pid}:{name}/{user_name(uid).replace('_', '')}}}"
        )
        lines.append(f"    pid={pid}\n    packageList={{{name}}}")
    lines += [
        "",
        "  mHomeProcess: com.android.launcher3",
        f"  mTopProcess: {system.activities.front.package.name}",
    ]
    return "\n".join(lines)


def _lru(system: System) -> str:
    lines = ["ACTIVITY MANAGER LRU PROCESSES (dumpsys activity lru)"]
    lines += [
        f"  #{index}: fore  {pid}:{name}"
        for index, (name, pid) in enumerate(sorted(system.activities.running.items()))
    ]
    return "\n".join(lines)


def _broadcasts(system: System) -> str:
    return (
        "ACTIVITY MANAGER BROADCAST STATE (dumpsys activity broadcasts)\n  Historical "
        "broadcasts [foreground]:\n    (nothing)"
    )


def _services(system: System) -> str:
    lines = ["ACTIVITY MANAGER SERVICES (dumpsys activity services)", "  User 0 active services:"]
    for name in (
        "com.android.systemui/.SystemUIService",
        "com.android.inputmethod.latin/.LatinIME",
        "com.android.phone/.TelephonyService",
    ):
        lines.append(
            f"  * ServiceRecord{{{zlib.crc32(name.encode()) & 0xFFFFFFF:x} u0 {name}}}\n    "
            f"packageName={name.split('/')[0]}"
        )
    return "\n".join(lines)


def _intents(system: System) -> str:
    return "ACTIVITY MANAGER PENDING INTENTS (dumpsys activity intents)\n  (nothing)"


def _providers(system: System) -> str:
    return "ACTIVITY MANAGER CONTENT PROVIDERS (dumpsys activity providers)\n  (nothing)"


def _starter(system: System) -> str:
    return (
        "ACTIVITY MANAGER STARTER (dumpsys activity starter)\n  mLastHomeActivityStartResult=0\n  "
        f"mLastStartReason=startActivityAsUser\n  uptime={system.core.uptime():.0f}"
    )


def focus_lines(system: System) -> list[str]:
    """Return the lines that tell which window and which app have the focus."""
    front = system.activities.tasks[-1]
    record = front.top
    layer = system.screen.active.layer
    title = {"dialog": "UsbDebuggingActivity", "shade": "NotificationShade"}.get(layer, record.full_component)
    if layer == "app" and system.screen.recents:
        title = "com.android.launcher3/com.android.quickstep.RecentsActivity"
    return [
        f"  mCurrentFocus=Window{{{record.token + 0x51:x} u0 {title}}}",
        f"  mFocusedApp={record_text(front, record)}",
    ]


_FLAGS = {
    "STATUS_BAR": "NOT_FOCUSABLE SPLIT_TOUCH HARDWARE_ACCELERATED DRAWS_SYSTEM_BAR_BACKGROUNDS",
    "NAVIGATION_BAR": "NOT_FOCUSABLE NOT_TOUCH_MODAL TOUCHABLE_WHEN_WAKING SPLIT_TOUCH HARDWARE_ACCELERATED",
    "INPUT_METHOD": "NOT_FOCUSABLE LAYOUT_IN_SCREEN SPLIT_TOUCH HARDWARE_ACCELERATED",
    "BASE_APPLICATION": "LAYOUT_IN_SCREEN LAYOUT_INSET_DECOR SPLIT_TOUCH HARDWARE_ACCELERATED "
    "DRAWS_SYSTEM_BAR_BACKGROUNDS",
}


def _window_lines(system: System) -> list[str]:
    """Return what is told of each window, from the front to the back."""
    front, recents = system.activities.front, system.screen.recents
    found = [
        ("NavigationBar0", 1000, "NAVIGATION_BAR", True, False),
        ("StatusBar", 1000, "STATUS_BAR", True, False),
    ]
    if system.screen.keyboard_shown:
        found.append(("InputMethod", 10060, "INPUT_METHOD", True, False))
    found += [
        (
            record.full_component,
            record.package.uid,
            "BASE_APPLICATION",
            record is front and not recents,
            record.activity.secure,
        )
        for record in system.activities.records
    ]
    lines = []
    for index, (title, uid, kind, shown, secure) in enumerate(found):
        flags = _FLAGS[kind]
        if secure:  # in the order of the bits: android.view.WindowManager.LayoutParams
            flags = flags.replace("LAYOUT_IN_SCREEN", "LAYOUT_IN_SCREEN SECURE")
        lines += [
            f"  Window #{index} Window{{{(index + 17) * 7919:x} u0 {title}}}:",
            f"    mDisplayId=0 rootTaskId=1 mSession=Session{{{uid:x}}}",
            f"    mOwnerUid={uid} showForAllUsers=false package={title.split('/')[0]} appop=NONE",
            f"    mAttrs={{(0,0)(fillxfill) sim={{adjust=resize}} ty={kind} fmt=TRANSPARENT",
            f"      fl={flags}",
            "      pfl=FIT_INSETS_CONTROLLED}",
            f"    isOnScreen={str(shown).lower()}",
        ]
    return lines


def window(system: System, words: list[str]) -> str:
    """Answer `dumpsys window` with its sections."""
    section = next((word for word in words if not word.startswith("-")), "")
    display = system.display
    width, height = display.rotated_size
    physical = "x".join(map(str, display.physical_size))
    free = system.settings.get("system", "accelerometer_rotation") == "1"
    displays = [
        "WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)",
        "  Display: mDisplayId=0 (organized)",
        f"    init={physical} {display.physical_density}dpi"
        + (
            f" base={display.size[0]}x{display.size[1]} {display.density}dpi"
            if display.override_size or display.override_density
            else ""
        )
        + (
            f" cur={width}x{height} app={width}x{height} "
            f"rng={min(width, height)}x{min(width, height)}-{max(width, height)}x{max(width, height)}"
        ),
        "    deferred=false mLayoutNeeded=false mTouchExcludeRegion=SkRegion()",
        *focus_lines(system),
        (
            f"  mRotation={display.rotation} "
            f"mCurrentRotation=ROTATION_{display.rotation * 90} mLastOrientation=-1"
        ),
    ]
    policy = [
        "WINDOW MANAGER POLICY STATE (dumpsys window policy)",
        "    mSafeMode=false mSystemReady=true mSystemBooted=true",
        f"    mWakefulness={'WAKEFULNESS_AWAKE' if display.on else 'WAKEFULNESS_ASLEEP'}",
        f"    screenState={'SCREEN_STATE_ON' if display.on else 'SCREEN_STATE_OFF'}",
        (
            f"    mAwake={str(display.on).lower()}mScreenOnEarly={str(display.on).lower()} "
            f"mScreenOnFully={str(display.on).lower()}"
        ),
        "    KeyguardServiceDelegate",
        (
            "      showing=false\n      inputRestricted=false\n      mIsShowing=false\n      "
            "mShowingLockscreen=false\n      isStatusBarKeyguard=false"
        ),
        f"    mUserRotationMode=USER_ROTATION_{'FREE' if free else 'LOCKED'} "
        f"mUserRotation=ROTATION_{display.rotation * 90}",
    ]
    windows = ["WINDOW MANAGER WINDOWS (dumpsys window windows)", *_window_lines(system)]
    windows += [
        "",
        *focus_lines(system),
        (
            f"  mInputMethodTarget in display# 0 Window{{{system.activities.front.token + 0x51:x} u0 "
            f"{system.activities.front.full_component}}}"
        ),
    ]
    sessions = ["WINDOW MANAGER SESSIONS (dumpsys window sessions)"]
    chosen = {
        "displays": displays,
        "d": displays,
        "policy": policy,
        "p": policy,
        "windows": windows,
        "w": windows,
        "visible": windows,
        "visible-apps": windows,
        "a": windows,
        "sessions": sessions,
        "s": sessions,
    }
    if section in chosen:
        return "\n".join(chosen[section])
    if section == "lastanr":
        return "WINDOW MANAGER LAST ANR (dumpsys window lastanr)\n  <no ANR has occurred since boot>"
    animator = [
        "WINDOW MANAGER ANIMATOR STATE (dumpsys window animator)",
        f"  at {time.strftime('%H:%M:%S')}",
    ]
    return f"\n{'-' * 79}\n".join("\n".join(part) for part in (policy, animator, sessions, displays, windows))
