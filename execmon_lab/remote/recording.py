"""What the devices of an execution elsewhere showed, asked of its server."""

import math
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlencode

from ..client import Address, http
from ..preview.recording import Gap, Moment, NoPicture, NoRecording, RecordedFrame
from ..protocol import Instant, Quality, timestamp
from ..protocol.clock import epoch, moment
from ..protocol.frameheaders import FROM, HEIGHT, NUMBER, REASON, UNTIL, WIDTH


class RemoteRecording:
    """The pictures of an execution's devices by time, while it runs and after its end; calls block.

    Parameters
    ----------
    address, token
        As for `connect`.
    """

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._token = token

    def frame_at(self, device_id: str, at: Instant, quality: Quality = "high") -> RecordedFrame:
        """Return the picture that was on a device's screen at a time; before the first, the first.

        Parameters
        ----------
        device_id
            The device's serial.
        at
            Seconds since the epoch, or a UTC time (a text as messages have it), by the clock of the machine
            that recorded it; to the millisecond.
        quality
            ``low``, ``medium`` or ``high``, where it was kept as video.

        Raises
        ------
        NoRecording
            When there is none of this device; `NoPicture`, when there was none at that time.
        OSError
            When the server does not answer; the text says why.
        """
        return self.moment(device_id, at, quality).frame

    def moment(
        self, device_id: str, at: Instant, quality: Quality = "high", *, within: float = math.inf
    ) -> Moment:
        """Return the picture and for how long it was there. Parameters and errors are those of `frame_at`.

        `within` is what a `Recording` here keeps to; a server is given the time that it takes.
        """
        query = urlencode({"at": timestamp(datetime.fromtimestamp(epoch(at), UTC)), "quality": quality})
        part = f"{self._address.execution_id}/recording/{quote(device_id, safe='')}?{query}"
        try:
            jpeg, headers = http.ask(self._address, f"/api/v1/executions/{part}", self._token)
        except HTTPError as error:
            if error.code == 404 and REASON in error.headers:
                raise NoPicture(Gap(epoch(at), None, unquote(error.headers[REASON]))) from error
            if error.code == 404:
                raise NoRecording(error.msg) from error
            raise OSError(error.msg) from error
        try:
            width, height, number = (int(headers[name]) for name in (WIDTH, HEIGHT, NUMBER))
            frame = RecordedFrame(jpeg, width, height, _seconds(headers[FROM]), number)
            until = _seconds(headers[UNTIL]) if headers.get(UNTIL) else None
        except (KeyError, TypeError, ValueError) as error:
            raise OSError(f"{self._address.server} answered with no recorded picture: {error}") from error
        return Moment(frame, until, final="immutable" in headers.get("Cache-Control", ""))


def _seconds(stamp: str) -> float:
    return moment(stamp).timestamp()
