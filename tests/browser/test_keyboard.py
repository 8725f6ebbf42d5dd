"""Everything by the keyboard alone; no motion, and the reader's own colours, where that is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import execmon_lab as em

from .notebook import JupyterServer, NotebookPage
from .tab import SCREENSHOTS

LAB = "import execmon_lab as em\n\nlab = em.Lab()"
RUN = """
@em.module
def settings_module(ctx):
    with ctx.action("open"):
        ctx.device.start("android.settings.SETTINGS")
        ctx.device.wait_for("Display")
    ctx.log.info("it is open")

@em.module
def broken_module(ctx):
    ctx.device.find("Flux capacitor")

run = lab.start(em.Plan([settings_module, broken_module], name="by hand", pause_on_failure=True))
run
"""

#: What has the focus: its name, whether it is in the view, and whether a reader sees where the focus is.
_FOCUS = """() => {
    const element = document.activeElement, {left, top, right, bottom} = element.getBoundingClientRect();
    const {outlineStyle, outlineWidth} = getComputedStyle(element);
    const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return {
        name: element.ariaLabel || element.textContent || element.tagName,
        inside: element.closest(".xm") !== null,
        outlined: outlineStyle === "solid" && parseFloat(outlineWidth) >= 2,
        uncovered: at !== null && (element.contains(at) || at.contains(element)),
    };
}"""
#: The names of all that can be reached in a view.
_REACHABLE = """view => [...view.querySelectorAll("button, select, input, summary, [tabindex]")]
    .filter(element => element.tabIndex >= 0 && !element.disabled && element.checkVisibility())
    .map(element => element.ariaLabel || element.textContent || element.tagName)"""

pytestmark = pytest.mark.timeout(240)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def walk(page: Page, key: str = "Tab") -> list[str]:
    """Go from outside through the view, and out of it again; return where the focus was."""
    been: list[str] = []
    for _ in range(120):
        page.keyboard.press(key)
        focus = page.evaluate(_FOCUS)
        if focus["inside"]:
            assert focus["outlined"], f"the focus is not seen on {focus['name']}"
            assert focus["uncovered"], f"out of sight or covered: {focus['name']}"
            been.append(focus["name"])
        elif been:
            return been
    raise AssertionError(f"the focus never left the view again: {been}")


def tab_to(page: Page, target: Locator) -> None:
    """Go on with Tab until something has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never came to {target}")


def test_all_of_a_view_is_reached_and_used_by_keys(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    jupyter.write("keys.ipynb", LAB, RUN, "None")
    lab_page.open("keys.ipynb")
    for _ in range(2):
        lab_page.run_cell()
    page, view = lab_page.page, lab_page.view()
    expect(view.locator(".xm-pause-row")).to_be_visible(timeout=60_000)
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)

    lab_page.select_cell(1)
    page.evaluate("() => window.panel().content.activeCell.node.focus()")
    forth = walk(page)
    assert sorted(forth) == sorted(view.evaluate(_REACHABLE)), "each once, and nothing is left out"
    assert walk(page, "Shift+Tab") == forth[::-1]

    # Keys in the view are not JupyterLab's: it would go to another cell, make some, or delete this one.
    tab_to(page, view.get_by_role("switch", name="Pause on failure"))
    press(page, "ArrowDown", "a", "b", "d", "d")
    assert page.evaluate("() => [panel().content.widgets.length, panel().content.activeCellIndex]") == [3, 1]
    press(page, "Enter")
    expect(view.get_by_role("switch")).to_have_attribute("aria-checked", "false")

    look_at_a_step(page, view)
    search_the_log(page, view)
    look_back(page, view)
    touch_the_phone(page, view)

    cancel = view.locator(".xm-cancel")
    cancel.focus()
    press(page, "Enter", "Enter")
    expect(view.locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)
    assert lab_page.complaints == []


