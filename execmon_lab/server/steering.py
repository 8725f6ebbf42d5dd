"""Steering over HTTP: an execution is paused, let go on, or has a step run again.

A page of another site cannot steer: without tokens its requests are refused by their ``Origin`` (see
`Access`), and with tokens by the token that it does not have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from ..devices import DeviceError
from ..hub import Hub, UnknownExecution
from ..state import FINAL
from .problem import problem

EXECUTION = "/api/v1/executions/{id}"


class Started(Protocol):
    """What a new attempt is part of."""

    @property
    def execution_id(self) -> str:
        """The execution's UUID: a new one, where the step's own has ended."""


class Steerable(Protocol):
    """An execution that can be steered: a `Run`."""

    pause_on_failure: bool

    def pause(self, device_id: str | None = None, /) -> None:
        """Begin no further step, on one device or on all."""

    def resume(self, device_id: str | None = None, /) -> None:
        """Go on, on one device or on all."""

    def step(self, device_id: str | None = None, /) -> None:
        """Run one step and pause again, on one device or on all."""

    def retry(self, step: str, /) -> Started:
        """Run a step again."""


Find = Callable[[str], Steerable | None]
"""Finds what steers an execution, by its id; None where nothing does."""


def steering_routes(find: Find | None, hub: Hub, *, may_cancel: bool) -> list[web.RouteDef]:
    """Make the routes by which executions are steered; without `find` they are answered with 501.

    ``POST …/pause``, ``…/resume`` and ``…/step`` are for all devices, or for the one in ``?device_id=``;
    ``POST …/steps/{step_id}/retry`` answers with the execution that the new attempt is part of.
    ``GET …/pause_on_failure`` tells whether it pauses where a step fails for good, and ``POST`` with
    ``?on=true`` or ``?on=false`` switches that.
    ``GET …/steering`` tells which of them would be heard at present, so that a page shows no other button.

    Parameters
    ----------
    find
        Finds what steers an execution.
    hub
        Where the executions are.
    may_cancel
        Whether the server can cancel executions.
    """

    async def steer(request: web.Request) -> web.Response:
        verb, device_id = request.match_info["verb"], request.query.get("device_id")

        def carry_out(run: Steerable) -> str:
            {"pause": run.pause, "resume": run.resume, "step": run.step}[verb](device_id)
            return request.match_info["id"].lower()

        return await _answer(request, find, carry_out)

    async def retry(request: web.Request) -> web.Response:
        step_id = request.match_info["step_id"]
        return await _answer(request, find, lambda run: run.retry(step_id).execution_id)

    async def switch(request: web.Request) -> web.Response:
        on = request.query.get("on")

        def carry_out(run: Steerable) -> str:
            if on not in ("true", "false"):
                raise ValueError("say ?on=true or ?on=false")
            run.pause_on_failure = on == "true"
            return request.match_info["id"].lower()

        return await _answer(request, find, carry_out)

    async def switched(request: web.Request) -> web.Response:
        run = find(request.match_info["id"].lower()) if find is not None else None
        if run is None:
            return problem(404, "there is no such execution, or it is not steered from here")
        return _json(HTTPStatus.OK, {"on": run.pause_on_failure})

    def allowed(execution_id: str) -> list[str]:
        try:
            over = hub.snapshot(execution_id).status in FINAL
        except UnknownExecution:
            return []
        steered = find is not None and find(execution_id) is not None
        if over:
            return ["retry"] if steered else []
        return [
            *(["cancel"] if may_cancel else []),
            *(["pause", "resume", "step", "retry", "pause_on_failure"] if steered else []),
        ]

    async def tell(request: web.Request) -> web.Response:
        return _json(HTTPStatus.OK, {"allowed": allowed(request.match_info["id"].lower())})

    return [
        web.get(EXECUTION + "/steering", tell),
        web.post(EXECUTION + "/{verb:pause|resume|step}", steer),
        web.get(EXECUTION + "/pause_on_failure", switched),
        web.post(EXECUTION + "/pause_on_failure", switch),
        web.post(EXECUTION + "/steps/{step_id}/retry", retry),
    ]


async def _answer(
    request: web.Request, find: Find | None, carry_out: Callable[[Steerable], str]
) -> web.Response:
    if find is None:
        return problem(501, "this server cannot steer executions")
    run = find(request.match_info["id"].lower())
    if run is None:
        return problem(404, "there is no such execution")
    try:
        # In a worker's thread: a device may have to be waited for.
        execution_id = await asyncio.to_thread(carry_out, run)
    except ValueError as error:
        return problem(422, str(error))
    except (RuntimeError, TypeError, DeviceError) as error:
        return problem(409, str(error))
    return _json(HTTPStatus.ACCEPTED, {"execution_id": execution_id})


def _json(status: HTTPStatus, content: object) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(content),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
