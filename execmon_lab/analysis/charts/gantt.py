"""When each attempt of a run ran, and on which device."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Table
from ..steps import followed
from . import theme
from .chart import Chart, values

MOST_ROWS = 60
"""With more rows than this, each device has one lane."""


def gantt(attempts: Any) -> Chart:
    """Draw the attempts of one run as bars, those that were tried again lighter.

    A row a step under its device; of a large run, a lane a device.

    Parameters
    ----------
    attempts
        A frame of the attempts of one execution (`execution_id`, `step_id`, `device_id`, `module_id`,
        `attempt`, `status`, `started_at`, `duration_s`; `error_code` where it is there).

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    ValueError
        When the frame has more than one execution.
    """
    needs = (
        "execution_id",
        "step_id",
        "device_id",
        "module_id",
        "attempt",
        "status",
        "started_at",
        "duration_s",
    )
    table = Table(attempts, needs)
    runs = table.keys("execution_id").labels
    if len(runs) > 1:
        raise ValueError(f"a Gantt chart is that of one run: filter by execution_id, there are {len(runs)}")
    rows = _rows(table)
    devices = sorted({row["device"] for row in rows})
    steps = len({(row["device"], row["step"]) for row in rows})
    failed = sum(row["status"] == "failed" for row in rows)
    alt = f"Gantt chart of {len(rows)} attempts at {steps} steps on {len(devices)} devices; {failed} failed."
    lanes = steps > MOST_ROWS
    y: dict[str, Any] = {
        "field": "device" if lanes else "step",
        "type": "nominal",
        "title": None,
        "sort": None,
    }
    beside = {"color": "#ffffff"} if lanes else {"color": theme.INK, "align": "left", "dx": 4}
    bars: dict[str, Any] = {
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 2, "height": {"band": 0.78}, "strokeWidth": 1},
                "encoding": {
                    "x2": {"field": "end"},
                    "opacity": {"field": "shade", "type": "quantitative", "scale": None},
                    "strokeDash": {"field": "dash", "type": "nominal", "scale": None},
                    "stroke": {"value": "#8a93a0"},
                    "color": theme.status_color(),
                },
            },
            {
                "mark": {"type": "text", "fontSize": 10, "fontWeight": "bold", **beside},
                "encoding": {
                    "text": {"field": "mark", "type": "nominal"},
                    "x": {"field": "middle" if lanes else "end", "type": "quantitative"},
                },
            },
        ],
        "encoding": {
            "x": {"field": "begin", "type": "quantitative", "title": "seconds since the run began"},
            "y": y,
            "tooltip": [
                {"field": "module", "title": "module"},
                {"field": "device", "title": "device"},
                {"field": "attempt", "title": "attempt"},
                {"field": "status", "title": "status"},
                {"field": "seconds", "title": "seconds", "type": "quantitative", "format": ".2f"},
                {"field": "code", "title": "error"},
            ],
        },
    }
    return Chart(_laid_out(bars, rows, lanes, len(devices)), alt)


def _rows(table: Table) -> list[dict[str, Any]]:
    begin, seconds = table.seconds("started_at"), table.numbers("duration_s")
    known = ~np.isnan(begin)
    first = float(np.min(begin[known])) if known.any() else 0.0
    last = float(np.nanmax(np.r_[first, (begin + np.nan_to_num(seconds))]))
    codes = table.texts("error_code") if "error_code" in table else [None] * len(table)
    steps, modules, devices = (table.texts(name) for name in ("step_id", "module_id", "device_id"))
    again, numbers = followed(table), table.numbers("attempt")
    places: dict[tuple[Any, Any], int] = {}
    rows = []
    for i in np.argsort(np.where(known, begin, np.inf), kind="stable"):
        if not known[i]:
            continue
        status = theme.STATUS_OF.get(str(table.statuses[i]), str(table.statuses[i]))
        of_device = [key for key in places if key[0] == devices[i]]
        place = places.setdefault((devices[i], steps[i]), len(of_device) + 1)
        end = begin[i] + seconds[i] if not np.isnan(seconds[i]) else last
        rows.append(
            {
                "step": f"{place}. {modules[i]}",
                "module": modules[i],
                "device": devices[i],
                "attempt": int(numbers[i]),
                "status": status,
                "begin": begin[i] - first,
                "end": end - first,
                "middle": (begin[i] + end) / 2 - first,
                "seconds": end - begin[i],
                "code": codes[i] or "",
                "shade": 0.45 if again[i] else 1.0,
                "dash": [3, 2] if status == "skipped" else [1, 0],
                "mark": "" if again[i] else theme.STATUS_MARKS.get(status, ""),
            }
        )
    return rows


def _laid_out(bars: dict[str, Any], rows: list[dict[str, Any]], lanes: bool, devices: int) -> dict[str, Any]:
    title = theme.heading("Time line of the run", "lighter: attempts that were tried again")
    data = values(rows)
    if lanes or devices == 1:
        return {
            **bars,
            "data": data,
            "title": title,
            "width": theme.WIDTH,
            "height": {"step": 30 if lanes else 20},
        }
    return {
        "data": data,
        "title": title,
        "facet": {
            "row": {
                "field": "device",
                "type": "nominal",
                "title": None,
                "header": {"labelAngle": 0, "labelOrient": "top", "labelAnchor": "start"},
            }
        },
        "spec": {**bars, "width": theme.WIDTH, "height": {"step": 15}},
        "resolve": {"scale": {"y": "independent"}},
        "spacing": 8,
    }
