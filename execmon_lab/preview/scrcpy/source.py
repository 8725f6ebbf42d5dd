"""A preview's pictures by scrcpy's server, and its video as it comes."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...devices import Device, ScreenTurned
from ..encode import Picture, can_use_planes
from ..source import Capture
from ..video import NoVideo, VideoPacket
from . import sps
from .feed import Feed
from .packets import Packet
from .session import Wanted
from .start import ScrcpyFailed
from .touches import ScrcpyTouches, Size

if TYPE_CHECKING:
    import av

    from ..planar import Scaler
    from .decoder import Decoder

log = logging.getLogger(__name__)

VIDEO_FPS = 30.0
"""Frames a second that the device sends while somebody watches it as video."""

MISSING_DECODER = "scrcpy's pictures need PyAV and simplejpeg: pip install 'execmon-lab[video]'"
_WAIT = 0.25
_KEPT = 300  # packets that wait for somebody who watches the video, ten seconds of it


def can_decode() -> bool:
    """Whether this machine can make pictures of H.264: an optional part, the extra ``video``."""
    return can_use_planes()


class ScrcpySource:
    """Pictures by scrcpy's server, decoded in the thread that asks, the newest wins; and its video.

    Between two calls what comes waits in the sockets, whose bound makes the device wait.

    Parameters
    ----------
    device
        Whose screen.
    wanted
        What the device shall send.
    """

    name = "scrcpy"

    def __init__(self, device: Device, wanted: Wanted | None = None) -> None:
        self._device = device
        self._wanted = wanted or Wanted()
        self._feed = Feed(device, self._wanted)
        self._seen = 0  # the session that decoder, configuration and pictures belong to
        self._decoder: Decoder | None = None
        self._newest: av.VideoFrame | None = None
        self._picture: Picture | None = None
        self._scaler: Scaler | None = None
        self._video = self._tapped = False
        self._begun = False  # whether the session has given a key frame
        self._kept: deque[VideoPacket] = deque()
        self._gap = False  # whether some that nobody fetched were dropped, and no key frame has come since
        self._config = b""
        self._sps: sps.Sps | None = None
        self._number = 0

    def capture(self) -> Capture:
        """Return the newest picture; see `Source.capture`."""
        capture = self.newest(0.0)
        while capture is None:
            capture = self.newest(_WAIT)
        return capture

    def newest(self, timeout: float) -> Capture | None:
        """Return the newest picture, after at most `timeout` seconds; None while the stream begins (anew)."""
        self._take(timeout, decode=self._begun or not self._tapped)
        if self._newest is None and self._picture is None:
            return None
        newest, self._newest = self._newest, None
        if newest is not None:
            self._picture = self._make_picture(newest)
        assert self._picture is not None
        return Capture(self._picture, newest is not None)

    def want_video(self, wanted: bool) -> None:
        """Have the device send at a video's rate, or no longer; see `VideoSource.want_video`."""
        self._video = wanted
        self._feed.want(dataclasses.replace(self._wanted, max_fps=VIDEO_FPS) if wanted else self._wanted)

    def tap(self, wanted: bool) -> bool:
        """Have `packets` give what comes anyway; see `VideoSource.tap`."""
        self._tapped = wanted
        return wanted and not self._unreadable

    @property
    def begun(self) -> bool:
        """Whether its stream has given a key frame, and goes on."""
        return self._begun and self._feed.live

    @property
    def owes(self) -> float:
        """Seconds for which nothing has come although something should have; see `VideoSource.owes`."""
        return self._feed.owes

    def packets(self, timeout: float, *, decode: bool) -> list[VideoPacket]:
        """Return the packets that have come; see `VideoSource.packets`."""
        self._take(0.0 if self._kept else timeout, decode=decode)
        if self._video and self._unreadable:
            reason = f"its configuration ({self._config[:32].hex()}) tells no decoder what it is"
            raise NoVideo(self._device.serial, reason)
        packets = list(self._kept)
        self._kept.clear()
        return packets

    def glimpse(self, packet: VideoPacket) -> Picture | None:
        """Return the picture of a key frame, decoded by itself; None where that cannot be."""
        if not can_decode():
            return None
        from .decoder import Decoder, NeedsKey

        try:
            frame = Decoder().decode(Packet(packet.data, packet.pts, False, True))
        except NeedsKey as error:
            log.info("%s: a key frame cannot be decoded: %s", self._device.serial, error)
            return None
        return None if frame is None else self._make_picture(frame)

    def refresh(self) -> None:
        """Ask the device for a key frame."""
        self._feed.ask()

    def touches(self, screen: Size | None, wait: Callable[[float], bool]) -> ScrcpyTouches | None:
        """Return a way to touch the device while the stream runs; see `PreviewService.touches`."""
        if not self._feed.live:
            return None
        video = self.video
        if screen is not None:
            if video is None:
                return None
            if (video[0] > video[1]) != (screen[0] > screen[1]):
                raise ScreenTurned
        return ScrcpyTouches(self, video, screen, wait)

    @property
    def video(self) -> Size | None:
        """The size of the video as it comes now; None before the present session has told it.

        The server takes positions for pixels of the screen before its first picture, and passes over those of
        a former size.
        """
        found = self._sps
        if found is None or self._feed.number != self._seen or not self._feed.live:
            return None
        return found.width, found.height

    @property
    def acknowledged(self) -> int:
        """The number of the last clipboard that the server has set."""
        return self._feed.acknowledged

    def send(self, message: bytes) -> None:
        """Send a control message, from any thread; raises as `Feed.send` does."""
        self._feed.send(message)

    def close(self) -> None:
        """Let go of the device; a `capture` under way raises `SessionClosed`."""
        self._feed.close()

    @property
    def _unreadable(self) -> bool:
        return bool(self._config) and self._sps is None

    def _take(self, timeout: float, *, decode: bool) -> None:
        """Take what has come: decode it, and keep it for those who watch the video."""
        packets = self._feed.receive(timeout)
        if self._feed.number != self._seen or not self._feed.live:
            self._seen = self._feed.number
            self._decoder = self._newest = self._picture = self._sps = None
            self._config = b""
            self._begun = False
        if not self._feed.live:
            return
        if not decode:
            self._decoder = self._newest = self._picture = None
        elif self._decoder is None:
            self._decoder = self._make_decoder()
            self._feed.ask()
        for packet in packets:
            whole = self._decode(packet) if decode else True
            if packet.key and whole:
                self._feed.served()
            self._keep(packet)

    def _make_decoder(self) -> Decoder:
        if not can_decode():
            raise ScrcpyFailed(self._device.serial, MISSING_DECODER)
        from .decoder import Decoder  # needs PyAV, an optional part

        return Decoder(self._config)

    def _make_picture(self, frame: av.VideoFrame) -> Picture:
        from ..planar import FramePicture, Scaler

        if self._scaler is None:
            self._scaler = Scaler()
        return FramePicture(frame, self._scaler)

    def _decode(self, packet: Packet) -> bool:
        """Decode a packet and keep the newest picture; tell whether there is one."""
        from .decoder import NeedsKey

        assert self._decoder is not None
        try:
            frame = self._decoder.decode(packet)
        except NeedsKey as error:
            log.warning("%s: a key frame is asked for: %s", self._device.serial, error)
            self._feed.ask()
            return False
        if frame is not None:
            self._newest = frame
        return frame is not None

    def _keep(self, packet: Packet) -> None:
        if packet.config:
            self._config, self._sps = packet.data, sps.parse(packet.data)
            return
        self._begun = self._begun or packet.key
        if not (self._video or self._tapped):
            self._kept.clear()
            return
        if self._sps is None:
            return
        self._number += 1
        if len(self._kept) == _KEPT:
            self._kept.clear()
            self._gap = True
            self._feed.ask()
        if self._gap and not packet.key:
            return
        self._gap = False
        self._kept.append(
            VideoPacket(
                device_id=self._device.serial,
                data=self._config + packet.data if packet.key else packet.data,
                key=packet.key,
                pts=packet.pts,
                at=time.time(),
                session=self._seen,
                number=self._number,
                codec=self._sps.codec,
                width=self._sps.width,
                height=self._sps.height,
            )
        )
