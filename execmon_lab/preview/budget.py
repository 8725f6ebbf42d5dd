"""How much picture may be sent in all, shared evenly by the streams that are looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Bounds for all pictures of a view together; a stream alone never passes the preview's own rate.

    Attributes
    ----------
    frames_per_second
        Frames a second in all; None for no bound. Twelve devices at the default share 2.5 each.
    bytes_per_second
        Bytes of JPEG a second in all; None for no bound.

    Raises
    ------
    ValueError
        When a bound is not above zero.
    """

    frames_per_second: float | None = 30.0
    bytes_per_second: float | None = None

    def __post_init__(self) -> None:
        for name in ("frames_per_second", "bytes_per_second"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value!r}; give a number above 0, or None for no bound")

    def interval(self, streams: int, frame_bytes: int) -> float:
        """Return the seconds from one frame of a stream to its next.

        Parameters
        ----------
        streams
            How many share the budget.
        frame_bytes
            The size of this stream's frames.
        """
        by_frames = streams / self.frames_per_second if self.frames_per_second else 0.0
        by_bytes = streams * frame_bytes / self.bytes_per_second if self.bytes_per_second else 0.0
        return max(by_frames, by_bytes)
