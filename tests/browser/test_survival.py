"""What remains of a view: parts beside each other, a page opened again, a kernel that is gone, plain HTML."""

from __future__ import annotations

import json
import urllib.request

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect

from .notebook import JupyterServer, NotebookPage

LAB = "import time\nimport execmon_lab as em\nimport ipywidgets\n\nlab = em.Lab(record=False)"
RUN = """
@em.module(timeout=60)
def opens_the_dialer(ctx):
    ctx.device.start("android.intent.action.DIAL")
    ctx.log.info("the dialer is open")

@em.module(timeout=60, retries=1)
def wants_too_much(ctx):
    ctx.expect(False, "more than there is <b>")

@em.module(timeout=300)
def waits(ctx, seconds):
    ctx.sleep(seconds)

steps = [opens_the_dialer, wants_too_much, waits.with_args(seconds={seconds})]
run = lab.start(em.Plan(steps, name="survival"))
"""
PARTS = """
from execmon_lab.widgets import DeviceGrid, DevicePreview, ExecutionProgress, LogTable, StepTable, Timeline
right = ipywidgets.VBox([ExecutionProgress(run), Timeline(run), StepTable(run)])
ipywidgets.HBox([DevicePreview(run), right], layout={"width": "100%"})
"""
MORE = "tabs = ipywidgets.Tab([LogTable(run), DeviceGrid(run)], titles=['Log', 'Devices'])\ntabs"

pytestmark = pytest.mark.timeout(240)


def make(jupyter: JupyterServer, page: NotebookPage, name: str, *cells: str, seconds: int = 2) -> None:
    jupyter.write(name, LAB, RUN.format(seconds=seconds), *cells)
    page.open(name)
    for _ in range(2 + len(cells)):
        page.run_cell()


