"""settings: the settings provider."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.state.settings import NAMESPACES

_USAGE = """Settings provider (settings) commands:
  help
      Print this help text.
  get [--user <USER_ID> | current] NAMESPACE KEY
      Retrieve the current value of KEY.
  put [--user <USER_ID> | current] NAMESPACE KEY VALUE [TAG] [default]
      Change the contents of KEY to VALUE.
  delete [--user <USER_ID> | current] NAMESPACE KEY
      Delete the entry for KEY.
  reset [--user <USER_ID> | current] NAMESPACE {PACKAGE_NAME | RESET_MODE}
  list [--user <USER_ID> | current] NAMESPACE
      Print all defined keys.
      NAMESPACE is one of {system, secure, global}, case-insensitive"""


@command("settings")
async def settings(process: Process) -> int:
    """Read and write settings."""
    return await run(process, process.argv[1:])


async def run(process: Process, words: list[str]) -> int:
    """Run a verb of the settings provider."""
    if "--user" in words:
        at = words.index("--user")
        words = words[:at] + words[at + 2 :]
    if not words or words[0] == "help":
        await process.print(_USAGE)
        return 0
    verb, *rest = words
    if verb not in ("get", "put", "delete", "list", "reset"):
        return await process.fail(f"Invalid command: {verb}", 255)
    if not rest:
        return await process.fail("Bad arguments", 255)
    namespace, *rest = rest
    namespace = namespace.lower()
    if namespace not in NAMESPACES:
        return await process.fail(f"Invalid namespace '{namespace}'", 255)
    needed = {"get": 1, "put": 2, "delete": 1}.get(verb, 0)
    if len(rest) < needed:
        return await process.fail("Bad arguments", 255)
    store = process.system.settings
    match verb:
        case "get":
            value = store.get(namespace, rest[0])
            await process.print("null" if value is None else value)
        case "put":
            store.put(namespace, rest[0], rest[1])
        case "delete":
            await process.print(f"Deleted {store.delete(namespace, rest[0])} rows")
        case "list":
            await process.write(
                "".join(f"{key}={value}\n" for key, value in sorted(store.table(namespace).items())).encode()
            )
        case "reset":
            store.reset(namespace)
    return 0
