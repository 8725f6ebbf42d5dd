"""Every chart in JupyterLab, which has no internet: drawn, without a complaint, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from execmon_lab.analysis.charts import Chart
from tests.analysis.gallery import gallery

from .notebook import NotebookPage

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=alert(1)>"
MADE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.analysis.gallery import gallery
charts = gallery({{"sms_test_module": {HOSTILE!r}}})
"""


@pytest.fixture(scope="module")
def shown() -> dict[str, Chart]:
    return gallery()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_each_chart_is_drawn(lab_page: NotebookPage, shown: dict[str, Chart], theme: str) -> None:
    name = theme.split()[-1].lower()
    lab_page.server.write(f"charts-{name}.ipynb", MADE, *(f"charts[{chart!r}]" for chart in shown))
    lab_page.page.on("dialog", lambda dialog: lab_page.complaints.append(f"dialog: {dialog.message}"))
    lab_page.open(f"charts-{name}.ipynb", theme)
    lab_page.run_all_and_wait(timeout=200)
    assert lab_page.errors() == []
    for place, chart in enumerate(shown):
        lab_page.select_cell(place + 1)
        lab_page.page.evaluate("index => window.panel().content.scrollToItem(index)", place + 1)
        drawn = lab_page.page.locator(".jp-CodeCell").nth(place + 1).locator(".vega-embed canvas.marks")
        expect(drawn).to_be_visible(timeout=30_000)
        lab_page.keep(f"chart-{chart}-{name}", lab_page.page.locator(".jp-CodeCell").nth(place + 1))
    assert lab_page.page.locator("img[src='x']").count() == 0
    assert lab_page.complaints == []
    assert lab_page.strangers() == []


@pytest.mark.timeout(300)
def test_the_lesson_on_step_timings(lab_page: NotebookPage) -> None:
    lab_page.open("step_timings.ipynb")
    lab_page.run_all_and_wait(timeout=240)
    assert lab_page.errors() == []
    live = lab_page.page.locator(".jp-CodeCell", has_text="charts.live(first)").locator("canvas.marks")
    live.scroll_into_view_if_needed(timeout=30_000)
    expect(live).to_be_visible()
    lab_page.keep("step-timings-live")
    trend = lab_page.page.locator(".jp-CodeCell", has_text="charts.trend_chart(trend)").locator(
        "canvas.marks"
    )
    trend.scroll_into_view_if_needed(timeout=30_000)
    expect(trend).to_be_visible()
    lab_page.keep("step-timings-trend", trend)
    assert lab_page.complaints == []
    assert lab_page.strangers() == []
