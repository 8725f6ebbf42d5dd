"""What the phone shows, and how far a canvas is from it."""

from __future__ import annotations

import subprocess
from io import BytesIO

import adbutils
from PIL import Image, ImageChops, ImageStat

from .notebook import NotebookPage

#: Height of the status bar, as a share of the screen: its clock shows seconds.
STATUS_BAR = 0.05
#: Mean difference of two pictures, of 255, that JPEG may make.
JPEG_ERROR = 4.0


def screencap(page: NotebookPage) -> Image.Image:
    """The phone's screen, by the plain adb binary."""
    port, serial = page.json("[lab.pool.server.port, lab.serials[0]]")
    adb = [adbutils.adb_path(), "-P", str(port), "-s", serial]
    png = subprocess.run([*adb, "exec-out", "screencap", "-p"], capture_output=True, check=True, timeout=30)
    return Image.open(BytesIO(png.stdout)).convert("RGB")


def difference(shown: Image.Image, screen: Image.Image) -> float:
    """Mean difference of a canvas and a screen below the status bar, of 255."""
    screen = screen.resize(shown.size, Image.Resampling.BOX)
    box = (0, int(shown.height * STATUS_BAR), *shown.size)
    apart = ImageChops.difference(shown.crop(box), screen.crop(box))
    return float(max(ImageStat.Stat(apart).mean))
