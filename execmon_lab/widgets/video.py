"""A device's video on its way to the pages: packets of H.264 as the device made them, which pages decode."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from typing import Protocol

from ..preview.scrcpy import Wanted
from ..preview.video import OnPacket, VideoPacket, VideoWatch
from ..preview.watcher import OnError
from ..protocol import timestamp
from .numbers import Tally
from .parcel import Parcel

log = logging.getLogger(__name__)

SOURCE = "scrcpy"
CODEC = "h264"

MAX_PENDING = 30
"""Packets that wait for their turn; beyond, they are dropped, up to the next key frame."""
MAX_PENDING_BYTES = 1 << 20

ASK_SECONDS = 0.5
"""From one request for a key frame to the next, for a device may take that long to send one."""

UNHEARD_KEY_SECONDS = 2.0
"""A page that missed something cannot ask a kernel whose cell blocks: key frames come by themselves then."""

UNHEARD_BYTES_PER_SECOND = 1.5 * Wanted().bit_rate / 8
"""Nor can it say how much its link carries: no more is sent then than the device was asked for, and some."""
UNHEARD_BURST_SECONDS = 1.0
"""For so long it may be more, as with a key frame."""

RETRY_SECONDS = 15.0
"""After a failure the pictures come as JPEG for so long; doubled with each that follows."""
RETRY_SECONDS_MAX = 600.0


class VideoSource(Protocol):
    """Who gives encoded video."""

    def watch_video(
        self,
        device_id: str,
        on_packet: OnPacket,
        on_error: OnError,
        /,
    ) -> VideoWatch:
        """Have a device's packets handed to `on_packet`, and why they cease to `on_error`; from any thread.

        Raises
        ------
        DeviceError, RuntimeError
            When there will be none.
        """


class VideoLine:
    """One device's packets; used under its owner's lock.

    What is sent is numbered: `sequence` rises by one with each packet, so that pages see a gap.

    Attributes
    ----------
    watch
        The video under way, while there is any.
    live : bool
        Whether pages have been sent a key frame, so that they need no JPEG.
    newest : VideoPacket or None
        What was sent last.
    """

    def __init__(self, device_id: str) -> None:
        self.device_id = device_id
        self.watch: VideoWatch | None = None
        self.live = False
        self.newest: VideoPacket | None = None
        self.tally = Tally()
        self.sent_at = float("-inf")
        self._pending: deque[VideoPacket] = deque()
        self._bytes = 0
        self._sequence = 0
        self._key_wanted = True
        self._asking = False
        self._asked_at = float("-inf")
        self._key_at = float("-inf")
        self._passed_at = float("-inf")

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._pending)

    @property
    def restless(self) -> bool:
        """Whether there is anything to do: to send, or to ask the device for."""
        return self.waiting or self._asking

    def take(self, packet: VideoPacket, now: float) -> None:
        """Keep a packet until its turn comes."""
        if packet.key:
            self.forget()
            self._key_wanted = False
        if self._key_wanted:
            return
        self._pending.append(packet)
        self._bytes += len(packet.data)
        if len(self._pending) > MAX_PENDING or self._bytes > MAX_PENDING_BYTES:
            self.forget()
            self.ask(now)

    def forget(self) -> None:
        """Drop what waits; what follows makes no sense before the next key frame."""
        self._pending.clear()
        self._bytes = 0
        self._key_wanted = True

    def ask(self, now: float) -> None:
        """Ask for a key frame; if that was just done, a little later, unless one was sent by then."""
        self._asking = True
        self.ask_due(now)

    def ask_due(self, now: float) -> float | None:
        """Ask for the key frame that is wanted, if it is time; return when it will be."""
        if not self._asking or self.watch is None:
            return None
        due = self._asked_at + ASK_SECONDS
        if now < due:
            return due
        self._asking, self._asked_at = False, now
        self.watch.refresh()
        return None

    def ask_unheard(self, now: float) -> float:
        """See to it that key frames come while no page can ask for one; return when to see to it again."""
        due = self._key_at + UNHEARD_KEY_SECONDS
        if self.live and now >= due:
            self.ask(now)
            return now + ASK_SECONDS
        return due

    def ready_unheard(self) -> float:
        """Return when the next packet may go while no page can say what its link carries."""
        return self._passed_at - UNHEARD_BURST_SECONDS

    def send(self, now: float, number: int) -> Parcel:
        """Pack the packet that waits longest, as the number-th of all frames."""
        self.newest = packet = self._pending.popleft()
        self._bytes -= len(packet.data)
        self._sequence += 1
        self.sent_at = now
        content = {
            "kind": "video",
            "device_id": self.device_id,
            "sequence": self._sequence,
            "number": number,
            "key": packet.key,
            "timestamp": timestamp(datetime.fromtimestamp(packet.at, UTC)),
            "source": SOURCE,
            "codec": CODEC,
        }
        if packet.key:
            content["format"] = packet.codec
            self.live, self._key_at, self._asking = True, now, False
        self._passed_at = max(self._passed_at, now) + len(packet.data) / UNHEARD_BYTES_PER_SECOND
        self.tally.send(now, len(packet.data))
        return Parcel(content, (packet.data,))


class Refusals:
    """Devices that gave no video of late, and until when they are not asked again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._delay: dict[str, float] = {}

    def add(self, device_id: str, now: float, reason: Exception) -> float:
        """Take note of a failure; return when to try again."""
        delay = self._delay.get(device_id, RETRY_SECONDS)
        self._delay[device_id] = min(delay * 2, RETRY_SECONDS_MAX)
        self._until[device_id] = now + delay
        log.info("%s is shown by JPEG, its video is tried again in %.0f s: %s", device_id, delay, reason)
        return now + delay

    def forgive(self, device_id: str) -> None:
        """Forget its failures: it gave video."""
        self._delay.pop(device_id, None)

    def holds(self, device_id: str, now: float) -> bool:
        """Whether it is not to be asked yet."""
        return now < self._until.get(device_id, float("-inf"))

    def ended(self, now: float) -> bool:
        """Whether one has come to its end since this was last asked."""
        over = [device_id for device_id, until in self._until.items() if until <= now]
        for device_id in over:
            del self._until[device_id]
        return bool(over)

    def due(self, now: float) -> list[float]:
        """Return when each that still holds will end."""
        return [until for until in self._until.values() if until > now]
