"""A device's screen as video, handed on as it comes, for those who decode it themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..devices import DeviceError
from .source import PreviewUnavailable
from .watcher import OnError, Watcher


class NoVideo(PreviewUnavailable):
    """There is no video of this device, but there are pictures: `PreviewService.watch` has them."""


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """One picture of the stream, as H.264 in Annex B.

    Attributes
    ----------
    device_id
        The device's serial.
    data
        The access unit. A key frame has its configuration (SPS and PPS) before it, so that it is all that a
        decoder needs to begin.
    key
        Whether it can be decoded without those before.
    pts
        When it was shown, microseconds of the device's clock; rising within a session.
    at
        When it came, seconds since the epoch.
    session
        Counts the runs of the device's encoder. A new one begins with a key frame, and its times anew.
    number
        Counts the packets of the stream; each watcher gets every one from a key frame on.
    codec
        For the ``codec`` of a browser's ``VideoDecoder``: ``avc1.42c01f``.
    width, height
        In pixels; of a turned screen, too.
    """

    device_id: str
    data: bytes
    key: bool
    pts: int
    at: float
    session: int
    number: int
    codec: str
    width: int
    height: int


@runtime_checkable
class VideoSource(Protocol):
    """A source of pictures that has them as video, too; used by one thread."""

    def want_video(self, wanted: bool) -> None:
        """Begin, or cease, to be asked for video.

        Raises
        ------
        NoVideo
            When there is none.
        """

    def tap(self, wanted: bool) -> bool:
        """Have `packets` give what comes anyway, at the present rate; tell whether anything does."""

    @property
    def owes(self) -> float:
        """Seconds for which no packet has come although one should have: the stream begins, or is asked for a
        key frame; 0 while all is well, as with a screen that stands still.
        """

    def packets(self, timeout: float, *, decode: bool) -> list[VideoPacket]:
        """Return the packets that have come, after at most `timeout` seconds where none has.

        Parameters
        ----------
        timeout
            Seconds.
        decode
            Whether `capture` shall know of them; without, nothing is decoded.

        Raises
        ------
        NoVideo
            When there is none, or no more.
        DeviceDisconnected, SessionClosed
            As `Source.capture` raises them.
        """

    def refresh(self) -> None:
        """Ask the device for a key frame."""


OnPacket = Callable[[VideoPacket], None]


class VideoWatch(Watcher[VideoPacket]):
    """Somebody watching a device as video, until `close`.

    Each gets packets from a key frame on, without a gap.
    """

    def __init__(
        self,
        on_packet: OnPacket,
        on_error: OnError | None,
        leave: Callable[[VideoWatch], None],
        refresh: Callable[[], None],
    ) -> None:
        super().__init__(on_packet, on_error, leave)
        self._refresh = refresh
        self._begun = False
        self.refused = False

    def refresh(self) -> None:
        """Ask for a key frame: after packets were left out, or a decoder was lost. Returns at once.

        What comes before it is not handed over.
        """
        self._begun = False
        self.ask()

    def ask(self) -> None:
        """Ask for a key frame, while what comes before it is handed over all the same. Returns at once."""
        self._refresh()

    @property
    def waits(self) -> bool:
        """Whether a key frame is awaited."""
        return not self._begun

    def show(self, packet: VideoPacket) -> None:
        """Hand over a packet, unless a key frame is awaited and it is none."""
        if packet.key or self._begun:
            self._begun = True
            super().show(packet)

    def fail(self, error: DeviceError) -> None:
        """Tell why there are no packets; after `NoVideo` there will be none until one comes to watch anew."""
        self._begun = False
        if isinstance(error, NoVideo):
            self.refused = True
        super().fail(error)
