"""What bench_notebook's section `returns` measures on a page: when its view and its pictures came."""

from __future__ import annotations

from itertools import pairwise

from playwright.sync_api import BrowserContext, Page

NOTE = """(() => {
    const canvas = ".xm-phone .xm-canvas";
    const arrival = window.arrival = {view: null, drawn: [], errors: 0};
    new MutationObserver(records => {
        if (arrival.view === null && document.querySelector(canvas)) arrival.view = performance.now();
        const drew = ({type, target}) => type === "attributes" && target.matches(canvas);
        if (records.some(drew)) arrival.drawn.push(performance.now());
    }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-frame"]});
    window.VideoDecoder = class extends VideoDecoder {
        constructor({output, error}) {
            super({output, error: fault => { arrival.errors += 1; error(fault); }});
        }
    };
})()"""


class Arrivals:
    """Notes when pictures come on the pages of a browser's context.

    Parameters
    ----------
    context
        Whose pages; those that are opened from now on.
    """

    def __init__(self, context: BrowserContext) -> None:
        context.add_init_script(NOTE)

    def first(self, page: Page) -> tuple[float, float]:
        """Return how long a page's first picture took, in seconds since its view and since the page began."""
        page.wait_for_function("arrival.drawn.length > 0", timeout=60_000)
        view, drawn = page.evaluate("[arrival.view, arrival.drawn[0]]")
        return (drawn - view) / 1000, drawn / 1000

    def begin(self, page: Page) -> None:
        """Forget what came so far."""
        page.evaluate("arrival.drawn = []; arrival.errors = 0")

    def gap(self, page: Page) -> tuple[float, int]:
        """Return the longest time without a picture since `begin`, in seconds, and the decoder's errors."""
        drawn, errors, now = page.evaluate("[arrival.drawn, arrival.errors, performance.now()]")
        return max(later - one for one, later in pairwise([*drawn, now])) / 1000, int(errors)
