"""What bench_notebook measures on the page: which frames were drawn, and how old each was then."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from execmon_lab.phone.screen import code
from tests.browser.notebook import NotebookPage

PROBE = """(() => {
    const strip = document.createElement("canvas");
    strip.width = CELLS * 3;
    strip.height = 2;
    const pen = strip.getContext("2d", {willReadFrequently: true});
    const read = (picture, width, height) => {
        for (const row of [0, 1]) {
            const middle = Math.round((TOP + HEIGHT * (row + 0.5)) * height);
            pen.drawImage(picture, 0, middle - 1, width, 3, 0, row, strip.width, 1);
        }
        const {data} = pen.getImageData(0, 0, strip.width, 2);
        return [0, 1].map(row => {
            let value = 0;
            for (let bit = 0; bit < BITS; bit++) {
                value = value * 2 + (data[(row * strip.width + (2 + bit) * 3 + 1) * 4 + 1] > 127 ? 1 : 0);
            }
            return value;
        });
    };
    window.probe = {drawn: 0, ages: [], numbers: [], reading: false};
    const note = (picture, width, height) => {
        probe.drawn += 1;
        if (!probe.reading) return;
        const now = Date.now() % 2 ** 32;
        const [number, drawn] = read(picture, width, height);
        probe.ages.push(now - drawn);
        probe.numbers.push(number);
    };
    // Ours: its pixels are on the canvas when it says which frame they are.
    window.probeCanvas = canvas => {
        new MutationObserver(() => note(canvas, canvas.width, canvas.height))
            .observe(canvas, {attributes: true, attributeFilter: ["data-frame"]});
    };
    // jupyter_rfb's: an <img>, whose pixels are there once it has been decoded.
    window.probeImage = image => image.addEventListener("load", async () => {
        if (probe.reading) await image.decode().catch(() => undefined);
        note(image, image.naturalWidth, image.naturalHeight);
    });
})()"""


@dataclass
class Load:
    """What a stretch of time cost and gave.

    Attributes
    ----------
    cpu : dict
        Percent of a core, by the process's part.
    fps : float
        Frames drawn a second.
    sent : float
        Frames a second that the phone sent of late, where its video is passed through; else 0.
    """

    cpu: dict[str, float]
    fps: float
    sent: float = 0.0


class Probe:
    """Counts and dates the frames that a page draws."""

    def __init__(self, page: NotebookPage) -> None:
        self._page = page.page
        values = {"CELLS": code.CELLS, "BITS": code.BITS, "TOP": code.TOP, "HEIGHT": code.HEIGHT}
        script = PROBE
        for name, value in values.items():
            script = script.replace(name, str(value))
        self._page.evaluate(script)

    def canvas(self, selector: str) -> None:
        """Watch a canvas of ours."""
        self._page.evaluate("selector => probeCanvas(document.querySelector(selector))", selector)

    def image(self, selector: str) -> None:
        """Watch an image of jupyter_rfb."""
        self._page.evaluate("selector => probeImage(document.querySelector(selector))", selector)

    def load(self, processes: dict[str, list[int]], seconds: float) -> Load:
        """Measure what the processes use and how many frames are drawn, without reading any."""
        self._page.evaluate("probe.drawn = 0")
        with spent(processes) as cpu:
            took = self._pass(seconds)
        return Load({name: used / took * 100 for name, used in cpu.items()}, self._count() / took)

    def drawn(self, seconds: float) -> float:
        """Return the frames that are drawn in a second."""
        self._page.evaluate("probe.drawn = 0")
        took = self._pass(seconds)
        return self._count() / took

    def age(self, seconds: float) -> float:
        """Return the median age of the frames that are drawn, in milliseconds from the phone's drawing."""
        self._page.evaluate("Object.assign(probe, {ages: [], numbers: [], reading: true})")
        self._pass(seconds)
        self._page.evaluate("probe.reading = false")
        return statistics.median(self._page.evaluate("probe.ages"))

    def _count(self) -> int:
        return int(self._page.evaluate("probe.drawn"))

    def _pass(self, seconds: float) -> float:
        """Let time pass by the page's clock; return the seconds."""
        wait = "ms => new Promise(done => { const t = performance.now();"
        wait += "setTimeout(() => done(performance.now() - t), ms); })"
        return float(self._page.evaluate(wait, seconds * 1000)) / 1000


def browsers() -> list[int]:
    """Return the processes of the browser that this one started."""
    return [child.pid for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]


@contextmanager
def spent(processes: dict[str, list[int]]) -> Iterator[dict[str, float]]:
    """Fill a table with the seconds of CPU that processes used within the block."""
    before = {name: sum(map(_cpu, pids)) for name, pids in processes.items()}
    used: dict[str, float] = {}
    yield used
    used |= {name: sum(map(_cpu, pids)) - before[name] for name, pids in processes.items()}


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
