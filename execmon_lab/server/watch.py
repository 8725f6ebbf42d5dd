"""The page at ``/watch/<execution_id>``: the notebook's view for any browser, over the public WebSocket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from importlib import resources

from aiohttp import web

from ..protocol import ExecutionSnapshot

PAGE = "/watch/"
"""Where the page of an execution is."""

ASSETS = {
    f"{PAGE}assets/page.js": "text/javascript",
    f"{PAGE}assets/page.pattern.js": "text/javascript",
    f"{PAGE}assets/page.css": "text/css",
    f"{PAGE}assets/favicon.svg": "image/svg+xml",
}
"""What the page is made of, the same for all; it holds nothing of an execution and asks for no token."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""Content-Security-Policy: nothing inline, nothing from elsewhere."""

# The addresses are relative: a proxy may have put the server below a path of its own.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · execmon_lab</title>
<link rel="icon" href="assets/favicon.svg">
<link rel="stylesheet" href="assets/page.css">
<script type="module" src="assets/page.js"></script>
</head>
<body><noscript>This page shows a test execution as it runs, and needs JavaScript for it.</noscript></body>
</html>
"""


Find = Callable[[web.Request], Awaitable[ExecutionSnapshot | None]]
"""Finds the execution that a request's address names, also one of an earlier time."""


def watch_routes(find: Find) -> list[web.RouteDef]:
    """Make the routes of the page and of what it is made of.

    Parameters
    ----------
    find
        Finds an execution.
    """

    async def page(request: web.Request) -> web.Response:
        state = await find(request)
        if state is None:
            raise web.HTTPNotFound(text="there is no such execution")
        return web.Response(
            text=_PAGE.format(title=escape(state.name or "execution")),
            content_type="text/html",
            # The address may hold a token: it goes to nobody, and into no cache.
            headers={
                "Content-Security-Policy": POLICY,
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )

    async def asset(request: web.Request) -> web.Response:
        try:
            content = (_STATIC / request.path.rpartition("/")[2]).read_bytes()
        except FileNotFoundError:
            raise web.HTTPNotImplemented(
                text="the front end was not built: npm --prefix js run build"
            ) from None
        return web.Response(
            body=content, content_type=ASSETS[request.path], headers={"Cache-Control": "no-cache"}
        )

    return [*(web.get(path, asset) for path in ASSETS), web.get(PAGE + "{id}", page)]


_STATIC = resources.files("execmon_lab.server") / "static"
