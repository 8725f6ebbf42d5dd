"""pm: what is installed."""

from __future__ import annotations

import asyncio
import time

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.state.apk import ApkError, read_manifest
from execmon_lab.phone.state.packages import Package
from execmon_lab.phone.system.commands.arguments import ArgumentError, Arguments
from execmon_lab.phone.system.commands.intentargs import read_intent
from execmon_lab.phone.system.commands.packagelists import FEATURES, LIBRARIES, PERMISSIONS
from execmon_lab.phone.system.sessions import Session

MAX_APK = 128 << 20
_INSTALL_VALUES = (
    "-i",
    "--user",
    "--abi",
    "-p",
    "--originating-uri",
    "--referrer",
    "--install-location",
    "--install-reason",
    "-S",
    "--dexopt-compiler-filter",
    "--package-source",
    "--installer",
    "--update-ownership",
)
DEFAULT_INSTALLER = "com.android.shell"


@command("pm")
async def pm(process: Process) -> int:
    """Talk to the package manager."""
    return await run(process, process.argv[1:])


async def run(process: Process, words: list[str]) -> int:
    """Run a verb of the package manager."""
    arguments = Arguments(words)
    verb = arguments.next() or "help"
    handler = _VERBS.get(verb)
    if handler is None:
        return await process.fail(f"Unknown command: {verb}", 255)
    try:
        return await handler(process, arguments)
    except ArgumentError as error:
        return await process.fail(f"Error: {error}", 255)


async def _list(process: Process, arguments: Arguments) -> int:
    what = arguments.next() or ""
    packages = process.system.packages
    match what:
        case "packages" | "package":
            return await _list_packages(process, arguments)
        case "features":
            lines = [f"feature:{name}" for name in FEATURES]
        case "libraries":
            lines = [f"library:{name}" for name in LIBRARIES]
        case "permissions":
            lines = ["All Permissions:", ""] + [f"permission:{name}" for name in PERMISSIONS]
        case "permission-groups":
            lines = [
                f"permission group:android.permission-group.{name}"
                for name in (
                    "CALENDAR",
                    "CALL_LOG",
                    "CAMERA",
                    "CONTACTS",
                    "LOCATION",
                    "MICROPHONE",
                    "NOTIFICATIONS",
                    "PHONE",
                    "SENSORS",
                    "SMS",
                    "STORAGE",
                )
            ]
        case "users":
            lines = ["Users:", "\tUserInfo{0:Owner:4c13} running"]
        case "instrumentation":
            lines = [
                f"instrumentation:{package.name}/{package.name} (target={package.name})"
                for package in packages.all()
                if not package.system and package.name.endswith(".test")
            ]
        case "initial-non-stopped-system-packages" | "staged-sessions" | "sdks":
            lines = []
        case _:
            return await process.fail(f"Error: unknown list type '{what}'", 255)
    await process.write("".join(f"{line}\n" for line in lines).encode())
    return 0


async def _list_packages(process: Process, arguments: Arguments) -> int:
    flags: set[str] = set()
    words = ""
    while arguments:
        option = arguments.option()
        if option is None:
            words = arguments.required()
        elif option in ("--user", "--uid", "--match-libraries"):
            if option != "--match-libraries":
                arguments.next()
        elif option.startswith("--"):
            flags.add(option)
        else:
            flags.update(option[1:])
    unknown = flags - {*"fdeas3iuUlq", "--show-versioncode", "--apex-only", "--factory-only"}
    if unknown:
        return await process.fail(f"Error: Unknown option: -{unknown.pop()}", 255)
    found = []
    for package in process.system.packages.all():
        if (
            words not in package.name
            or ("s" in flags and not package.system)
            or ("3" in flags and package.system)
        ):
            continue
        if (
            ("d" in flags and package.enabled)
            or ("e" in flags and not package.enabled)
            or "--apex-only" in flags
        ):
            continue
        line = f"package:{package.path}={package.name}" if "f" in flags else f"package:{package.name}"
        if "--show-versioncode" in flags:
            line += f" versionCode:{package.version_code}"
        if "i" in flags:
            line += f"  installer={package.installer or 'null'}"
        if "U" in flags:
            line += f" uid:{package.uid}"
        found.append(f"{line}\n")
    await process.write("".join(found).encode())
    return 0


