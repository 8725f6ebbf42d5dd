"""Parts of an execution's log, for who has the rest: what came before a line, what was shed after one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from ..history import HistoryError
from ..history.lookback import LinePlace
from ..protocol import LogEntry
from ..protocol.clock import epoch, moment
from .http import KeptLog
from .problem import problem

MOST = 8192
"""Lines in one answer."""


class Lookback(Protocol):
    """What has all lines of an execution's log."""

    def before(self, line: LinePlace, most: int, /) -> tuple[list[LogEntry], int]:
        """Return the lines before a line, and how many are before these."""

    def after(self, line: LinePlace, skip: int, most: int, /) -> list[LogEntry]:
        """Return the lines of a line's device that came after it."""


def log_routes(lookback: Callable[[str], Lookback] | None) -> list[web.RouteDef]:
    """Make the routes by which a log is read in parts; without `lookback` they are answered with 501.

    ``GET …/logs/before`` has the lines before one that is told by its ``at`` (its `timestamp`),
    ``device_id``, ``message`` and ``source``; ``GET …/logs/after`` those of its device and source after it,
    without the first ``skip``. ``limit`` is how many are wanted.

    Parameters
    ----------
    lookback
        Gives what has an execution's log, by its id.
    """

    async def part(request: web.Request) -> web.Response:
        if lookback is None:
            return problem(501, "this server keeps no log")
        log, query = lookback(request.match_info["id"].lower()), request.query
        try:
            place, most = _place(query), min(_count(query, "limit", MOST), MOST)
            if request.match_info["side"] == "before":
                found = KeptLog(*await asyncio.to_thread(log.before, place, most))
            else:
                skip = _count(query, "skip", 0)
                found = KeptLog(await asyncio.to_thread(log.after, place, skip, most))
        except (KeyError, ValueError) as error:
            return problem(400, f"say of which line: {error}")
        except (HistoryError, sqlite3.Error, OSError) as error:
            return problem(404, str(error))
        body = await asyncio.to_thread(msgspec.json.encode, found)
        return web.Response(
            status=HTTPStatus.OK,
            body=body,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return [web.get("/api/v1/executions/{id}/logs/{side:before|after}", part)]


def _place(query: Mapping[str, str]) -> LinePlace:
    at = round(epoch(moment(query["at"])) * 1000)
    return LinePlace(at, query["device_id"], query.get("message", ""), query.get("source"))


def _count(query: Mapping[str, str], name: str, otherwise: int) -> int:
    count = int(query.get(name, otherwise))
    if count < 0:
        raise ValueError(f"{name} is {count}")
    return count
