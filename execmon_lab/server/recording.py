"""Time travel over HTTP: what a device showed at a moment of an execution, live or long after its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import lru_cache
from typing import get_args
from urllib.parse import quote

from aiohttp import ETag, web

from ..history.artifacts import ArtifactStore
from ..preview.recording import Moment, NoPicture, NoRecording, Recording
from ..protocol import Quality, timestamp
from ..protocol.clock import moment
from ..protocol.frameheaders import FROM, HEIGHT, NUMBER, REASON, UNTIL, WIDTH
from .problem import problem

RECORDING = "/api/v1/executions/{id}/recording/{device_id}"

FOR_EVER = "private, max-age=31536000, immutable"
FOR_NOW = "private, no-cache"  # a recording that goes on may be thinned out: ask again, and be told 304

_QUALITIES: dict[str, Quality] = {quality: quality for quality in get_args(Quality)}
_KEPT = 16  # recordings whose index stays in memory


def recording_routes(artifacts: ArtifactStore) -> list[web.RouteDef]:
    """Make the route that gives out recorded pictures.

    ``GET …/recording/{device_id}?at=2025-01-27T10:30:30.500Z`` is answered with the JPEG that stood at that
    time; before the first picture it is the first, as its headers tell. With ``&quality=medium`` what was
    kept as video comes smaller, and sooner.

    Parameters
    ----------
    artifacts
        Where the recordings are.
    """

    @lru_cache(_KEPT)
    def recording(execution_id: str) -> Recording:
        try:
            return Recording(artifacts.recording(execution_id))
        except ValueError as error:
            raise NoRecording(str(error)) from error

    def find(execution_id: str, device_id: str, at: datetime, quality: Quality) -> Moment | str | None:
        """Return the picture; why there is none, when there are some of other times; None without any."""
        try:
            return recording(execution_id).moment(device_id, at.timestamp(), quality)
        except NoPicture as error:
            return error.gap.reason
        except ModuleNotFoundError as error:
            return str(error)
        except (NoRecording, FileNotFoundError):
            return None

    async def picture(request: web.Request) -> web.Response:
        try:
            at = moment(request.query["at"])
        except (KeyError, ValueError):
            at = None
        if at is None or at.tzinfo is None:
            return problem(400, "say when, as UTC in RFC 3339: ?at=2025-01-27T10:30:30.500Z")
        quality = _QUALITIES.get(request.query.get("quality", "high"))
        if quality is None:
            return problem(400, f"quality is one of: {', '.join(_QUALITIES)}")
        execution_id, device_id = request.match_info["id"].lower(), request.match_info["device_id"]
        found = await asyncio.to_thread(find, execution_id, device_id, at, quality)
        if found is None:
            return problem(404, f"no picture of {device_id} was recorded in this execution")
        if isinstance(found, str):
            return problem(404, f"no picture: {found}", {REASON: quote(found)})
        return _answer(request, found, quality)

    return [web.get(RECORDING, picture)]


def _answer(request: web.Request, found: Moment, quality: Quality) -> web.Response:
    frame = found.frame
    etag = ETag(f"{frame.number}-{quality}")
    known = any(given.value in ("*", etag.value) for given in request.if_none_match or ())
    answer = web.Response(status=304) if known else web.Response(body=frame.jpeg, content_type="image/jpeg")
    answer.etag = etag
    answer.headers["Cache-Control"] = FOR_EVER if found.final else FOR_NOW
    answer.headers[NUMBER] = str(frame.number)
    answer.headers[WIDTH], answer.headers[HEIGHT] = str(frame.width), str(frame.height)
    answer.headers[FROM] = _stamp(frame.at)
    if found.until is not None:
        answer.headers[UNTIL] = _stamp(found.until)
    return answer


def _stamp(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))
