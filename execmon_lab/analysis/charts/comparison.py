"""Ratios of durations, with their intervals."""

from __future__ import annotations

import numpy as np

from ..comparison import FASTER, SAME, SLOWER, TOO_FEW, Comparison
from . import theme
from .chart import Chart, values


def compare_chart(comparison: Comparison) -> Chart:
    """Draw how many times as long each module takes, with the 95 % interval.

    Parameters
    ----------
    comparison
        What `execmon_lab.analysis.compare` found.
    """
    rows = [
        {
            "name": finding.name,
            "ratio": finding.ratio.ratio,
            "low": finding.ratio.low,
            "high": finding.ratio.high,
            "verdict": finding.verdict,
            "label": f"{finding.ratio.ratio:.2f}×",
        }
        for finding in sorted(comparison.findings, key=lambda finding: -np.nan_to_num(finding.ratio.ratio))
        if not np.isnan(finding.ratio.ratio)
    ]
    names = [row["name"] for row in rows]
    verdicts = [SLOWER, SAME, FASTER, TOO_FEW]
    colors = [theme.BAD, theme.QUIET, theme.GOOD, theme.WARN]
    shapes = ["triangle-up", "circle", "triangle-down", "cross"]
    legend = {"title": None, "orient": "top"}
    y = {"field": "name", "type": "nominal", "title": None, "sort": names}
    x = {
        "type": "quantitative",
        "title": "times as long as before",
        "scale": {"type": "log", "nice": False, "padding": 20},
    }
    color = {
        "field": "verdict",
        "type": "nominal",
        "scale": {"domain": verdicts, "range": colors},
        "legend": legend,
    }
    shape = {
        "field": "verdict",
        "type": "nominal",
        "scale": {"domain": verdicts, "range": shapes},
        "legend": legend,
    }
    tooltip = [
        {"field": "name", "title": "of"},
        {"field": "verdict"},
        *({"field": name, "type": "quantitative", "format": ".3f"} for name in ("ratio", "low", "high")),
    ]
    layers = [
        {
            "data": values([{"one": 1.0}] if rows else []),
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": theme.QUIET},
            "encoding": {"x": {**x, "field": "one"}},
        },
        {
            "data": values(rows),
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "color": color},
        },
        {
            "data": values(rows),
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {
                "x": {**x, "field": "ratio"},
                "y": y,
                "color": color,
                "shape": shape,
                "tooltip": tooltip,
            },
        },
        {
            "data": values([row for row in rows if row["verdict"] in (SLOWER, FASTER)]),
            "mark": {"type": "text", "dy": -10, "fontSize": 11, "fontWeight": "bold"},
            "encoding": {"x": {**x, "field": "ratio"}, "y": y, "text": {"field": "label"}, "color": color},
        },
    ]
    title = theme.heading("Slower or faster?", "ratio of the runs' medians, with its 95 % interval")
    spec = {"layer": layers, "title": title, "width": theme.WIDTH - 100, "height": {"step": 24}}
    return Chart(spec, comparison.verdict)