def look_at_a_step(page: Page, view: Locator) -> None:
    tab_to(page, view.get_by_role("table", name="Steps"))
    press(page, "ArrowDown", "ArrowDown", "ArrowRight")
    traceback = view.get_by_role("group", name="Traceback")
    expect(traceback).to_be_visible()
    moment = view.locator(".xm-moment")
    press(page, "Enter")
    expect(moment).to_contain_text("broken_module failed")
    tab_to(page, traceback)
    view.get_by_role("table", name="Steps").focus()
    press(page, "ArrowDown", "Escape")
    expect(moment).to_have_attribute("data-live", "")
    tab_to(page, view.locator(".xm-thumb-small").first)
    press(page, "Enter")
    expect(view.get_by_role("dialog")).to_be_visible()
    press(page, "Escape")
    expect(view.get_by_role("dialog")).to_be_hidden()
    expect(view.locator(".xm-thumb-small").first).to_be_focused()


def search_the_log(page: Page, view: Locator) -> None:
    log = view.get_by_role("grid", name="Log")
    tab_to(page, log)
    press(page, "/")
    expect(view.get_by_label("Filter the log")).to_be_focused()
    page.keyboard.type("it is open")
    press(page, "Enter")
    expect(log).to_be_focused()
    expect(view.locator(".xm-log-row:visible")).to_have_count(1)
    press(page, "ArrowUp", "Enter")
    expect(view.locator(".xm-log-detail")).to_contain_text("it is open")
    press(page, "Escape")
    expect(view.locator(".xm-log-detail")).to_be_hidden()


def look_back(page: Page, view: Locator) -> None:
    track = view.get_by_role("slider", name="Moment of the execution")
    page.keyboard.press("Shift+Tab")
    track.focus()
    press(page, "Home")
    expect(track).to_have_attribute("aria-valuenow", "0.0")
    press(page, "ArrowRight", "+", "Escape")
    expect(track).to_have_attribute("aria-valuetext", "live")


def touch_the_phone(page: Page, view: Locator) -> None:
    control = view.get_by_role("button", name="Control", exact=True)
    control.focus()
    press(page, "Space")
    screen = view.get_by_role("application")
    expect(screen).to_be_visible()
    screen.focus()
    press(page, "Escape")
    expect(view.locator(".xm-code-lines code")).to_have_text(["ctx.device.back()"])
    press(page, "Tab")
    expect(screen).not_to_be_focused()


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of an execution that is in its last step; the one before has failed."""
    over = threading.Event()

    @em.module
    def broken_module(ctx: em.Context) -> None:
        ctx.log.error("it will fail")
        ctx.device.find("Flux capacitor")

    @em.module(timeout=300)
    def last_module(ctx: em.Context) -> None:
        while not over.is_set():
            ctx.sleep(0.1)

    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    with em.Lab(history=tmp_path) as lab:
        run = lab.start(em.Plan([broken_module, last_module], name="as the reader likes it"))
        page.goto(run.watch_url)
        expect(page.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
        expect(page.locator('.xm-step-group[data-status="failed"]')).to_be_visible(timeout=30_000)
        yield page
        over.set()
        context.close()


def test_without_motion_where_that_is_asked_for(page: Page) -> None:
    toggle = page.locator('.xm-step-group[data-status="failed"] .xm-step-toggle')
    moving = "() => document.getAnimations().map(one => one.animationName || one.transitionProperty)"
    toggle.click()
    assert {"xm-turn", "transform"} <= set(page.evaluate(moving))
    page.emulate_media(reduced_motion="reduce")
    toggle.click()
    assert page.evaluate(moving) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_the_readers_own_colours_nothing_is_lost(page: Page, scheme: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme=scheme)  # type: ignore[arg-type]
    page.get_by_role("button", name="Numbers").click()
    page.get_by_role("button", name="Regular expression").click()
    page.get_by_label("Filter the log").fill("w.ll")
    page.locator(".xm-log-row:visible").first.click()
    expect(page.locator('.xm-step-group[data-at="now"]')).to_be_visible()

    def background(selector: str) -> str:
        return str(page.locator(selector).first.evaluate("e => getComputedStyle(e).backgroundColor"))

    assert background(".xm-bar-fill") != background(".xm-bar"), "how far it is"
    for pressed in (".xm-pattern", ".xm-numbers-toggle"):
        assert background(pressed) != background(".xm-toggle"), "what is switched on"
    assert background(".xm mark") != background(".xm-log-row"), "what was found"
    marked = '.xm-log-row[data-standing~="cursor"], .xm-step-group[data-at="now"] .xm-step'
    for place in page.locator(marked).all():
        expect(place).to_have_css("outline-style", "solid")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"forced-colours-{scheme}.png", full_page=True)
