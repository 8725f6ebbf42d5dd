"""One of each chart, of the same data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from execmon_lab import analysis
from execmon_lab.analysis import charts
from execmon_lab.analysis.charts import Chart

RUNS = 60


def gallery(rename: dict[str, str] | None = None, runs: int = RUNS) -> dict[str, Chart]:
    """Make the charts of a made-up history, in which some names may be others."""
    attempts = analysis.made_up_frames(runs=runs, backend="pandas").attempts
    for column in ("module_id", "device_id", "error_code"):
        attempts[column] = attempts[column].astype(str).replace(rename or {})
    names = rename or {}
    slower = names.get(analysis.STORY.slower_module, analysis.STORY.slower_module)
    trend = analysis.trend(attempts, slower)
    later = (
        attempts["execution_started_at"] >= attempts["execution_started_at"].iloc[int(0.62 * len(attempts))]
    )
    runs_ = attempts["execution_id"].drop_duplicates().tolist()
    devices = attempts.groupby("execution_id", observed=True)["device_id"].nunique()
    nightly, daily = (_last(runs_, devices, count) for count in (5, 2))
    return {
        "gantt": charts.gantt(attempts[attempts["execution_id"] == daily]),
        "gantt-lanes": charts.gantt(attempts[attempts["execution_id"] == nightly]),
        "ecdf": charts.ecdf(attempts, slower),
        "strip": charts.strip(attempts),
        "trend": charts.trend_chart(trend),
        "retries": charts.retry_waterfall(attempts),
        "heat-map": charts.heat_map(attempts),
        "compare": charts.compare_chart(analysis.compare(attempts[~later], attempts[later])),
        "time-use": charts.time_use_chart(attempts),
    }


def _last(runs: Sequence[str], devices: Any, count: int) -> str:
    return [run for run in runs if devices[run] == count][-1]
