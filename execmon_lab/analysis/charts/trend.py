"""A module's duration over the runs."""

from __future__ import annotations

from ..frame import moments
from ..trend import Trend
from . import theme
from .chart import Chart, values


def trend_chart(trend: Trend) -> Chart:
    """Draw a module's median of each run, its levels, and where they change.

    Parameters
    ----------
    trend
        What `execmon_lab.analysis.trend` found.
    """
    series = trend.series
    times = [moment.isoformat() if moment else None for moment in moments(series.begun)]
    points = [
        {"time": time, "seconds": seconds, "run": run, "id": execution}
        for run, (time, seconds, execution) in enumerate(
            zip(times, series.seconds, series.executions, strict=True), 1
        )
    ]
    levels = [
        {"time": times[first], "until": times[last], "seconds": level, "text": f"{level:.2f} s"}
        for first, last, level in trend.levels
    ]
    changes = [
        {
            "time": change.since.isoformat(),
            "text": f"{'▲' if change.ratio.ratio > 1 else '▼'} {change.ratio.ratio - 1:+.0%}".replace(
                "%", " %"
            )
            + f" since {change.since:%d %b}",
        }
        for change in trend.changes
    ]
    x = {"field": "time", "type": "temporal", "title": None, "axis": {"format": "%d %b", "labelFlush": True}}
    y = {"field": "seconds", "type": "quantitative", "title": "seconds", "scale": {"zero": False}}
    layers = [
        {
            "data": values(points),
            "mark": {"type": "point", "filled": True, "size": 22, "opacity": 0.75, "color": theme.ACCENT},
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": [
                    {"field": "run", "title": "run", "type": "quantitative"},
                    {"field": "time", "title": "began", "type": "temporal", "format": "%Y-%m-%d %H:%M"},
                    {"field": "seconds", "title": "median, s", "type": "quantitative", "format": ".2f"},
                    {"field": "id", "title": "execution"},
                ],
            },
        },
        {
            "data": values(levels),
            "mark": {"type": "rule", "strokeWidth": 3, "color": theme.WARN},
            "encoding": {"x": x, "x2": {"field": "until"}, "y": y},
        },
        {
            "data": values(changes),
            "mark": {"type": "rule", "strokeDash": [5, 4], "color": theme.BAD, "strokeWidth": 1.5},
            "encoding": {"x": x},
        },
        {
            "data": values(changes),
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 5,
                "fontSize": 12,
                "fontWeight": "bold",
                "color": theme.BAD,
            },
            "encoding": {"x": x, "y": {"value": 8}, "text": {"field": "text", "type": "nominal"}},
        },
    ]
    title = theme.heading(
        f"{trend.name} over the runs", "each point is a run's median; the line is the level"
    )
    return Chart({"layer": layers, "title": title, "width": theme.WIDTH, "height": 260}, trend.verdict)
