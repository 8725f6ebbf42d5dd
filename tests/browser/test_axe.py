"""axe-core finds nothing wrong in JupyterLab, on the page of an execution, in a report; light and dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import execmon_lab as em
from execmon_lab.reports import make
from tests.reports import executions

from .axe import violations
from .notebook import JupyterServer, NotebookPage

LAB = "import threading\nimport execmon_lab as em\n\nlab = em.Lab(phones=2)\ngo_on = threading.Event()"
RUN = """
@em.module(timeout=60, retries=1)
def flaky_module(ctx):
    with ctx.action("open"):
        ctx.device.start("android.settings.SETTINGS")
        ctx.device.wait_for("Display")
    ctx.log.warning("it may fail")
    ctx.expect(ctx.attempt > 1, "it holds at the second time")

@em.module
def broken_module(ctx):
    ctx.log.error("it will fail\\nand says why")
    ctx.device.find("Flux capacitor")

@em.module
def skipped_module(ctx):
    ctx.skip("not on this device")

@em.module(timeout=300)
def last_module(ctx):
    while not go_on.is_set():
        ctx.sleep(0.1)

plan = em.Plan([flaky_module, broken_module, skipped_module, last_module], name="to be read by all",
               pause_on_failure=True)
run = lab.start(plan)
run
"""
PARTS = """
import ipywidgets
from execmon_lab.widgets import DeviceGrid, DevicePreview, ExecutionProgress, LogTable, StepTable, Timeline

right = ipywidgets.VBox([ExecutionProgress(run), Timeline(run), StepTable(run)])
ipywidgets.VBox([
    ipywidgets.HBox([DevicePreview(run), right]),
    ipywidgets.HBox([DeviceGrid(run), LogTable(run)]),
])
"""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


def is_accessible(page: Page, scope: str | None = None) -> None:
    """Hold a page against all rules, as a browser that prefers light shows it, and one that prefers dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = violations(page, scope)
        assert not found, "\n".join([scheme, *found])


def write_broken_pattern(view: Locator | Page) -> None:
    view.get_by_role("button", name="Regular expression").click()
    view.get_by_label("Filter the log").fill("f(ai|oi)l")
    expect(view.locator(".xm-log-row mark").first).to_be_visible()
    view.get_by_label("Filter the log").fill("f(ai|oi")
    expect(view.locator(".xm-log-problem")).to_contain_text("Unterminated group")


def failed_step(view: Locator | Page) -> Locator:
    return view.locator(".xm-step-group", has_text="broken_module").first


def test_a_view_in_a_notebook(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    jupyter.write("axe.ipynb", LAB, RUN, PARTS)
    lab_page.open("axe.ipynb")
    for _ in range(2):
        lab_page.run_cell()
    view = lab_page.view()

    def views_are_accessible() -> None:
        for theme in THEMES.values():
            lab_page.theme(theme)
            view.scroll_into_view_if_needed()
            found = violations(lab_page.page, ".xm")
            assert not found, "\n".join([theme, *found])

    expect(view.locator(".xm-pause-row")).to_have_count(2, timeout=60_000)
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    views_are_accessible()
    view.locator(".xm-pause").click()
    expect(view.locator('.xm-step-group[data-status="running"]')).to_have_count(2, timeout=30_000)
    view.get_by_role("button", name="Control", exact=True).click()
    expect(view.get_by_role("application")).to_be_visible()
    write_broken_pattern(view)
    views_are_accessible()
    lab_page.execute("go_on.set(); run.wait(30)")
    expect(view.locator(".xm-pill")).to_have_text("2 failed", timeout=30_000)
    expect(failed_step(view).locator(".xm-traceback")).to_be_visible()  # it opened as it paused the run
    view.get_by_label("Filter the log").fill("f(ai|oi)l")
    view.locator(".xm-log-row:visible", has_text="it will fail").first.click()
    views_are_accessible()
    view.locator(".xm-thumb:visible").first.click()
    expect(view.get_by_role("dialog")).to_be_visible()
    views_are_accessible()
    lab_page.page.keyboard.press("Escape")
    lab_page.select_cell(2)
    lab_page.run_cell()
    expect(lab_page.page.locator(".xm-part")).to_have_count(6, timeout=30_000)
    views_are_accessible()
    for name, theme in THEMES.items():
        lab_page.theme(theme)
        lab_page.keep(f"parts-{name}", lab_page.page.locator(".jp-OutputArea-output:has(.xm-part)"))
    assert lab_page.complaints == []


def test_the_page_of_an_execution(page: Page, tmp_path: Path) -> None:
    go_on = threading.Event()

    @em.module
    def broken_module(ctx: em.Context) -> None:
        with ctx.action("look"):
            ctx.log.error("it will fail")
            ctx.device.find("Flux capacitor")

    @em.module(timeout=300)
    def last_module(ctx: em.Context) -> None:
        while not go_on.is_set():
            ctx.sleep(0.1)

    with em.Lab(history=tmp_path) as lab:
        run = lab.start(em.Plan([broken_module, last_module], name="for everybody"))
        page.goto(run.watch_url)
        expect(page.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
        expect(page.locator('.xm-step-group[data-status="failed"]')).to_be_visible(timeout=30_000)
        failed_step(page).locator(".xm-step-toggle").click()
        expect(failed_step(page).locator(".xm-traceback")).to_be_visible()
        write_broken_pattern(page)
        is_accessible(page)
        go_on.set()
        expect(page.locator(".xw-status")).to_have_text("Ended", timeout=30_000)
        is_accessible(page)
        page.close()


def test_a_report(page: Page, tmp_path: Path) -> None:
    page.goto(make("html", executions.material()).save(tmp_path).as_uri())
    is_accessible(page)
    page.locator("details").first.locator("summary").click()
    is_accessible(page)