def keep_widgets(server: JupyterServer, keep: bool) -> None:
    """Have JupyterLab save the widgets' state with the notebook, or not, as it comes."""
    request = urllib.request.Request(
        f"{server.url}/lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin",
        data=json.dumps({"raw": json.dumps({"saveState": keep})}).encode(),
        headers={"Authorization": f"token {server.token}", "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def test_the_parts_share_one_view(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    make(jupyter, lab_page, "parts.ipynb", PARTS, MORE, seconds=280)
    page = lab_page.page
    for part in ("preview", "progress", "timeline", "steps"):
        expect(page.locator(f'[data-part="{part}"]')).to_be_visible(timeout=30_000)
    page.locator('[data-part="preview"]').scroll_into_view_if_needed()
    expect(page.locator(".xm-canvas[data-frame]").first).to_be_visible(timeout=30_000)
    expect(page.locator('[data-part="steps"] .xm-step-group[data-status="failed"]')).to_have_count(1)
    lab_page.keep_both("parts")
    log = page.locator('[data-part="logs"]')
    log.scroll_into_view_if_needed()
    expect(log.locator(".xm-log-message", has_text="the dialer is open").first).to_be_visible()
    page.locator('[data-part="preview"]').scroll_into_view_if_needed()
    views = "[w for w in ipywidgets.widgets.widget._instances.values() if 'View' in type(w).__name__]"
    assert lab_page.json(f"len({views})") == 1
    log.locator(".xm-log-row", has_text="the dialer is open").first.click()
    expect(page.locator('[data-part="timeline"] .xm-live')).to_contain_text("Back to live")
    page.get_by_role("tab", name="Devices").click()
    expect(page.locator('[data-part="devices"] .xm-tile').first).to_be_visible()
    lab_page.keep_both("parts-tab")
    lab_page.save()
    [html] = lab_page.saved_outputs("text/html")
    assert "survival" in html, "for readers without a kernel, and once for all parts"
    expect(page.locator("[data-execmon]")).to_be_hidden()
    assert lab_page.complaints == []


def test_a_notebook_opened_again_goes_on(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    make(jupyter, lab_page, "again.ipynb", "run", seconds=280)
    expect(lab_page.view().locator(".xm-pill")).to_have_text("Running", timeout=30_000)
    lab_page.save()
    lab_page.page.evaluate("async () => await window.jupyterapp.commands.execute('application:close')")
    expect(lab_page.page.locator(".xm")).to_have_count(0)
    lab_page.page.evaluate(
        "async () => await window.jupyterapp.commands.execute('docmanager:open', {path: 'again.ipynb'})"
    )
    expect(lab_page.view().locator('.xm-step-group[data-status="failed"]')).to_have_count(1, timeout=30_000)
    expect(lab_page.view().locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(lab_page.page.locator("[data-execmon]")).to_be_hidden()
    lab_page.execute("run.cancel()")
    expect(lab_page.view().locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)


def test_without_kernel_and_without_state_the_end_can_be_read(
    jupyter: JupyterServer, lab_page: NotebookPage, chromium: Browser
) -> None:
    keep_widgets(jupyter, False)
    try:
        make(jupyter, lab_page, "static.ipynb", "run", "run.wait()")
        expect(lab_page.view().locator(".xm-pill")).to_have_text("1 failed", timeout=30_000)
        expect(lab_page.page.locator("[data-execmon]")).to_be_hidden()
        lab_page.wait_for_python("run.view.saved")
        lab_page.page.wait_for_function(
            "() => JSON.stringify(window.panel().context.model.toJSON()).includes('Ended at')"
        )
        lab_page.save()
        lab_page.shut_down()
        lab_page.page.goto("about:blank")
        lab_page.open("static.ipynb")
        static = lab_page.page.locator("[data-execmon]")
        expect(static).to_be_visible(timeout=30_000)
        expect(static).to_contain_text("survival: 1 failed")
        expect(static).to_contain_text("1.\xa0ASSERTION_FAILED".replace("\xa0", " "))
        expect(lab_page.page.get_by_text("model not found")).to_be_hidden()
        lab_page.keep_both("static-jupyterlab", static)
    finally:
        keep_widgets(jupyter, True)

    notebook = nbformat.read(jupyter.folder / "static.ipynb", as_version=4)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    for name, page_html in (("nbconvert", html), ("plain", plain(notebook))):
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 900, "height": 700})
        context.route("**/*", lambda route: route.abort())
        page = context.new_page()
        page.set_content(page_html)
        shown = page.locator("[data-execmon]")
        expect(shown).to_be_visible()
        expect(shown).to_contain_text("2 passed · 1 failed")
        assert shown.locator("img").evaluate("image => image.naturalWidth") > 100
        assert shown.locator("tbody tr").count() == 3
        shown.screenshot(path=lab_page.keep(f"static-{name}"))
        context.close()


def plain(notebook: nbformat.NotebookNode) -> str:
    """What a page shows that renders HTML outputs alone, without scripts and styles."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))


def test_a_dead_kernel_is_told(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    make(jupyter, lab_page, "dead.ipynb", "run", seconds=280)
    view = lab_page.view()
    expect(view.locator(".xm-pill")).to_have_text("Running", timeout=30_000)
    expect(view.locator('.xm-step-group[data-status="failed"]')).to_have_count(1, timeout=30_000)
    expect(view.locator(".xm-kernel")).to_be_hidden()
    lab_page.execute("import os, signal; phone = lab.phones[0]")
    lab_page.page.evaluate(
        "() => void window.panel().sessionContext.session.kernel.requestExecute({code: "
        "'import os; os.kill(os.getpid(), 9)'}).done.catch(() => {})"
    )
    expect(view.locator(".xm-kernel")).to_contain_text("No sign of the kernel since", timeout=60_000)
    expect(view.locator(".xm-kernel")).to_contain_text("the execution may have gone on")
    # JupyterLab starts another kernel, which has no ear for this view: what it shows can be read on.
    lab_page.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button").last.click()
    lab_page.keep_both("dead-kernel", view)
    view.get_by_role("button", name="Stop preview").click()
    view.locator('.xm-step-group[data-status="failed"] .xm-step-toggle').click()
    expect(view.locator(".xm-traceback").last).to_be_visible()
    assert [told for told in lab_page.complaints if told.startswith("uncaught")] == []
