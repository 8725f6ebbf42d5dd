"""getevent: what the input devices are."""

from __future__ import annotations

from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command

_EVENT = "/dev/input/event0"
_AXES = "value 0, min 0, max {}, fuzz 0, flat 0, resolution 0"


@command("getevent")
async def getevent(process: Process) -> int:
    """Describe the touch screen (``-p``, ``-i``, ``-lp``, ``-S``); events themselves are not given out."""
    if not set("".join(process.argv[1:])) & set("piS"):
        return await process.fail("getevent: events cannot be read here, only described: getevent -p")
    width, height = process.system.display.size
    await process.print(
        f"add device 1: {_EVENT}\n"
        '  name:     "virtual_touchscreen"\n'
        "  events:\n"
        "    KEY (0001): 014a \n"
        f"    ABS (0003): 002f  : {_AXES.format(9)}\n"
        f"                0035  : {_AXES.format(width - 1)}\n"
        f"                0036  : {_AXES.format(height - 1)}\n"
        f"                0039  : {_AXES.format(65535)}\n"
        "  input props:\n"
        "    INPUT_PROP_DIRECT"
    )
    return 0
