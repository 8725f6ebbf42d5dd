"""What a recording has, as a history keeps the index of it."""

from __future__ import annotations

from ...history import RecordingIndex
from .recording import Recording, track_path


def indices(recording: Recording) -> list[RecordingIndex]:
    """Return the index of each device's pictures, of those of which there are any.

    Raises
    ------
    OSError, ValueError
        When a file cannot be read, or is none.
    """
    found = []
    for device_id in recording.devices():
        marks = recording.index(device_id)
        if marks:
            found.append(
                RecordingIndex(
                    device_id=device_id,
                    ended_at=_ms(recording.span(device_id)[1]),
                    bytes=track_path(recording.path, device_id).stat().st_size,
                    marks=tuple((mark.number, _ms(mark.at)) for mark in marks),
                )
            )
    return found


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
