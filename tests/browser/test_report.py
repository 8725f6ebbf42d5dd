"""A report as one HTML file, opened in a browser as somebody who was sent it opens it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from execmon_lab.reports import make
from tests.reports import executions

from .tab import SCREENSHOTS


class Opened:
    """A page without a server, and what it complained of and asked for."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())

    def strangers(self) -> list[str]:
        return [url for url in self.requests[1:] if not url.startswith("data:")]


@pytest.fixture(params=["light", "dark"])
def opened(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Opened]:
    """The report of a run in whose every text something hostile stands."""
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1100, "height": 1000})
    material = executions.material(hostile=executions.HOSTILE)
    opened = Opened(context.new_page(), make("html", material).save(tmp_path))
    yield opened
    SCREENSHOTS.mkdir(exist_ok=True)
    opened.page.screenshot(path=SCREENSHOTS / f"report-{request.param}.png", full_page=True)
    context.close()


def test_the_recording_is_in_step_with_the_time_line(opened: Opened) -> None:
    page = opened.page
    told = page.locator("#film-time")
    expect(told).to_have_text("0.0 s of 10.0 s")
    page.locator(".bar.failed").first.click()
    expect(told).to_have_text("2.0 s of 10.0 s")
    expect(page.locator("#film-step")).to_contain_text("2. data_test_module, attempt 1: failed")
    page.locator("#film-moment").press("End")
    expect(told).to_have_text("10.0 s of 10.0 s")
    page.locator("details").first.locator("summary").click()
    page.get_by_role("button", name="Show this moment").first.click()
    expect(told).to_have_text("0.0 s of 10.0 s")
    page.get_by_role("button", name="Play").click()
    expect(told).not_to_have_text("0.0 s of 10.0 s")
    page.get_by_role("button", name="Pause").click()
    assert page.locator("#film-picture").evaluate("image => image.naturalWidth") > 0
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out on a phone"
    page.set_viewport_size({"width": 1100, "height": 1000})
    assert opened.complaints == []
    assert opened.strangers() == []


def test_nothing_hostile_acts(opened: Opened) -> None:
    expect(opened.page).to_have_title(re.compile(r"nightly<script>"))
    assert opened.page.locator("script").count() == 2
    assert opened.complaints == []
    assert opened.strangers() == []
