"""The previews of all devices: each runs only while somebody watches it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..devices import Device, DevicePool
from ..protocol import Quality, limits
from .choice import BestSource
from .scrcpy import ScrcpySource, ScrcpyTouches
from .source import ScreencapSource, Source
from .stream import EitherWatch, OnFrame, Stream, StreamStats, Watch
from .video import OnPacket, VideoWatch
from .watcher import OnError

FPS = 12.0
"""Frames a second: between the specification's 10 and 15, the upper third left for jitter."""


def check_fps(fps: float) -> None:
    """Check a preview's frames a second against the specification's bounds.

    Raises
    ------
    ValueError
        When they are out of them.
    """
    if not limits.PREVIEW_FPS_MIN <= fps <= limits.PREVIEW_FPS_MAX:
        raise ValueError(f"fps is {fps:g}; give {limits.PREVIEW_FPS_MIN} to {limits.PREVIEW_FPS_MAX}")


class PreviewService:
    """Lets any number watch the devices of a pool; safe to use from any thread.

    Parameters
    ----------
    pool
        Whose devices.
    fps
        Frames a second, 10 to 15 (specification, "During Execution").
    source
        Makes the source of a device's pictures.
    """

    def __init__(
        self, pool: DevicePool, *, fps: float = FPS, source: Callable[[Device], Source] = ScreencapSource
    ) -> None:
        check_fps(fps)
        self._pool = pool
        self._fps = fps
        self._make_source = source
        self._lock = threading.Lock()
        self._streams: dict[str, Stream] = {}
        self._ending: list[Stream] = []
        self._closed = False

    def watch(
        self, device_id: str, quality: Quality, callback: OnFrame, on_error: OnError | None = None
    ) -> Watch:
        """Have the frames of a device handed to `callback` until the watch is closed.

        Parameters
        ----------
        device_id
            The device's serial; it may be away, and is shown when it comes.
        quality
            ``low``, ``medium`` or ``high``; for another, close this watch and open a new one.
        callback
            Called with each `Frame` in the device's preview thread, 10 to 15 times a second, also while the
            screen stands still. It must be quick.
        on_error
            Called with a `DeviceError` (its `code`: ``DEVICE_DISCONNECTED``, ``PREVIEW_UNAVAILABLE``), once
            each time the pictures cease, within two seconds; they go on by themselves when they can.

        Raises
        ------
        NoDevice
            When the pool does not know the device.
        RuntimeError
            After `close`.
        """
        device = self._pool.get(device_id)
        watch = Watch(quality, callback, on_error, functools.partial(self._leave, device_id))
        self._join(device, watch)
        return watch

    def watch_video(self, device_id: str, on_packet: OnPacket, on_error: OnError | None = None) -> VideoWatch:
        """Have a device's H.264 handed to `on_packet`, as it comes, until the watch is closed.

        It is the stream of scrcpy's server, one for all who watch the device, as video or as pictures; while
        nobody watches pictures, nothing is decoded here.

        Parameters
        ----------
        device_id
            The device's serial; it may be away, and is shown when it comes.
        on_packet
            Called with each `VideoPacket` in the device's preview thread, from a key frame on and without a
            gap; up to 30 times a second, and not at all while the screen stands still. It must be quick.
        on_error
            Called with a `DeviceError` each time the packets cease. After `NoVideo` there will be none: the
            pictures that `watch` gives are left, or a new watch.

        Raises
        ------
        NoDevice
            When the pool does not know the device.
        RuntimeError
            After `close`.
        """
        device = self._pool.get(device_id)
        leave, refresh = (functools.partial(do, device_id) for do in (self._leave, self._refresh))
        watch = VideoWatch(on_packet, on_error, leave, refresh)
        self._join(device, watch)
        return watch

    def watch_either(
        self,
        device_id: str,
        quality: Quality,
        on_frame: OnFrame,
        on_packet: OnPacket,
        on_error: OnError | None = None,
    ) -> EitherWatch:
        """Have of a device what costs least: its H.264 while that comes anyway, else its pictures.

        Parameters
        ----------
        device_id, quality, on_frame
            As `watch` has them.
        on_packet
            As `watch_video` has it, at the rate at which it comes; a change from the one to the other comes
            between two pictures, and video begins with a key frame.
        on_error
            As `watch` has it.

        Raises
        ------
        NoDevice
            When the pool does not know the device.
        RuntimeError
            After `close`.
        """
        device = self._pool.get(device_id)
        leave, refresh = (functools.partial(do, device_id) for do in (self._leave, self._refresh))
        watch = EitherWatch(quality, on_frame, on_packet, on_error, leave, refresh)
        self._join(device, watch)
        return watch

    def touches(
        self, device_id: str, screen: tuple[int, int] | None, wait: Callable[[float], bool]
    ) -> ScrcpyTouches | None:
        """Return the quickest way to touch a device: scrcpy's control socket, while its stream runs.

        Parameters
        ----------
        device_id
            The device's serial.
        screen
            The size of the screen as it is turned, in pixels, which positions refer to; None for keys alone.
        wait
            Waits some seconds in the middle of a gesture; tells whether it is to be given up.

        Returns
        -------
        ScrcpyTouches or None
            None where no such stream runs; ``input`` is left then.

        Raises
        ------
        ScreenTurned
            When the stream shows the screen turned another way than `screen` is.
        """
        with self._lock:
            stream = self._streams.get(device_id)
        if stream is None or not isinstance(stream.source, BestSource | ScrcpySource):
            return None
        return stream.source.touches(screen, wait)

    def stats(self) -> dict[str, StreamStats]:
        """Return how each running preview does, by the device's serial."""
        with self._lock:
            return {serial: stream.stats() for serial, stream in self._streams.items()}

    def close(self) -> None:
        """End every preview and wait until its thread has ended; closing twice is no error."""
        with self._lock:
            self._closed = True
            for serial in list(self._streams):
                self._end(serial)
            ending = list(self._ending)
        for stream in ending:
            stream.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _join(self, device: Device, watch: Watch | VideoWatch) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the preview service is closed")
            stream = self._streams.get(device.serial)
            begins = stream is None
            if stream is None:
                stream = self._streams[device.serial] = Stream(device, self._make_source(device), self._fps)
            failure = stream.add(watch)
            if begins:
                stream.start()
        if failure is not None:
            watch.fail(failure)

    def _refresh(self, device_id: str) -> None:
        with self._lock:
            stream = self._streams.get(device_id)
            if stream is not None:
                stream.refresh()

    def _leave(self, device_id: str, watch: Watch | VideoWatch) -> None:
        with self._lock:
            stream = self._streams.get(device_id)
            if stream is not None and stream.remove(watch):
                self._end(device_id)

    def _end(self, device_id: str) -> None:
        stream = self._streams.pop(device_id)
        stream.stop()
        self._ending = [ended for ended in self._ending if ended.alive] + [stream]
