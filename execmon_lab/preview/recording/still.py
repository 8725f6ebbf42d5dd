"""The picture that a recording ends with, for who would watch the device."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ...protocol import Quality
from ..encode import Jpeg
from ..frame import Frame
from .recording import Recording
from .track import NoRecording


class StillWatch:
    """Somebody watching a device of which there will be no further picture."""

    def close(self) -> None:
        """End it; there is nothing to end."""


class LastPictures:
    """Gives each device's last picture, in place of a live one.

    Parameters
    ----------
    recording
        Of an execution that has ended.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def watch(
        self,
        device_id: str,
        quality: Quality,
        callback: Callable[[Frame], None],
        on_error: Callable[[Exception], None],
    ) -> StillWatch:
        """Hand the last picture to `callback`, at once and once.

        Raises
        ------
        RuntimeError
            When there is none; the text says why.
        """
        try:
            _, end = self._recording.span(device_id)
            last = self._recording.frame_at(device_id, end)
        except (NoRecording, OSError, ValueError, ModuleNotFoundError) as error:
            raise RuntimeError(str(error)) from error
        callback(
            Frame(
                device_id=device_id,
                quality=quality,
                picture=Jpeg(last.jpeg, last.width, last.height),
                timestamp=datetime.fromtimestamp(last.at, UTC),
                number=1,
                changed=True,
            )
        )
        return StillWatch()
