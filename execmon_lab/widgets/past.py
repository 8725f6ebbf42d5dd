"""Pictures of the past: what a page asks for when its cursor is not at the present."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Protocol

from ..preview.recording import Moment, NoPicture, NoRecording
from ..protocol import Quality
from .commands import Seek
from .parcel import Parcel

log = logging.getLogger(__name__)

GLIMPSE_SECONDS = 0.03
"""How long a video is decoded, from its key frame on, before a hasty page is shown what was reached."""


class RecordedPictures(Protocol):
    """What has the pictures: a `Recording`, here or elsewhere."""

    def moment(self, device_id: str, at: float, quality: Quality, /, *, within: float = ...) -> Moment:
        """Return the picture that was on a device's screen at a time, in seconds since the epoch.

        One from before will do, as a glimpse, where the right one takes much longer than `within` seconds.
        """


class Past:
    """Answers pages that ask for the picture of a moment.

    Parameters
    ----------
    recording
        Where the pictures are.
    answer
        Sends a parcel to the pages; from any thread.
    """

    def __init__(self, recording: RecordedPictures, answer: Callable[[Parcel], None]) -> None:
        self._recording = recording
        self._answer = answer

    def take(self, seek: Seek) -> None:
        """Answer with the picture that stood at the moment, and from when until when it stood.

        Before the first picture it is the first, as its times tell. The newest stands at least until the
        moment that was asked for: a later question may find another. A page that is hasty is shown a glimpse
        of what was before, where the right picture takes long. Where there was none, it is told why.
        """
        content = {"kind": "past", "page": seek.page, "id": seek.id, "device_id": seek.device_id}
        try:
            within = GLIMPSE_SECONDS if seek.hasty else math.inf
            moment = self._recording.moment(seek.device_id, seek.at / 1000, seek.quality, within=within)
        except (NoPicture, ModuleNotFoundError) as error:
            reason = error.gap.reason if isinstance(error, NoPicture) else str(error)
            self._answer(Parcel({**content, "found": False, "reason": reason}))
            return
        except NoRecording:
            self._answer(Parcel({**content, "found": False}))
            return
        except (OSError, ValueError) as error:
            log.warning("a recording cannot be read: %s", error)
            self._answer(Parcel({**content, "found": False}))
            return
        frame = moment.frame
        until = max(seek.at, frame.at * 1000) if moment.until is None else moment.until * 1000
        facts = {"number": frame.number, "width": frame.width, "height": frame.height}
        if moment.glimpse:
            facts["glimpse"] = True
        times = {"from": frame.at * 1000, "until": until}
        self._answer(Parcel({**content, "found": True, **facts, **times}, (frame.jpeg,)))
