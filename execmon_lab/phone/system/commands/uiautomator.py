"""uiautomator: the tree of the screen."""

from __future__ import annotations

import asyncio

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command
from execmon_lab.phone.uiautomator.hierarchy import dump, dump_windows

DUMP_FILE = "/sdcard/window_dump.xml"
_USAGE = """Usage: uiautomator <subcommand> [options]

Available subcommands:

help: displays help message

runtest: executes UI automation tests
    runtest <class spec> [options]
    <class spec>: <JARS> < -c <CLASSES> | -e class <CLASSES> >
      <JARS>: a list of jar files containing test classes and dependencies. If
        the path is relative, it's assumed to be under /data/local/tmp. Use
        absolute path if the file is elsewhere. Multiple files can be
        specified, separated by space.

dump: creates an XML dump of current UI hierarchy
    dump [--verbose][file]
      [--compressed]: dumps compressed layout information.
      [file]: the location where the dumped XML should be stored, default is
      /sdcard/window_dump.xml

events: prints out accessibility events until terminated
"""


@command("uiautomator")
async def uiautomator(process: Process) -> int:
    """Dump the tree of the screen."""
    verb, *words = process.argv[1:] or ["help"]
    if verb == "dump":
        return await _dump(process, words)
    if verb == "events":
        await asyncio.Event().wait()
    if verb == "runtest":
        return await process.fail(
            "INSTRUMENTATION_STATUS_CODE: -1\nthis phone does not run the code of test jars"
        )
    await process.stderr.write(_USAGE.encode())
    return 0 if verb == "help" else 1


async def _dump(process: Process, words: list[str]) -> int:
    system = process.system
    names = [word for word in words if not word.startswith("-")]
    path = names[0] if names else DUMP_FILE
    if not system.display.on:
        return await process.fail("ERROR: null root node returned by UiTestAutomationBridge.", 0)
    await system.screen.idle()
    xml = dump_windows(system) if "--windows" in words else dump(system, compressed="--compressed" in words)
    if path == "/dev/tty":
        await process.write(xml.encode())
        await process.print(f"UI hierchary dumped to: {path}")
        return 0
    real = process.path(path)
    try:
        process.files.write(real, xml.encode())
    except OSError as error:
        return await process.fail(f"ERROR: could not write {path}: {error.strerror}")
    await process.print(f"UI hierchary dumped to: {path}")
    return 0
