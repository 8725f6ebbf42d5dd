"""How durations spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Table
from . import theme
from .chart import Chart, values

MOST_POINTS = 2000
"""More points than this are thinned, evenly; the subtitle says so."""
MOST_STEPS = 200


def ecdf(attempts: Any, module_id: str, by: str = "device_id") -> Chart:
    """Draw the share of a module's attempts that took at most so long, a line a device.

    Parameters
    ----------
    attempts
        A frame of attempts (`module_id`, `status`, `duration_s` and the column `by`); those that passed
        count.
    module_id
        The module.
    by
        What to tell apart.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    ValueError
        When no attempt of the module passed.
    """
    table = _passed(Table(attempts, ["module_id", "status", "duration_s", by]), module_id)
    seconds = table.numbers("duration_s")
    rows = []
    told = []
    for label, places in table.keys(by).groups():
        ordered = np.sort(seconds[places])
        chosen = np.unique(
            np.linspace(0, len(ordered) - 1, min(len(ordered), MOST_STEPS)).round().astype(int)
        )
        rows += [{"group": label, "seconds": ordered[i], "share": (i + 1) / len(ordered)} for i in chosen]
        told.append(f"{label} {np.median(ordered):.2f} s")
    alt = f"Distribution of the durations of {module_id}; medians: {', '.join(told)}."
    groups = sorted({row["group"] for row in rows})
    encoding = {
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds", "scale": {"zero": False}},
        "y": {
            "field": "share",
            "type": "quantitative",
            "title": "share of attempts",
            "axis": {"format": "%"},
        },
        "color": _series(groups, list(theme.SERIES)),
        "strokeDash": _series(groups, list(theme.DASHES)),
        "tooltip": [
            {"field": "group", "title": "of"},
            {"field": "seconds", "type": "quantitative", "format": ".2f"},
            {"field": "share", "type": "quantitative", "format": ".0%"},
        ],
    }
    mark = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
    title = theme.heading(f"Durations of {module_id}", "share of passed attempts that took at most so long")
    spec = {"data": values(rows), "mark": mark, "encoding": encoding, "title": title}
    return Chart({**spec, "width": theme.WIDTH, "height": 260}, alt)


def strip(attempts: Any, by: str = "module_id", most: int = MOST_POINTS) -> Chart:
    """Draw each attempt as a point at its duration, a row a module, with the medians.

    Parameters
    ----------
    attempts
        A frame of attempts (`status`, `duration_s` and the column `by`); those that passed or failed are
        shown.
    by
        What has a row.
    most
        With more points than this they are thinned, evenly.

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    table = Table(attempts, ["status", "duration_s", by])
    table = table.where(np.isin(table.statuses, ("completed", "failed")) & (table.numbers("duration_s") > 0))
    seconds, keys = table.numbers("duration_s"), table.keys(by)
    passed = table.statuses == "completed"
    middles = {
        label: float(np.median(seconds[rows][passed[rows]]))
        for label, rows in keys.groups()
        if passed[rows].any()
    }
    shown = np.unique(np.linspace(0, max(0, len(table) - 1), min(len(table), most)).round().astype(int))
    spread = np.random.default_rng(0).uniform(-1, 1, len(table))
    points = [
        {
            "group": keys.labels[keys.codes[i]],
            "seconds": seconds[i],
            "status": "passed" if passed[i] else "failed",
            "spread": spread[i],
        }
        for i in shown
    ]
    order = sorted(middles, key=lambda label: -middles[label])
    order += [label for label in keys.labels if label not in middles]
    medians = [{"group": label, "seconds": value} for label, value in middles.items()]
    alt = f"Durations of {len(table)} attempts of {len(keys.labels)} rows; "
    alt += (
        f"the slowest is {order[0]} with a median of {middles.get(order[0], 0):.2f} s." if order else "none."
    )
    thinned = f"; {len(shown)} of {len(table)} points shown" if len(shown) < len(table) else ""
    x = {
        "field": "seconds",
        "type": "quantitative",
        "title": "seconds",
        "scale": {"type": "log", "nice": False},
    }
    y = {"field": "group", "type": "nominal", "title": None, "sort": order}
    scale = {"domain": ["passed", "failed"], "range": [theme.ACCENT, theme.BAD]}
    shapes = {"domain": ["passed", "failed"], "range": ["circle", "cross"]}
    legend = {"title": None, "orient": "top"}
    layers = [
        {
            "data": values(points),
            "mark": {"type": "point", "filled": True, "size": 12, "opacity": 0.5},
            "encoding": {
                "x": x,
                "y": y,
                "yOffset": {"field": "spread", "type": "quantitative", "scale": {"domain": [-1.6, 1.6]}},
                "color": {"field": "status", "type": "nominal", "scale": scale, "legend": legend},
                "shape": {"field": "status", "type": "nominal", "scale": shapes, "legend": legend},
                "tooltip": [
                    {"field": "group", "title": "of"},
                    {"field": "status"},
                    {"field": "seconds", "format": ".2f", "type": "quantitative"},
                ],
            },
        },
        {
            "data": values(medians),
            "mark": {"type": "tick", "thickness": 3, "color": theme.WARN},
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": [{"field": "seconds", "title": "median", "type": "quantitative", "format": ".2f"}],
            },
        },
    ]
    title = theme.heading("Durations of all attempts", f"the bar is the median of those that passed{thinned}")
    return Chart({"layer": layers, "title": title, "width": theme.WIDTH, "height": {"step": 24}}, alt)


def _passed(table: Table, module_id: str) -> Table:
    modules = np.array([module == module_id for module in table.texts("module_id")], dtype=np.bool_)
    passed = table.where(modules & (table.statuses == "completed") & ~np.isnan(table.numbers("duration_s")))
    if not len(passed):
        raise ValueError(f"no attempt of {module_id} passed")
    return passed


def _series(groups: list[Any], range_: list[Any]) -> dict[str, Any]:
    repeated = [range_[i % len(range_)] for i in range(len(groups))]
    scale = {"domain": groups, "range": repeated}
    return {"field": "group", "type": "nominal", "scale": scale, "legend": {"title": None, "orient": "top"}}
