"""The display: size, density, rotation, power and brightness."""

from __future__ import annotations

from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.settings import Settings


class Display:
    """The only display.

    Parameters
    ----------
    size
        Physical width and height in pixels, upright.
    density
        Physical density in dots per inch.
    """

    def __init__(self, core: Core, settings: Settings, size: tuple[int, int], density: int) -> None:
        self._core = core
        self._settings = settings
        self.physical_size = size
        self.physical_density = density
        self.override_size: tuple[int, int] | None = None
        self.override_density: int | None = None
        self.on = True
        self.locked = False
        settings.watch("system", "screen_brightness", lambda _: core.changed())

    @property
    def rotation(self) -> int:
        """Quarter turns from upright, 0 to 3."""
        return self._settings.number("system", "user_rotation", 0) % 4

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright, with the override."""
        return self.override_size or self.physical_size

    @property
    def rotated_size(self) -> tuple[int, int]:
        """Width and height in pixels as the picture is shown now."""
        width, height = self.size
        return (height, width) if self.rotation % 2 else (width, height)

    @property
    def density(self) -> int:
        """Dots per inch, with the override."""
        return self.override_density or self.physical_density

    @property
    def brightness(self) -> int:
        """Brightness, 0 to 255."""
        return min(255, self._settings.number("system", "screen_brightness", 102))

    def rotate(self, rotation: int) -> None:
        """Turn the picture to `rotation` quarter turns."""
        self._settings.put("system", "user_rotation", str(rotation % 4))

    def resize(self, size: tuple[int, int] | None) -> None:
        """Override the size in pixels; None takes the override away.

        Raises
        ------
        ValueError
            The size is outside of 200 to 4096 pixels a side.
        """
        if size is not None and not all(200 <= side <= 4096 for side in size):
            raise ValueError("each side must have 200 to 4096 pixels")
        self.override_size = size if size != self.physical_size else None
        self._core.changed()

    def set_density(self, density: int | None) -> None:
        """Override the density in dots per inch; None takes the override away.

        Raises
        ------
        ValueError
            The density is below 72 or above 1000.
        """
        if density is not None and not 72 <= density <= 1000:
            raise ValueError("density must be 72 to 1000")
        self.override_density = density if density != self.physical_density else None
        self._core.changed()

    def power(self, on: bool) -> None:
        """Switch the display on or off."""
        if on != self.on:
            self.on = on
            self._core.log.write("I", "PowerManagerService", "Waking up..." if on else "Going to sleep...")
            self._core.changed()
