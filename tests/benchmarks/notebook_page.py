"""What bench_notebook measures on the page: which frames were drawn, and how old each was then."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from itertools import pairwise

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

    def per_frame(self, part: str) -> float:
        """Milliseconds of CPU for a frame that was drawn."""
        return self.cpu[part] * 10 / self.fps


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
        began, before = time.monotonic(), _spent(processes)
        fps = self.drawn(seconds)
        took, after = time.monotonic() - began, _spent(processes)
        return Load({name: (after[name] - before[name]) / took * 100 for name in processes}, fps)

    def drawn(self, seconds: float) -> float:
        """Return the frames that are drawn in a second, counted and timed by the page itself."""
        count, took = self._pass(seconds)
        return count / took

    def age(self, seconds: float) -> tuple[float, float]:
        """Return the median age of the frames that are drawn, in milliseconds from the phone's drawing.

        Beside it the share of them that showed the same picture as the one before.
        """
        self._page.evaluate("Object.assign(probe, {ages: [], numbers: [], reading: true})")
        self._pass(seconds)
        self._page.evaluate("probe.reading = false")
        numbers = self._page.evaluate("probe.numbers")
        again = sum(one == other for one, other in pairwise(numbers))
        return statistics.median(self._page.evaluate("probe.ages")), again / len(numbers)

    def _pass(self, seconds: float) -> tuple[int, float]:
        """Let time pass by the page's clock; return the frames drawn, and the seconds."""
        wait = """ms => new Promise(done => {
            const [began, before] = [performance.now(), probe.drawn];
            setTimeout(() => done([probe.drawn - before, performance.now() - began]), ms);
        })"""
        count, took = self._page.evaluate(wait, seconds * 1000)
        return int(count), float(took) / 1000


def browsers() -> list[int]:
    """Return the processes of the browser that this one started."""
    return [child.pid for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]


def _spent(processes: dict[str, list[int]]) -> dict[str, float]:
    """Return the seconds of CPU that processes have used so far."""
    return {name: sum(map(_cpu, pids)) for name, pids in processes.items()}


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
