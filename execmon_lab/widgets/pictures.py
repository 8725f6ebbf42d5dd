"""The pictures that pages look at: which devices are watched for them, and the frames on their way.

A device is shown by its own video, passed straight through, where all pages that look at it can decode that
and the budget leaves room for its rate; else by JPEG, which can be thinned and made smaller: who asks for
quality ``low``, as tiles do, wants it small. JPEG also bridges the time until a video's first key frame, and
takes over by itself when the video fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from ..devices import DeviceError
from ..preview import Frame
from ..preview.budget import Budget
from ..preview.scrcpy import Wanted
from ..preview.scrcpy.source import VIDEO_FPS
from ..preview.video import NoVideo, VideoPacket
from ..protocol import Quality
from .audience import Audience, Stream
from .channel import Channel, PacedWatch, Watch
from .commands import Seen
from .flow import Flow
from .numbers import Sized, StreamNumbers
from .parcel import Parcel
from .video import CODEC, SOURCE, Refusals, VideoLine, VideoSource

_VIDEO_BYTES = round(Wanted().bit_rate / 8 / VIDEO_FPS)
"""Of one frame of a video, for the budget: its average at the bit rate that is asked for."""

STILL_SECONDS = 2.0
"""How long a picture as JPEG is waited for that is to be kept when a run ends."""

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
    video
        Where devices' own video comes from; without it all is JPEG.
    """

    def __init__(
        self,
        preview: PictureSource,
        wake: Callable[[float], None],
        clock: Callable[[], float],
        deaf: Callable[[], bool] = lambda: False,
        budget: Budget | None = None,
        video: VideoSource | None = None,
    ) -> None:
        self._preview = preview
        self._video = video
        self._wake = wake
        self._clock = clock
        self._deaf = deaf
        self._budget = budget or Budget()
        self._lock = threading.Lock()
        self._steering = threading.Lock()  # held while watches open and close; never waited for
        self._flow = Flow()
        self._channels: dict[Stream, Channel] = {}
        self._lines: dict[str, VideoLine] = {}
        self._refusals = Refusals()
        self._still_until: float | None = None
        self._astray = False  # what is watched may not be what should be
        self._audience = Audience()
        self._closed = False

    def expect(self, stream: Stream) -> None:
        """Begin with a stream before the page can say that it shows it: the kernel may be busy.

        Where no page comes within `EXPECTED_SECONDS` it ends again; a kernel that hears none waits until the
        cell ends, since it cannot tell.
        """
        now = self._clock()
        with self._lock:
            self._audience.expect(stream, now)
            self._tell_again([stream], now)
        self._steer()
        self._wake(now)

    def look(self, page: str, streams: Iterable[Stream], decodes: Iterable[str] = ()) -> None:
        """Take a page's word of what it has on screen now; it replaces what it said before.

        What is known of a stream that is new to the page is sent again at once. `decodes` are the devices
        whose video the page can show.
        """
        now = self._clock()
        with self._lock:
            self._tell_again(self._audience.look(page, streams, decodes, now), now)
        self._steer()
        self._wake(now)

    def ask_key(self, device_id: str) -> None:
        """Take a page's word that it can decode no more of a device's video before the next key frame."""
        now = self._clock()
        with self._lock:
            if device_id in self._lines:
                self._lines[device_id].ask(now)
        self._wake(now)

    def drawn(self, page: str, number: int, seen: Iterable[Seen] = ()) -> None:
        """Take a page's acknowledgement, and what it says of the frames that it drew since its last."""
        now = self._clock()
        with self._lock:
            self._flow.acknowledge(number, now)
            self._audience.hear(page, now)
            for one in seen:
                line, channel = (
                    self._lines.get(one.device_id),
                    self._channels.get((one.device_id, one.quality)),
                )
                shown = line if line is not None and line.live else channel
                if shown is not None:
                    shown.tally.draw(now, page, one.frames, one.latency_ms, one.clock)
        self._wake(now)

    def limit(self, budget: Budget) -> None:
        """Keep to another budget from now on."""
        with self._lock:
            self._budget = budget
            self._astray = True
            self._pace()
        self._wake(self._clock())

    def numbers(self) -> dict[Stream, StreamNumbers]:
        """Return how each stream that is looked at does."""
        now = self._clock()
        with self._lock:
            numbers = {
                stream: channel.tally.numbers(now, channel.frame.source, "jpeg", channel.frame)
                for stream, channel in self._channels.items()
                if channel.watch is not None and channel.frame is not None
            }
            for stream in self._audience.streams:
                line = self._lines.get(stream[0])
                if line is not None and line.live and line.newest is not None:
                    numbers[stream] = line.tally.numbers(now, SOURCE, CODEC, line.newest)
            return numbers

    def size(self, device_id: str) -> Sized | None:
        """Return the size of a device's newest picture, if there is one."""
        with self._lock:
            line = self._lines.get(device_id)
            if line is not None and line.live:
                return line.newest
        return self.last(device_id)

    def still(self) -> bool:
        """Have the newest picture of each device as JPEG for `last`; tell whether they are there.

        Ask again until it is so, which is within `STILL_SECONDS`; the widget is woken when one has come.
        """
        now = self._clock()
        with self._lock:
            if self._still_until is None:
                if not any(line.live for line in self._lines.values()):
                    return True
                self._still_until, self._astray = now + STILL_SECONDS, True
                for stream in self._audience.streams:
                    self._channels[stream].still = stream[0] in self._lines
            waiting = any(channel.still for channel in self._channels.values())
            there = not waiting or now >= self._still_until or self._closed
            if there:
                self._astray = True
                for channel in self._channels.values():
                    channel.still = False
        self._wake(now)
        return there

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
        if self._forget_silent(now) or self._goes_astray(now):
            self._steer()
        parcels: list[Parcel] = []
        with self._lock:
            dues = [*self._audience.dues(), *self._refusals.due(now)]
            if self._still_until is not None and self._still_until > now:
                dues.append(self._still_until)
            for line in self._lines.values():
                parcels += self._send_video(line, now, dues)
            for channel in sorted(self._channels.values(), key=lambda channel: channel.sent_at):
                parcels += self._send_picture(channel, now, dues)
                parcels += channel.notices()
            return parcels, min(dues, default=None)

    def _send_picture(self, channel: Channel, now: float, dues: list[float]) -> list[Parcel]:
        """Send the newest, if it is new to a page."""
        if not channel.fresh:
            return []
        ready = max(self._flow.ready(now), now if channel.again else self._turn(channel))
        if ready > now:
            dues.append(ready)
            return []
        parcel = channel.send(now, self._flow.send(now))
        self._pace()
        return [parcel]

    def _send_video(self, line: VideoLine, now: float, dues: list[float]) -> list[Parcel]:
        """Send what waits, in order, none left out.

        A kernel that hears nothing trusts the device's pace, up to a rate in bytes.
        """
        deaf, live, parcels = self._deaf(), line.live, []
        while line.waiting:
            ready = max(self._flow.ready(now, 0.0), line.ready_unheard()) if deaf else self._flow.ready(now)
            if ready > now:
                dues.append(ready)
                break
            parcels.append(line.send(now, self._flow.send(now)))
        if deaf and line.live:
            dues.append(line.ask_unheard(now))
        if (due := line.ask_due(now)) is not None:
            dues.append(due)
        if line.live and not live:
            self._refusals.forgive(line.device_id)
            self._astray = True
            dues.append(now)
        return parcels

    def close(self) -> None:
        """End every watch; pages keep the last picture."""
        with self._lock:
            self._closed = True
        self._steer()

    def _interval(self, channel: Channel) -> float:
        streams = sum(other.watch is not None for other in self._channels.values()) + len(self._lines)
        return self._budget.interval(max(1, streams), len(channel.frame.jpeg) if channel.frame else 0)

    def _turn(self, channel: Channel) -> float:
        """When the budget allows a stream its next frame."""
        return channel.sent_at + self._interval(channel)

    def _pace(self) -> None:
        """What will not be sent need not be captured."""
        for channel in self._channels.values():
            if isinstance(channel.watch, PacedWatch):
                interval = self._interval(channel)
                channel.watch.pace(_PACE_AHEAD / interval if interval else None)

    def _tell_again(self, streams: Iterable[Stream], now: float) -> None:
        """Have a page that has come sent what is known."""
        for stream in streams:
            channel = self._channels.setdefault(stream, Channel(stream))
            line = self._lines.get(stream[0])
            if line is not None and line.live:
                line.ask(now)
            else:
                channel.tell_again()

    def _forget_silent(self, now: float) -> bool:
        deaf = self._deaf()
        with self._lock:
            return self._audience.forget_silent(now, deaf=deaf)

    def _goes_astray(self, now: float) -> bool:
        """Whether what is watched has to be put right."""
        with self._lock:
            return self._refusals.ended(now) or self._astray

    def _by_video(self, now: float) -> frozenset[str]:
        """Which devices are to be shown by their own video."""
        interval = self._budget.interval(max(1, len(self._audience.devices)), _VIDEO_BYTES)
        if self._video is None or self._closed or interval > 1.01 / VIDEO_FPS:
            return frozenset()
        able = self._audience.by_video()
        return frozenset(device_id for device_id in able if not self._refusals.holds(device_id, now))

    def _by_jpeg(self, by_video: frozenset[str]) -> frozenset[Stream]:
        """Which streams are to come as JPEG: all others, and what bridges the time to the first key frame."""
        live = {device_id for device_id in by_video if (line := self._lines.get(device_id)) and line.live}
        wanted = self._audience.streams if not self._closed else frozenset[Stream]()
        return frozenset(stream for stream in wanted if stream[0] not in live or self._channels[stream].still)

    def _steer(self) -> None:
        """Open and close watches until they are those that pages look at.

        One thread does so at a time, and does it for all: whoever comes meanwhile, or is called back by it,
        leaves word that there is more to do.
        """
        with self._lock:
            self._astray = True
        while self._astray and self._steering.acquire(blocking=False):
            try:
                self._put_right()
            finally:
                self._steering.release()

    def _put_right(self) -> None:
        with self._lock:
            self._astray = False
            by_video = self._by_video(self._clock())
            ending = [self._lines.pop(device_id) for device_id in self._lines.keys() - by_video]
            beginning = by_video - self._lines.keys()
            wanted = self._by_jpeg(by_video)
            watched = {stream for stream, channel in self._channels.items() if channel.watch}
            leaving = [self._channels[stream].watch for stream in watched - wanted]
            for stream in self._channels.keys() - wanted:
                self._channels[stream].watch = None
                self._channels[stream].recover()
        for watch in (*leaving, *(line.watch for line in ending)):
            if watch is not None:
                watch.close()
        for stream in wanted - watched:
            self._open(stream)
        for device_id in beginning:
            self._open_video(device_id)
        with self._lock:
            self._pace()

    def _open_video(self, device_id: str) -> None:
        assert self._video is not None, "no device is shown by a video that there is not"
        line = VideoLine(device_id)
        with self._lock:
            self._lines[device_id] = line
        try:
            watch = self._video.watch_video(
                device_id,
                lambda packet: self._take_packet(line, packet),
                lambda error: self._fail_video(line, error),
            )
        except (DeviceError, RuntimeError) as error:
            self._fail_video(line, error, begun=False)
            return
        with self._lock:
            line.watch = watch
            gone = self._lines.get(device_id) is not line
        if gone:
            watch.close()

    def _take_packet(self, line: VideoLine, packet: VideoPacket) -> None:
        now = self._clock()
        with self._lock:
            line.take(packet, now)
            due = line.restless
        if due:
            self._wake(now)

    def _fail_video(self, line: VideoLine, error: Exception, *, begun: bool = True) -> None:
        """Go back to JPEG, which also tells why a device gives no picture at all.

        A video goes on by itself, when its device comes back or its stream does, unless there is none.
        """
        now = self._clock()
        with self._lock:
            if self._lines.get(line.device_id) is not line:
                return
            line.live = False
            line.forget()
            if not begun or isinstance(error, NoVideo):
                self._refusals.add(line.device_id, now, error)
            self._astray = True
        self._wake(now)

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
            if channel.still:
                channel.still, self._astray = False, True
            elif not frame.changed and channel.problem is None:
                return
            line = self._lines.get(stream[0])
            channel.fresh = line is None or not line.live
            channel.recover()
        self._wake(self._clock())

    def _fail(self, stream: Stream, reason: str) -> None:
        with self._lock:
            self._channels[stream].fail(reason)
        self._wake(self._clock())
