"""The quickstart notebook in JupyterLab: what the reader sees is what the phone shows."""

from __future__ import annotations

import pytest
from PIL import Image
from playwright.sync_api import expect

from .notebook import NotebookPage
from .screens import JPEG_ERROR, difference, screencap


@pytest.mark.timeout(400)
def test_the_quickstart_shows_the_run_live(lab_page: NotebookPage) -> None:
    lab_page.open("quickstart.ipynb")
    lab_page.run_all()
    view = lab_page.view()
    view.scroll_into_view_if_needed(timeout=90_000)
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(view.locator('.xm-step-group[data-status="completed"]').nth(3)).to_be_visible(timeout=60_000)
    lab_page.keep_both("quickstart-running", view)

    lab_page.wait_for_cells(timeout=240)
    assert lab_page.errors() == []
    view.scroll_into_view_if_needed()
    expect(view.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(view.locator(".xm-step-group")).to_have_count(15)
    expect(view.locator('.xm-step-group[data-status="failed"]')).to_have_count(1)
    expect(view.locator(".xm-badge:visible")).to_have_count(
        2
    )  # the one that failed, and one that passed late
    lines = int(view.locator(".xm-log-scroll").get_attribute("aria-rowcount") or 0)
    assert lines >= lab_page.json("sum(len(step.attempts) for step in state.steps)")

    screens = []
    for command in ("am start -n com.android.settings/.Settings", "input keyevent KEYCODE_HOME"):
        lab_page.execute(f"lab.pool.get(lab.serials[0]).session().shell({command!r})")
        screens.append(expect_the_phones_screen(lab_page))
    assert difference(*screens) > 3 * JPEG_ERROR, "two screens that an old picture could not both equal"

    view.locator(".xm-thumb").first.click()
    picture = view.locator("dialog img")
    expect(picture).to_be_visible()
    lab_page.page.wait_for_function("() => document.querySelector('.xm-shot').naturalWidth > 0")
    lab_page.keep_both("quickstart-screenshot")
    lab_page.page.keyboard.press("Escape")
    expect(picture).to_be_hidden()

    lab_page.keep_both("quickstart-finished", view)
    assert lab_page.complaints == []
    assert lab_page.strangers(lab_page.json("lab.server.url")) == []


def expect_the_phones_screen(page: NotebookPage) -> Image.Image:
    """The canvas comes to show what the phone shows at that moment: the picture it then has."""
    apart: list[float] = []
    for _ in range(20):
        before = screencap(page)
        shown = page.picture(page.view())
        apart.append(min(difference(shown, before), difference(shown, screencap(page))))
        if apart[-1] < JPEG_ERROR:
            break
        page.page.wait_for_timeout(250)
    page.keep("quickstart-picture", page.view())
    assert apart[-1] < JPEG_ERROR, f"mean differences of the canvas and the screen: {apart}"
    return shown