async def _path(process: Process, arguments: Arguments) -> int:
    while arguments.option():
        arguments.next()
    package = process.system.packages.get(arguments.required("path"))
    if package is None:
        return 1
    await process.print(f"package:{package.path}")
    return 0


async def _install(process: Process, arguments: Arguments) -> int:
    installer, size = DEFAULT_INSTALLER, 0
    while (option := arguments.option()) is not None:
        if option in _INSTALL_VALUES:
            value = arguments.required(option)
            installer = value if option == "-i" else installer
            size = int(value) if option == "-S" and value.isdigit() else size
    path = arguments.next()
    if path is None or path == "-":
        if not size:
            return await process.fail("Error: must either specify a package size or an APK file", 1)
        data = await _read(process, size)
    else:
        try:
            data = process.files.read(process.path(path))
        except OSError:
            return await process.fail(
                f"Error: Unable to open file: {path}\nConsider using a file under /data/local/tmp/\n"
                f"Error: Can't open file: {path}",
                255,
            )
    return await _finish(process, data, installer)


async def _finish(process: Process, data: bytes, installer: str) -> int:
    """Install the bytes of an apk, and say how it went."""
    try:
        manifest = await asyncio.to_thread(read_manifest, data)
        process.system.packages.install(manifest, data, installer=installer)
    except (ApkError, ValueError) as error:
        words = str(error)
        reason = words if words.startswith("INSTALL_") else f"INSTALL_PARSE_FAILED_NOT_APK: {words}"
        return await process.fail(f"Failure [{reason}]", 1)
    await process.print("Success")
    return 0


async def _read(process: Process, size: int) -> bytes:
    """Read so many bytes of the standard input.

    Raises
    ------
    ArgumentError
        The size is too large, or the input ends before.
    """
    if size > MAX_APK:
        raise ArgumentError(f"the package is larger than {MAX_APK} bytes")
    data = bytearray()
    while len(data) < size:
        chunk = await process.stdin.read(min(1 << 16, size - len(data)))
        if not chunk:
            raise ArgumentError(f"the input ended after {len(data)} of {size} bytes")
        data += chunk
    return bytes(data)


async def _create(process: Process, arguments: Arguments) -> int:
    installer = DEFAULT_INSTALLER
    while (option := arguments.option()) is not None:
        if option in _INSTALL_VALUES:
            value = arguments.required(option)
            installer = value if option == "-i" else installer
    session = process.system.sessions.create(installer)
    await process.print(f"Success: created install session [{session.identifier}]")
    return 0


async def _write(process: Process, arguments: Arguments) -> int:
    size = 0
    while (option := arguments.option()) is not None:
        if option == "-S":
            size = arguments.integer()
    session = _session(process, arguments)
    name, path = arguments.required("session"), arguments.next()
    if path in (None, "-"):
        data = await _read(process, size)
    else:
        data = process.files.read(process.path(path or ""))
    session.parts[name] = data
    await process.print(f"Success: streamed {len(data)} bytes")
    return 0


async def _commit(process: Process, arguments: Arguments) -> int:
    while arguments.option() is not None:
        pass
    session = _session(process, arguments)
    process.system.sessions.drop(session.identifier)
    if not session.parts:
        return await process.fail("Failure [INSTALL_FAILED_INVALID_APK: No packages staged]")
    names = sorted(session.parts, key=lambda name: "split" in name)
    return await _finish(process, session.parts[names[0]], session.installer)


async def _abandon(process: Process, arguments: Arguments) -> int:
    session = _session(process, arguments)
    process.system.sessions.drop(session.identifier)
    await process.print("Success")
    return 0


def _session(process: Process, arguments: Arguments) -> Session:
    identifier = arguments.integer()
    session = process.system.sessions.get(identifier)
    if session is None:
        raise ArgumentError(f"Unknown session {identifier}")
    return session


