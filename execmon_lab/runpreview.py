"""The pictures of a run's devices, as a notebook's user holds them: their figures and their budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .preview import PreviewService
from .preview.budget import Budget
from .protocol import Quality

if TYPE_CHECKING:
    from .widgets import ExecutionView


@dataclass(frozen=True)
class PreviewStats:
    """How one stream of pictures does: the widget shows the same on the picture as "Numbers".

    Attributes
    ----------
    device_id, quality
        Which; `quality` is None when no page shows it (others may: clients of the server).
    source
        What the pictures come from: ``screencap``, ``scrcpy …``.
    width, height
        Of the newest picture, in pixels; None when no page shows it.
    watchers
        How many the capture is shared by.
    captured_per_second, capture_ms, encode_ms
        Frames a second, milliseconds a frame, over the last 60; an unchanged frame costs no encoding.
    sent_per_second, bytes_per_second, drawn_per_second
        Sent to the pages and drawn by the quickest of them, over the last 5 seconds; a screen that stands
        still is not sent again.
    latency_ms
        Median time from capture to drawing over the last 5 seconds; None when nothing was drawn.
    clock
        By which clock that is: ``same`` (page and kernel share a machine) or ``estimated`` (the kernel's, as
        the page guesses it from messages); None when nothing was drawn.
    """

    device_id: str
    quality: Quality | None
    source: str
    width: int | None
    height: int | None
    watchers: int
    captured_per_second: float
    capture_ms: float
    encode_ms: float
    sent_per_second: float
    bytes_per_second: float
    drawn_per_second: float
    latency_ms: float | None
    clock: str | None


class RunPreview:
    """The live pictures of a run; `Run.preview`.

    Parameters
    ----------
    service
        Who captures.
    devices
        Gives the serials of the run's devices.
    view
        Gives the run's widget, if it has been made.
    """

    def __init__(
        self,
        service: PreviewService,
        devices: Callable[[], Iterable[str]],
        view: Callable[[], ExecutionView | None],
    ) -> None:
        self._service = service
        self._devices = devices
        self._view = view
        self._budget = Budget()

    @property
    def budget(self) -> Budget:
        """What all pictures of the widget together may take."""
        return self._budget

    def limit(self, *, frames_per_second: float | None = 30.0, bytes_per_second: float | None = None) -> None:
        """Set what all pictures of the widget together may take, from now on.

        Parameters
        ----------
        frames_per_second, bytes_per_second
            In all; the streams on screen share it evenly. None for no bound.

        Raises
        ------
        ValueError
            When a bound is not above zero.
        """
        self._budget = Budget(frames_per_second, bytes_per_second)
        view = self._view()
        if view is not None:
            view.limit(self._budget)

    def stats(self) -> list[PreviewStats]:
        """Return how each stream does, for ``pandas.DataFrame(run.preview.stats())``; none runs unwatched."""
        view = self._view()
        shown = view.numbers() if view is not None else {}
        captured = self._service.stats()
        stats = []
        for serial in self._devices():
            capture = captured.get(serial)
            if capture is None:
                continue
            rows = {quality: numbers for (device, quality), numbers in shown.items() if device == serial}
            for quality, numbers in rows.items() or [(None, None)]:
                stats.append(
                    PreviewStats(
                        device_id=serial,
                        quality=quality,
                        source=capture.source,
                        width=numbers.width if numbers else None,
                        height=numbers.height if numbers else None,
                        watchers=capture.watchers,
                        captured_per_second=capture.frames_per_second,
                        capture_ms=capture.capture_ms,
                        encode_ms=capture.encode_ms,
                        sent_per_second=numbers.sent_per_second if numbers else 0.0,
                        bytes_per_second=numbers.bytes_per_second if numbers else 0.0,
                        drawn_per_second=numbers.drawn_per_second if numbers else 0.0,
                        latency_ms=numbers.latency_ms if numbers else None,
                        clock=numbers.clock if numbers else None,
                    )
                )
        return stats
