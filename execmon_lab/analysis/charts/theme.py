"""How charts look: colours that hold on light and dark, and a shape beside each."""

from __future__ import annotations

from typing import Any

WIDTH = 640

GOOD, BAD, QUIET, ACCENT, WARN = "#2f9e6e", "#e0564a", "#8a93a0", "#3f86e0", "#d98a1f"

# JupyterLab chooses Vega's theme by its own; what is not named here (text, axes) is left to it.
CONFIG: dict[str, Any] = {
    "font": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif",
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "gridColor": "#8a93a0",
        "gridOpacity": 0.25,
        "domainColor": "#8a93a0",
        "tickColor": "#8a93a0",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 220,
    },
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 240},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelLimit": 400},
    "title": {"anchor": "start", "fontSize": 14, "subtitleFontSize": 12, "offset": 12, "limit": WIDTH + 200},
}

ON_PAPER: dict[str, Any] = {"background": "white"}

INK = "#7d8794"
"""Text in the drawing, which no theme colours: readable on white and on black."""

STATUS_NAMES = ("passed", "failed", "skipped", "running")
STATUS_OF = {"completed": "passed", "failed": "failed", "skipped": "skipped", "running": "running"}
STATUS_COLORS = (GOOD, BAD, QUIET, ACCENT)
STATUS_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–", "running": "…"}
INK = "#7d8794"
"""Text in the drawing, which no theme colours: readable on white and on black."""

STATUS_SHAPES = ("circle", "cross", "diamond", "triangle-right")

SERIES = ("#3f86e0", "#d98a1f", "#2f9e6e", "#b565c9", "#e0564a", "#17a2b0", "#8a7a1f", "#8a93a0")
"""Colours of things beside each other."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])
"""Dashes of lines beside each other, so that none is told by its colour alone."""


def status_color(title: str | None = None) -> dict[str, Any]:
    """Return the encoding of a status by colour."""
    return {
        "field": "status",
        "type": "nominal",
        "scale": {"domain": list(STATUS_NAMES), "range": list(STATUS_COLORS)},
        "legend": {"title": title, "orient": "top"},
    }


def heading(text: str, below: str = "") -> dict[str, Any]:
    """Return a title, and a line below it."""
    return {"text": text, "subtitle": below} if below else {"text": text}
