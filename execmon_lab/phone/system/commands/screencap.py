"""screencap and screenrecord."""

from __future__ import annotations

import asyncio
import io
import struct

from PIL import Image

from execmon_lab.phone.screen.screen import Frame
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.shell.registry import command

RGBA_8888 = 1  # android.graphics.PixelFormat
SRGB = 1  # the colour space, the fourth word of the raw header
_USAGE = """usage: screencap [-ahp] [-d display-id] [FILENAME]
   -h: this message
   -a: captures all the active displays. This appends an integer postfix to the FILENAME.
       e.g., FILENAME_0.png, FILENAME_1.png. If both -a and -d are given, it ignores -d.
   -d: specify the display ID to capture. If the id is not given, it defaults to 0.
       see "dumpsys SurfaceFlinger --display-id" for valid display IDs.
   -p: outputs in png format.
   --hint-for-seamless If set will use the hintForSeamless path in SF

If FILENAME ends with .png it will be saved as a png.
If FILENAME is not given, the results will be printed to stdout."""


def raw(frame: Frame) -> list[bytes]:
    """Return what raw screencap prints: a header of 16 bytes, then RGBA."""
    return [struct.pack("<4I", frame.width, frame.height, RGBA_8888, SRGB), frame.data]


def png(frame: Frame) -> bytes:
    """Return a frame as PNG, deflated as Android does it.

    `Bitmap::compress` of AOSP's libs/hwui/hwui/Bitmap.cpp leaves Skia's encoder its defaults, which are
    zlib's level 6 and all of PNG's filters (Skia, include/encode/SkPngEncoder.h); Pillow's are the same.
    """
    buffer = io.BytesIO()
    image = Image.frombuffer("RGBA", (frame.width, frame.height), frame.data, "raw", "RGBA", 0, 1)
    image.save(buffer, "PNG")
    return buffer.getvalue()


@command("screencap")
async def screencap(process: Process) -> int:
    """Take a picture of the screen."""
    as_png, path = False, ""
    words = iter(process.argv[1:])
    for word in words:
        if word == "-p":
            as_png = True
        elif word == "-d":
            display = next(words, "")
            if display not in ("0", DISPLAY_ID):
                return await process.fail(f"Invalid display ID: {display}\n{_USAGE}")
        elif word == "-h":
            await process.print(_USAGE)
            return 0
        elif word.startswith("-") and word not in ("-a", "--hint-for-seamless"):
            return await process.fail(f"screencap: unknown option {word}\n{_USAGE}")
        elif not word.startswith("-"):
            path = word
    frame = process.system.frame()
    chunks = [await asyncio.to_thread(png, frame)] if as_png or path.endswith(".png") else raw(frame)
    if not path:
        for chunk in chunks:
            await process.write(chunk)
        return 0
    try:
        process.files.write(process.path(path), b"".join(chunks))
    except OSError as error:
        return await process.fail(f"Error opening file: {path} ({error.strerror})")
    return 0


DISPLAY_ID = "4619827259835644672"


@command("screenrecord")
async def screenrecord(process: Process) -> int:
    """Refuse: the phone has no video encoder."""
    if "--version" in process.argv:
        await process.print("1.3")
        return 0
    return await process.fail(
        "ERROR: unable to create video/avc codec instance: this phone has no video encoder"
    )
