"""What the server lists instead of showing the screen.

Source: ``LogUtils.java`` of scrcpy 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from execmon_lab.phone.scrcpy.options import Options, available
from execmon_lab.phone.system.system import System

_COLUMN = 30


def listing(options: Options, system: System) -> Iterator[str]:
    """Yield the lists that were asked for."""
    if options.list_encoders:
        found = "--video-codec=h264 --video-encoder=libx264    (sw)"
        yield f"List of video encoders:\n    {found if system.has_encoder and available() else '(none)'}"
        yield "List of audio encoders:\n    (none)"
    if options.list_displays:
        width, height = system.display.rotated_size
        yield f"List of displays:\n    --display-id=0    ({width}x{height})"
    if options.list_cameras or options.list_camera_sizes:
        yield "List of cameras:\n    (none)"
    if options.list_apps:
        apps = sorted(system.packages.launchable(), key=lambda app: (not app.system, app.label, app.name))
        lines = (f"\n {'*' if app.system else '-'} {app.label:{_COLUMN}} {app.name}" for app in apps)
        yield "List of apps:" + "".join(lines)
