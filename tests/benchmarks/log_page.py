"""What bench_logs measures on the page: rows that are there, what was found, and memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psutil
from playwright.sync_api import Page

from tests.browser.notebook import NotebookPage

#: Whether a side shows rows; of a canvas, whether there is dark ink where they are.
SHOWN = {
    "ours": "() => document.querySelector('.xm-log-row:not([hidden]) .xm-log-message')?.textContent",
    "ipydatagrid": """() => [...document.querySelectorAll('.lm-DataGrid canvas')].some(canvas => {
        if (canvas.width < 300 || canvas.height < 150) return false;
        const {data} = canvas.getContext('2d').getImageData(120, 40, 200, 90);
        let ink = 0;
        for (let i = 0; i < data.length; i += 4) ink += data[i + 3] > 200 && data[i] < 90;
        return ink > 50;
    })""",
    "itables": "() => document.querySelector('table.dataTable tbody tr:nth-child(2) td:nth-child(3)')",
}
#: Where a side's rows are.
ROWS = {"ours": ".xm-log-scroll", "ipydatagrid": ".lm-DataGrid-viewport"}

LOAD_ALL = """async () => {
    const began = performance.now();
    const earlier = document.querySelector(".xm-earlier");
    while (!earlier.hidden) {
        if (!earlier.hasAttribute("aria-disabled")) earlier.click();
        await new Promise(resolve => setTimeout(resolve, 5));
    }
    return performance.now() - began;
}"""

FILTER_OURS = """async ([words, wanted]) => {
    const field = document.querySelector(".xm-search input");
    const count = document.querySelector(".xm-log-count");
    const began = performance.now();
    field.value = words;
    field.dispatchEvent(new Event("input"));
    const done = () => count.textContent.startsWith(wanted + " of") && !count.textContent.endsWith("…");
    return await until(done, 120_000) - began;
}"""
FILTER_TABLES = """async ([words, wanted]) => {
    const field = document.querySelector(".dt-search input");
    const info = document.querySelector(".dt-info");
    const began = performance.now();
    field.value = words;
    for (const kind of ["input", "keyup", "search"]) field.dispatchEvent(new Event(kind, {bubbles: true}));
    return await until(() => info.textContent.includes(` ${wanted} `), 120_000) - began;
}"""
FILTER_GRID = """async code => {
    // What a canvas shows, in a number.
    const painted = () => [...document.querySelectorAll(".lm-DataGrid canvas")].map(canvas => {
        if (canvas.width < 50 || canvas.height < 150) return 0;
        const {data} = canvas.getContext("2d").getImageData(20, 40, Math.min(canvas.width - 20, 900), 90);
        let sum = 0;
        for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] + data[i + 1] + data[i + 3]) | 0;
        return sum;
    }).join();
    const before = painted();
    const began = performance.now();
    window.panel().sessionContext.session.kernel.requestExecute({code, store_history: false});
    return await until(() => painted() !== before, 120_000) - began;
}"""
TRANSFORM = """table.transform([{{
    "type": "filter", "column": "message", "operator": "stringContains", "value": {!r},
}}])"""


@dataclass
class Held:
    """Bytes: of the page's process, and of its JavaScript."""

    process: int
    heap: int


def memory(page: Page) -> Held:
    """Return what a page holds once what is of no use was thrown away; no other page may be open."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return Held(max(map(_private, _renderers())), int(metrics["JSHeapUsedSize"]))


def _renderers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "--type=renderer" in child.cmdline()]


def _private(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


def filtered(notebook: NotebookPage, side: str, words: str, wanted: int) -> float:
    """Filter a side's rows by a word; return the seconds until it shows what was found."""
    if side == "ipydatagrid":
        took = notebook.page.evaluate(FILTER_GRID, TRANSFORM.format(words))
    else:
        script = FILTER_OURS if side == "ours" else FILTER_TABLES
        took = notebook.page.evaluate(script, [words, f"{wanted:,}"])
    return float(took) / 1000


def counts(page: Page) -> dict[str, int]:
    """Return how many lines our table says it has, and how many are before them."""
    lines = page.locator(".xm-log-count").inner_text()
    missing = page.locator(".xm-log-shed")
    earlier = re.search(r"([\d,]+) earlier", missing.inner_text()) if missing.is_visible() else None
    return {"lines": _number(lines.split()[0]), "lost": _number(earlier[1]) if earlier else 0}


def _number(text: str) -> int:
    return int(text.replace(",", ""))
