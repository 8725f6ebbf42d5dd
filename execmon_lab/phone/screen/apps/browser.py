"""The browser: an address bar, loading, pages, and what to show when there is none."""

from __future__ import annotations

import time
from collections.abc import Hashable
from urllib.parse import quote_plus

from execmon_lab.phone.screen.field import Field
from execmon_lab.phone.screen.node import Action, Node, Scroller
from execmon_lab.phone.screen.text import BOLD, MEDIUM
from execmon_lab.phone.screen.theme import WHITE, mix
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, view
from execmon_lab.phone.state import address, web
from execmon_lab.phone.state.connectivity import ATTACHED
from execmon_lab.phone.state.intents import WEB_SEARCH, Intent

LOAD_SECONDS = 0.6
_SITES = (
    ("example.test", "Example"),
    ("news.test", "News"),
    ("status.test", "Status"),
    ("shop.test", "Shop"),
)


@view("browser")
class Browser(View):
    """One tab with its history."""

    def new_intent(self, intent: Intent) -> None:
        """Load the address of the intent."""
        if not hasattr(self, "address"):
            self.address = Field(
                hint="Search or type web address", kind="url", action="Go", on_action=self._go
            )
            self.scroller = Scroller()
            self.history: list[str] = []
            self.page: web.Page | None = None
            self.failure: tuple[str, str, str] | None = None  # title, words, code
            self.loading = 0.0
            self._turn = 0
        if intent.scheme in ("http", "https"):
            self.load(intent.data)
        elif intent.action == WEB_SEARCH:
            words = str(intent.extras.get("query", ""))
            if words:
                self.load(f"http://search.test/?q={quote_plus(words)}")
            else:
                self._edit()

    def load(self, url: str, *, keep: bool = True) -> None:
        """Load an address; the page shows after a moment, or the reason why there is none."""
        if "://" not in url:
            url = f"http://{url}"
        if keep and (not self.history or self.history[-1] != url):
            self.history.append(url)
        self._turn += 1
        turn = self._turn
        self.loading = time.monotonic()
        self.focus = None
        self.address.set(url)
        self.scroller.offset = 0
        self.phone.core.later(LOAD_SECONDS, lambda: self._loaded(turn, url))
        self.changed()

    def _loaded(self, turn: int, url: str) -> None:
        if turn != self._turn:
            return
        links = self.phone.connectivity
        host = address.split(url).host or url
        self.loading = 0.0
        self.page, self.failure = None, None
        if not links.online:
            self.failure = (
                "No internet",
                "Check mobile data, Wi-Fi or airplane mode, then try again.",
                "ERR_INTERNET_DISCONNECTED",
            )
        else:
            try:
                self.page = web.fetch(url, link="Wi-Fi" if links.wifi == ATTACHED else "Mobile data")
            except web.UnknownHostError:
                words = f"{host}'s server IP address could not be found."
                self.failure = ("This site can't be reached", words, "ERR_NAME_NOT_RESOLVED")
        outcome = self.failure[2] if self.failure else f"{self.page.status if self.page else 0}"
        self.phone.log.write("E" if self.failure else "I", "chromium", f"load {url} {outcome}")
        self.changed()

    def stamp(self) -> Hashable:
        """Show the progress while a page loads."""
        return round((time.monotonic() - self.loading) * 12) if self.loading else None

    def back(self) -> bool:
        """Go back in the history."""
        if len(self.history) < 2:
            return False
        self.history.pop()
        self.load(self.history[-1], keep=False)
        return True

    def _go(self) -> None:
        words = self.address.value.strip()
        if not words:
            return
        looks_like_address = "://" in words or ("." in words and " " not in words)
        self.load(words if looks_like_address else f"http://search.test/?q={quote_plus(words)}")

    def build(self, ui: Ui) -> Node:
        """Return the bar and the page below."""
        look = self.palette
        root, content = ui.window(look.background)
        top = ui.top + 64.0
        self._bar(ui, content)
        if self.loading:
            share = min(1.0, (time.monotonic() - self.loading) / LOAD_SECONDS)
            bar = ui.node(content, "ProgressBar", 0, top - 3, ui.w, 3, id="progress")
            area = ui.rect(0, top - 3, ui.w * (0.08 + 0.9 * share), 3)
            ui.shape(bar, lambda canvas: canvas.fill(area, look.primary))
        if self.failure is not None:
            self._failure(ui, content, top, *self.failure)
        elif self.page is not None:
            self._page(ui, content, top, self.page)
        elif not self.history:
            self._start(ui, content, top)
        return root

    def _bar(self, ui: Ui, parent: Node) -> None:
        look = self.palette
        bar = ui.node(parent, "FrameLayout", 0, ui.top, ui.w, 64, id="toolbar")
        ui.icon_button(bar, 4, ui.top + 8, "back", self._back, description="Back", glyph=22)
        editing = self.focus is self.address
        shown = (
            self.address
            if editing
            else Field(hint=self.address.hint, value=self.address.value.removeprefix("http://"))
        )
        field = ui.field(
            bar,
            54,
            ui.top + 10,
            ui.w - 108,
            44,
            shown,
            focused=editing,
            tap=self._edit,
            fill=look.surface_high,
            radius=22,
            size=15,
            padding=18,
            id="url_bar",
        )
        field.set_text = self.address.set
        icon, words, tap = ("close", "Clear", self._clear) if editing else ("refresh", "Reload", self._reload)
        ui.icon_button(bar, ui.w - 52, ui.top + 8, icon, tap, description=words, glyph=22)

    def _edit(self) -> None:
        if self.focus is not self.address:
            self.focusing(self.address)()
            self.address.set("")

    def _clear(self) -> None:
        self.address.set("")

    def _reload(self) -> None:
        if self.history:
            self.load(self.history[-1])

    def _back(self) -> None:
        if self.focus is not None:
            self.focus = None
            self.address.set(self.history[-1] if self.history else "")
        elif not self.back():
            self.finish()

    def _start(self, ui: Ui, parent: Node, top: float) -> None:
        look = self.palette
        if ui.bottom - top > 260:
            ui.icon(parent, ui.w / 2 - 34, top + 36, 68, "browser", look.primary)
            ui.label(parent, 24, top + 116, ui.w - 48, "Browser", 26, weight=MEDIUM, align=CENTRE)
            top += 166
        wide = (ui.w - 40) / len(_SITES)
        for index, (host, label) in enumerate(_SITES):
            x = 20 + wide * index
            cell = ui.node(
                parent,
                "FrameLayout",
                x,
                top + 10,
                wide,
                88,
                tap=self._visit(f"http://{host}/"),
                id="tile_view",
                description=label,
            )
            ui.avatar(cell, x + wide / 2 - 24, top + 14, 48, label)
            ui.label(cell, x, top + 70, wide, label, 13, look.on_variant, align=CENTRE, id="tile_view_title")

    def _visit(self, url: str) -> Action:
        return lambda: self.load(url)

    def _page(self, ui: Ui, parent: Node, top: float, page: web.Page) -> None:
        look = self.palette
        wide = min(ui.w - 40, 640.0)
        left = (ui.w - wide) / 2
        size = 16.0
        title = ui.text_height(page.title, wide, 27, BOLD)
        heights = [
            ui.text_height(item if isinstance(item, str) else item.text, wide - 36, size)
            + (12 if isinstance(item, str) else 36)
            for item in page.body
        ]
        total = 132 + title + sum(heights) + 24
        items, y = ui.scroll(parent, top, ui.bottom, self.scroller, total, kind="android.webkit.WebView")
        items.text = page.title
        band = ui.rect(0, y, ui.w, 72 + title)
        ui.shape(items, lambda canvas: canvas.fill(items.visible, look.background))
        head = ui.node(items, "android.view.View", 0, y, ui.w, 72 + title)
        ui.shape(head, lambda canvas: canvas.blend(band, page.accent, mix(page.accent, (0, 0, 0), 0.35)))
        ui.label(head, left, y + 24, wide, page.title, 27, WHITE, BOLD, lines=0)
        ui.label(head, left, y + 30 + title, wide, page.lead, 15, WHITE, alpha=0.85)
        y += 72 + title + 20
        for item, height in zip(page.body, heights, strict=True):
            if isinstance(item, str):
                ui.label(items, left, y, wide - 36, item, size, lines=0)
            else:
                card = ui.box(
                    items,
                    left,
                    y,
                    wide,
                    height - 12,
                    look.surface,
                    14,
                    kind="android.view.View",
                    tap=self._visit(item.url),
                    description=item.text,
                )
                ui.label(card, left + 16, y + 10, wide - 36, item.text, size, look.primary, lines=0)
            y += height

    def _failure(self, ui: Ui, parent: Node, top: float, title: str, words: str, code: str) -> None:
        look = self.palette
        tall = ui.bottom - top > 320
        y = top + (60 if tall else 8)
        page = ui.node(parent, "android.webkit.WebView", 0, top, ui.w, ui.bottom - top, text=title)
        if tall:
            ui.icon(page, 28, y, 60, "cloud_off", look.on_variant)
            y += 84
        ui.label(page, 28, y, ui.w - 56, title, 24, weight=MEDIUM, lines=2, id="error_title")
        ui.label(page, 28, y + 42, ui.w - 56, words, 15, look.on_variant, lines=0, id="error_summary")
        ui.label(page, 28, y + 92, ui.w - 56, code, 12.5, look.on_variant, id="error_code")
        ui.button(page, 28, y + 128, 112, "Reload", self._reload, h=44, fill=look.primary, id="reload_button")
