"""The simulated internet: a handful of pages, and what happens to every other address.

Hosts: example.test, news.test, status.test, search.test and shop.test. Any other host does not exist. A path
that a host does not have is answered with its "Not found" page. The page `status.test` tells how the phone is
connected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from execmon_lab.phone.state import address


@dataclass(frozen=True)
class Link:
    """A line of a page that leads to another address."""

    text: str
    url: str


@dataclass(frozen=True)
class Page:
    """What a browser shows: a title, a line under it, paragraphs and links in order, and an accent colour."""

    title: str
    lead: str = ""
    body: tuple[str | Link, ...] = ()
    accent: tuple[int, int, int] = (0x1F, 0x6F, 0xEB)
    status: int = field(default=200)


class UnknownHostError(LookupError):
    """No such host in the simulated internet."""


_PAGES: dict[str, dict[str, Page]] = {
    "example.test": {
        "/": Page(
            "Example Domain",
            "A page to try things on",
            (
                (
                    "This page is part of the phone's own small internet. It loads when mobile "
                    "data or Wi-Fi is connected."
                ),
                Link("More information", "http://example.test/more"),
                Link("Today's news", "http://news.test/"),
                Link("Network status", "http://status.test/"),
            ),
        ),
        "/more": Page(
            "More information",
            "Where to go from here",
            (
                "Every link on these pages leads to another built-in page. Unknown hosts cannot be reached.",
                Link("Back to the example", "http://example.test/"),
            ),
        ),
    },
    "news.test": {
        "/": Page(
            "The Daily Test",
            "All the builds that are fit to print",
            (
                Link("Green build celebrated across the team", "http://news.test/green"),
                Link("Flaky test found hiding behind a retry", "http://news.test/flaky"),
                Link("Opinion: assert less, observe more", "http://news.test/opinion"),
                "Weather: clear skies over the device farm, 21 degrees.",
            ),
            (0xB3, 0x26, 0x1E),
        ),
        "/green": Page(
            "Green build celebrated across the team",
            "Local news",
            (
                (
                    "After a quiet night the whole plan passed on the first attempt. "
                    "Engineers were seen smiling."
                ),
                Link("Back to the front page", "http://news.test/"),
            ),
            (0x1E, 0x7B, 0x34),
        ),
        "/flaky": Page(
            "Flaky test found hiding behind a retry",
            "Investigations",
            (
                "It passed on its second attempt, for the third week in a row. The log told the rest.",
                Link("Back to the front page", "http://news.test/"),
            ),
            (0xB3, 0x26, 0x1E),
        ),
        "/opinion": Page(
            "Opinion: assert less, observe more",
            "Opinion",
            (
                "A check that cannot fail is worth as much as a thermometer painted on the wall.",
                Link("Back to the front page", "http://news.test/"),
            ),
            (0x6B, 0x4E, 0x9E),
        ),
    },
    "shop.test": {
        "/": Page(
            "Widget Shop",
            "Fine widgets since 2008",
            ("Round widget: 4.20", "Square widget: 3.50", Link("Help", "http://example.test/more")),
            (0x8A, 0x5A, 0x00),
        ),
    },
}


def fetch(url: str, *, link: str) -> Page:
    """Return the page at `url`.

    Parameters
    ----------
    url
        An http or https address.
    link
        How the phone is connected, "Mobile data" or "Wi-Fi"; the status page shows it.

    Raises
    ------
    UnknownHostError
        The host does not exist.
    """
    parts = address.split(url)
    host = parts.host.removeprefix("www.")
    path = parts.path or "/"
    if host == "status.test":
        return Page(
            "All systems operational",
            f"Connected over {link}",
            (f"Link: {link}", "Server: online"),
            (0x1E, 0x7B, 0x34),
        )
    if host == "search.test":
        return _results(parse_qs(parts.query).get("q", [""])[0])
    pages = _PAGES.get(host)
    if pages is None:
        raise UnknownHostError(host)
    missing = Page(
        "Not found", f"{host} has no page {path}", (Link("To the front page", f"http://{host}/"),), status=404
    )
    return pages.get(path, missing)


def _results(words: str) -> Page:
    wanted = words.lower().split()
    found = [
        Link(page.title, f"http://{host}{path}")
        for host, pages in {**_PAGES}.items()
        for path, page in pages.items()
        if any(word in " ".join((page.title, page.lead, host)).lower() for word in wanted)
    ]
    body: tuple[str | Link, ...] = tuple(found) or ("Nothing matches. Try: example, news, test.",)
    return Page(f"Results for {words}" if words else "Search", f"{len(found)} results", body)
