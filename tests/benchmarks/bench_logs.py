"""The log's table in a real JupyterLab in Chromium, beside ipydatagrid and itables, and under load.

``table``: each side shows the same million lines, in a notebook and a page of its own. Ours are those of a
run in a history: the page has the newest at once, and is then given all the others. Measured are the time
from the press of "run" to the first row, and from a filter to what it found; how long frames take while the
wheel turns; and what the page's process holds in the end. itables has its rows on pages of ten, which do not
scroll.

``load``: ten devices log a hundred lines a second each, with the view open. What the kernel uses for it is
its use with the view less its use without, in percent of a core; an idle kernel's is beside it.

Run it as ``python tests/benchmarks/bench_logs.py [--quick] [--minutes N] [table] [load]``; it fails when a
target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks import log_page as page_side  # noqa: E402
from tests.benchmarks.log_sides import NEEDLE, keep  # noqa: E402
from tests.benchmarks.page import lab_and_browser, opened, seconds_until, turn_wheel  # noqa: E402
from tests.browser.notebook import JupyterServer, NotebookPage  # noqa: E402

SIDES = {
    "ours": "table = sides.ours({folder!r})\ntable",
    "ipydatagrid": "table = sides.grid(lines)\ntable",
    "itables": "sides.tables(lines)",
}
FRAME_TARGET_MS = 20.0
CPU_TARGET = 5.0
#: What counts as flat: so many bytes a minute, of what holds a hundred times as many.
GROWTH = {"page": 1e6, "its JavaScript": 0.5e6, "kernel": 1e6}
#: Once the page holds the most lines that it holds of a run that goes on; see js/src/logbook.ts.
FULL_SECONDS = 110
SAMPLE_SECONDS = 15
SCROLL_SECONDS = 4.0
missed: list[str] = []


def line(name: str, text: str, met: bool | None = None) -> None:
    """Print a figure, and note a target that was missed."""
    print(f"  {name:34} {text}{'' if met is None else '   ok' if met else '   MISSED'}", flush=True)
    if met is False:
        missed.append(name)


@dataclass
class Figures:
    """What one side took and held; seconds, milliseconds, megabytes."""

    first_row_s: float
    all_rows_s: float
    filter_s: float
    frame_ms: float | None
    memory_mb: float
    heap_mb: float


def figures(notebook: NotebookPage, side: str, count: int) -> Figures:
    """Measure one side."""
    page = notebook.page
    before = page_side.memory(page)
    first = seconds_until(notebook, page_side.SHOWN[side])
    more = float(page.evaluate(page_side.LOAD_ALL)) / 1000 if side == "ours" else 0.0
    page.wait_for_timeout(2000)
    held = page_side.memory(page)
    frames = None if side == "itables" else turn_wheel(page, page_side.ROWS[side], SCROLL_SECONDS)
    took = page_side.filtered(notebook, side, NEEDLE, count // 1000)
    return Figures(
        first,
        first + more,
        took,
        frames and frames.p95,
        (held.process - before.process) / 1e6,
        (held.heap - before.heap) / 1e6,
    )


def compare(server: JupyterServer, browser: Browser, folder: Path, count: int) -> None:
    """Measure all sides, and print what came of it."""
    began = time.monotonic()
    keep(folder, count)
    print(f"  {count:,} lines, written into a history in {time.monotonic() - began:.0f} s")
    found: dict[str, Figures] = {}
    for side, cell in SIDES.items():
        more = f"lines = sides.frame({count})" if side != "ours" else ""
        with opened(server, browser, f"table-{side}", more, cell.format(folder=str(folder))) as notebook:
            try:
                found[side] = figures(notebook, side, count)
            except Exception as error:
                if side == "ours":
                    raise
                line(side, f"gave up: {str(error).splitlines()[0]}")
                continue
        f = found[side]
        frame = f"{f.frame_ms:.1f} ms" if f.frame_ms is not None else "pages"
        line(
            side,
            f"first row {f.first_row_s:.2f} s, all {f.all_rows_s:.1f} s, filter {f.filter_s:.2f} s, "
            f"frame p95 {frame}, memory {f.memory_mb:.0f} MB (heap {f.heap_mb:.0f})",
        )
    ours = found.pop("ours")
    assert ours.frame_ms is not None
    line("frame while scrolling, p95", f"{ours.frame_ms:.1f} ms", ours.frame_ms < FRAME_TARGET_MS)
    for side, theirs in found.items():
        for name in ("first_row_s", "filter_s", "frame_ms", "memory_mb"):
            mine, its = getattr(ours, name), getattr(theirs, name)
            if its is not None:
                what = name.rsplit("_", 1)[0].replace("_", " ")
                # Frames come with the screen's clock: no side can be ahead of that.
                bar = max(1.0, 17.0 / its) if name == "frame_ms" else 1.0
                line(f"{what}, {side}", f"{its / mine:.1f} times ours", mine <= its * bar)


def load(server: JupyterServer, browser: Browser, folder: Path, seconds: float) -> None:
    """Log under load, and print what it costs and whether anything is lost."""
    setup = f"load = sides.Load({str(folder)!r})"
    with opened(server, browser, "load", setup, "load.view") as notebook:
        kernel = psutil.Process(int(notebook.execute("import os; print(os.getpid())")))
        idle = cpu(kernel, 5)
        notebook.execute("load.begin()")
        first = time.monotonic()
        without = cpu(kernel, 20)
        notebook.run_cell()
        notebook.view().locator(".xm-log-row").first.wait_for()
        samples: list[Sample] = []
        began, busy = time.monotonic(), spent(kernel)
        print(f"  {'seconds':>8}" + "".join(f"{name:>18}" for name in GROWTH) + "   (MB)")
        while (now := time.monotonic() - began) < seconds:
            held = page_side.memory(notebook.page)
            samples.append(Sample(now, (held.process, held.heap, kernel.memory_full_info().uss)))
            print(f"  {samples[-1]}", flush=True)
            notebook.page.wait_for_timeout(SAMPLE_SECONDS * 1000 - (time.monotonic() - began - now) * 1000)
        used = (spent(kernel) - busy) / (time.monotonic() - began) * 100
        notebook.execute("load.end()")
        lasted = time.monotonic() - first
        notebook.page.wait_for_timeout(3000)
        told = notebook.json("load.facts()")
        shown = page_side.counts(notebook.page)
    rate = told["published"] / lasted
    line("ten devices", f"{rate:.0f} lines/s for {seconds:.0f} s with the view open")
    line("kernel, idle", f"{idle:.2f} % of a core")
    line("kernel, logging, no view", f"{without:.1f} %")
    cost = used - without
    line("kernel, for the view", f"{cost:.1f} % ({used:.1f} % in all)", cost < CPU_TARGET)
    whole = shown["lines"] + shown["lost"] == told["passed"]
    counted = told["passed"] - told["notices"] + told["shed"] == told["published"]
    line(
        "on the page",
        f"{shown['lines']:,} lines, {shown['lost']:,} before them, of {told['passed']:,}",
        whole,
    )
    line("told as shed", f"{told['shed']:,} of {told['published']:,} lines", counted)
    flat(samples, seconds)


@dataclass(frozen=True)
class Sample:
    """What is held at a time: bytes, in the order of `GROWTH`."""

    seconds: float
    held: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.seconds:8.0f}" + "".join(f"{value / 1e6:18.1f}" for value in self.held)


def flat(samples: list[Sample], seconds: float) -> None:
    """Print how memory went in the second half, which is judged when the page was full by then."""
    late = samples[-max(2, len(samples) // 2) :]
    for index, (name, most) in enumerate(GROWTH.items()):
        values = [sample.held[index] for sample in late]
        minutes = [sample.seconds / 60 for sample in late]
        slope = statistics.linear_regression(minutes, values).slope
        text = f"{values[0] / 1e6:.1f} MB to {values[-1] / 1e6:.1f} MB, {slope / 1e6:+.2f} MB a minute"
        if seconds / 2 >= FULL_SECONDS:
            line(f"memory, {name}", text, slope <= most)
        else:
            line(f"memory, {name}", f"{text}; not full by then, so not judged")


def spent(process: psutil.Process) -> float:
    """Return the seconds of CPU that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def cpu(process: psutil.Process, seconds: float) -> float:
    """Return what a process uses in so many seconds, in percent of a core."""
    before = spent(process)
    time.sleep(seconds)
    return (spent(process) - before) / seconds * 100


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer lines, and a minute of load")
    parser.add_argument("--minutes", type=float, default=4, help="of load (4); 10 tell more")
    parser.add_argument("sections", nargs="*", choices=["table", "load", []])
    chosen = parser.parse_args()
    sections = chosen.sections or ["table", "load"]
    minutes = 1 if chosen.quick else chosen.minutes
    with lab_and_browser() as (folder, server, browser):
        if "table" in sections:
            print("table")
            compare(server, browser, folder / "history", 100_000 if chosen.quick else 1_000_000)
        if "load" in sections:
            print("load")
            load(server, browser, folder / "load", minutes * 60)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
