"""What kind of device it is: what a report says of it."""

from __future__ import annotations

from .lane import Lane

_PROPERTIES = {
    "manufacturer": "ro.product.manufacturer",
    "model": "ro.product.model",
    "Android": "ro.build.version.release",
    "API level": "ro.build.version.sdk",
    "build": "ro.build.id",
}
_SECONDS = 10.0


def read_facts(lane: Lane) -> dict[str, str]:
    """Ask a device what it is: manufacturer, model, Android, API level, build, screen (pixels).

    Raises
    ------
    DeviceError
        When it does not answer.
    """
    names = [*_PROPERTIES, "screen"]
    line = "; ".join([*(f"getprop {name}" for name in _PROPERTIES.values()), "wm size"])
    told = lane.shell(line, f"adb shell {line}", timeout=_SECONDS).stdout.decode(errors="replace")
    found = dict(zip(names, told.splitlines(), strict=False))
    if "screen" in found:
        found["screen"] = found["screen"].removeprefix("Physical size: ").strip()
    return {name: value.strip() for name, value in found.items() if value.strip()}
