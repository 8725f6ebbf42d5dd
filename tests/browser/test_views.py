"""Views of an execution in JupyterLab: several at once, loaded again, beside a busy kernel, without one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .notebook import JupyterServer, NotebookPage

LAB = "import time\nimport execmon_lab as em\n\nlab = em.Lab(record=False)"
RUN = """
@em.module(timeout=60)
def quick_module(ctx):
    ctx.log.info("quick")

@em.module(timeout=300)
def slow_module(ctx):
    for number in range(2_000):
        ctx.log.info(f"line {number}")
        time.sleep(0.1)

run = lab.start(em.Plan([quick_module, slow_module, quick_module], name="views"))
run
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def notebook(jupyter: JupyterServer, lab_page: NotebookPage, request: pytest.FixtureRequest) -> NotebookPage:
    """A notebook that shows a run that goes on; its cells have returned."""
    name = f"{request.node.name}.ipynb"
    jupyter.write(name, LAB, RUN, "run", "None")
    lab_page.open(name)
    for _ in range(2):
        lab_page.run_cell()
    expect(lab_page.view()).to_be_visible(timeout=60_000)
    return lab_page


def shows_picture(view: Locator) -> None:
    view.scroll_into_view_if_needed()
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(view.locator(".xm-veil")).to_be_hidden(timeout=30_000)


def frame_number(view: Locator) -> int:
    return int(view.locator(".xm-canvas").get_attribute("data-frame") or 0)


def goes_on(page: NotebookPage, view: Locator, frames: int = 2) -> None:
    """The phone's clock ticks: new pictures come by themselves."""
    before = frame_number(view)
    page.page.wait_for_function(
        "([canvas, wanted]) => Number(canvas.dataset.frame) >= wanted",
        arg=[view.locator(".xm-canvas").element_handle(), before + frames],
        timeout=30_000,
    )


def watched(page: NotebookPage) -> list[str]:
    return list(page.json("[f'{d} {s.watchers}' for d, s in lab.preview.stats().items()]"))


def eventually_watched(page: NotebookPage, watchers: int) -> None:
    for _ in range(100):
        found = watched(page)
        if sum(int(line.split()[1]) for line in found) == watchers:
            return
        page.page.wait_for_timeout(100)
    pytest.fail(f"watched: {found}, wanted: {watchers}")


def test_two_views_cost_one_stream_and_outlive_each_other(notebook: NotebookPage) -> None:
    notebook.run_cell()
    first, second = notebook.view(0), notebook.view(1)
    for view in (first, second):
        shows_picture(view)
        expect(view.locator(".xm-step-group")).to_have_count(3)
    eventually_watched(notebook, 1)
    notebook.clear_output(2)
    expect(notebook.page.locator(".xm")).to_have_count(1)
    goes_on(notebook, first)
    notebook.clear_output(1)
    expect(notebook.page.locator(".xm")).to_have_count(0)
    eventually_watched(notebook, 0)
    assert notebook.complaints == []


def test_a_page_loaded_again_shows_it_all_again(notebook: NotebookPage) -> None:
    shows_picture(notebook.view())
    notebook.save()
    notebook.reload()
    view = notebook.view()
    shows_picture(view)
    goes_on(notebook, view)
    expect(view.locator('.xm-step-group[data-status="completed"]')).to_have_count(1)
    view.get_by_label("Filter the log").fill("QUICK_module")
    expect(view.locator(".xm-log-message", has_text="quick").first).to_be_visible()
    expect(view.locator(".xm-pill")).to_have_text("Running")


def test_it_goes_on_while_a_cell_blocks(notebook: NotebookPage) -> None:
    notebook.execute("import execmon_lab.widgets.flow as flow; flow.WINDOW = 1")
    view = notebook.view()
    shows_picture(view)
    with notebook.busy_kernel(3):
        before = view.locator(".xm-log-count").inner_text()
        goes_on(notebook, view, frames=4)
        expect(view.locator(".xm-log-count")).not_to_have_text(before)


def test_out_of_sight_nothing_is_captured(notebook: NotebookPage) -> None:
    shows_picture(notebook.view())
    eventually_watched(notebook, 1)
    notebook.view().get_by_role("button", name="Stop preview").click()
    eventually_watched(notebook, 0)
    notebook.view().get_by_role("button", name="Start preview").first.click()
    eventually_watched(notebook, 1)
    notebook.hide()
    eventually_watched(notebook, 0)
    notebook.hide(False)
    eventually_watched(notebook, 1)


def test_quality_is_the_readers_choice(notebook: NotebookPage) -> None:
    view = notebook.view()
    shows_picture(view)
    view.get_by_role("button", name="Numbers").click()
    for quality, size in {"low": "360×640, low", "high": "720×1280, high"}.items():
        view.get_by_label("Quality").select_option(quality)
        expect(view.locator(".xm-numbers")).to_contain_text(size)
    width, height = notebook.picture(view).size
    assert width < 720, "no more pixels are drawn than are shown"
    assert height == pytest.approx(width * 1280 / 720, abs=1)


def test_cancel_asks_first(notebook: NotebookPage) -> None:
    view = notebook.view()
    cancel = view.locator(".xm-cancel")
    cancel.click()
    expect(cancel).to_have_text("Sure? Cancel")
    cancel.click()
    expect(view.locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)
    expect(view.locator('.xm-step-group[data-status="running"]')).to_have_count(0)
    notebook.keep_both("cancelled", view)


def test_a_saved_notebook_shows_the_end_without_its_kernel(notebook: NotebookPage) -> None:
    """Where JupyterLab keeps widgets' state; elsewhere the static HTML stands in."""
    view = notebook.view()
    shows_picture(view)
    notebook.cancel(view)
    expect(view.locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)
    notebook.wait_for_python("run.view.saved")
    notebook.save()
    (html,) = [html for html in notebook.saved_outputs("text/html") if "views" in html]
    assert html.startswith("<div")
    assert "quick_module" in html
    assert "ExecutionView('views')" in notebook.saved_outputs("text/plain")

    notebook.shut_down()
    notebook.page.goto("about:blank")
    notebook.open("test_a_saved_notebook_shows_the_end_without_its_kernel.ipynb")
    view = notebook.view()
    expect(view.locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)
    expect(view.locator(".xm-step-group")).to_have_count(3)
    shows_picture(view)
    notebook.keep_both("saved", view)