async def _uninstall(process: Process, arguments: Arguments) -> int:
    while (option := arguments.option()) is not None:
        if option in ("--user", "--versionCode"):
            arguments.next()
    name = arguments.required("uninstall")
    package = process.system.packages.get(name)
    if package is None or package.system:
        await process.print("Failure [DELETE_FAILED_INTERNAL_ERROR]")
        return 1
    process.system.activities.force_stop(name)
    process.system.packages.uninstall(name)
    await process.print("Success")
    return 0


async def _clear(process: Process, arguments: Arguments) -> int:
    while arguments.option() is not None:
        arguments.next()
    package = process.system.packages.get(arguments.required("clear"))
    if package is None:
        await process.print("Failed")
        return 1
    process.system.activities.force_stop(package.name)
    if package.name == "com.android.messaging":
        process.system.messaging.clear()
    elif package.name == "com.android.dialer":
        process.system.telephony.log.clear()
    await process.print("Success")
    return 0


async def _grant(process: Process, arguments: Arguments) -> int:
    return await _permission(process, arguments, grant=True)


async def _revoke(process: Process, arguments: Arguments) -> int:
    return await _permission(process, arguments, grant=False)


async def _permission(process: Process, arguments: Arguments, *, grant: bool) -> int:
    while (option := arguments.option()) is not None:
        if option == "--user":
            arguments.next()
    name = arguments.required("grant")
    permission = arguments.required(name)
    package = process.system.packages.get(name)
    thrown = ""
    if package is None:
        thrown = f"java.lang.IllegalArgumentException: Unknown package: {name}"
    elif permission not in package.permissions:
        thrown = f"java.lang.SecurityException: Package {name} has not requested permission {permission}"
    if thrown or package is None:
        verb = "grant" if grant else "revoke"
        return await process.fail(f"\nException occurred while executing '{verb}':\n{thrown}", 255)
    (package.granted.add if grant else package.granted.discard)(permission)
    return 0


async def _enable(process: Process, arguments: Arguments) -> int:
    return await _state(process, arguments, enabled=True)


async def _disable(process: Process, arguments: Arguments) -> int:
    return await _state(process, arguments, enabled=False)


async def _state(process: Process, arguments: Arguments, *, enabled: bool) -> int:
    while (option := arguments.option()) is not None:
        if option == "--user":
            arguments.next()
    package = _known(process, arguments)
    if package.name in ("android", "com.android.launcher3", "com.android.systemui"):
        raise ArgumentError(
            f"java.lang.SecurityException: Cannot disable a protected package: {package.name}"
        )
    package.enabled = enabled
    process.system.core.changed()
    state = "enabled" if enabled else "disabled-user"
    await process.print(f"Package {package.name} new state: {state}")
    return 0


def _known(process: Process, arguments: Arguments) -> Package:
    name = arguments.required("package")
    package = process.system.packages.get(name)
    if package is None:
        raise ArgumentError(f"java.lang.IllegalArgumentException: Unknown package: {name}")
    return package


async def _dump(process: Process, arguments: Arguments) -> int:
    status, out, err = await process.run(["dumpsys", "package", arguments.required("dump")])
    await process.write(out)
    await process.stderr.write(err)
    return status


async def _resolve(process: Process, arguments: Arguments) -> int:
    brief = "--brief" in (words := arguments.rest())
    intent, _ = read_intent(
        Arguments([word for word in words if word != "--brief"]),
        {"--user": 1, "--components": 0, "--query-flags": 1},
    )
    found = process.system.packages.resolve(intent)
    if found is None:
        await process.print("No activity found")
        return 0
    package, activity = found
    short = activity.name[len(package.name) :] if activity.name.startswith(package.name) else activity.name
    await process.print("priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true")
    if brief:
        await process.print(f"{package.name}/{short}")
    else:
        await process.print(
            f"ActivityInfo:\n  name={activity.name}\n  packageName={package.name}\n  "
            "enabled=true exported=true"
        )
    return 0


