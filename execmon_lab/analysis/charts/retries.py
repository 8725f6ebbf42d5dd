"""What trying again saves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frame import Table
from ..steps import IDENTITY, Steps
from . import theme
from .chart import Chart, values


def retry_waterfall(attempts: Any) -> Chart:
    """Draw, of the steps whose first attempt failed, how many passed on which attempt and how many never.

    Parameters
    ----------
    attempts
        A frame of attempts (`execution_id`, `step_id`, `attempt`, `status`).

    Raises
    ------
    MissingColumns
        When the frame lacks a column.
    """
    steps = Steps(Table(attempts, IDENTITY), ["execution_id"])
    again = steps.failures > 0
    failed, skipped = int(np.sum(steps.failed)), int(np.sum(again & steps.skipped))
    left = int(np.sum(again))
    bars = [_bar("first attempt failed", 0, left, "failed")]
    for number in range(2, int(steps.attempts.max(initial=1)) + 1):
        saved = int(np.sum(steps.flaky & (steps.attempts == number)))
        if saved:
            bars.append(_bar(f"passed on attempt {number}", left - saved, left, "passed"))
            left -= saved
    if skipped:
        bars.append(_bar("skipped then", left - skipped, left, "skipped"))
    bars.append(_bar("failed for good", 0, failed, "failed"))
    total = bars[0]["count"]
    alt = (
        f"Of {len(steps)} steps the first attempt of {total} failed; {int(np.sum(steps.flaky))} passed when "
    )
    alt += f"tried again, {failed} failed for good."
    x = {"field": "what", "type": "nominal", "sort": None, "title": None, "axis": {"labelAngle": 0}}
    spec = {
        "data": values(bars),
        "encoding": {
            "x": x,
            "y": {"field": "from", "type": "quantitative", "title": "steps"},
        },
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 2, "width": {"band": 0.6}},
                "encoding": {
                    "y2": {"field": "to"},
                    "color": theme.status_color(),
                    "tooltip": [
                        {"field": "what", "title": "steps"},
                        {"field": "count", "type": "quantitative"},
                    ],
                },
            },
            {
                "mark": {"type": "text", "dy": -8, "fontSize": 12, "fontWeight": "bold", "color": theme.INK},
                "encoding": {
                    "y": {"field": "to", "type": "quantitative"},
                    "text": {"field": "label"},
                },
            },
        ],
        "title": theme.heading(
            "What trying again saves", f"steps whose first attempt failed, of {len(steps)}"
        ),
        "width": theme.WIDTH,
        "height": 240,
    }
    return Chart(spec, alt)


def _bar(what: str, begin: int, end: int, status: str) -> dict[str, Any]:
    mark = theme.STATUS_MARKS[status]
    return {
        "what": what,
        "from": begin,
        "to": end,
        "count": end - begin,
        "status": status,
        "label": f"{mark} {end - begin}",
    }
