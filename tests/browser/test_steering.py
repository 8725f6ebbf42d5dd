"""Steering in JupyterLab: a failure that pauses, its cell mended, Retry pressed; a busy kernel."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .notebook import JupyterServer, NotebookPage

LAB = "import asyncio\nimport execmon_lab as em\n\nlab = em.Lab(record=False)"
BROKEN = """
@em.module
def opening_settings(ctx):
    ctx.device.start("android.settings.SETTINGS")
    ctx.device.wait_for("Network & internet")

@em.module
def looking_around(ctx, wanted):
    ctx.device.find("Flux capacitor")
"""
MENDED = """
@em.module
def looking_around(ctx, wanted):
    ctx.device.find(wanted)
"""
RUN = """
plan = em.Plan(
    [opening_settings, looking_around.with_args(wanted="Display"), opening_settings],
    name="to be steered", pause_on_failure={on_failure},
)
run = lab.prepare(plan)
{before}
run.start()
run
"""

pytestmark = pytest.mark.timeout(240)


def show(
    jupyter: JupyterServer,
    page: NotebookPage,
    name: str,
    before: str = "",
    on_failure: bool = True,
) -> Locator:
    jupyter.write(name, LAB, BROKEN, RUN.format(before=before, on_failure=on_failure), "None", "None")
    page.open(name)
    for _ in range(3):
        page.run_cell()
    view = page.view()
    expect(view).to_be_visible(timeout=60_000)
    view.scroll_into_view_if_needed()
    return view


def test_a_failing_step_is_mended_in_its_cell_and_retried(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "steering.ipynb")
    pause = view.locator(".xm-pause-row")
    expect(pause).to_contain_text("Paused on the failure of step 2: looking_around", timeout=60_000)
    expect(view.locator(".xm-pill")).to_have_text("Paused")
    expect(view.get_by_role("switch", name="Pause on failure")).to_have_attribute("aria-checked", "true")
    lab_page.keep_both("steering-paused", view)

    assert "Network & internet" in lab_page.execute("print(run.device.screen_text())")
    assert lab_page.execute("print(run.failure.params['wanted'])").strip() == "Display"
    lab_page.write_cell(1, MENDED)
    lab_page.run_cell()
    view.scroll_into_view_if_needed()
    view.get_by_role("button", name="Retry: step 2, looking_around").click()

    expect(pause).to_have_count(0, timeout=30_000)
    expect(view.locator(".xm-pill")).to_have_text("Passed", timeout=60_000)
    expect(view.locator(".xm-step-group").nth(1)).to_contain_text("passed after 1 failed attempt")
    lab_page.keep_both("steering-passed", view)
    assert lab_page.json("[step.status for step in run.wait().steps]") == ["completed"] * 3

    view.get_by_role("button", name="Retry: step 2, looking_around").click()
    again = lab_page.page.locator(".xm-again .xm")
    expect(again.locator(".xm-title")).to_have_text("to be steered (again)", timeout=30_000)
    expect(again.locator(".xm-pill")).to_have_text("Passed", timeout=30_000)
    expect(again.locator(".xm-step-group")).to_have_count(1)
    lab_page.keep_both("steering-again")
    assert lab_page.json("[len(lab.runs), lab.runs[-1].state.continues == run.execution_id]") == [2, True]
    lab_page.save()
    lab_page.reload()
    expect(again.locator(".xm-pill")).to_have_text("Passed", timeout=60_000)
    assert lab_page.complaints == []

    lab_page.execute("lab.close()")  # and with it the server that gave the screenshots
    lab_page.reload()
    thumb = lab_page.view().locator(".xm-thumb").first
    thumb.scroll_into_view_if_needed()
    expect(thumb.locator("img")).to_be_visible(timeout=60_000)
    lab_page.page.wait_for_function("document.querySelector('.xm-thumb img').naturalWidth > 0")
    expect(lab_page.view().get_by_role("button", name="Retry: step 2")).to_be_hidden()


def test_a_step_that_fails_again_tells_its_new_failure_and_may_be_left(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "again.ipynb")
    pause = view.locator(".xm-pause-row")
    expect(pause).to_be_visible(timeout=60_000)
    lab_page.write_cell(1, MENDED.replace("ctx, wanted", "ctx, somewhere"))
    lab_page.run_cell()
    view.scroll_into_view_if_needed()
    pause.get_by_role("button", name="Retry").click()
    expect(view.locator(".xm-steering-words")).to_contain_text("the new definition does not fit the step")
    lab_page.keep("steering-refused", view)

    lab_page.write_cell(1, MENDED.replace("find(wanted)", "find('Warp drive')"))
    lab_page.run_cell()
    view.scroll_into_view_if_needed()
    pause.get_by_role("button", name="Retry").click()
    expect(view.locator(".xm-step-group").nth(1)).to_contain_text("Warp drive", timeout=30_000)
    expect(pause).to_be_visible()
    pause.get_by_role("button", name="Leave it failed, go on").click()
    expect(view.locator(".xm-pill")).to_have_text("1 failed", timeout=60_000)


def test_what_a_busy_kernel_hears_late_is_told_so(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    before = "run.pause()"
    view = show(jupyter, lab_page, "busy.ipynb", before, on_failure=False)
    expect(view.locator(".xm-pause-row")).to_contain_text("Paused before step 1: opening_settings")
    lab_page.keep("steering-paused-before", view)

    with lab_page.busy_kernel(3):
        expect(view.locator(".xm-pill")).to_have_text("Paused")
        view.locator(".xm-pause").click()
        # Over a subshell, if JupyterLab has opened one by then, the kernel hears it at once.
        late = "The kernel is busy: it hears this when the cell ends"
        told = view.locator(".xm-steering-words", has_text=late)
        heard = view.locator(".xm-pill", has_text="1 failed")
        expect(told.or_(heard).first).to_be_visible()
        lab_page.keep("steering-busy", view)
    expect(view.locator(".xm-pill")).to_have_text("1 failed", timeout=60_000)


def test_a_cell_that_awaits_lets_the_buttons_work_at_once(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "await.ipynb", "run.pause()", on_failure=False)
    expect(view.locator(".xm-pause-row")).to_be_visible()
    lab_page.write_cell(3, "while not run.done:\n    await asyncio.sleep(0.2)")
    lab_page.begin_cell()
    switch = view.get_by_role("switch", name="Pause on failure")
    switch.focus()
    lab_page.page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    view.locator(".xm-pause").click()
    pause = view.locator(".xm-pause-row")
    expect(pause).to_contain_text("Paused on the failure of step 2", timeout=60_000)
    assert lab_page.page.evaluate("window.panel().content.model.cells.get(3).executionCount") is None
    pause.get_by_role("button", name="Leave it failed, go on").click()
    expect(view.locator(".xm-pill")).to_have_text("1 failed", timeout=60_000)


def test_a_tap_on_the_picture_of_a_paused_device_becomes_a_line_of_code(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    view = show(jupyter, lab_page, "code.ipynb")
    expect(view.locator(".xm-pause-row")).to_be_visible(timeout=60_000)
    canvas = view.locator(".xm-phone .xm-canvas")
    expect(view.locator(".xm-phone .xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    lab_page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def click_on(words: str) -> None:
        x, y, width, height = lab_page.json(
            f"(lambda b, s: [*b.center, *s])(run.device.wait_for({words!r}).bounds, run.device.size)"
        )
        box = canvas.bounding_box()
        assert box is not None
        canvas.click(
            position={"x": (x + 0.5) / width * box["width"], "y": (y + 0.5) / height * box["height"]}
        )

    view.get_by_role("button", name="Pick", exact=True).click()
    click_on("Battery")
    lines = view.locator(".xm-code-lines code")
    expect(lines).to_have_text(['ctx.device.tap_on("Battery")'])
    lab_page.execute("run.device.find('Network & internet')")  # nothing was touched
    view.get_by_role("button", name="Pick", exact=True).click()
    view.get_by_role("button", name="Control", exact=True).click()
    click_on("About phone")
    lab_page.execute("run.device.wait_for('Virtual Phone')")
    expect(lines).to_have_text(['ctx.device.tap_on("Battery")', 'ctx.device.tap_on("About phone")'])
    lab_page.page.keyboard.press("Escape")
    expect(lines).to_have_count(3)
    lab_page.keep("steering-code", view)
    view.get_by_role("button", name="Copy all").click()
    copied = lab_page.page.evaluate("navigator.clipboard.readText()")
    assert copied == lab_page.execute("print(run.recorded_code())").strip()
    assert copied.splitlines()[-1] == "ctx.device.back()"

    lab_page.save()
    lab_page.reload()
    view = lab_page.view()
    expect(view.locator(".xm-code-lines code")).to_have_count(3, timeout=30_000)
    view.get_by_role("button", name="Clear", exact=True).click()
    expect(view.locator(".xm-code-list")).to_be_hidden()
    assert lab_page.execute("print(run.recorded_code())").strip() == ""
    lab_page.execute("run.cancel()")
