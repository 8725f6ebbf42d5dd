"""An execution of another process in a notebook: the same view, fed over the WebSocket."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.processes import DEADLINE, execmon_lab

from .notebook import JupyterServer, NotebookPage

PLAN = """
import execmon_lab as em

@em.module(timeout=60)
def quick_module(ctx):
    ctx.log.info("quick")
    ctx.device.home()

@em.module(timeout=300)
def slow_module(ctx):
    ctx.log.info("slow")
    ctx.sleep(280)

plan = em.Plan([quick_module, slow_module], name="elsewhere")
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server in a process of its own, which runs an execution: its address."""
    (tmp_path / "suite.py").write_text(PLAN)
    with execmon_lab(tmp_path, "serve", "--plan", "elsewhere=suite.py") as process:
        server = process.stdout.readline().strip()
        request = urllib.request.Request(
            f"{server}/api/v1/executions", json.dumps({"plan": "elsewhere"}).encode()
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            yield f"{server}/ws/executions/{json.load(answer)['execution_id']}"
        process.terminate()
        process.wait(DEADLINE)


def test_an_execution_of_another_process_is_seen_looked_back_on_and_steered(
    jupyter: JupyterServer, lab_page: NotebookPage, address: str
) -> None:
    jupyter.write("connect.ipynb", f"import execmon_lab as em\nrun = em.connect({address!r})\nrun")
    lab_page.open("connect.ipynb")
    lab_page.run_cell()
    view = lab_page.view()
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=60_000)
    expect(view.locator(".xm-veil")).to_be_hidden(timeout=30_000)
    expect(view.locator(".xm-step-group")).to_have_count(2)
    expect(view.locator('.xm-step-group[data-status="completed"]')).to_have_count(1)
    colours = lab_page.picture(view).getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 50, "it is the phone's screen"
    view.locator('.xm-step-group[data-status="completed"] .xm-step-go').click()
    expect(view.locator(".xm-past-canvas[data-number]")).to_be_visible(timeout=20_000)
    view.locator(".xm-past-live").click()
    lab_page.cancel(view)
    expect(view.locator(".xm-pill")).to_have_text(re.compile("Cancelled", re.IGNORECASE), timeout=30_000)
    lab_page.keep("connected", view)
    assert lab_page.errors() == []
    assert lab_page.json("run.wait(20).status") == "cancelled"
    view.get_by_role("button", name="Retry: step 1, quick_module").click()
    again = lab_page.page.locator(".xm-again .xm")
    expect(again.locator(".xm-title")).to_have_text("elsewhere (again)", timeout=30_000)
    expect(again.locator(".xm-pill")).to_have_text("Passed", timeout=30_000)
    lab_page.execute("run.close()")
    assert lab_page.complaints == []
