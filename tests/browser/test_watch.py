"""The server's own page of an execution, in a browser that is no notebook's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import execmon_lab as em

from .tab import SCREENSHOTS

TOKEN = "the-readers-own-token"

pytestmark = pytest.mark.timeout(180)


class Suite:
    """A run that goes on when the test says so."""

    def __init__(self, lab: em.Lab) -> None:
        self.go_on = threading.Event()
        self.run = lab.start(em.Plan([self.first(), self.second()], name="watched"))

    def first(self) -> em.Module:
        @em.module(timeout=60)
        def first_module(ctx: em.Context) -> None:
            ctx.log.info("the very first line")
            ctx.device.home()

        return first_module

    def second(self) -> em.Module:
        @em.module(timeout=300)
        def second_module(ctx: em.Context) -> None:
            while not self.go_on.is_set():
                ctx.sleep(0.1)
            ctx.log.info("the last line")
            ctx.expect(False, "it was to fail")

        return second_module

    @property
    def address(self) -> str:
        return f"{self.run.watch_url}?token={TOKEN}"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[em.Lab]:
    with em.Lab(tokens={"reader": TOKEN}, history=tmp_path) as lab:
        yield lab


@pytest.fixture
def suite(lab: em.Lab) -> Iterator[Suite]:
    suite = Suite(lab)
    yield suite
    suite.go_on.set()


class Tab:
    """A page, with what it asked for and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on(
            "console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self.hosts.add(urlsplit(asked.url).netloc))
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))

    def keep(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"watch-{name}.png", full_page=True)


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[Callable[..., Tab]]:
    contexts = []

    def open_tab(address: str, **options: object) -> Tab:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.goto(address)
        return tab

    yield open_tab
    for context in contexts:
        context.close()


