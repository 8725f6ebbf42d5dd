"""A notebook in a page of its own, and how long the page's frames take."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.jupyterlab import jupyter_server, launch_chromium
from tests.browser.notebook import JupyterServer, NotebookPage

ROOT = Path(__file__).parents[2]
SETUP = """
import sys
sys.path.insert(0, {root!r})
from tests.benchmarks import log_sides as sides
{more}"""
#: `until` waits for something; between `watch` and `watched` each frame is timed, and each long task.
PROBE = """() => {
    window.until = (check, limit) => new Promise((resolve, reject) => {
        const began = performance.now();
        const look = () => {
            if (check()) resolve(performance.now());
            else if (performance.now() - began > limit) reject(new Error("it never came"));
            else setTimeout(look, 10);
        };
        look();
    });
    window.watch = () => {
        const [frames, tasks] = [[], []];
        let before = performance.now();
        const next = now => { frames.push(now - before); before = now; asked = requestAnimationFrame(next); };
        let asked = requestAnimationFrame(next);
        const note = list => tasks.push(...list.getEntries().map(({duration}) => duration));
        const observer = new PerformanceObserver(note);
        observer.observe({type: "longtask"});
        window.watched = () => {
            cancelAnimationFrame(asked);
            observer.disconnect();
            return {frames, tasks};
        };
    };
}"""


@dataclass(frozen=True)
class Frames:
    """How long frames took; milliseconds."""

    times: list[float]
    longest: float | None
    """The longest task of those over 50 ms that browsers tell of."""
    work: float
    """CPU of the page's main thread, a frame: it tells what a busy machine hides."""

    @property
    def p95(self) -> float:
        """What 95 of a hundred frames did not exceed."""
        return statistics.quantiles(self.times, n=20)[-1]

    def __str__(self) -> str:
        task = "no task over 50 ms" if self.longest is None else f"longest task {self.longest:.0f} ms"
        middle, most = statistics.median(self.times), max(self.times)
        frames = f"p50 {middle:.1f}, p95 {self.p95:.1f}, max {most:.1f} ms"
        return f"{frames}, {task}, CPU {self.work:.1f} ms a frame"


@contextlib.contextmanager
def lab_and_browser() -> Iterator[tuple[Path, JupyterServer, Browser]]:
    """Give a folder, a JupyterLab that works in it, and a browser."""
    with (
        tempfile.TemporaryDirectory() as name,
        jupyter_server(Path(name)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch_chromium(playwright)
        yield Path(name), server, browser
        browser.close()


@contextlib.contextmanager
def opened(
    server: JupyterServer, browser: Browser, name: str, setup: str, *cells: str
) -> Iterator[NotebookPage]:
    """Open a notebook in a page of its own, whose first cell has run: `SETUP` with `setup` behind it."""
    server.write(f"{name}.ipynb", SETUP.format(root=str(ROOT), more=setup), *cells)
    with shown(server, browser, f"{name}.ipynb") as notebook:
        notebook.run_cell()
        if notebook.errors():
            raise RuntimeError("; ".join(notebook.errors()))
        yield notebook


@contextlib.contextmanager
def shown(server: JupyterServer, browser: Browser, name: str) -> Iterator[NotebookPage]:
    """Open a notebook that is there in a page of its own, with a kernel of its own."""
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    notebook = NotebookPage(server, context.new_page())
    notebook.open(name)
    notebook.page.evaluate(PROBE)
    yield notebook
    notebook.shut_down()
    context.close()


def seconds_until(notebook: NotebookPage, condition: str) -> float:
    """Run the active cell; return the seconds from the press until a condition holds on the page."""
    notebook.page.evaluate("window.began = performance.now()")
    notebook.begin_cell()
    at = notebook.page.evaluate(f"() => until({condition}, 300_000)")
    return float(at - notebook.page.evaluate("began")) / 1000


def frames(page: Page, act: Callable[[], None]) -> Frames:
    """Do something on a page that was opened, and return how long its frames took meanwhile."""
    page.wait_for_timeout(500)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(session)
    page.evaluate("watch()")
    act()
    page.wait_for_timeout(100)
    found = page.evaluate("watched()")
    times = [float(time) for time in found["frames"]]
    work = (_busy(session) - before) * 1000 / len(times)
    session.detach()
    return Frames(times, max(found["tasks"], default=None), work)


def _busy(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def turn_wheel(page: Page, place: str, seconds: float, by: int = 700, steps: int = 20) -> Frames:
    """Turn the wheel over a place, up and down, by so many pixels so many times a second."""
    box = page.locator(place).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    turns = round(seconds * steps)

    def act() -> None:
        for turn in range(turns):
            page.mouse.wheel(0, -by if turn < turns / 2 else by)
            page.wait_for_timeout(1000 / steps)

    return frames(page, act)
