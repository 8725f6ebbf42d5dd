"""The views of a long run in a real JupyterLab in Chromium: 2,000 steps on ten devices, 20,000 lines of log.

Measured is how long frames take, and the longest task that kept the page, while the wheel turns over the
steps and over the log, while the timeline is zoomed and panned, and while the cursor is dragged over the
whole run, with every view of it following. ipydatagrid has the same rows of steps and of the log in pages of
its own; to the timeline and its cursor it has no counterpart. Frames come with the screen's clock, every
16.7 ms.

``start``: the quickstart in a fresh kernel, from the press of "run" on the cell that makes the lab to its
end, and on the cell that starts the run until its view is whole: all steps, and the first picture. Beside it
is what the imports take, in a process of their own.

Run it as ``python tests/benchmarks/bench_views.py [--quick] [views] [start]``; it fails when a target is
missed.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks import log_page  # noqa: E402
from tests.benchmarks.log_sides import keep  # noqa: E402
from tests.benchmarks.page import Frames, frames, lab_and_browser, opened, seconds_until, shown, turn_wheel  # noqa: E402
from tests.browser.notebook import JupyterServer  # noqa: E402

STEPS = 2000
LINES = 20_000
#: Of the run; the log's lines are a hundredth of a second apart.
SECONDS = LINES / 100
FRAME_TARGET_MS = 20.0
#: Moves of the pointer, and turns of the wheel, a second.
PACE = 60

DONE = "() => window.panel().content.widgets[1].model.executionCount"
WHOLE = """() => {
    const view = document.querySelector(".xm");
    return view?.querySelectorAll(".xm-step").length === 15 && view.querySelector(".xm-canvas[data-frame]");
}"""
IMPORTS = """
import time
began = time.perf_counter()
import execmon_lab as em
em.Lab, em.widgets, em.demo
print(time.perf_counter() - began)
"""

missed: list[str] = []


def line(name: str, text: str, met: bool | None = None) -> None:
    """Print a figure, and note a target that was missed."""
    print(f"  {name:34} {text}{'' if met is None else '   ok' if met else '   MISSED'}", flush=True)
    if met is False:
        missed.append(name)


def zoom(page: Page, seconds: float) -> Frames:
    """Zoom into the timeline and out again by the wheel."""
    x, y = _track(page)[:2]
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    turns = round(seconds * PACE)
    try:
        return frames(page, lambda: _turn(page, turns, lambda turn: (0, -30 if turn < turns / 2 else 30)))
    finally:
        page.keyboard.up("Control")


def pan(page: Page, seconds: float) -> Frames:
    """Zoom in, and pan the timeline to its end and back by the wheel."""
    x, y = _track(page)[:2]
    page.mouse.move(x, y)
    for _ in range(4):
        page.locator(".xm-zoom button").last.click()
    page.mouse.move(x, y)
    turns = round(seconds * PACE)
    found = frames(page, lambda: _turn(page, turns, lambda turn: (60 if turn < turns / 2 else -60, 0)))
    page.locator(".xm-zoom button").nth(1).click()
    return found


def drag(page: Page, seconds: float) -> Frames:
    """Drag the cursor over the whole run, to and fro."""
    x, y, width = _track(page)
    moves = round(seconds * PACE)
    page.mouse.click(x, y)  # makes the cell the notebook's active one, which takes JupyterLab its time

    def act() -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        for move in range(moves):
            page.mouse.move(x + math.sin(2 * math.pi * move / moves) * (width / 2 - 20), y)
            page.wait_for_timeout(1000 / PACE)
        page.mouse.up()

    found = frames(page, act)
    page.locator(".xm-live").click()
    return found


def _track(page: Page) -> tuple[float, float, float]:
    """The middle of the timeline, and its width."""
    track = page.locator(".xm-track")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]


def _turn(page: Page, turns: int, by: Callable[[int], tuple[float, float]]) -> None:
    for turn in range(turns):
        page.mouse.wheel(*by(turn))
        page.wait_for_timeout(1000 / PACE)


def views(server: JupyterServer, browser: Browser, folder: Path, seconds: float) -> None:
    """Measure our views."""
    keep(folder, LINES)
    with opened(
        server, browser, "views", "", f"view = sides.run({str(folder)!r}, {STEPS}, {SECONDS})\nview"
    ) as notebook:
        page = notebook.page
        notebook.run_cell()
        page.locator(".xm-step").first.wait_for()
        page.evaluate(log_page.LOAD_ALL)
        said = page.locator(".xm-log-count").inner_text(), page.locator(".xm-steps-bar").inner_text()
        if f"{LINES:,}" not in said[0] or f"{STEPS:,}" not in said[1].replace("2000", "2,000"):
            raise RuntimeError(f"not all is there: {said}")
        ours = {
            "steps, scrolled": turn_wheel(page, ".xm-steps-scroll", seconds),
            "log, scrolled": turn_wheel(page, log_page.ROWS["ours"], seconds),
            "timeline, zoomed": zoom(page, seconds),
            "timeline, panned": pan(page, seconds),
            "cursor, dragged": drag(page, seconds),
        }
    for name, found in ours.items():
        line(name, str(found), found.p95 < FRAME_TARGET_MS)


def grids(server: JupyterServer, browser: Browser, seconds: float) -> None:
    """Measure ipydatagrid with the same rows."""
    sides = {
        "steps": f"sides.step_frame({STEPS}, {SECONDS})",
        "log": f"sides.frame({LINES})",
    }
    for name, rows in sides.items():
        with opened(server, browser, f"grid-{name}", f"rows = {rows}", "sides.grid(rows)") as notebook:
            notebook.run_cell()
            notebook.page.evaluate(f"() => until({log_page.SHOWN['ipydatagrid']}, 60_000)")
            found = turn_wheel(notebook.page, log_page.ROWS["ipydatagrid"], seconds)
        line(f"{name}, scrolled, in ipydatagrid", str(found))


def start(server: JupyterServer, browser: Browser, rounds: int) -> None:
    """Measure how soon the quickstart shows its run, and what of it the imports take."""
    made, seen = [], []
    for _ in range(rounds):
        with shown(server, browser, "quickstart.ipynb") as notebook:
            notebook.select_cell(1)
            made.append(seconds_until(notebook, DONE))
            notebook.select_cell(3)
            seen.append(seconds_until(notebook, WHOLE))
            notebook.execute("lab.close()")
    line("the lab is there", f"after {statistics.median(made):.2f} s ({min(made):.2f} to {max(made):.2f})")
    line("the view is whole", f"after {statistics.median(seen):.2f} s ({min(seen):.2f} to {max(seen):.2f})")
    times = sorted(imports() for _ in range(rounds))
    total, parts = times[len(times) // 2]
    line("imports, in all", f"{total:.2f} s, of it {', '.join(f'{n} {t:.2f}' for t, n in parts)}")


def imports() -> tuple[float, list[tuple[float, str]]]:
    """Return the seconds that the first cells' imports take, and the foreign packages that take most."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    rows = [row.split("|") for row in done.stderr.splitlines() if row.startswith("import time:")]
    taken = {name.strip(): int(cumulative) / 1e6 for _, cumulative, name in rows[1:]}
    own = {*sys.stdlib_module_names, "execmon_lab"}
    others = [(t, n) for n, t in taken.items() if "." not in n and n not in own]
    return float(done.stdout), sorted(others, reverse=True)[:4]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half as long")
    parser.add_argument("sections", nargs="*", choices=["views", "start", []])
    chosen = parser.parse_args()
    sections = chosen.sections or ["views", "start"]
    seconds = 2.0 if chosen.quick else 4.0
    with lab_and_browser() as (folder, server, browser):
        if "views" in sections:
            print(f"views of {STEPS:,} steps on ten devices, and {LINES:,} lines")
            views(server, browser, folder / "history", seconds)
            grids(server, browser, seconds)
        if "start" in sections:
            print("start of the quickstart")
            start(server, browser, 1 if chosen.quick else 3)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