def is_live(tab: Tab) -> None:
    expect(tab.page.locator(".xw-status")).to_have_text("Live", timeout=30_000)
    expect(tab.page.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(tab.page.locator(".xm-log-message", has_text="the very first line")).to_be_visible()


def ends(tab: Tab, suite: Suite) -> None:
    suite.go_on.set()
    expect(tab.page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
    expect(tab.page.locator('.xm-step-group[data-status="completed"]')).to_have_count(1)
    expect(tab.page.locator('.xm-step-group[data-status="failed"]')).to_have_count(1)
    expect(tab.page.locator(".xm-log-message", has_text="the last line")).to_be_visible()


def log_lines(tab: Tab, text: str) -> int:
    return tab.page.locator(".xm-log-message", has_text=text).count()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_is_watched_to_its_end(suite: Suite, open_tab: Callable[..., Tab], theme: str) -> None:
    tab = open_tab(suite.address, color_scheme=theme, viewport={"width": 1280, "height": 1000})
    is_live(tab)
    assert "watched" in tab.page.title()
    tab.keep(f"running-{theme}")
    ends(tab, suite)
    assert "1 failed" in tab.page.title()
    tab.page.locator('.xm-step-group[data-status="failed"]').click()
    tab.keep(f"ended-{theme}")
    assert log_lines(tab, "the very first line") == log_lines(tab, "the last line") == 1
    assert tab.complaints == []
    assert tab.hosts - {""} == {urlsplit(suite.address).netloc}


def test_loaded_again_it_shows_it_all_again_also_after_the_end(
    suite: Suite, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    tab.page.reload()
    is_live(tab)
    ends(tab, suite)
    tab.page.reload()
    ends(tab, suite)
    assert log_lines(tab, "the very first line") == 1


def test_its_log_is_filtered_by_a_regular_expression(suite: Suite, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    lines = tab.page.locator(".xm-log-message:visible")
    tab.page.get_by_role("button", name="Regular expression").click()
    tab.page.get_by_role("searchbox", name="Filter the log").fill("v[aeiou]ry (first|second)")
    expect(lines).to_have_count(1)
    expect(lines).to_have_text("the very first line")
    tab.keep("pattern")
    assert tab.complaints == []


def test_its_cursor_finds_what_the_device_showed_live_and_after_the_end(
    suite: Suite, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    travels(tab)
    expect(tab.page.locator(".xm-past-live")).to_have_text("Live")
    tab.keep("past")
    ends(tab, suite)
    suite.run.close()
    tab.page.reload()
    expect(tab.page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
    travels(tab)
    expect(tab.page.locator(".xm-past-live")).to_have_text("End")
    assert tab.complaints == []


def travels(tab: Tab) -> None:
    """A click on the first step shows its beginning, or the first picture, which is a little later."""
    tab.page.locator('.xm-step-group[data-status="completed"] .xm-step-go').first.click()
    expect(tab.page.locator(".xm-past-canvas[data-number]")).to_be_visible(timeout=20_000)
    expect(tab.page.locator(".xm-past[data-none=true]")).to_have_count(0)


def test_on_a_phone_nothing_sticks_out(suite: Suite, open_tab: Callable[..., Tab]) -> None:
    screen = {"width": 390, "height": 844}
    tab = open_tab(suite.address, viewport=screen, device_scale_factor=2, is_mobile=True, has_touch=True)
    is_live(tab)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == screen["width"]
    tab.keep("phone")
    assert tab.complaints == []


def test_without_a_valid_token_there_is_no_page(suite: Suite, open_tab: Callable[..., Tab]) -> None:
    for query in ("", "?token=wrong"):
        tab = open_tab(suite.run.watch_url + query)
        expect(tab.page.locator(".xw-bar")).to_have_count(0)
        expect(tab.page.locator("body")).to_contain_text("the token is missing or not valid")


def test_a_run_can_be_cancelled(suite: Suite, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    cancel = tab.page.locator(".xm-cancel")
    cancel.click()
    cancel.click()
    expect(tab.page.locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)
    assert suite.run.wait(20).status == "cancelled"


def test_a_run_is_paused_walked_through_and_has_a_step_run_again(
    suite: Suite, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    pause, row = tab.page.locator(".xm-pause"), tab.page.locator(".xm-pause-row")
    pause.click()
    expect(pause).to_have_text("Resume")
    suite.go_on.set()
    expect(row).to_contain_text("Paused before the end", timeout=30_000)
    expect(tab.page.locator(".xm-pill")).to_have_text("Paused")
    tab.keep("paused")
    tab.page.locator(".xm-retry").first.click()
    expect(tab.page.locator(".xm-badge").first).to_be_visible(timeout=30_000)
    row.get_by_role("button", name="Go on").click()
    expect(tab.page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
    assert [len(step.attempts) for step in suite.run.state.steps] == [2, 1]
    tab.page.locator(".xm-retry").first.click()
    expect(tab.page.locator(".xm-title")).to_have_text("watched (again)", timeout=30_000)
    expect(tab.page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
    tab.page.go_back()
    expect(tab.page.locator(".xm-title")).to_have_text("watched", timeout=30_000)
    assert tab.complaints == []


def test_of_a_run_to_look_at_nothing_can_be_steered(tmp_path: Path, open_tab: Callable[..., Tab]) -> None:
    with em.Lab(history=tmp_path, record=False, view_only=True) as lab:
        run = lab.prepare(em.Plan([quick_module], name="to look at"))
        tab = open_tab(run.watch_url)
        with tab.page.expect_response(lambda answer: answer.url.endswith("/steering")):
            tab.page.reload()
        run.start()
        expect(tab.page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
        for way in (".xm-pause", ".xm-cancel", ".xm-steering", ".xm-retry"):
            expect(tab.page.locator(way)).to_be_hidden()
        assert tab.complaints == []


@em.module
def quick_module(ctx: em.Context) -> None:
    ctx.device.home()


def test_a_server_that_goes_down_is_told_of(lab: em.Lab, suite: Suite, open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(suite.address)
    is_live(tab)
    suite.go_on.clear()
    lab.server.close()
    expect(tab.page.locator(".xw-status")).to_have_text("Reconnecting", timeout=20_000)
    expect(tab.page.locator(".xw-words")).to_contain_text("Trying again in")
    expect(tab.page.get_by_role("button", name="Connect again")).to_be_visible()
    expect(tab.page.locator('.xm-step-group[data-status="completed"]')).to_have_count(1)
    tab.keep("server-down")
