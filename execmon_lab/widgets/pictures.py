"""The pictures that pages look at: which devices are watched for them, and the frames on their way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ..devices import DeviceError
from ..preview import Frame
from ..preview.budget import Budget
from ..protocol import Quality, timestamp
from .commands import Seen
from .flow import Flow
from .numbers import StreamNumbers, Tally
from .parcel import Parcel

LEASE_SECONDS = 60.0
"""How long a page that says nothing is believed to look on; it speaks every 15 s."""

_EXPECTED = ""
"""Stands for a page that is about to show the widget, until one speaks for itself."""

Stream = tuple[str, Quality]
"""A device's serial, and the quality of its picture."""


class Watch(Protocol):
    """Pictures under way."""

    def close(self) -> None:
        """End them; doing so twice is no error."""


@runtime_checkable
class PacedWatch(Watch, Protocol):
    """Pictures under way that need not come faster than they are sent on."""

    def pace(self, fps: float | None) -> None:
        """Ask for at most so many frames a second, or for as many as there are."""


_PACE_AHEAD = 1.25
"""A device is captured a little faster than its pictures are sent, so that no turn finds nothing."""


class PictureSource(Protocol):
    """Who gives pictures: the lab's previews, or the connection to a server's."""

    def watch(
        self,
        device_id: str,
        quality: Quality,
        callback: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
        /,
    ) -> Watch:
        """Have a device's frames handed to `callback`, and why they cease to `on_error`; from any thread.

        Raises
        ------
        DeviceError, RuntimeError
            When there will be none.
        """


@dataclass
class _Channel:
    """One stream on its way: its watch, its newest frame, and whether pages have that."""

    watch: Watch | None = None
    frame: Frame | None = None
    fresh: bool = False
    again: bool = False
    failed: bool = False
    sent_at: float = float("-inf")
    tally: Tally = field(default_factory=Tally)

    def send(self, now: float, number: int) -> Parcel:
        """Pack the newest frame, as the number-th."""
        assert self.frame is not None, "only a channel with a fresh frame sends"
        parcel = _parcel(self.frame, number, again=self.again)
        self.fresh = self.again = False
        self.sent_at = now
        self.tally.send(now, len(self.frame.jpeg))
        return parcel


