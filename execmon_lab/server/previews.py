"""Preview streams: one watch a device and quality, shared by all connections that ask for it."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from ..hub import Envelope
from ..protocol import PreviewFrame, Quality
from .parcel import Parcel
from .switchboard import Switchboard

log = logging.getLogger(__name__)

STILL_SECONDS = 1.0
"""Longest pause between frames for a viewer who wants only changes."""


class Frame(Protocol):
    """A picture, as the preview gives it."""

    @property
    def changed(self) -> bool:
        """Whether it differs from the one before."""

    @property
    def preview_frame(self) -> PreviewFrame:
        """The picture as a message, made once."""


class Watch(Protocol):
    """A stream under way."""

    def close(self) -> None:
        """End it; doing so twice is no error."""


class PreviewSource(Protocol):
    """Who gives pictures."""

    def watch(self, device_id: str, quality: Quality, callback: Callable[..., None], /) -> Watch:
        """Call `callback` with a `Frame` 10 to 15 times a second, from any thread.

        Any exception says that the device's picture cannot be had.
        """


class Viewer(Protocol):
    """A connection that wants pictures."""

    def send(self, parcel: Parcel) -> None:
        """Take a frame."""

    def preview_failed(self, device_id: str, reason: str) -> None:
        """Learn that there will be no more."""


@dataclass(slots=True)
class _Wish:
    only_changes: bool
    last: float = float("-inf")


class Stream:
    """One device in one quality, and who views it; belongs to the loop's thread but for `on_frame`."""

    def __init__(self, previews: "Previews", device_id: str, quality: Quality) -> None:
        self.device_id = device_id
        self.quality: Quality = quality
        self.viewers: dict[Viewer, _Wish] = {}
        self.watch: Watch | None = None
        self.ended = False
        self._previews = previews
        self._newest: Frame | None = None
        self._changed = False
        self._posted = False

    def on_frame(self, frame: Frame) -> None:
        """Take a frame in the capturing thread; where the loop is behind, the newest wins."""
        self._changed = self._changed or frame.changed
        self._newest = frame
        if not self._posted:
            self._posted = True
            self._previews.switchboard.post(self._deliver, None)

    def _deliver(self, _: object) -> None:
        self._posted = False
        frame, changed, self._changed = self._newest, self._changed, False
        if frame is None or self.ended:
            return
        parcel = Parcel(Envelope(frame.preview_frame))
        now = time.monotonic()
        for viewer, wish in tuple(self.viewers.items()):
            if wish.only_changes and not changed and now - wish.last < STILL_SECONDS:
                continue
            wish.last = now
            viewer.send(parcel)


class Previews:
    """All streams of a server.

    Parameters
    ----------
    source
        Who gives pictures; None where nobody does.
    switchboard
        The way from the capturing threads to the loop.
    executor
        Where watches are begun and ended: both may wait for a device.
    """

    def __init__(
        self,
        source: PreviewSource | None,
        switchboard: Switchboard,
        executor: Executor,
    ) -> None:
        self.switchboard = switchboard
        self._source = source
        self._executor = executor
        self._streams: dict[tuple[str, Quality], Stream] = {}

    def view(self, viewer: Viewer, device_id: str, quality: Quality, *, only_changes: bool) -> Stream | None:
        """Have a viewer sent a device's frames.

        Returns
        -------
        Stream or None
            None where this server has no previews.
        """
        if self._source is None:
            return None
        stream = self._streams.get((device_id, quality))
        if stream is None:
            stream = self._streams[device_id, quality] = Stream(self, device_id, quality)
            self._executor.submit(self._begin, stream, self._source)
        stream.viewers[viewer] = _Wish(only_changes)
        return stream

    def leave(self, viewer: Viewer, stream: Stream) -> None:
        """End what `view` began; the last to leave ends the watch."""
        stream.viewers.pop(viewer, None)
        if not stream.viewers:
            self._end(stream)

    def close(self) -> None:
        """End every stream."""
        for stream in list(self._streams.values()):
            self._end(stream)

    def _begin(self, stream: Stream, source: PreviewSource) -> None:
        """Begin to watch, in a worker's thread."""
        try:
            stream.watch = source.watch(stream.device_id, stream.quality, stream.on_frame)
        except Exception as error:  # noqa: BLE001 - whatever it is, the viewers are told
            log.warning("no preview of %s: %s", stream.device_id, error)
            self.switchboard.post(lambda reason: self._fail(stream, reason), str(error))
            return
        # Everybody may have left in the meantime. `_end` sets the one and reads the other, here it is the
        # other way round: one of the two closes the watch, or both, which is no error.
        if stream.ended:
            stream.watch.close()

    def _fail(self, stream: Stream, reason: str) -> None:
        viewers = tuple(stream.viewers)
        self._end(stream)
        for viewer in viewers:
            viewer.preview_failed(stream.device_id, reason)

    def _end(self, stream: Stream) -> None:
        if stream.ended:
            return
        stream.ended = True
        stream.viewers.clear()
        del self._streams[stream.device_id, stream.quality]
        if stream.watch is not None:
            self._executor.submit(stream.watch.close)
