"""A kernel whose cell blocks: what threads print is the cell's, though pages are heard beside it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .notebook import JupyterServer, NotebookPage, waiting_run

LAB = """
import threading
import time
import execmon_lab as em

lab = em.Lab(record=False)
lab.pool.get(lab.serials[0]).session().shell("am start -n com.execmon.motion/.MotionActivity --ei fps 15")
"""
COUNT = """
heard = []
def count():
    for number in range(50):
        print("said", number, flush=True)
        heard.append(run.view._ear.deaf)
        time.sleep(0.1)
counting = threading.Thread(target=count)
counting.start()
counting.join()
"""


@pytest.mark.timeout(240)
def test_what_threads_print_while_a_cell_blocks_stays_with_the_cell(
    jupyter: JupyterServer, lab_page: NotebookPage
) -> None:
    jupyter.write("busy.ipynb", LAB, waiting_run("busy"), COUNT)
    lab_page.open("busy.ipynb")
    for _ in range(2):
        lab_page.run_cell()
    expect(lab_page.view().locator(".xm-canvas[data-frame]")).to_be_visible(timeout=60_000)
    lab_page.run_cell()
    assert lab_page.json("heard[-1]") is False, "the page was heard beside the cell"
    lab_page.save()
    outputs = lab_page.page.evaluate("window.panel().content.widgets[2].model.outputs.toJSON()")
    said = "".join("".join(output["text"]) for output in outputs)
    # A line that is printed while the kernel takes a message of the page may be that message's.
    assert len(said.splitlines()) >= 45
    assert lab_page.complaints == []
