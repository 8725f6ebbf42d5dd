"""Every module in every run, at a glance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Table
from ..steps import IDENTITY, Steps, in_order, medians, undisturbed
from . import theme
from .chart import Chart, values

MOST_RUNS = 150
"""The newest so many runs are shown."""


def heat_map(attempts: Any, most: int = MOST_RUNS) -> Chart:
    """Draw how long each module took in each run beside its usual time, and where it failed.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `module_id`, `attempt`, `status`, `duration_s`, and
        `execution_started_at` or `started_at`).
    most
        The newest so many runs are shown.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, [*IDENTITY, "module_id", "duration_s"])
    order, modules = in_order(table), table.keys("module_id")
    size = max(1, len(order.labels))
    pairs, middle = medians(undisturbed(table), modules.codes * size + order.codes)
    module, run = np.divmod(pairs, size)
    usual = np.ones(max(1, len(modules.labels)))
    found, level = medians(middle, module)
    usual[found] = level
    first = max(0, len(order.labels) - most)
    cells = [
        {
            "module": modules.labels[m],
            "run": int(r) + 1,
            "seconds": value,
            "times": value / usual[m],
            "pace": "slower" if value > usual[m] else "faster",
            "strength": min(1.0, abs(np.log2(value / usual[m])) / np.log2(1.6)),
        }
        for m, r, value in zip(module, run, middle, strict=True)
        if r >= first
    ]
    steps = Steps(table, ["module_id"])
    at = order.codes[steps.rows]
    marks = sorted(
        {
            (steps.groups.labels[steps.groups.codes[i]][0], int(at[i]) + 1)
            for i in np.flatnonzero(steps.failed)
            if at[i] >= first
        }
    )
    failures = [{"module": name, "run": number, "mark": "✗"} for name, number in marks]
    shown = len(order.labels) - first
    alt = f"Heat map of {len(modules.labels)} modules in {shown} runs beside their usual durations; "
    alt += f"{len(marks)} cells with a step that failed."
    x = {
        "field": "run",
        "type": "ordinal",
        "title": "run",
        "axis": {"values": _ticks(first + 1, len(order.labels)), "labelAngle": 0},
    }
    y = {"field": "module", "type": "nominal", "title": None, "sort": modules.labels}
    layers = [
        {
            "data": values(cells),
            "mark": {"type": "rect"},
            "encoding": {
                "x": x,
                "y": y,
                "color": {
                    "field": "pace",
                    "type": "nominal",
                    "scale": {"domain": ["faster", "slower"], "range": [theme.ACCENT, "#e07b1f"]},
                    "legend": {"title": "than the module's median", "orient": "top"},
                },
                "opacity": {
                    "field": "strength",
                    "type": "quantitative",
                    "scale": {"domain": [0, 1], "range": [0.04, 1]},
                    "legend": None,
                },
                "tooltip": [
                    {"field": "module"},
                    {"field": "run", "type": "ordinal"},
                    {"field": "seconds", "title": "seconds", "type": "quantitative", "format": ".2f"},
                    {"field": "times", "title": "times the median", "type": "quantitative", "format": ".2f"},
                ],
            },
        },
        {
            "data": values(failures),
            "mark": {"type": "text", "fontSize": 13, "fontWeight": "bold", "color": "#ff3b30"},
            "encoding": {"x": x, "y": y, "text": {"field": "mark"}},
        },
    ]
    title = theme.heading(
        "Modules and runs", "the stronger the colour, the further from the median; a cross: a step failed"
    )
    return Chart({"layer": layers, "title": title, "width": theme.WIDTH, "height": {"step": 18}}, alt)


def _ticks(first: int, last: int) -> list[int]:
    step = max(1, (last - first) // 10)
    nice = next((n for n in (1, 2, 5, 10, 20, 25, 50, 100, 250, 500) if n >= step), step)
    return [number for number in range(first, last + 1) if number % nice == 0]
