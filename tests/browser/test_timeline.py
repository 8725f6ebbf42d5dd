"""Time travel in JupyterLab: one cursor over timeline, picture, steps and log, live and afterwards."""

from __future__ import annotations

import io
import urllib.request
from urllib.parse import urljoin

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, expect

from .notebook import JupyterServer, NotebookPage

LAB = "import threading\nimport execmon_lab as em\n\nlab = em.Lab()\nover = threading.Event()"
RUN = """
def show(ctx, app, words):
    ctx.device.start(package=app)
    ctx.device.wait_for(words)
    ctx.sleep(0.8)

@em.module(timeout=60)
def settings_module(ctx):
    with ctx.action("open"):
        show(ctx, "com.android.settings", "Display")

@em.module(timeout=60, retries=1)
def flaky_module(ctx):
    ctx.sleep(0.3)
    ctx.expect(ctx.attempt > 1, "it holds at the second time")

@em.module(timeout=60)
def broken_module(ctx):
    with ctx.action("open"):
        show(ctx, "com.android.calculator2", "7")
    with ctx.action("compare"):
        ctx.expect(False, "the sum is right")

@em.module(timeout=60)
def home_module(ctx):
    ctx.device.home()
    ctx.sleep(0.8)

@em.module(timeout=300)
def last_module(ctx):
    while not over.is_set():
        ctx.sleep(0.1)

plan = em.Plan([settings_module, flaky_module, broken_module, home_module, last_module], name="time travel")
run = lab.start(plan)
run
"""
#: Mean difference of a recorded picture and the screenshot of the same moment, of 255.
SAME, OTHER = 6.0, 12.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def view(jupyter: JupyterServer, lab_page: NotebookPage) -> Locator:
    """The view of a run that stands in its last step."""
    jupyter.write("time travel.ipynb", LAB, RUN)
    lab_page.open("time travel.ipynb")
    for _ in range(2):
        lab_page.run_cell()
    view = lab_page.view()
    expect(row(view, "last_module")).to_have_attribute("data-status", "running", timeout=60_000)
    view.scroll_into_view_if_needed()
    return view


def row(view: Locator, module: str) -> Locator:
    return view.locator(".xm-step-group", has=view.page.get_by_text(module, exact=True))


def ended_at(page: NotebookPage, module: str, attempt: int = -1) -> int:
    """When an attempt of a module ended, in ms since the epoch."""
    attempts = f"next(s for s in run.state.steps if s.module_id == {module!r}).attempts"
    parse = "__import__('datetime').datetime.fromisoformat"
    return int(page.json(f"round({parse}({attempts}[{attempt}].ended_at).timestamp() * 1000)"))


def screenshot(page: NotebookPage, module: str) -> Image.Image:
    """The engine's own picture of the end of a step."""
    attempts = f"next(s for s in run.state.steps if s.module_id == {module!r}).attempts"
    url = page.json(f"{attempts}[-1].screenshot_url")
    base = page.json("run.url").replace("ws:", "http:", 1)
    with urllib.request.urlopen(urljoin(base, url), timeout=10) as answer:
        return Image.open(io.BytesIO(answer.read())).convert("RGB")


def drawn_at(view: Locator, moment: int) -> None:
    expect(view.locator(f'.xm-phone .xm-past-canvas[data-at="{moment}"]')).to_be_visible(timeout=20_000)


