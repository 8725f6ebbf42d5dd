"""A lab that foreign consumers follow, and a plan in which each sees all there is."""

from __future__ import annotations

import functools
import http.server
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

import execmon_lab as em
from tests.browser.jupyterlab import Missing, launch_chromium
from tests.processes import run

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DEADLINE = 60.0

Told = dict[str, Any]
"""What a consumer was told: `messages`, and the close `code`."""


@pytest.fixture(scope="session")
def site() -> Iterator[tuple[str, str]]:
    """The origins of two web sites with the same page: one that is allowed, and a stranger."""
    handler = functools.partial(Quiet, directory=HERE)
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    allowed, stranger = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    yield allowed, stranger
    for server in servers:
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def make_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., em.Lab]]:
    """Make labs that are closed at the end."""
    labs: list[em.Lab] = []

    def make(**options: Any) -> em.Lab:
        labs.append(em.Lab(history=tmp_path_factory.mktemp("history"), record=False, **options))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture(scope="module")
def lab(make_lab: Callable[..., em.Lab], site: tuple[str, str]) -> em.Lab:
    """A lab whose server the allowed site may call."""
    return make_lab(allowed_origins=[site[0]])


def plan_for(lab: em.Lab) -> em.Plan:
    """Make a plan that begins once somebody has looked at the device's screen and away again."""

    @em.module(timeout=60)
    def looked_at_module(ctx: em.Context) -> None:
        for watched in (True, False):
            while bool(lab.preview.stats()) is not watched:
                ctx.sleep(0.02)

    @em.module(timeout=20, retries=1)
    def second_time_module(ctx: em.Context) -> None:
        ctx.log.info("naïve – “quoted” 日本 🙂")
        ctx.expect(ctx.attempt > 1, "this is the second time")

    @em.module(timeout=20)
    def failing_module(ctx: em.Context) -> None:
        ctx.expect(False, "the sky is green")

    return em.Plan([looked_at_module, second_time_module, failing_module], name="consumed")


def run_script(*words: str) -> Told:
    """Run a consumer that prints what it was told."""
    done = run(words)
    assert done.status == 0, done.err
    told: Told = json.loads(done.out)
    return told


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    """A tab of the distribution's Chromium; while it is open, no asyncio program runs in this process."""
    with sync_playwright() as driver:
        try:
            browser = launch_chromium(driver)
        except Missing as missing:
            pytest.fail(str(missing), pytrace=False)
        yield browser.new_page()
        browser.close()


@pytest.fixture(params=["browser", "node", "aiohttp", "websocket-client"])
def consumer(request: pytest.FixtureRequest) -> Callable[[str], Told]:
    """Follow an execution to its end with somebody else's WebSocket."""
    match request.param:
        case "browser":
            page: Page = request.getfixturevalue("browser_page")
            allowed, _ = request.getfixturevalue("site")

            def in_the_browser(url: str) -> Told:
                page.goto(f"{allowed}/browser.html")
                told: Told = page.evaluate("url => follow(url)", url)
                return told

            return in_the_browser
        case "node":
            if not (ROOT / "js/node_modules/ws").exists():
                pytest.fail("js/node_modules is not there: run `npm --prefix js ci`", pytrace=False)
            return lambda url: run_script("node", str(HERE / "node_ws.mjs"), url)
        case name:
            script = {"aiohttp": "aiohttp_client.py", "websocket-client": "websocket_client.py"}[name]
            return lambda url: run_script(sys.executable, str(HERE / script), url)
