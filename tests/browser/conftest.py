"""A real JupyterLab in a real Chromium, on this machine alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from .jupyterlab import jupyter_server, launch_chromium
from .notebook import JupyterServer, NotebookPage
from .serving import Missing

expect.set_options(timeout=30_000)  # for what does not come; where it comes, nothing waits


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A JupyterLab server with folders of its own."""
    try:
        with jupyter_server(tmp_path_factory.mktemp("jupyter")) as server:
            yield server
    except Missing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The distribution's Chromium."""
    try:
        browser = launch_chromium(playwright)
    except Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    yield browser
    browser.close()


@pytest.fixture
def lab_page(
    request: pytest.FixtureRequest, jupyter: JupyterServer, chromium: Browser
) -> Iterator[NotebookPage]:
    """A browser tab, on no notebook yet; its last sight is kept, and its kernels are shut down."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1100})
    page = NotebookPage(jupyter, context.new_page())
    yield page
    page.keep("last-" + re.sub(r"\W+", "-", request.node.name).strip("-"))
    page.shut_down()
    context.close()
