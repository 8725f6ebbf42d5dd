"""Type: measuring, wrapping and masks of text in the font that Pillow bundles, the same on every machine."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import cast

from PIL import Image, ImageDraw, ImageFont

REGULAR, MEDIUM, BOLD = 0, 1, 2
_STROKES = {REGULAR: 0.0, MEDIUM: 0.014, BOLD: 0.03}  # share of the size that thickens each stem
_PLAIN = {
    "×": "x",
    "÷": "/",
    "−": "-",
    "•": "·",
    "–": "-",
    "—": "-",
    "→": ">",
    "←": "<",
}  # what the font lacks
_UNKNOWN = "\u0378"  # an unassigned character: its picture is the font's box


@lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont:
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size))


@lru_cache(maxsize=32)
def _fallback(size: float) -> ImageFont.FreeTypeFont | None:
    """Return a font with more characters, where the machine has one."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size * 0.92, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _covered(sign: str) -> bool:
    if " " <= sign <= "~":
        return True
    font = _font(24)
    return bytes(font.getmask(sign)) != bytes(font.getmask(_UNKNOWN))


@lru_cache(maxsize=4096)
def _shown(sign: str) -> str:
    """Return the sign, or its plain letter where only that can be drawn."""
    if sign in _PLAIN:
        return _PLAIN[sign]
    if _covered(sign) or _fallback(24) is not None:
        return sign
    plain = unicodedata.normalize("NFKD", sign)[0]
    return plain if _covered(plain) else _UNKNOWN


def _runs(text: str, size: float) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """Split text into runs that one font can draw."""
    font, other = _font(size), _fallback(size)
    runs: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for sign in text:
        shown = _shown(sign)
        used = font if other is None or _covered(shown) else other
        if runs and runs[-1][1] is used:
            runs[-1] = (runs[-1][0] + shown, used)
        else:
            runs.append((shown, used))
    return runs


@lru_cache(maxsize=8192)
def width(text: str, size: float, weight: int = REGULAR) -> float:
    """Return the width of a line of text in pixels, at a size in pixels."""
    return sum(font.getlength(run) for run, font in _runs(text, size)) + 2 * _STROKES[weight] * size


def line_height(size: float) -> float:
    """Return the distance of two lines in pixels."""
    return size * 1.32


@lru_cache(maxsize=2048)
def mask(text: str, size: float, weight: int = REGULAR) -> Image.Image:
    """Return a line of text as coverage, its baseline at 0.78 of `line_height` from the top."""
    stroke = _STROKES[weight] * size
    height = round(line_height(size))
    picture = Image.new("L", (max(1, round(width(text, size, weight)) + 2), max(1, height)))
    draw = ImageDraw.Draw(picture)
    left = stroke
    for run, font in _runs(text, size):
        draw.text((left, height * 0.78), run, fill=255, font=font, anchor="ls", stroke_width=stroke)
        left += font.getlength(run)
    return picture


@lru_cache(maxsize=2048)
def shorten(text: str, size: float, weight: int, limit: float) -> str:
    """Return the text cut with an ellipsis so that it is at most `limit` pixels wide."""
    if width(text, size, weight) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + "…", size, weight) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


@lru_cache(maxsize=2048)
def wrap(text: str, size: float, weight: int, limit: float, lines: int = 0) -> tuple[str, ...]:
    """Return the text broken into lines at most `limit` pixels wide; with `lines`, no more than so many."""
    found: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            candidate = f"{line} {word}" if line else word
            if width(candidate, size, weight) <= limit:
                line = candidate
                continue
            if line:
                found.append(line)
            while width(word, size, weight) > limit and len(word) > 1:
                longest = min(
                    len(word) - 1, int(limit / (size * 0.2)) + 1
                )  # no letter is narrower on average
                cut = next((n for n in range(longest, 1, -1) if width(word[:n], size, weight) <= limit), 1)
                found.append(word[:cut])
                word = word[cut:]
            line = word
        found.append(line)
    if lines and len(found) > lines:
        rest = " ".join(found[lines - 1 :])
        found = [*found[: lines - 1], shorten(rest, size, weight, limit)]
    return tuple(found)