async def _has_feature(process: Process, arguments: Arguments) -> int:
    known = arguments.required("has-feature") in {name.split("=")[0] for name in FEATURES}
    await process.print(str(known).lower())
    return 0 if known else 1


async def _quiet(process: Process, arguments: Arguments) -> int:
    return 0


async def _max_users(process: Process, arguments: Arguments) -> int:
    await process.print("Maximum supported users: 4")
    return 0


async def _install_location(process: Process, arguments: Arguments) -> int:
    await process.print("0[auto]")
    return 0


async def _help(process: Process, arguments: Arguments) -> int:
    await process.print("Package manager (package) commands:\n  " + "\n  ".join(sorted(_VERBS)))
    return 0


_VERBS = {
    "list": _list,
    "path": _path,
    "install": _install,
    "install-create": _create,
    "install-write": _write,
    "install-commit": _commit,
    "install-abandon": _abandon,
    "uninstall": _uninstall,
    "clear": _clear,
    "grant": _grant,
    "revoke": _revoke,
    "enable": _enable,
    "disable": _disable,
    "disable-user": _disable,
    "dump": _dump,
    "resolve-activity": _resolve,
    "has-feature": _has_feature,
    "trim-caches": _quiet,
    "set-installer": _quiet,
    "compile": _quiet,
    "bg-dexopt-job": _quiet,
    "get-max-users": _max_users,
    "get-install-location": _install_location,
    "help": _help,
}


def package_dump(package: Package) -> str:
    """Return what `dumpsys package` says of a package."""
    flags = (
        ["HAS_CODE", "ALLOW_CLEAR_USER_DATA", "ALLOW_BACKUP"]
        if not package.system
        else ["SYSTEM", "HAS_CODE"]
    )
    first, last = (
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) for at in (package.installed, package.updated)
    )
    lines = ["Activity Resolver Table:", "  Non-Data Actions:"]
    for activity in package.activities:
        for item in activity.filters:
            for action in item.actions:
                short = (
                    activity.name[len(package.name) :]
                    if activity.name.startswith(package.name)
                    else activity.name
                )
                lines.append(f"      {action}:")
                lines.append(f"        {package.uid:x} {package.name}/{short} filter {package.uid + 7:x}")
                lines.append(f'          Action: "{action}"')
                lines += [f'          Category: "{category}"' for category in item.categories]
    lines += [
        "",
        "Packages:",
        f"  Package [{package.name}] ({package.uid * 7919 & 0xFFFFFFF:x}):",
        f"    userId={package.uid}",
        f"    pkg=Package{{{package.uid * 31 & 0xFFFFFFF:x} {package.name}}}",
        f"    codePath={package.path.rsplit('/', 1)[0]}",
        f"    resourcePath={package.path.rsplit('/', 1)[0]}",
        f"    dataDir=/data/user/0/{package.name}",
        f"    versionCode={package.version_code} minSdk={package.min_sdk} targetSdk={package.target_sdk}",
        f"    versionName={package.version_name}",
        f"    flags=[ {' '.join(flags)} ]",
        f"    pkgFlags=[ {' '.join(flags)} ]",
        f"    timeStamp={last}",
        f"    firstInstallTime={first}",
        f"    lastUpdateTime={last}",
        f"    installerPackageName={package.installer or 'null'}",
        (
            f"    signatures=PackageSignatures{{{package.uid:x} version:3, "
            f"signatures:[{package.uid * 2654435761 & 0xFFFFFFFF:08x}], past signatures:[]}}"
        ),
        "    requested permissions:",
        *(f"      {name}" for name in package.permissions),
        "    install permissions:",
        "    User 0: ceDataInode=1 installed=true hidden=false suspended=false distractionFlags=0 "
        f"stopped={str(package.stopped).lower()}"
        f" notLaunched=false enabled={0 if package.enabled else 3} instant=false virtual=false",
        "      runtime permissions:",
        *(
            (
                f"        {name}: granted={str(name in package.granted).lower()}, flags=[ "
                "USER_SENSITIVE_WHEN_GRANTED]"
            )
            for name in package.permissions
        ),
    ]
    return "\n".join(lines)
