"""What waits for one consumer while it cannot take more.

Pure: it is told what to keep and asked what goes next, and neither writes nor waits.
"""

from collections import deque

from ..hub import Envelope
from ..protocol import LogEntry
from ..shaping import ShedLogs
from .parcel import Kind, Parcel, Picture
from .settings import Settings


class Overflow(Exception):
    """More guaranteed messages wait than a consumer may have waiting."""


class Outbox:
    """Messages that wait, each kind by its own rule (see `Kind`); bounded whatever comes.

    Parameters
    ----------
    settings
        The bounds.
    """

    __slots__ = (
        "_bytes",
        "_frames",
        "_guaranteed",
        "_most",
        "_most_bytes",
        "_most_logs",
        "_progress",
        "_ring",
        "_shed",
        "_statuses",
        "conflated",
        "shed",
    )

    def __init__(self, settings: Settings) -> None:
        self._most = settings.queued_messages
        self._most_bytes = settings.queued_bytes
        self._most_logs = settings.log_ring
        self._guaranteed: deque[tuple[int, Parcel]] = deque()
        self._bytes = 0
        self._ring: deque[Parcel] = deque()
        self._shed = ShedLogs()
        self._statuses: dict[str, Parcel] = {}
        self._progress: Parcel | None = None
        self._frames: dict[str, Picture] = {}
        self.shed = 0
        """Log entries dropped, in all."""
        self.conflated = 0
        """Progress, statuses and frames that a newer one replaced."""

    def __len__(self) -> int:
        return (
            len(self._guaranteed)
            + len(self._ring)
            + len(self._statuses)
            + len(self._frames)
            + (self._progress is not None)
        )

    def __bool__(self) -> bool:
        # Asked at every pong.
        return bool(self._frames or self._guaranteed or self._ring or self._statuses or self._progress)

    def put(self, parcel: Parcel | Picture, seq: int = 0, *, resumed: bool = False) -> None:
        """File a message.

        Parameters
        ----------
        parcel
            The message.
        seq
            A guaranteed message's number in its session.
        resumed
            True for what a session brings with it, which comes on top of the bounds.

        Raises
        ------
        Overflow
            When a guaranteed message exceeds the bounds.
        """
        if isinstance(parcel, Picture):
            # Popped first, so that devices take turns in the order in which their frames came.
            self.conflated += self._frames.pop(parcel.device_id, None) is not None
            self._frames[parcel.device_id] = parcel
            return
        match parcel.kind:
            case Kind.GUARANTEED:
                self._put_guaranteed(parcel, seq, resumed)
            case Kind.RING:
                self._put_ring(parcel)
            case Kind.PROGRESS:
                self.conflated += self._progress is not None
                self._progress = parcel
            case Kind.STATUS:
                self.conflated += self._statuses.pop(parcel.device_id, None) is not None
                self._statuses[parcel.device_id] = parcel

    def take(self, *, frames: bool) -> tuple[Parcel | Picture, int] | None:
        """Remove and return what goes next, with a guaranteed message's number.

        Guaranteed messages go first, but the end of the execution waits for the log and the last progress.

        Parameters
        ----------
        frames
            Whether a preview frame may go.

        Returns
        -------
        tuple or None
            None when nothing may go.
        """
        if self._guaranteed and not self._guaranteed[0][1].ends:
            return self._take_guaranteed()
        if self._shed:
            return Parcel(Envelope(self._shed.notice())), 0
        if self._ring:
            return self._ring.popleft(), 0
        if self._statuses:
            return self._statuses.pop(next(iter(self._statuses))), 0
        if self._progress is not None:
            progress, self._progress = self._progress, None
            return progress, 0
        if self._guaranteed:
            return self._take_guaranteed()
        if frames and self._frames:
            return self._frames.pop(next(iter(self._frames))), 0
        return None

    def drop_frame(self, device_id: str) -> None:
        """Forget a device's frame: its preview was stopped."""
        self._frames.pop(device_id, None)

    def drop_status(self, device_id: str) -> None:
        """Forget a device's status: it was unsubscribed from."""
        self._statuses.pop(device_id, None)

    def _put_guaranteed(self, parcel: Parcel, seq: int, resumed: bool) -> None:
        self._guaranteed.append((seq, parcel))
        self._bytes += parcel.size
        if resumed:
            self._most += 1
            self._most_bytes += parcel.size
        if len(self._guaranteed) > self._most or self._bytes > self._most_bytes:
            raise Overflow

    def _take_guaranteed(self) -> tuple[Parcel, int]:
        seq, parcel = self._guaranteed.popleft()
        self._bytes -= parcel.size
        return parcel, seq

    def _put_ring(self, parcel: Parcel) -> None:
        self._ring.append(parcel)
        if len(self._ring) > self._most_logs:
            oldest = self._ring.popleft().message
            if isinstance(oldest, LogEntry):
                self.shed += 1
                self._shed.add(oldest)
