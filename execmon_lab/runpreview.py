"""The pictures of a run's devices, as a notebook's user holds them: their figures and their budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .preview import PreviewService, StreamStats
from .preview.budget import Budget
from .protocol import Quality

if TYPE_CHECKING:
    from .widgets import ExecutionView
    from .widgets.numbers import StreamNumbers


@dataclass(frozen=True)
class PreviewStats:
    """How one stream of pictures does: the widget shows the same on the picture as "Numbers".

    Attributes
    ----------
    device_id, quality
        Which; `quality` is None when no page shows it (others may: clients of the server).
    source
        What the pictures come from: ``screencap``, ``scrcpy``.
    codec
        How they go to the pages: ``jpeg``, or ``h264`` as the device made it; None when no page shows it.
    width, height
        Of the newest picture, in pixels; None when no page shows it.
    watchers
        How many the capture is shared by.
    captured_per_second, capture_ms, encode_ms
        Frames a second, milliseconds a frame, over the last 60; an unchanged frame costs no encoding, what is
        passed straight through costs neither.
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
    codec: str | None
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

    def __repr__(self) -> str:
        return f"<pictures of {', '.join(self._devices())}; stats() has their figures>"

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
            rows = [(quality, numbers) for (device, quality), numbers in shown.items() if device == serial]
            stats += [_shown(serial, quality, numbers, capture) for quality, numbers in rows]
            if not rows and capture is not None:
                stats.append(_unshown(capture))
        return stats


def _shown(
    serial: str, quality: Quality, numbers: StreamNumbers, capture: StreamStats | None
) -> PreviewStats:
    """A stream that pages show; what is passed straight through is neither decoded nor encoded for them."""
    straight = numbers.codec != "jpeg"
    rate = (capture.packets_per_second if straight else capture.frames_per_second) if capture else 0.0
    return PreviewStats(
        device_id=serial,
        quality=quality,
        source=numbers.source,
        codec=numbers.codec,
        width=numbers.width,
        height=numbers.height,
        watchers=capture.watchers if capture else 1,
        captured_per_second=rate,
        capture_ms=capture.capture_ms if capture and not straight else 0.0,
        encode_ms=capture.encode_ms if capture and not straight else 0.0,
        sent_per_second=numbers.sent_per_second,
        bytes_per_second=numbers.bytes_per_second,
        drawn_per_second=numbers.drawn_per_second,
        latency_ms=numbers.latency_ms,
        clock=numbers.clock,
    )


def _unshown(capture: StreamStats) -> PreviewStats:
    return PreviewStats(
        device_id=capture.device_id,
        quality=None,
        source=capture.source,
        codec=None,
        width=None,
        height=None,
        watchers=capture.watchers,
        captured_per_second=capture.frames_per_second,
        capture_ms=capture.capture_ms,
        encode_ms=capture.encode_ms,
        sent_per_second=0.0,
        bytes_per_second=0.0,
        drawn_per_second=0.0,
        latency_ms=None,
        clock=None,
    )
