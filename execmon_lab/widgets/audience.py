"""The pages that look at pictures: what each has on screen and can show, and whether it is still there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..protocol import Quality

LEASE_SECONDS = 15.0
"""How long a page that says nothing is believed to look on; it speaks every 5 s (``js/src/comm.ts``)."""

EXPECTED_SECONDS = 10.0
"""How long a page is waited for that is about to show the widget."""

_EXPECTED = ""
"""Stands for that page, until one speaks for itself."""

Stream = tuple[str, Quality]
"""A device's serial, and the quality of its picture."""


@dataclass(frozen=True)
class _Page:
    """What a page said last, when, and for how many seconds that is believed."""

    streams: frozenset[Stream]
    decodes: frozenset[str]
    heard: float
    lease: float

    @property
    def ends(self) -> float:
        return self.heard + self.lease


class Audience:
    """Who looks at what; used under its owner's lock.

    A page says what it looks at, when it begins and ends to do so and every 5 s between. One that says
    nothing for longer is taken for gone (JupyterLab cuts off a notebook that is closed before it can say so),
    unless the kernel hears no page at present: then it is believed.
    """

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}

    def expect(self, stream: Stream, now: float) -> None:
        """Wait for a page that will look at this."""
        self._pages[_EXPECTED] = _Page(frozenset([stream]), frozenset(), now, EXPECTED_SECONDS)

    def look(
        self, page: str, streams: Iterable[Stream], decodes: Iterable[str], now: float
    ) -> frozenset[Stream]:
        """Take a page's word, which replaces what it said before; return what is new to it.

        Parameters
        ----------
        page
            A name that it gave itself.
        streams
            What it has on screen.
        decodes
            The serials of the devices whose own video it can show.
        now
            Monotonic seconds.
        """
        before = self._pages.get(page)
        self._pages.pop(_EXPECTED, None)
        self._pages.pop(page, None)
        wanted = frozenset(streams)
        if wanted:
            self._pages[page] = _Page(wanted, frozenset(decodes), now, LEASE_SECONDS)
        return wanted - (before.streams if before is not None else frozenset())

    def hear(self, page: str, now: float) -> None:
        """Take any other word of a page for a sign that it looks on."""
        if page in self._pages:
            self._pages[page] = replace(self._pages[page], heard=now)

    def forget_silent(self, now: float, *, deaf: bool) -> bool:
        """Let those go that were silent for too long, but nobody while `deaf`; tell whether any went."""
        if deaf:
            self._pages = {name: replace(page, heard=now) for name, page in self._pages.items()}
        silent = [name for name, page in self._pages.items() if now >= page.ends]
        for name in silent:
            del self._pages[name]
        return bool(silent)

    @property
    def streams(self) -> frozenset[Stream]:
        """What is looked at."""
        return frozenset[Stream]().union(*(page.streams for page in self._pages.values()))

    @property
    def devices(self) -> frozenset[str]:
        """The serials of the devices that pages look at, which have said so."""
        return frozenset(device_id for page in self._told for device_id, _ in page.streams)

    def by_video(self) -> frozenset[str]:
        """Return the serials of devices that some page wants large, and all that look can show by video."""
        looks = [(stream, stream[0] in page.decodes) for page in self._told for stream in page.streams]
        large = {device_id for (device_id, quality), _ in looks if quality != "low"}
        return frozenset(large - {device_id for (device_id, _), able in looks if not able})

    def dues(self) -> list[float]:
        """Return when each page will be taken for gone."""
        return [page.ends for page in self._pages.values()]

    @property
    def _told(self) -> list[_Page]:
        return [page for name, page in self._pages.items() if name != _EXPECTED]
