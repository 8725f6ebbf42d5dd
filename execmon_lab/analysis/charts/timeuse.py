"""Where the time of a run goes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Table
from ..timeuse import time_use
from . import theme
from .chart import Chart, values

_PARTS = ("adb", "the modules' own", "attempts", "idle")
_COLORS = (theme.ACCENT, theme.GOOD, "#17a2b0", theme.QUIET)


def time_use_chart(attempts: Any) -> Chart:
    """Draw what each device did with its time: in adb, in the modules' own code, idle; the mean of the runs.

    Parameters
    ----------
    attempts
        A frame of attempts, as `execmon_lab.analysis.time_use` takes it, of one execution or of many.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(time_use(attempts), ["device_id"], "time use")
    numbers = {
        name: table.numbers(name) for name in ("run_s", "busy_s", "adb_s", "own_s", "again_s", "idle_s")
    }
    rows: list[dict[str, Any]] = []
    told = []
    for device, places in table.keys("device_id").groups():
        mean = {name: float(np.mean(column[places])) for name, column in numbers.items()}
        known = not np.isnan(mean["adb_s"])
        seconds = [mean["adb_s"], mean["own_s"], np.nan, mean["idle_s"]]
        if not known:
            seconds = [np.nan, np.nan, mean["busy_s"], mean["idle_s"]]
        since = 0.0
        for place, (part, spent) in enumerate(zip(_PARTS, seconds, strict=True)):
            if not np.isnan(spent):
                share = spent / max(mean["run_s"], 1e-9)
                text = f"{part} {spent:.0f} s" if share > 0.13 else ""
                rows.append(
                    {"device": device, "part": part, "order": place, "from": since, "to": since + spent}
                    | {"middle": since + spent / 2, "seconds": spent, "share": share, "text": text}
                )
                since += spent
        told.append(
            f"{device} {mean['busy_s']:.1f} s busy, {mean['again_s']:.1f} s of it for attempts in vain"
        )
    alt = "Where the time goes: " + "; ".join(told) + "." if told else "Where the time goes: no attempts."
    y = {"field": "device", "type": "nominal", "title": None}
    legend = {"title": None, "orient": "top"}
    parts = [part for part in _PARTS if any(row["part"] == part for row in rows)]
    colors = [_COLORS[_PARTS.index(part)] for part in parts]
    spec = {
        "data": values(rows),
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 2},
                "encoding": {
                    "x": {"field": "from", "type": "quantitative", "title": "seconds of a run"},
                    "x2": {"field": "to"},
                    "y": y,
                    "color": {
                        "field": "part",
                        "type": "nominal",
                        "scale": {"domain": parts, "range": colors},
                        "legend": legend,
                    },
                    "tooltip": [
                        {"field": "device"},
                        {"field": "part"},
                        {"field": "seconds", "type": "quantitative", "format": ".1f"},
                        {"field": "share", "title": "of the run", "type": "quantitative", "format": ".0%"},
                    ],
                },
            },
            {
                "mark": {"type": "text", "fontSize": 11, "color": "#111417"},
                "encoding": {
                    "x": {"field": "middle", "type": "quantitative"},
                    "y": y,
                    "text": {"field": "text"},
                },
            },
        ],
        "title": theme.heading("Where the time goes", "mean of the runs, by device"),
        "width": theme.WIDTH,
        "height": {"step": 34},
    }
    return Chart(spec, alt)
