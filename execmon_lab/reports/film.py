"""A recording, thinned to as many pictures as a report has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..preview.recording import NoRecording, Recording
from .material import Still


def film(recording: Recording) -> Callable[[str, int], Iterator[Still]]:
    """Make what `Material.film` asks for.

    Parameters
    ----------
    recording
        Of the execution.

    Returns
    -------
    callable
        Gives the pictures of a device: all of them where they fit, else at even distances in time.
    """

    def stills(device_id: str, count: int) -> Iterator[Still]:
        for at in moments([mark.at for mark in recording.index(device_id)], count):
            try:
                yield Still(at, recording.frame_at(device_id, at, "low").jpeg)
            except NoRecording:  # a run that goes on may thin its recording out
                continue

    return stills


def moments(marks: list[float], count: int) -> list[float]:
    """Choose at most `count` of some moments, at distances as even as they allow."""
    if len(marks) <= count or count < 1:
        return marks[: max(count, 0)]
    step = (marks[-1] - marks[0]) / count
    chosen = marks[:1]
    for mark in marks[1:]:
        if mark >= chosen[0] + step * len(chosen):
            chosen.append(mark)
    return chosen[:count]