def apart(page: NotebookPage, view: Locator, screen: Image.Image) -> float:
    """How much the picture of the past differs from a screen, below the status bar with its clock."""
    shown = page.picture(view, ".xm-phone .xm-past-canvas")
    screen = screen.resize(shown.size, Image.Resampling.BOX)
    box = (0, shown.height // 20, *shown.size)
    return float(max(ImageStat.Stat(ImageChops.difference(shown.crop(box), screen.crop(box))).mean))


def heights(view: Locator) -> list[float]:
    """The heights of the view's parts, to the pixel."""
    parts = (".xm-preview", ".xm-head", ".xm-timeline", ".xm-steps", ".xm-logs")
    boxes = [view.locator(part).bounding_box() for part in parts]
    return [round(box["height"]) for box in boxes if box is not None]


def told(view: Locator) -> str:
    """What the timeline says of the cursor's moment."""
    return view.get_by_role("slider").get_attribute("aria-valuetext") or ""


def test_a_click_on_a_failed_step_leads_to_its_failure_everywhere(
    lab_page: NotebookPage, view: Locator
) -> None:
    before = heights(view)
    row(view, "broken_module").locator(".xm-step-go").click()
    failed = ended_at(lab_page, "broken_module")
    drawn_at(view, failed)
    assert apart(lab_page, view, screenshot(lab_page, "broken_module")) < SAME
    assert apart(lab_page, view, screenshot(lab_page, "settings_module")) > OTHER
    assert "broken_module failed" in told(view)
    expect(row(view, "broken_module")).to_have_attribute("data-at", "now")
    expect(row(view, "settings_module")).to_have_attribute("data-at", "over")
    expect(row(view, "last_module")).to_have_attribute("data-at", "ahead")
    assert heights(view) == before, "nothing moves when time does"
    lab_page.keep("time-travel-light", view)

    lab_page.execute("over.set(); run.wait(30)")
    expect(view.locator(".xm-pill")).to_have_text("1 failed")
    drawn_at(view, failed)
    lab_page.theme("JupyterLab Dark")
    row(view, "broken_module").locator(".xm-step-toggle").click()
    expect(row(view, "broken_module").locator(".xm-figure")).to_have_count(2)
    lab_page.keep("time-travel-dark", view)

    view.get_by_role("button", name="Back to the end").first.click()
    expect(view.locator(".xm-phone .xm-past")).to_be_hidden()
    expect(view.locator(".xm-step-group[data-at]")).to_have_count(0)
    lab_page.page.set_viewport_size({"width": 640, "height": 1700})
    row(view, "settings_module").locator(".xm-thumb").click()
    view.get_by_role("dialog").get_by_role("button", name="Close").click()
    drawn_at(view, ended_at(lab_page, "settings_module"))
    lab_page.keep("time-travel-narrow", view)
    assert view.evaluate("view => view.scrollWidth - view.clientWidth") <= 0, "nothing sticks out"
    assert lab_page.complaints == []


def test_the_timeline_is_gone_through_by_keys_and_wheel(lab_page: NotebookPage, view: Locator) -> None:
    slider = view.get_by_role("slider")
    slider.focus()
    keyboard, mouse = lab_page.page.keyboard, lab_page.page.mouse
    keyboard.press("Home")
    expect(view.locator(".xm-live")).to_have_text("Back to live")
    keyboard.press("Shift+ArrowRight")
    drawn_at(view, ended_at(lab_page, "flaky_module", 0))
    assert "flaky_module failed" in told(view)
    keyboard.press("Shift+ArrowRight")
    drawn_at(view, ended_at(lab_page, "broken_module"))
    assert "broken_module failed" in told(view)
    keyboard.press("Escape")
    expect(view.locator(".xm-live")).to_have_text("Live")
    expect(view.locator(".xm-phone .xm-past")).to_be_hidden()

    view.get_by_label("Filter the steps").focus()
    slider.hover()
    mouse.wheel(0, -240)
    expect(slider, "the wheel is the page's").not_to_have_attribute("data-zoomed", "")
    keyboard.down("Control")
    slider.hover()
    mouse.wheel(0, -240)
    keyboard.up("Control")
    expect(slider).to_have_attribute("data-zoomed", "")
    assert lab_page.page.evaluate("visualViewport.scale") == 1, "the page is as large as it was"
    slider.focus()
    keyboard.press("0")
    expect(slider).not_to_have_attribute("data-zoomed", "")
    assert lab_page.complaints == []
