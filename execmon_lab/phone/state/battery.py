"""The battery, as `dumpsys battery` reads and sets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

UNKNOWN, CHARGING, DISCHARGING, NOT_CHARGING, FULL = 1, 2, 3, 4, 5


@dataclass
class Battery:
    """Battery state; units are those of Android's BatteryManager.

    Attributes
    ----------
    level : int
        Percent.
    voltage : int
        Millivolt.
    temperature : int
        Tenths of a degree Celsius.
    """

    changed: Callable[[], None]
    ac: bool = False
    usb: bool = True
    wireless: bool = False
    dock: bool = False
    status: int = CHARGING
    health: int = 2
    present: bool = True
    level: int = 87
    scale: int = 100
    voltage: int = 4187
    temperature: int = 254
    technology: str = "Li-ion"
    updates_stopped: bool = False
    _keys: dict[str, str] = field(
        default_factory=lambda: {
            "ac": "ac",
            "usb": "usb",
            "wireless": "wireless",
            "dock": "dock",
            "present": "present",
            "status": "status",
            "level": "level",
            "temp": "temperature",
        }
    )

    @property
    def charging(self) -> bool:
        """Whether the battery takes charge."""
        return self.status in (CHARGING, FULL)

    def set(self, key: str, value: str) -> bool:
        """Set a value by the name `dumpsys battery set` knows; False when there is no such name.

        Raises
        ------
        ValueError
            The value is not an integer.
        """
        name = self._keys.get(key)
        if name is None:
            return False
        number = int(value)
        setattr(self, name, bool(number) if isinstance(getattr(self, name), bool) else number)
        self.updates_stopped = True
        self.changed()
        return True

    def unplug(self) -> None:
        """Take all chargers away."""
        self.ac = self.usb = self.wireless = self.dock = False
        self.status = DISCHARGING
        self.updates_stopped = True
        self.changed()

    def reset(self) -> None:
        """Go back to the real values."""
        fresh = Battery(self.changed)
        for name in set(self._keys.values()):
            setattr(self, name, getattr(fresh, name))
        self.updates_stopped = False
        self.changed()
