"""Colours and measures of the look; sizes are in dp (1/160 inch)."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]  # left, top, right, bottom in pixels

STATUS_BAR = 28
NAVIGATION_BAR = 20
TOOLBAR = 60


@dataclass(frozen=True)
class Palette:
    """The colours of a theme, by their Material names."""

    background: Colour
    surface: Colour
    surface_high: Colour
    surface_highest: Colour
    on_surface: Colour
    on_variant: Colour
    outline: Colour
    primary: Colour
    on_primary: Colour
    primary_container: Colour
    on_primary_container: Colour
    error: Colour


LIGHT = Palette(
    background=(0xFD, 0xFB, 0xFF),
    surface=(0xF3, 0xF3, 0xFA),
    surface_high=(0xE8, 0xEA, 0xF2),
    surface_highest=(0xDF, 0xE2, 0xEB),
    on_surface=(0x1A, 0x1C, 0x20),
    on_variant=(0x5A, 0x5F, 0x68),
    outline=(0xC6, 0xCA, 0xD2),
    primary=(0x2B, 0x5E, 0xA7),
    on_primary=(0xFF, 0xFF, 0xFF),
    primary_container=(0xD5, 0xE3, 0xFF),
    on_primary_container=(0x0A, 0x2C, 0x5C),
    error=(0xBA, 0x1A, 0x1A),
)
DARK = Palette(
    background=(0x11, 0x13, 0x18),
    surface=(0x1B, 0x1E, 0x24),
    surface_high=(0x26, 0x2A, 0x31),
    surface_highest=(0x33, 0x37, 0x3F),
    on_surface=(0xE3, 0xE5, 0xEB),
    on_variant=(0xA6, 0xAC, 0xB7),
    outline=(0x45, 0x4A, 0x53),
    primary=(0xA9, 0xC7, 0xFF),
    on_primary=(0x0A, 0x2C, 0x5C),
    primary_container=(0x1F, 0x47, 0x84),
    on_primary_container=(0xD5, 0xE3, 0xFF),
    error=(0xFF, 0xB4, 0xAB),
)

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
GREEN: Colour = (0x1E, 0x8E, 0x4E)
RED: Colour = (0xD9, 0x3B, 0x36)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return `one` with `share` (0 to 1) of `other`."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )
