"""am: starting, stopping and broadcasting."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.state.activities import BROUGHT_TO_FRONT, DELIVERED, UnresolvedError
from execmon_lab.phone.state.intents import NEW_TASK
from execmon_lab.phone.system.broadcasts import broadcast
from execmon_lab.phone.system.commands.arguments import ArgumentError, Arguments
from execmon_lab.phone.system.commands.intentargs import read_intent

_START_OPTIONS = {
    "-D": 0,
    "-W": 0,
    "-S": 0,
    "-N": 0,
    "-R": 1,
    "--user": 1,
    "--display": 1,
    "--windowingMode": 1,
    "--activityType": 1,
    "--start-profiler": 1,
    "--sampling": 1,
    "--streaming": 0,
    "-P": 1,
    "--track-allocation": 0,
    "--task": 1,
    "--lock-task": 0,
    "--task-overlay": 0,
    "--attach-agent": 1,
    "--attach-agent-bind": 1,
    "--splashscreen-icon": 0,
    "--splashscreen-show-icon": 0,
    "--dismiss-keyguard": 0,
}
_WARNINGS = {
    BROUGHT_TO_FRONT: "Warning: Activity not started, its current task has been brought to the front",
    DELIVERED: (
        "Warning: Activity not started, intent has been delivered to currently running top-most instance."
    ),
}


@command("am")
async def am(process: Process) -> int:
    """Talk to the activity manager."""
    return await run(process, process.argv[1:])


async def run(process: Process, words: list[str]) -> int:
    """Run a verb of the activity manager."""
    arguments = Arguments(words)
    verb = arguments.next() or "help"
    try:
        match verb:
            case "start" | "start-activity":
                return await _start(process, arguments)
            case "startservice" | "start-service" | "start-foreground-service" | "startforegroundservice":
                return await _service(process, arguments, "Starting service")
            case "stopservice" | "stop-service":
                return await _service(process, arguments, "Stopping service")
            case "broadcast":
                return await _broadcast(process, arguments)
            case "force-stop" | "kill" | "stop-app" | "crash":
                return await _stop(process, verb, arguments)
            case "instrument":
                return await _instrument(process, arguments)
            case "stack" | "task":
                return await _stacks(process, arguments)
            case "get-current-user":
                await process.print("0")
            case (
                "switch-user"
                | "set-debug-app"
                | "clear-debug-app"
                | "wait-for-broadcast-idle"
                | "idle-maintenance"
            ):
                return 0
            case "wait-for-broadcast-barrier":
                await process.print("Loopers drained!")
            case "kill-all":
                front = process.system.activities.front.package.name
                for name in process.system.activities.running:
                    if name not in (
                        front,
                        "com.android.systemui",
                        "com.android.phone",
                        "com.android.inputmethod.latin",
                    ):
                        process.system.activities.kill(name)
            case "get-config":
                await process.print(_config(process))
            case "to-uri" | "to-intent-uri":
                intent, _ = read_intent(arguments, _START_OPTIONS)
                await process.print(f"{intent.data}#Intent;action={intent.action};end")
            case "is-user-stopped":
                await process.print("false")
            case "get-started-user-state":
                await process.print("RUNNING_UNLOCKED")
            case "help":
                await process.print(_HELP)
            case _:
                return await process.fail(f"Unknown command: {verb}", 255)
    except ArgumentError as error:
        return await process.fail(
            f"\nException occurred while executing '{verb}':\njava.lang.IllegalArgumentException: {error}",
            255,
        )
    return 0


async def _start(process: Process, arguments: Arguments) -> int:
    intent, given = read_intent(arguments, _START_OPTIONS)
    activities, packages = process.system.activities, process.system.packages
    wait = "-W" in given
    if "-S" in given:
        name = intent.component[0] if intent.component else intent.package
        if not name and (found := packages.resolve(intent)) is not None:
            name = found[0].name
        if name:
            await process.print(f"Stopping: {name}")
            activities.force_stop(name)
    await process.print(f"Starting: {intent}")
    intent.flags |= NEW_TASK
    out = process.stdout if wait else process.stderr
    try:
        started = activities.start(intent)
    except UnresolvedError:
        if intent.component is not None:
            missing = (
                f"Error type 3\nError: Activity class {{{'/'.join(intent.component)}}} does not exist.\n"
            )
        else:
            missing = f"Error: Activity not started, unable to resolve {intent}\n"
        await out.write(missing.encode())
        return 0
    if started.result in _WARNINGS:
        await out.write(f"{_WARNINGS[started.result]}\n".encode())
    if wait:
        state = "UNKNOWN (0)" if started.result != "started" else started.launch
        lines = ["Status: ok", f"LaunchState: {state}", f"Activity: {started.record.component}"]
        lines += [f"TotalTime: {started.milliseconds}", f"WaitTime: {started.milliseconds + 4}", "Complete"]
        await process.print("\n".join(lines))
    return 0


async def _service(process: Process, arguments: Arguments, words: str) -> int:
    intent, _ = read_intent(arguments, {"--user": 1})
    await process.print(f"{words}: {intent}")
    name = intent.component[0] if intent.component else intent.package
    if process.system.packages.get(name) is None:
        if words.startswith("Stopping"):
            await process.fail("Service not stopped: was not running.")
            return 255
        return await process.fail("Error: Not found; no service started.", 255)
    return 0


async def _broadcast(process: Process, arguments: Arguments) -> int:
    intent, _ = read_intent(
        arguments,
        {"--user": 1, "--receiver-permission": 1, "--allow-background-activity-starts": 0, "--async": 0},
    )
    intent.flags |= 0x400000
    await process.print(f"Broadcasting: {intent}")
    code, data = broadcast(process.system, intent)
    await process.print(f"Broadcast completed: result={code}" + (f', data="{data}"' if data else ""))
    return 0


async def _stop(process: Process, verb: str, arguments: Arguments) -> int:
    while arguments.option() is not None:
        arguments.next()
    name = arguments.required(verb)
    if verb == "force-stop":
        process.system.activities.force_stop(name)
    elif verb == "crash":
        process.system.activities.crash(name)
    elif process.system.activities.front.package.name != name:
        process.system.activities.kill(name)
    return 0


async def _instrument(process: Process, arguments: Arguments) -> int:
    options = {
        "-w": 0,
        "-r": 0,
        "-m": 0,
        "--no-window-animation": 0,
        "--user": 1,
        "--abi": 1,
        "--no-hidden-api-checks": 0,
        "--no-test-api-access": 0,
        "--no-isolated-storage": 0,
        "--no-restart": 0,
        "-f": 1,
    }
    name = ""
    while arguments:
        word = arguments.required()
        if word == "-e":
            arguments.required(word)
            arguments.required(word)
        elif word in options:
            for _ in range(options[word]):
                arguments.required(word)
        else:
            name = word
    package = name.partition("/")[0]
    known = process.system.packages.get(package) is not None
    reason = (
        "this phone does not run the code of apps"
        if known
        else f"Unable to find instrumentation info for: ComponentInfo{{{name}}}"
    )
    lines = [
        "INSTRUMENTATION_STATUS: id=ActivityManagerService",
        f"INSTRUMENTATION_STATUS: Error={reason}",
        "INSTRUMENTATION_STATUS_CODE: -1",
    ]
    await process.print("\n".join(lines))
    return await process.fail(f"android.util.AndroidException: INSTRUMENTATION_FAILED: {name}")


async def _stacks(process: Process, arguments: Arguments) -> int:
    verb = arguments.next()
    if verb != "list":
        return await process.fail(f"Error: unknown command '{verb}'", 255)
    width, height = process.system.display.rotated_size
    for task in reversed(process.system.activities.tasks):
        kind = "home" if task.top.activity.screen == "launcher" else "standard"
        visible = str(task is process.system.activities.tasks[-1]).lower()
        top = task.top
        await process.print(
            f"RootTask id={task.identifier} bounds=[0,0][{width},{height}] displayId=0 userId=0\n"
            f" configuration={{1.0 310mcc260mnc [en_US] ldltr mActivityType={kind}}}\n"
            f"  taskId={task.identifier}: {top.full_component} bounds=[0,0][{width},"
            f"{height}] userId=0 visible={visible} "
            f"topActivity=ComponentInfo{{{top.full_component}}}\n"
        )
    return 0


def _config(process: Process) -> str:
    display = process.system.display
    width, height = display.rotated_size
    k = display.density / 160
    side = "land" if width > height else "port"
    return (
        f"config: mcc310-mnc260-en-rUS-ldltr-sw{int(min(width, height) / k)}dp"
        f"-w{int(width / k)}dp-h{int(height / k)}dp-"
        f"normal-long-notround-lowdr-nowidecg-{side}-notnight-{display.density}dpi-finger-keyssoft-nokeys-navhidden-nonav-v34\n"
        "abi: arm64-v8a,armeabi-v7a,armeabi"
    )


_HELP = """Activity manager (activity) commands:
  help
      Print this help text.
  start-activity [-D] [-W] [-S] [-R COUNT] [--user <USER_ID> | current] <INTENT>
      Start an Activity.
  start-service [--user <USER_ID> | current] <INTENT>
  stop-service [--user <USER_ID> | current] <INTENT>
  broadcast [--user <USER_ID> | all | current] <INTENT>
      Send a broadcast Intent.
  instrument [-r] [-e <NAME> <VALUE>] [-w] <COMPONENT>
  force-stop [--user <USER_ID> | all | current] <PACKAGE>
  kill [--user <USER_ID> | all | current] <PACKAGE>
  crash [--user <USER_ID>] <PACKAGE>
      Induce a VM crash in the specified package.
  kill-all
  stack list
  get-current-user
  get-config"""
