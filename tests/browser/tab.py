"""A browser's tab with a view in it, and what its console and its network did."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import ConsoleMessage, Locator, Page, Request

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"


class Tab:
    """A tab of a browser, heard from its beginning."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error.stack or error}"))
        page.on("request", self._hear_request)
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    def view(self, index: int = 0) -> Locator:
        """Return the page's views of executions, by their place."""
        return self.page.locator(".xm").nth(index)

    def cancel(self, view: Locator) -> None:
        """End the run from its view: one press asks, and another cancels if it comes soon."""
        view.locator(".xm-cancel").evaluate("button => { button.click(); button.click(); }")

    def picture(self, view: Locator, canvas: str = ".xm-canvas") -> Image.Image:
        """Return the pixels of a view's canvas."""
        data = view.locator(canvas).evaluate("canvas => canvas.toDataURL('image/png')")
        return Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")

    def keep(self, name: str, view: Locator | None = None) -> Path:
        """Keep a screenshot of a view, or of the whole page."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (view or self.page).screenshot(path=path)
        return path

    def strangers(self, *own: str) -> list[str]:
        """Return the addresses that were asked for outside of these origins."""
        hosts = {urlsplit(url).netloc for url in own}
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc not in hosts
        ]

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _hear_request(self, request: Request) -> None:
        self.requests.append(request.url)
