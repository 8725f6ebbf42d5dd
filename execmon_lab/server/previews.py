"""Preview streams: one watch a device and quality, shared by all connections that ask for it."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from ..protocol import Quality
from .parcel import MANY, Picture
from .switchboard import Switchboard
from .tally import Tally

log = logging.getLogger(__name__)

STILL_SECONDS = 1.0
"""Longest pause between frames for a viewer who wants only changes."""


class Frame(Protocol):
    """A picture, as the preview gives it."""

    @property
    def changed(self) -> bool:
        """Whether it differs from the one before."""

    @property
    def message(self) -> bytes:
        """The picture as a `preview_frame` message, UTF-8 JSON, made once."""


class Watch(Protocol):
    """A stream under way."""

    def close(self) -> None:
        """End it; doing so twice is no error."""


class PreviewSource(Protocol):
    """Who gives pictures."""

    def watch(
        self,
        device_id: str,
        quality: Quality,
        callback: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
        /,
    ) -> Watch:
        """Call `callback` 10 to 15 times a second, and `on_error` when the pictures cease; from any thread.

        Pictures that ceased may go on by themselves. Any exception says that there will be none.
        """


class Viewer(Protocol):
    """A connection that wants pictures."""

    def show(self, picture: Picture) -> bool:
        """Take a frame; tell whether it was written at once."""

    def preview_failed(self, device_id: str, reason: str) -> None:
        """Learn why there are no pictures at present."""


@dataclass(slots=True)
class _Wish:
    only_changes: bool
    last: float = float("-inf")


class Stream:
    """One device in one quality, and who views it; belongs to the loop's thread but for `on_frame`.

    Parameters
    ----------
    switchboard
        The way from the capturing thread to the loop.
    device_id, quality
        What is viewed.
    tally
        Where frames are counted.
    """

    def __init__(self, switchboard: Switchboard, device_id: str, quality: Quality, tally: Tally) -> None:
        self.device_id = device_id
        self.quality: Quality = quality
        self.viewers: dict[Viewer, _Wish] = {}
        self.watch: Watch | None = None
        self.ended = False
        self._switchboard = switchboard
        self._tally = tally
        self._failure: str | None = None
        self._newest: Frame | None = None
        self._changed = False
        self._posted = False
        self._picture: Picture | None = None

    def on_frame(self, frame: Frame) -> None:
        """Take a frame in the capturing thread; where the loop is behind, the newest wins."""
        self._changed = self._changed or frame.changed
        self._newest = frame
        if not self._posted:
            self._posted = True
            self._switchboard.post(self._deliver, None)

    def on_error(self, error: Exception) -> None:
        """Take the reason why there are no pictures, from any thread."""
        self._switchboard.post(self.fail, str(error))

    def add(self, viewer: Viewer, *, only_changes: bool) -> None:
        """Have a viewer sent the frames, or told why there are none."""
        self.viewers[viewer] = _Wish(only_changes)
        if self._failure is not None:
            viewer.preview_failed(self.device_id, self._failure)

    def _deliver(self, _: object) -> None:
        self._posted = False
        frame, changed, self._changed = self._newest, self._changed, False
        if frame is None or self.ended:
            return
        self._failure = None
        now = time.monotonic()
        picture = Picture(self.device_id, frame.message)
        written = 0
        self._replace(picture)
        for viewer, wish in tuple(self.viewers.items()):
            if wish.only_changes:
                if not changed and now - wish.last < STILL_SECONDS:
                    continue
                wish.last = now
            written += viewer.show(picture)
        self._tally.frames(written, time.monotonic() - picture.came)

    def end(self) -> None:
        """Show nothing any more."""
        self.ended = True
        self.viewers.clear()
        self._replace(None)

    def _replace(self, picture: Picture | None) -> None:
        if self._picture is not None:
            self._picture.close_file()
        self._picture = picture
        if picture is not None and len(self.viewers) >= MANY:
            picture.open_file()

    def fail(self, reason: str) -> None:
        """Tell all viewers why there are no pictures."""
        self._failure = reason
        for viewer in tuple(self.viewers):
            viewer.preview_failed(self.device_id, reason)


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
    tally
        Where frames are counted.
    """

    def __init__(
        self, source: PreviewSource | None, switchboard: Switchboard, executor: Executor, tally: Tally
    ) -> None:
        self._source = source
        self._switchboard = switchboard
        self._executor = executor
        self._tally = tally
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
            stream = Stream(self._switchboard, device_id, quality, self._tally)
            self._streams[device_id, quality] = stream
            self._executor.submit(self._begin, stream, self._source)
        stream.add(viewer, only_changes=only_changes)
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
            stream.watch = source.watch(stream.device_id, stream.quality, stream.on_frame, stream.on_error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the viewers are told
            log.warning("no preview of %s: %s", stream.device_id, error)
            self._switchboard.post(lambda reason: self._give_up(stream, reason), str(error))
            return
        # Everybody may have left in the meantime. `_end` sets the one and reads the other, here it is the
        # other way round: one of the two closes the watch, or both, which is no error.
        if stream.ended:
            stream.watch.close()

    def _give_up(self, stream: Stream, reason: str) -> None:
        stream.fail(reason)
        self._end(stream)

    def _end(self, stream: Stream) -> None:
        if stream.ended:
            return
        stream.end()
        del self._streams[stream.device_id, stream.quality]
        if stream.watch is not None:
            self._executor.submit(stream.watch.close)
