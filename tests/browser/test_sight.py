"""What nobody has in sight is neither captured nor sent, also while a cell blocks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from execmon_lab.widgets.audience import LEASE_SECONDS

from .notebook import JupyterServer, NotebookPage, waiting_run

LAB = """
import threading
import time
import execmon_lab as em

lab = em.Lab(record=False)
phone = lab.pool.get(lab.serials[0]).session()
phone.shell('am start -n com.execmon.motion/.MotionActivity --ei fps 15')

watched = []  # since when somebody watches, or nobody does
def look():
    while True:
        now = bool(lab.preview.stats())
        if not watched or watched[-1][1] != now:
            watched.append((time.time(), now))
        time.sleep(0.05)
threading.Thread(target=look, daemon=True).start()
"""
BELOW = """
from IPython.display import HTML
HTML('<div style="height: 4000px"></div><p class="below">below</p>')
"""
#: What the kernel, a browser and a busy machine may take for what is to be done within a second.
SOON = 5.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def view(jupyter: JupyterServer, lab_page: NotebookPage, request: pytest.FixtureRequest) -> Locator:
    """The view of a run whose pictures come, and much below it."""
    name = f"{request.node.name}.ipynb"
    jupyter.write(name, LAB, waiting_run("sight"), BELOW, "None")
    lab_page.open(name)
    for _ in range(3):
        lab_page.run_cell()
    view = lab_page.view()
    in_sight(lab_page, view)
    return view


def in_sight(page: NotebookPage, view: Locator) -> None:
    page.page.evaluate("window.panel().content.scrollToItem(1)")
    view.scroll_into_view_if_needed()
    canvas = view.locator(".xm-phone .xm-canvas[data-frame]")
    expect(canvas).to_be_visible(timeout=60_000)
    page.page.wait_for_function(
        "([canvas, before]) => canvas.dataset.frame !== before",
        arg=[canvas.element_handle(), canvas.get_attribute("data-frame")],
        timeout=30_000,
    )


def out_of_sight(page: NotebookPage) -> float:
    """Scroll the view away; return when, in seconds since the epoch."""
    page.page.locator(".below").scroll_into_view_if_needed()
    return float(page.page.evaluate("Date.now() / 1000"))


def ended(page: NotebookPage, since: float) -> float:
    """Return how long after a moment nobody watched any more."""
    changes = page.json("watched")
    ends = [at for at, somebody in changes if not somebody and at > since - 1]
    assert ends, f"somebody watches on: {changes}"
    return float(ends[0]) - since


def test_a_view_that_is_scrolled_away_is_sent_nothing(lab_page: NotebookPage, view: Locator) -> None:
    left = out_of_sight(lab_page)
    lab_page.wait_for_python("not watched[-1][1]")
    assert ended(lab_page, left) < SOON
    in_sight(lab_page, view)
    assert lab_page.complaints == []


def test_nor_while_a_cell_blocks(lab_page: NotebookPage, view: Locator) -> None:
    with lab_page.busy_kernel(3):
        in_sight(lab_page, view)
        left = out_of_sight(lab_page)
        lab_page.page.wait_for_timeout(SOON * 1000)
        in_sight(lab_page, view)
        left_again = out_of_sight(lab_page)
        lab_page.page.wait_for_timeout(SOON * 1000)
    assert ended(lab_page, left) < SOON
    assert ended(lab_page, left_again) < SOON
    assert lab_page.complaints == []


def test_nor_a_page_that_goes(lab_page: NotebookPage, view: Locator) -> None:
    lab_page.save()
    name = lab_page.page.evaluate("window.panel().context.path")
    left = float(lab_page.page.evaluate("Date.now() / 1000"))
    lab_page.page.goto("about:blank")
    lab_page.page.wait_for_timeout(SOON * 1000)
    lab_page.open(name)
    assert ended(lab_page, left) < SOON


def test_nor_a_notebook_that_was_closed_which_cannot_say_so(lab_page: NotebookPage, view: Locator) -> None:
    lab_page.save()
    name = lab_page.page.evaluate("window.panel().context.path")
    left = float(lab_page.page.evaluate("Date.now() / 1000"))
    lab_page.page.evaluate("async () => await window.jupyterapp.commands.execute('application:close')")
    lab_page.page.wait_for_timeout((LEASE_SECONDS + SOON) * 1000)
    lab_page.open(name)
    assert ended(lab_page, left) < LEASE_SECONDS + SOON
