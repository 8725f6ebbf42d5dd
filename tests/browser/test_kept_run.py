"""A run of an earlier process in JupyterLab: its steps, its log, and its recording to go back in."""

from __future__ import annotations

import pytest
from PIL import ImageChops, ImageStat
from playwright.sync_api import expect

from .notebook import NotebookPage
from .test_timeline import OTHER, drawn_at, ended_at, row, told

RUN = """
import subprocess, sys, tempfile
folder = tempfile.mkdtemp()
program = '''
import sys, time
import execmon_lab as em

@em.module(timeout=30, retries=1)
def open_settings(ctx):
    ctx.log.info("settings are wanted")
    ctx.device.start("android.settings.SETTINGS")
    ctx.sleep(1)
    ctx.expect(ctx.attempt == 2, "it is the second attempt")

@em.module(timeout=30)
def go_home(ctx):
    ctx.device.home()
    ctx.sleep(1)
    ctx.expect(False, "the battery is full")

with em.Lab(history=sys.argv[1]) as lab:
    run = lab.start(em.Plan([open_settings, go_home], name="Yesterday's run"))
    run.wait(60)
    time.sleep(1)
'''
subprocess.run([sys.executable, "-c", program, folder], check=True)
"""

SHOWN = """
import execmon_lab as em
history = em.History(folder)
run = history.runs()[0]
run
"""


@pytest.mark.timeout(240)
def test_a_run_of_an_earlier_process_is_shown_as_it_was(lab_page: NotebookPage) -> None:
    lab_page.server.write("kept.ipynb", RUN, SHOWN)
    lab_page.open("kept.ipynb")
    lab_page.run_all()
    lab_page.wait_for_cells(timeout=120)
    assert lab_page.errors() == []
    view = lab_page.view()
    expect(view.locator(".xm-title")).to_have_text("Yesterday's run")
    expect(view.locator(".xm-pill")).to_have_text("1 failed")
    expect(view.locator(".xm-step-group")).to_have_count(2)
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=30_000)
    expect(view.get_by_text("as it was")).to_be_visible()
    for gone in ("Stop", "Numbers", "Cancel", "Pause"):
        expect(view.get_by_role("button", name=gone)).to_have_count(0)
    lines = lab_page.json("len(run.logs)")
    assert lines > 2
    expect(view.locator(".xm-log-scroll")).to_have_attribute("aria-rowcount", str(lines))
    lab_page.keep("kept-run", view)

    # Its screenshot and its recording, from the history's files: two moments, two screens.
    row(view, "open_settings").locator(".xm-thumb").click()
    expect(view.get_by_role("dialog").locator("img")).to_be_visible()
    lab_page.page.wait_for_function("() => document.querySelector('.xm-shot').naturalWidth > 0")
    view.get_by_role("dialog").get_by_role("button", name="Close").click()
    drawn_at(view, ended_at(lab_page, "open_settings"))
    settings = lab_page.picture(view, ".xm-phone .xm-past-canvas")
    row(view, "go_home").locator(".xm-step-go").click()
    drawn_at(view, ended_at(lab_page, "go_home"))
    home = lab_page.picture(view, ".xm-phone .xm-past-canvas")
    assert max(ImageStat.Stat(ImageChops.difference(settings, home)).mean) > OTHER
    assert "go_home failed" in told(view)
    lab_page.keep("kept-run-past", view)
    assert lab_page.complaints == []
    lab_page.save()
    [html] = lab_page.saved_outputs("text/html")
    assert "Yesterday&#x27;s run" in html
    assert "data:image/jpeg;base64," in html
    lab_page.execute("history.close()")