class Pictures:
    """Watches the devices whose picture some page has on screen, once each, and sends what changed.

    Parameters
    ----------
    preview
        Where the pictures come from.
    wake
        Called with the time (monotonic seconds) at which there will be something to send.
    clock
        Monotonic seconds.
    deaf
        Tells whether the kernel hears no page at present, so that silence proves nothing.
    budget
        What all streams together may take.
    """

    def __init__(
        self,
        preview: PictureSource,
        wake: Callable[[float], None],
        clock: Callable[[], float],
        deaf: Callable[[], bool] = lambda: False,
        budget: Budget | None = None,
    ) -> None:
        self._preview = preview
        self._wake = wake
        self._clock = clock
        self._deaf = deaf
        self._budget = budget or Budget()
        self._lock = threading.Lock()
        self._steering = threading.Lock()  # held while watches open and close, which may call back
        self._flow = Flow()
        self._channels: dict[Stream, _Channel] = {}
        self._pages: dict[str, frozenset[Stream]] = {}
        self._heard: dict[str, float] = {}
        self._notices: list[Parcel] = []
        self._closed = False

    def expect(self, stream: Stream) -> None:
        """Begin with a stream before the page can say that it shows it: the kernel may be busy."""
        self.look(_EXPECTED, [stream])

    def look(self, page: str, streams: Iterable[Stream]) -> None:
        """Take a page's word of what it has on screen now; it replaces what it said before.

        What is known of a stream that is new to the page is sent again at once.
        """
        wanted = frozenset(streams)
        with self._lock:
            new = wanted - self._pages.get(page, frozenset())
            self._keep(_EXPECTED, frozenset())
            self._keep(page, wanted)
            for stream in new:
                channel = self._channels.setdefault(stream, _Channel())
                channel.fresh = channel.again = channel.frame is not None
        self._steer()
        self._wake(self._clock())

    def drawn(self, page: str, number: int, seen: Iterable[Seen] = ()) -> None:
        """Take a page's acknowledgement, and what it says of the frames that it drew since its last."""
        now = self._clock()
        with self._lock:
            self._flow.acknowledge(number, now)
            for one in seen:
                channel = self._channels.get((one.device_id, one.quality))
                if channel is not None:
                    channel.tally.draw(now, page, one.frames, one.latency_ms, one.clock)
        self._wake(now)

    def limit(self, budget: Budget) -> None:
        """Keep to another budget from now on."""
        with self._lock:
            self._budget = budget
            self._pace()
        self._wake(self._clock())

    def numbers(self) -> dict[Stream, StreamNumbers]:
        """Return how each stream that is looked at does."""
        now = self._clock()
        with self._lock:
            return {
                stream: channel.tally.numbers(
                    now, channel.frame.source, channel.frame.width, channel.frame.height
                )
                for stream, channel in self._channels.items()
                if channel.watch is not None and channel.frame is not None
            }

    def last(self, device_id: str | None = None) -> Frame | None:
        """Return the newest frame of a device, or of any."""
        with self._lock:
            frames = [
                channel.frame
                for (device, _), channel in self._channels.items()
                if channel.frame is not None and device_id in (None, device)
            ]
        return max(frames, key=lambda frame: frame.timestamp, default=None)

    def collect(self, now: float) -> tuple[list[Parcel], float | None]:
        """Take what is due at `now`, and tell when more will be."""
        if self._forget_silent(now):
            self._steer()
        with self._lock:
            parcels, self._notices = self._notices, []
            dues = [heard + LEASE_SECONDS for heard in self._heard.values()]
            for channel in sorted(self._channels.values(), key=lambda channel: channel.sent_at):
                if channel.frame is None or not channel.fresh:
                    continue
                ready = max(self._flow.ready(now), now if channel.again else self._turn(channel))
                if ready > now:
                    dues.append(ready)
                    continue
                parcels.append(channel.send(now, self._flow.send(now)))
                self._pace()
            return parcels, min(dues, default=None)

    def close(self) -> None:
        """End every watch; pages keep the last picture."""
        with self._lock:
            self._closed = True
        self._steer()

    def _interval(self, channel: _Channel) -> float:
        streams = sum(other.watch is not None for other in self._channels.values())
        return self._budget.interval(max(1, streams), len(channel.frame.jpeg) if channel.frame else 0)

    def _turn(self, channel: _Channel) -> float:
        """When the budget allows a stream its next frame."""
        return channel.sent_at + self._interval(channel)

    def _pace(self) -> None:
        """What will not be sent need not be captured."""
        for channel in self._channels.values():
            if isinstance(channel.watch, PacedWatch):
                interval = self._interval(channel)
                channel.watch.pace(_PACE_AHEAD / interval if interval else None)

    def _keep(self, page: str, wanted: frozenset[Stream]) -> None:
        if wanted:
            self._pages[page] = wanted
            self._heard[page] = self._clock()
        else:
            self._pages.pop(page, None)
            self._heard.pop(page, None)

    def _forget_silent(self, now: float) -> bool:
        deaf = self._deaf()
        with self._lock:
            if deaf:
                self._heard = dict.fromkeys(self._heard, now)
            silent = [page for page, heard in self._heard.items() if now >= heard + LEASE_SECONDS]
            for page in silent:
                self._keep(page, frozenset())
        return bool(silent)

    def _steer(self) -> None:
        """Open and close watches until they are those that pages look at."""
        with self._steering:
            with self._lock:
                wanted = frozenset().union(*self._pages.values()) if not self._closed else frozenset()
                watched = {stream for stream, channel in self._channels.items() if channel.watch}
                leaving = [self._channels[stream].watch for stream in watched - wanted]
                for stream in watched - wanted:
                    self._channels[stream].watch = None
            for watch in leaving:
                if watch is not None:
                    watch.close()
            for stream in wanted - watched:
                self._open(stream)
            with self._lock:
                self._pace()

    def _open(self, stream: Stream) -> None:
        device_id, quality = stream
        try:
            watch = self._preview.watch(
                device_id,
                quality,
                lambda frame: self._take(stream, frame),
                lambda error: self._fail(stream, str(error)),
            )
        except (DeviceError, RuntimeError) as error:
            self._fail(stream, str(error))
            return
        with self._lock:
            self._channels[stream].watch = watch

    def _take(self, stream: Stream, frame: Frame) -> None:
        with self._lock:
            channel = self._channels[stream]
            channel.frame = frame
            if not (frame.changed or channel.failed):
                return
            channel.fresh, channel.failed = True, False
        self._wake(self._clock())

    def _fail(self, stream: Stream, reason: str) -> None:
        with self._lock:
            self._channels[stream].failed = True
            self._notices.append(Parcel({"kind": "problem", "device_id": stream[0], "message": reason}))
        self._wake(self._clock())


def _parcel(frame: Frame, number: int, *, again: bool) -> Parcel:
    content = {
        "kind": "frame",
        "device_id": frame.device_id,
        "quality": frame.quality,
        "width": frame.width,
        "height": frame.height,
        "timestamp": timestamp(frame.timestamp),
        "number": number,
        "source": frame.source,
        "again": again,
    }
    return Parcel(content, (frame.jpeg,))
