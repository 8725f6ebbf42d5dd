"""The log in JupyterLab: what the view was not given, or what was shed on the way, comes from the history."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .notebook import JupyterServer, NotebookPage

LAB = """import time
import execmon_lab as em
from execmon_lab.tail import LogTail

LogTail.__init__.__defaults__ = (100,)  # lines that a view is given which opens late
lab = em.Lab(record=False)

@em.module(timeout=60)
def talking_module(ctx):
    for number in range(250):
        ctx.log.info(f"line {number}")
        time.sleep(0.011)
    for number in range(250, 600):
        ctx.log.info(f"line {number}")
    ctx.sleep(1.5)
    ctx.log.info("line 600")

run = lab.start(em.Plan([talking_module]))
run.wait()"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def view(jupyter: JupyterServer, lab_page: NotebookPage, request: pytest.FixtureRequest) -> Locator:
    """A view that was opened after the run, of whose log it is given the end."""
    name = f"{request.node.name}.ipynb"
    jupyter.write(name, LAB, "run")
    lab_page.open(name)
    lab_page.run_all_and_wait()
    view = lab_page.view()
    view.scroll_into_view_if_needed()
    expect(view.locator(".xm-log-count")).to_have_text("100 lines")
    return view


def shown(view: Locator) -> list[str]:
    """The messages in sight, from above."""
    return list(
        view.locator(".xm-log-scroll").evaluate(
            """scroll => {
                const {top, bottom} = scroll.getBoundingClientRect();
                return [...scroll.querySelectorAll(".xm-log-row:not([hidden])")]
                    .map(row => ({box: row.getBoundingClientRect(), row}))
                    .filter(({box}) => box.top >= top - 1 && box.bottom <= bottom + 1)
                    .sort((a, b) => a.box.top - b.box.top)
                    .map(({row}) => row.querySelector(".xm-log-message").textContent);
            }"""
        )
    )


def copied(view: Locator, page: NotebookPage) -> list[str]:
    """The messages that "Copy" gives."""
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view.locator(".xm-copy").click()
    expect(view.locator(".xm-copy")).to_contain_text("Copied")
    text = str(page.page.evaluate("() => navigator.clipboard.readText()"))
    return [line.split(": ", 1)[1] for line in text.splitlines()]


def test_what_the_view_has_not_comes_from_the_history(view: Locator, lab_page: NotebookPage) -> None:
    missing = view.locator(".xm-log-shed")
    expect(missing).to_contain_text("shed")
    expect(missing).to_contain_text("earlier")
    view.get_by_role("button", name="Load earlier").click()
    expect(view.get_by_role("button", name="Load earlier")).to_be_hidden()
    before = shown(view)
    assert before[0] != "line 0", "the reader's place stays, and what came is above it"
    lab_page.keep("log-shed", view)

    view.get_by_role("button", name="Load shed").click()
    expect(missing).to_be_hidden()
    expect(view.locator(".xm-log-count")).to_have_text("601 lines")
    assert shown(view)[0] == before[0]
    assert copied(view, lab_page) == [f"line {number}" for number in range(601)]
    assert lab_page.complaints == []


def test_what_the_history_has_not_is_told(view: Locator, lab_page: NotebookPage) -> None:
    lab_page.execute("lab.history.delete(run.execution_id)")
    view.get_by_role("button", name="Load earlier").click()
    expect(view.locator(".xm-log-shed")).to_contain_text("(this run is not in the history)")
    expect(view.locator(".xm-log-count")).to_have_text("100 lines")


CRASH = """import execmon_lab as em

lab = em.Lab(record=False)

@em.module(timeout=60)
def messages_module(ctx):
    ctx.device.start("android.intent.action.SENDTO", data="sms:5550100")
    ctx.log.info("the conversation is open")
    ctx.device.shell(["am", "crash", "com.android.messaging"])
    ctx.sleep(0.5)
    ctx.log.info("gone on")

run = lab.start(em.Plan([messages_module]))
run"""


def test_the_devices_own_log_is_beside_the_runs(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    jupyter.write("logcat.ipynb", CRASH)
    lab_page.open("logcat.ipynb")
    lab_page.run_all_and_wait()
    view = lab_page.view()
    view.scroll_into_view_if_needed()
    crash = view.locator('.xm-log-row[data-source="logcat"][data-level="ERROR"]')
    expect(crash).to_contain_text("AndroidRuntime: FATAL EXCEPTION: main")
    expect(crash).to_contain_text("messages_module")
    expect(view.locator(".xm-pill")).to_have_text("Passed", timeout=30_000)
    order = shown(view)
    assert order.index("the conversation is open") < order.index("gone on")
    lab_page.keep("logcat", view)
    crash.click()
    expect(view.locator(".xm-log-detail pre")).to_contain_text("android.os.Handler.dispatchMessage")
    view.get_by_label("Source").select_option("run")
    expect(crash).to_be_hidden()
    assert lab_page.complaints == []
