"""The view where else it lives than in JupyterLab: Notebook 7, Voila and marimo, light and dark."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from .notebook import JupyterServer, NotebookPage
from .serving import free_port, served
from .tab import Tab

RUN = """
import execmon_lab as em

lab = em.Lab()

@em.module
def settings_module(ctx):
    ctx.device.start("android.settings.SETTINGS")
    ctx.device.wait_for("Display")
    ctx.log.info("it is open")

@em.module
def broken_module(ctx):
    ctx.expect(False, "it holds")

@em.module(timeout=300)
def last_module(ctx):
    for number in range(2_000):
        ctx.log.info(f"line {number}")
        ctx.sleep(0.1)

run = lab.start(em.Plan([settings_module, broken_module, last_module], name="elsewhere"))
run
"""
MARIMO = """
import marimo

app = marimo.App(width="full")


@app.cell
def _():
{cell}
    return
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    """A tab of a browser, on no page yet."""
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    yield Tab(context.new_page())
    context.close()


@pytest.fixture
def marimo(tmp_path: Path) -> Iterator[str]:
    """The address of a marimo app that shows the run."""
    app, port = tmp_path / "elsewhere.py", free_port()
    app.write_text(MARIMO.format(cell=textwrap.indent(RUN, " " * 4)))
    (tmp_path / "marimo").mkdir()
    (tmp_path / "marimo/marimo.toml").write_text('[display]\ntheme = "system"\n')
    homes = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), tmp_path)
    command = [sys.executable, "-m", "marimo", "run", str(app), "--headless", f"--port={port}"]
    url = f"http://127.0.0.1:{port}"
    with served(command, f"{url}/health", tmp_path / "marimo.log", homes):
        yield url


def shows_a_run_and_steers_it(tab: Tab) -> None:
    """What every host has to hold: all of the view live, clicks that arrive, and silence about ours."""
    view = tab.view()
    expect(view.locator(".xm-canvas[data-frame]")).to_be_visible(timeout=60_000)
    expect(view.locator('.xm-step-group[data-status="failed"]')).to_have_count(1, timeout=30_000)
    expect(view.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("3[34]|6[67]"))
    expect(view.locator(".xm-log-message:visible", has_text="line").first).to_be_visible()
    assert len(tab.picture(view).resize((60, 100)).getcolors(6_000) or []) > 50, "the phone's screen"

    view.locator(".xm-step-go", has_text="broken_module").click()
    expect(view.locator(".xm-moment")).to_contain_text("broken_module failed")
    expect(view.locator(".xm-past-canvas")).to_be_visible()
    view.locator(".xm-timeline").get_by_role("button", name="Back to live").click()
    view.get_by_role("button", name="Pause", exact=True).click()
    expect(view.locator(".xm-steering-words")).to_contain_text("Pauses when the running step has ended")
    expect(tab.page.locator("[data-execmon]:visible")).to_have_count(0)


def cancel(tab: Tab) -> None:
    """End the run from the view."""
    tab.cancel(tab.view())
    expect(tab.view().locator(".xm-pill")).to_have_text("Cancelled", timeout=30_000)


def ours(complaints: list[str]) -> list[str]:
    """Leave out what the host's own scripts complain of; a widget's come from a blob, by anywidget."""
    return [complaint for complaint in complaints if "blob:" in complaint or "anywidget" in complaint]


def off_this_machine(tab: Tab) -> list[str]:
    """Return what was asked for elsewhere than of the host and of the lab's server."""
    return [url for url in tab.strangers() if urlsplit(url).hostname != "127.0.0.1"]


def test_notebook_7(jupyter: JupyterServer, lab_page: NotebookPage) -> None:
    jupyter.write("elsewhere.ipynb", RUN)
    lab_page.open_in_notebook("elsewhere.ipynb")
    lab_page.run_all()
    shows_a_run_and_steers_it(lab_page)
    for theme in ("Light", "Dark"):
        lab_page.theme(f"JupyterLab {theme}")
        lab_page.keep(f"notebook-{theme.lower()}")
    cancel(lab_page)
    assert ours(lab_page.complaints) == []
    assert lab_page.strangers(lab_page.json("lab.server.url")) == []


def test_voila(jupyter: JupyterServer, tab: Tab) -> None:
    jupyter.write("elsewhere.ipynb", RUN)
    address = f"{jupyter.url}/voila/render/elsewhere.ipynb?token={jupyter.token}"
    for theme in ("light", "dark"):
        answer = tab.page.goto(f"{address}&theme={theme}")
        assert answer is not None
        expect(tab.page.locator("body")).to_have_class(re.compile(f"theme-{theme}"))
        shows_a_run_and_steers_it(tab)
        tab.keep(f"voila-{theme}")
        cancel(tab)
    assert ours(tab.complaints) == []
    # Voila's page has a few addresses of its own in it; that they cannot be reached takes nothing away.
    assert all(named_by(answer.text(), url) for url in off_this_machine(tab))


def named_by(html: str, url: str) -> bool:
    return unquote(urlsplit(url).netloc + urlsplit(url).path) in html


def test_marimo(marimo: str, tab: Tab) -> None:
    tab.page.goto(marimo)
    shows_a_run_and_steers_it(tab)
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        expect(tab.page.locator("body")).to_have_attribute("data-theme", theme)
        tab.keep(f"marimo-{theme}")
    cancel(tab)
    assert tab.complaints == []
    assert off_this_machine(tab) == []
