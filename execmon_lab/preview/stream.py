"""One device's preview: captured once, encoded once a quality, paced, handed to all who watch."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..devices import Device, DeviceDisconnected, DeviceError, SessionClosed
from ..protocol import Quality
from .encode import Jpeg
from .frame import Frame
from .lookout import LATE_SECONDS, Lookout
from .source import Capture, PreviewUnavailable, Source
from .video import NoVideo, OnPacket, VideoSource, VideoWatch
from .watcher import OnError, Watcher

log = logging.getLogger(__name__)

OnFrame = Callable[[Frame], None]

_RECENT = 60
_RETRY_SECONDS = 0.5
_IDLE_SECONDS = 0.25  # from one turn to the next while nobody is shown pictures
_LOOK_SECONDS = 0.1  # how soon one who comes to watch is seen to, while packets are waited for


@dataclass(frozen=True)
class StreamStats:
    """How a preview does, over its last 60 frames.

    Attributes
    ----------
    device_id
        The device's serial.
    watchers
        How many watch.
    frames
        Frames since it began, as pictures.
    frames_per_second
        Of late.
    capture_ms, encode_ms
        Milliseconds that a frame takes to capture, and to encode in all its qualities (an unchanged one: 0).
    bytes_per_frame
        Bytes of JPEG a frame, all qualities together.
    source
        What the pictures come from (`Source.name`).
    packets
        Frames since it began, as video.
    packets_per_second, packet_bytes_per_second
        Of late.
    """

    device_id: str
    watchers: int
    frames: int
    frames_per_second: float
    capture_ms: float
    encode_ms: float
    bytes_per_frame: float
    source: str
    packets: int = 0
    packets_per_second: float = 0.0
    packet_bytes_per_second: float = 0.0


def per_second(counted: Sequence[tuple[float, float]], now: float) -> float:
    """Return the rate of what came, each with its time; of a second at least, since two may come together."""
    if not counted:
        return 0.0
    return sum(amount for _, amount in counted[1:]) / max(now - counted[0][0], 1.0)


class Watch(Watcher[Frame]):
    """Somebody watching a device in one quality, until `close`."""

    def __init__(
        self, quality: Quality, on_frame: OnFrame, on_error: OnError | None, leave: Callable[[Watch], None]
    ) -> None:
        super().__init__(on_frame, on_error, leave)
        self.quality = quality
        self.fresh = True
        self.fps: float | None = None

    def pace(self, fps: float | None) -> None:
        """Ask for at most so many frames a second; for the preview's own rate, with None.

        It is a wish: another who watches in the same quality may need more, and then both are shown more.
        """
        self.fps = fps

    def show(self, frame: Frame) -> None:
        """Hand over a frame."""
        self.fresh = False
        super().show(frame)


class EitherWatch(Watch):
    """Somebody who takes what costs least, until `close`: video while it comes anyway, else pictures.

    Attributes
    ----------
    video : VideoWatch
        Its part that is handed the video.
    """

    def __init__(
        self,
        quality: Quality,
        on_frame: OnFrame,
        on_packet: OnPacket,
        on_error: OnError | None,
        leave: Callable[[Watch], None],
        refresh: Callable[[], None],
    ) -> None:
        super().__init__(quality, on_frame, on_error, leave)
        self.video = VideoWatch(on_packet, None, lambda video: None, refresh)

    def fail(self, error: DeviceError) -> None:
        """Tell why nothing comes."""
        self.video.fail(error)
        super().fail(error)

    def close(self) -> None:
        """Watch no longer."""
        self.video.close()
        super().close()


class Stream:
    """Captures a device's screen in a thread of its own and hands the frames to its watches.

    Parameters
    ----------
    device
        Whose screen.
    source
        Where the pictures come from; closed with the stream.
    fps
        Frames a second, at most.
    """

    def __init__(self, device: Device, source: Source, fps: float) -> None:
        self._device = device
        self._source = source
        # Once for all: to look a protocol's members up costs more than to pass a packet on.
        self._video_source = source if isinstance(source, VideoSource) else None
        self._period = 1 / fps
        self._lock = threading.Lock()
        self._watches: tuple[Watch, ...] = ()
        self._videos: tuple[VideoWatch, ...] = ()
        self._either: tuple[EitherWatch, ...] = ()
        self._video = False  # whether the source was asked for video
        self._tapped = False  # whether those who take either are given video
        self._refresh = False
        self._failure: DeviceError | None = None
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._jpegs: dict[Quality, Jpeg] = {}
        self._dues: dict[Quality, float] = {}
        self._unseen: set[Quality] = set()  # qualities that were not shown the newest change yet
        self._number = 0
        self._packets = 0
        self._passed: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._ticks: deque[tuple[float, float, float, int]] = deque(maxlen=_RECENT)
        self._paused = False  # whether it was told that the video has paused
        self._lookout = Lookout(device, lambda: source.name, self._failed)
        self._thread = threading.Thread(target=self._run, name=f"preview-{device.serial}", daemon=True)

    def start(self) -> None:
        """Begin to capture."""
        self._thread.start()
        self._lookout.start()

    def add(self, watch: Watch | VideoWatch) -> DeviceError | None:
        """Let somebody watch; return why there is no picture at present, if there is none."""
        with self._lock:
            if isinstance(watch, VideoWatch):
                self._videos += (watch,)
                self._refresh = True
            elif isinstance(watch, EitherWatch):
                self._either += (watch,)
                self._refresh = True
            else:
                self._watches += (watch,)
            self._hurry.set()  # the pace may be slow, and this one waits for its first picture
            return self._failure

    def remove(self, watch: Watch | VideoWatch) -> bool:
        """Let somebody go; tell whether nobody is left."""
        with self._lock:
            self._watches = tuple(other for other in self._watches if other is not watch)
            self._videos = tuple(other for other in self._videos if other is not watch)
            self._either = tuple(other for other in self._either if other is not watch)
            return not (self._watches or self._videos or self._either)

    def refresh(self) -> None:
        """Have the device asked for a key frame, soon."""
        self._refresh = True

    def stop(self) -> None:
        """End the thread soon; a capture that is under way is cut off."""
        self._stop.set()
        self._hurry.set()
        self._lookout.stop()
        self._source.close()

    @property
    def source(self) -> Source:
        """Where its pictures come from."""
        return self._source

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, unless it is the one that asks."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def stats(self) -> StreamStats:
        """Return how it does."""
        now, ticks, passed = time.monotonic(), list(self._ticks), list(self._passed)
        count = len(ticks) or 1
        return StreamStats(
            device_id=self._device.serial,
            watchers=len(self._watches) + len(self._videos) + len(self._either),
            frames=self._number,
            frames_per_second=per_second([(tick[0], 1) for tick in ticks], now),
            capture_ms=sum(tick[1] for tick in ticks) / count * 1000,
            encode_ms=sum(tick[2] for tick in ticks) / count * 1000,
            bytes_per_frame=sum(tick[3] for tick in ticks) / count,
            source=self._source.name,
            packets=self._packets,
            packets_per_second=per_second([(at, 1) for at, _ in passed], now),
            packet_bytes_per_second=per_second(passed, now),
        )

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                if self._lookout.silent:
                    self._stop.wait(_LOOK_SECONDS)
                    continue
                self._settle()
                if self._pictured():
                    self._tick()
                # A late frame is made up for by the next; of more than that, the frames are left out.
                period, now = self._present_period(), time.monotonic()
                due = min(max(due + period, now - period), now + period)
                self._rest(due)
            except SessionClosed:
                break
            except NoVideo as error:
                self._refuse(error)
            except DeviceError as error:
                self._failed(error)
                self._await_return(error)
            except Exception as error:
                log.exception("the preview of %s failed", self._device.serial)
                self._failed(PreviewUnavailable(self._device.serial, str(error)))
                self._stop.wait(_RETRY_SECONDS)

    def _present_period(self) -> float:
        """As slow as the quickest who watches allows."""
        with self._lock:
            paces = [self._pace(watch.quality) for watch in self._pictured()]
        return 1 / max(paces) if paces else max(self._period, _IDLE_SECONDS)

    def _pace(self, quality: Quality) -> float:
        """Frames a second that the quickest wants of those who watch in a quality."""
        paces = [watch.fps or math.inf for watch in self._pictured() if watch.quality == quality]
        return min(max(paces, default=math.inf), 1 / self._period)

    # Pictures

    def _pictured(self) -> tuple[Watch, ...]:
        """Those who are shown pictures at present."""
        return self._watches if self._tapped else (*self._watches, *self._either)

    def _tick(self) -> None:
        began = time.monotonic()
        with self._lock:
            watches = self._pictured()
            qualities = {watch.quality for watch in watches}
            joined = {watch.quality for watch in watches if watch.fresh}
            due = joined | {quality for quality in qualities if self._is_due(quality, began)}
        if not due:
            return
        moment = datetime.now(UTC)
        with self._lookout.awaiting():
            capture = self._source.capture()
        captured = time.monotonic()
        self._failure = None
        if capture.changed:
            self._jpegs.clear()
            self._unseen = qualities
        self._unseen |= joined
        self._number += 1
        frames = {quality: self._frame(capture, quality, moment) for quality in due}
        encoded = time.monotonic()
        size = sum(len(frame.jpeg) for frame in frames.values())
        self._ticks.append((encoded, captured - began, encoded - captured, size))
        for watch in watches:
            if watch.quality in frames:
                watch.show(frames[watch.quality])

    def _is_due(self, quality: Quality, now: float) -> bool:
        """Whether a quality's turn has come, which then is taken."""
        due, period = self._dues.get(quality, now), 1 / self._pace(quality)
        if now < due - self._period / 2:
            return False
        self._dues[quality] = max(due, now - period) + period
        return True

    def _frame(self, capture: Capture, quality: Quality, moment: datetime) -> Frame:
        jpeg = self._jpegs.get(quality)
        if jpeg is None:
            jpeg = self._jpegs[quality] = capture.picture.jpeg(quality)
        changed = quality in self._unseen
        self._unseen.discard(quality)
        return Frame(self._device.serial, quality, jpeg, moment, self._number, changed, self._source.name)

    # Video

    def _settle(self) -> None:
        """Have the source give video while somebody wants it, or takes it where it comes anyway."""
        with self._lock:
            wanted = any(not watch.refused for watch in self._videos)
        if wanted != self._video:
            if self._video_source is None:
                raise NoVideo(self._device.serial, f"{self._source.name} gives no video")
            self._video_source.want_video(wanted)
            self._video, self._paused = wanted, False
            self._jpegs.clear()
        self._tap()

    def _tap(self) -> None:
        """Find out whether video comes that those who take either can be given."""
        if self._video_source is not None:
            self._tapped = self._video_source.tap(bool(self._either))

    def _rest(self, due: float) -> None:
        """Wait until the next picture is due, or somebody comes; video passes meanwhile."""
        if not self._passing:
            self._hurry.wait(max(0.0, due - time.monotonic()))
        while self._passing:
            left = 0.0 if self._hurry.is_set() else max(0.0, due - time.monotonic())
            self._pass_on(min(left, _LOOK_SECONDS))
            if not left:
                break
        self._hurry.clear()

    @property
    def _passing(self) -> bool:
        return self._video or self._tapped

    def _pass_on(self, timeout: float) -> None:
        """Hand over the packets that have come."""
        source = self._video_source
        assert source is not None
        if self._refresh:
            self._refresh = False
            source.refresh()
        packets = source.packets(timeout, decode=bool(self._watches))
        self._tap()  # a stream may have begun with them
        with self._lock:
            watches = (*self._videos, *(watch.video for watch in self._either if self._tapped))
            if packets:
                self._failure, self._paused = None, False
        if not self._paused and source.owes > LATE_SECONDS:
            self._pause(source.owes)
        for packet in packets:
            self._packets += 1
            self._passed.append((time.monotonic(), len(packet.data)))
            for watch in watches:
                watch.show(packet)

    def _pause(self, seconds: float) -> None:
        """Tell those who are given video that none comes; it goes on by itself, with a key frame."""
        self._paused = True
        error = PreviewUnavailable(self._device.serial, f"its video has not come for {seconds:.1f} s")
        with self._lock:
            either = self._either if self._tapped else ()
            watches: tuple[Watch | VideoWatch, ...] = (*self._videos, *either)
        for watch in watches:
            watch.fail(error)

    def _refuse(self, error: NoVideo) -> None:
        """Tell those who want video that there is none; the pictures go on."""
        if self._video and self._video_source is not None:
            self._video_source.want_video(False)
        self._video = False
        with self._lock:
            watches = tuple(watch for watch in self._videos if not watch.refused)
        for watch in watches:
            watch.fail(error)

    # Faults

    def _failed(self, error: DeviceError) -> None:
        """Tell all who watch, once for each reason until there is a picture again."""
        with self._lock:
            told = self._failure is not None and self._failure.code == error.code
            self._failure = error
            watches: tuple[Watch | VideoWatch, ...] = (*self._watches, *self._videos, *self._either)
        if not told:
            for watch in watches:
                watch.fail(error)

    def _await_return(self, error: DeviceError) -> None:
        """Wait for what can be waited for: the device, or (it being there) some time."""
        if not isinstance(error, DeviceDisconnected):
            self._stop.wait(_RETRY_SECONDS)
            return
        while not self._stop.is_set() and not self._device.wait_online(0.25):
            continue
