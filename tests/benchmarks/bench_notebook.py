"""The live picture in a real JupyterLab in Chromium, beside jupyter_rfb and beside itself.

A virtual phone's screen moves; each of its pictures carries its number and the time when it was drawn, so
that a latency is from the phone's screen to the page's canvas. All sides take the same stream of scrcpy's
server, in the same quality of JPEG, are shown in the same size on the same page, and have their turns within
each round; a ratio is the median of the rounds' ratios. CPU is told twice, less what the same page costs
while no picture comes: in percent of a core, and in milliseconds for a frame that was drawn, so that nobody
gains by falling behind. jupyter_rfb is given each picture the moment it is decoded; its latency ends when
its <img> is decoded, ours when the canvas is drawn. Targets are for the way that a page of JupyterLab takes
by itself, video; JPEG, which is left where a page cannot decode that, is shown beside it. Run it as
``python tests/benchmarks/bench_notebook.py [--quick] [SECTION…]``; the sections are beside, straight,
blocked, grid and returns. It fails when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.arrival_page import Arrivals  # noqa: E402
from tests.benchmarks.notebook_page import Load, Probe, browsers  # noqa: E402
from tests.browser.jupyterlab import jupyter_server, launch_chromium  # noqa: E402
from tests.browser.notebook import JupyterServer, NotebookPage  # noqa: E402

PARTS = ("kernel", "server", "browser")
CPU_TARGET = 0.5
LATENCY_TARGET = 0.65
SIZES = {(540, 960): "medium", (1080, 1920): "high"}
LARGE = (1080, 1920)
FULL_RATE = 29.0
"""A phone that sends more gives 30 frames a second."""
RETURN_TARGET = 2.0
COSTS: tuple[tuple[str, int, Callable[[Load, str], float]], ...] = (
    ("% of a core", 1, lambda load, part: load.cpu[part]),
    ("ms a frame", 2, Load.per_frame),
)
CANVAS = ".xm-phone .xm-canvas"
SETUP = """
import asyncio, sys, time
sys.path.insert(0, {root!r})
from tests.benchmarks.notebook_sides import Bench
bench = Bench({size}, {fps}, {quality!r}, {phones}, replayed={replayed})
"""

missed: list[str] = []


def row(name: str, text: str, met: bool | None = None) -> None:
    """Print a figure, and note a target that was missed."""
    print(f"  {name:44} {text}{'' if met is None else '   ok' if met else '   MISSED'}", flush=True)
    if met is False:
        missed.append(name)


class Result(NamedTuple):
    """What a way costs and gives.

    Attributes
    ----------
    load : Load
        Less what the page alone does.
    age : float
        Milliseconds from the phone's drawing of a picture to the page's.
    again : float
        Share of the frames drawn that showed the picture before once more.
    """

    load: Load
    age: float
    again: float


class Rig:
    """One notebook whose kernel has a phone, and the ways to show it: a cell each."""

    def __init__(self, server: JupyterServer, page: NotebookPage) -> None:
        self.page = page
        self.probe = Probe(page)
        kernel = page.json("bench.processes")
        self.processes = {
            "kernel": [kernel["kernel"]],
            "server": [server.pid],
            "browser": browsers(),
            "adb": [kernel["adb"]],
        }

    def show(self, cell: str) -> None:
        """Show one way, in the place of the one before."""
        self.page.page.evaluate(
            """source => {
                const {content} = window.panel();
                content.activeCellIndex = 1;
                content.activeCell.model.sharedModel.setSource(source);
            }""",
            cell,
        )
        self.page.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")

    def ours(self, way: str, quality: str) -> None:
        """Show the picture by our widget, as JPEG or as video."""
        self.show(f"bench.{way}()")
        view = self.page.page.locator(".xm")
        expect(view).to_be_visible(timeout=30_000)
        view.scroll_into_view_if_needed()
        view.get_by_label("Quality").select_option(quality)
        self.probe.canvas(CANVAS)
        self._wait(20)

    def rfb(self, size: tuple[float, float]) -> None:
        """Show it by jupyter_rfb, in the size that ours has on the page."""
        self.show(f"screen = bench.rfb({size[0]}, {size[1]}); screen")
        image = self.page.page.locator(".renderview-wrapper img")
        expect(image).to_be_visible(timeout=30_000)
        image.scroll_into_view_if_needed()
        self.probe.image(".renderview-wrapper img")
        self.page.execute("screen.begin()")
        self._wait(20)

    def pause(self, way: str) -> None:
        """Have no more pictures come; what is on the page stays."""
        if way == "rfb":
            self.page.execute("screen.end()")
        else:
            self.page.page.get_by_role("button", name="Stop preview").click()

    def size(self) -> tuple[float, float]:
        """Return how large our picture is on the page."""
        box = self.page.page.locator(CANVAS).bounding_box()
        assert box is not None
        return box["width"], box["height"]

    def measure(self, way: str, seconds: float) -> Result:
        """Return what the way that is shown costs, less what the page alone does, and what it gives."""
        live = self.probe.load(self.processes, seconds)
        sent = float(self.page.json("bench.sent"))
        age, again = self.probe.age(seconds)
        self.pause(way)
        self.page.page.wait_for_timeout(500)
        idle = self.probe.load(self.processes, seconds / 2)
        cpu = {part: max(0.05, live.cpu[part] - idle.cpu[part]) for part in live.cpu}
        return Result(Load(cpu, live.fps, sent), age, again)

    def _wait(self, frames: int) -> None:
        self.page.page.evaluate("probe.drawn = 0")
        self.page.page.wait_for_function("frames => probe.drawn >= frames", arg=frames, timeout=30_000)


@contextlib.contextmanager
def notebook(
    server: JupyterServer,
    browser: Browser,
    size: tuple[int, int],
    fps: int,
    phones: int = 1,
    *,
    replayed: bool = False,
) -> Iterator[Rig]:
    """Open a notebook whose kernel has made a bench."""
    quality = SIZES.get(size, "medium")
    setup = SETUP.format(
        root=str(ROOT), size=size, fps=fps, quality=quality, phones=phones, replayed=replayed
    )
    server.write("bench.ipynb", setup, "0", "1")
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    page = NotebookPage(server, context.new_page())
    try:
        page.open("bench.ipynb")
        page.select_cell(0)
        page.run_cell()
        yield Rig(server, page)
        page.execute("bench.close()")
    finally:
        page.shut_down()
        context.close()


def beside(server: JupyterServer, browser: Browser, quick: bool) -> None:
    """Compare our two ways to jupyter_rfb."""
    rounds, seconds = (2, 4.0) if quick else (3, 6.0)
    for size, quality in SIZES.items():
        print(f"\n{size[0]}x{size[1]} at 15 frames/s beside jupyter_rfb: CPU less the idle")
        found: dict[str, list[Result]] = {"rfb": [], "jpeg": [], "video": []}
        with notebook(server, browser, size, 15) as rig:
            for _ in range(rounds):
                for way in ("video", "jpeg"):
                    rig.ours(way, quality)
                    shown = rig.size()
                    found[way].append(rig.measure(way, seconds))
                rig.rfb(shown)
                found["rfb"].append(rig.measure("rfb", seconds))
        names = {"rfb": "jupyter_rfb", "jpeg": "ours, JPEG", "video": "ours, H.264 passed through"}
        for way, results in found.items():
            report(names[way], results, found["rfb"] if way != "rfb" else None, must=way == "video")


def report(
    name: str, results: list[Result], other: list[Result] | None, *, must: bool, dated: bool = True
) -> None:
    """Print what one way costs, and its ratios to another; where pictures are `dated`, their age."""
    loads = [result.load for result in results]
    fps = statistics.median(load.fps for load in loads)
    again = statistics.median(result.again for result in results)
    age = statistics.median(result.age for result in results)
    aged = f"; latency {age:.1f} ms" if dated else ""
    row(name, f"{fps:4.1f} drawn/s, {again:.0%} of them once more{aged}")
    for words, digits, cost in COSTS:
        told = "  ".join(
            f"{part} {statistics.median(cost(load, part) for load in loads):5.{digits}f}"
            for part in (*PARTS, "adb")
        )
        row(f"  {words}", told)
    if other is None:
        return
    # One that falls behind uses less of a core, which is nothing to be measured by.
    keeps_up = statistics.median(result.load.fps for result in other) > 0.95 * fps
    for words, _, cost in COSTS:
        judged = must and (keeps_up or cost is Load.per_frame)
        for part in PARTS:
            ratio = _ratio(results, other, lambda result, cost=cost, part=part: cost(result.load, part))
            text = f"{ratio:5.2f}  (at most {CPU_TARGET:g})"
            row(f"  {part}, {words}, to jupyter_rfb's", text, ratio <= CPU_TARGET if judged else None)
    ratio = _ratio(results, other, lambda result: result.age)
    text = f"{ratio:5.2f}  (at most {LATENCY_TARGET:g})"
    row("  latency to jupyter_rfb's", text, ratio <= LATENCY_TARGET if must else None)


def _ratio(ours: list[Result], theirs: list[Result], figure: Callable[[Result], float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(ours, theirs, strict=True))


def straight(server: JupyterServer, browser: Browser, quick: bool) -> None:
    """Compare passing through to decoding and encoding."""
    rounds, seconds = (2, 4.0) if quick else (3, 6.0)
    print("\n1080x1920 at 30 frames/s: passed straight through, beside decoded (30/s) and encoded (15/s)")
    found: dict[str, list[Result]] = {"video": [], "jpeg": []}
    print("  (the phone sends what was encoded before, for it cannot keep that pace beside a browser)")
    with notebook(server, browser, LARGE, 30, replayed=True) as rig:
        for _ in range(rounds):
            for way, results in found.items():
                rig.ours(way, "high")
                results.append(rig.measure(way, seconds))
    for way, results in found.items():
        names = {"video": "H.264 passed through", "jpeg": "decoded, JPEG"}
        report(names[way], results, None, must=False, dated=False)
    pairs = zip(found["video"], found["jpeg"], strict=True)
    ratio = statistics.median(a.load.cpu["kernel"] / b.load.cpu["kernel"] for a, b in pairs)
    row("  kernel to decoding and encoding", f"{ratio:5.2f}  (at most 0.25)", ratio <= 0.25)
    fps = statistics.median(result.load.fps for result in found["video"])
    sent = statistics.median(result.load.sent for result in found["video"])
    if sent >= FULL_RATE:
        row("  frames drawn", f"{fps:5.1f}  (at least 28; the phone sent {sent:.1f})", fps >= 28)
    else:
        row("  frames drawn", f"{fps:5.1f}  (not judged: the phone sent only {sent:.1f} of 30)")


def blocked(server: JupyterServer, browser: Browser, quick: bool) -> None:
    """Count what is drawn while a cell keeps the kernel from hearing the page."""
    seconds = 6.0 if quick else 8.0
    print("\nWhile a cell blocks: frames drawn a second, of 15")
    begin = f"end = time.monotonic() + {seconds + 5}\n"
    cells = {
        "time.sleep": f"{begin}time.sleep(end - time.monotonic())",
        "a loop in Python": f"{begin}while time.monotonic() < end: sum(range(100))",
    }
    # JPEG is made 15 times a second of what the screen draws, which has to be more.
    for way, fps in (("video", 15), ("jpeg", 30)):
        with notebook(server, browser, (720, 1280), fps) as rig:
            rig.ours(way, "medium")
            free = rig.probe.drawn(3)
            for name, cell in cells.items():
                rig.page.page.evaluate(
                    """source => {
                        const {content} = window.panel();
                        content.activeCellIndex = 2;
                        content.activeCell.model.sharedModel.setSource(source);
                        void window.jupyterapp.commands.execute('notebook:run-cell');
                    }""",
                    cell,
                )
                rig.page.page.wait_for_timeout(1500)  # by then the acknowledgements have been silent
                fps = rig.probe.drawn(seconds)
                assert rig.page.kernel_is_busy(), "it is the blocked kernel that this is about"
                rig.page.wait_for_cells()
                met = fps >= 14 if name == "time.sleep" else None
                row(f"{way}, {name}", f"{fps:5.1f}   (free: {free:.1f})", met)


def grid(server: JupyterServer, browser: Browser, quick: bool) -> None:
    """Count what several devices side by side are sent, all together, within a budget."""
    print("\nFour devices side by side at 15 frames/s each: frames sent a second in all")
    with notebook(server, browser, (540, 960), 15, phones=4) as rig:
        rig.show("bench.video()")
        view = rig.page.page.locator(".xm")
        expect(view).to_be_visible(timeout=30_000)
        view.locator(".xm-preview").get_by_label("Device", exact=True).select_option("all devices")
        tiles = view.locator(".xm-tile canvas[data-frame]")
        expect(tiles).to_have_count(4, timeout=30_000)
        for budget in (30, 12):
            rig.page.execute(f"bench.run.preview.limit(frames_per_second={budget})")
            rig.page.page.wait_for_timeout(6_000)
            load = rig.probe.load(rig.processes, 4.0 if quick else 6.0)
            rates = rig.page.json("[n.sent_per_second for n in bench.run.view.numbers().values()]")
            cpu = "  ".join(f"{part} {load.cpu[part]:5.1f}" for part in PARTS)
            even = min(rates) >= 0.7 * max(rates)
            text = f"{sum(rates):5.1f}  (at most {budget}; each {min(rates):.1f} to {max(rates):.1f})  {cpu}"
            row(f"budget of {budget}", text, sum(rates) <= budget * 1.03 and even and len(rates) == 4)


def returns(server: JupyterServer, browser: Browser, quick: bool) -> None:
    """Time the way back of the picture: after a reload, in a second browser, after a codec error."""
    rounds = 2 if quick else 5
    print(f"\nUntil the first picture is drawn, worst of {rounds}: seconds since the view is on the page")
    for screen in ("moves", "stands still"):
        with notebook(server, browser, (720, 1280), 15) as rig:
            rig.ours("video", "medium")
            if screen == "stands still":
                rig.page.execute("bench.stand_still()")
            rig.page.save()
            name = rig.page.page.evaluate("window.panel().context.path")
            joined = [_join(server, browser, name) for _ in range(rounds)]
            _tell(f"a second browser, the screen {screen}", joined)
            arrivals = Arrivals(rig.page.page.context)
            reloaded = []
            for _ in range(rounds):
                rig.page.reload()
                reloaded.append(arrivals.first(rig.page.page))
            _tell(f"a reload, the screen {screen}", reloaded)
            if screen == "moves":
                gaps = [_spoil(rig, arrivals) for _ in range(rounds)]
                text = f"{max(gaps):5.2f} without a picture  (at most {RETURN_TARGET:g})"
                row("a codec error", text, max(gaps) <= RETURN_TARGET)


def _join(server: JupyterServer, browser: Browser, name: str) -> tuple[float, float]:
    """Open a notebook in a browser of its own; return how long its first picture took."""
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    try:
        arrivals, page = Arrivals(context), NotebookPage(server, context.new_page())
        page.open(name)
        return arrivals.first(page.page)
    finally:
        context.close()


def _spoil(rig: Rig, arrivals: Arrivals) -> float:
    """Put garbage into the stream; return the longest time without a picture then."""
    rig.page.page.wait_for_timeout(12_000)  # three errors within half a minute are enough for the page
    arrivals.begin(rig.page.page)
    rig.page.execute("bench.spoil()")
    rig.page.page.wait_for_timeout(5_000)
    gap, errors = arrivals.gap(rig.page.page)
    assert errors, "it is the decoder's error that this is about"
    return gap


def _tell(name: str, arrivals: list[tuple[float, float]]) -> None:
    worst = max(since_view for since_view, _ in arrivals)
    whole = max(since_begin for _, since_begin in arrivals)
    text = f"{worst:5.2f}  (at most {RETURN_TARGET:g}; since the page began to load {whole:.1f})"
    row(name, text, worst <= RETURN_TARGET)


SECTIONS = {"beside": beside, "straight": straight, "blocked": blocked, "grid": grid, "returns": returns}


def main() -> int:
    """Run the sections that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], metavar="SECTION")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        jupyter_server(Path(home)) as server,
        sync_playwright() as playwright,
        contextlib.closing(launch_chromium(playwright)) as browser,
    ):
        for name in arguments.sections or SECTIONS:
            SECTIONS[name](server, browser, arguments.quick)
    if missed:
        print("\nmissed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
