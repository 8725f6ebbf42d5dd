"""The HTTP side: /api/v1/ and /healthz, by aiohttp."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec
from aiohttp import web

from ..history.artifacts import SCREENSHOTS, ArtifactStore
from ..hub import Hub, UnknownExecution
from ..protocol import ExecutionSnapshot, LogEntry
from ..reports import MissingExtra
from ..state import FINAL
from . import documents, listing
from .access import Access
from .entrance import ENDPOINT
from .listing import Archive
from .problem import problem
from .room import DeviceDirectory, Room
from .watch import ASSETS, watch_routes

log = logging.getLogger(__name__)

# aiohttp logs what it cannot read, and that may hold a token; what handlers raise is logged here instead.
silent = logging.getLogger(f"{__name__}.silent")
silent.disabled = True

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Report = Callable[[ExecutionSnapshot], tuple[str, str, bytes]]
"""Makes a report of an execution: content type, file name, and bytes. Called in a worker's thread."""


@dataclass(frozen=True, slots=True)
class KeptLog:
    """The newest lines of an execution's log, the oldest first, and how many before them are not kept."""

    entries: Sequence[LogEntry]
    lost: int = 0


class NotNow(RuntimeError):
    """What a plan's function raises when it cannot start the plan for now; its text tells the client why."""


class Order(msgspec.Struct, frozen=True):
    """What starts a plan that the operator registered by this name."""

    plan: str


UNREADABLE = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
    web.RequestPayloadError,
    ConnectionResetError,
)
"""What a request's body may be: no such JSON, not encoded as its header says, or broken off."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OPEN_TO_ALL = frozenset({"/healthz", *ASSETS})
"""Paths that ask for no token."""


@dataclass(frozen=True, slots=True)
class Api:
    """What the HTTP side gives out and may do.

    `cancel` and `plans` are the operator's: what a server was not given, it cannot do.
    """

    hub: Hub
    artifacts: ArtifactStore
    devices: DeviceDirectory
    access: Access
    cancel: Callable[[str], object] | None = None
    plans: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    archive: Archive | None = None
    reports: Mapping[str, Report] = field(default_factory=dict)
    logs: Callable[[str], KeptLog | None] | None = None

    def application(self, routes: Iterable[web.AbstractRouteDef] = ()) -> web.Application:
        """Make the aiohttp application.

        Parameters
        ----------
        routes
            More pages that the same port shall serve, under the same rules.
        """
        app = web.Application(middlewares=[self._guard], client_max_size=64 * 1024)
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/api/v1/executions", self._executions),
                web.post("/api/v1/executions", self._start),
                web.get("/api/v1/executions/{id}", self._execution),
                web.get("/api/v1/executions/{id}/logs", self._log),
                web.delete("/api/v1/executions/{id}", self._cancel),
                web.get("/api/v1/reports/{id}", self._report),
                web.get("/api/v1/devices", self._devices),
                web.get("/asyncapi.json", self._asyncapi),
                web.get("/openapi.json", self._openapi),
                web.get(SCREENSHOTS + "{name:.+}", self._screenshot),
                web.get(ENDPOINT + "{id}", self._upgrade_required),
                *watch_routes(self._find),
                *routes,
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = self._refusal(request) or await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = problem(error.status, _what_to_do(error), headers=dict(error.headers))
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = problem(500, "the server failed; its log says why")
        # A connection that is used again might bring an upgrade, which is not for aiohttp to answer.
        response.force_close()
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
        if len(hosts) > 1 or len(origins) > 1:
            return problem(400, "a header that may be there once is there twice")
        refusal = self.access.refusal(next(iter(hosts), None), next(iter(origins), None))
        if refusal is not None:
            return problem(403, refusal)
        if request.path in OPEN_TO_ALL:
            return None
        if (
            self.access.client(request.query, request.headers.get("Authorization"), request.remote or "")
            is None
        ):
            return problem(401, "the token is missing or not valid", headers={"WWW-Authenticate": "Bearer"})
        return None

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _executions(self, request: web.Request) -> web.Response:
        asked = {name: request.query.get(name) for name in ("limit", "before", "status")}
        try:
            found = await asyncio.to_thread(
                lambda: listing.page(self.hub.executions(), self.archive, **asked)
            )
        except ValueError as error:
            return problem(400, str(error))
        return _json(found)

    async def _execution(self, request: web.Request) -> web.Response:
        snapshot = await self._find(request)
        return _json(snapshot) if snapshot else _no_execution()

    async def _log(self, request: web.Request) -> web.Response:
        snapshot = await self._find(request)
        if snapshot is None:
            return _no_execution()
        kept = await asyncio.to_thread(self.logs, snapshot.execution_id) if self.logs is not None else None
        if kept is None:
            return problem(404, "this server keeps no log of the execution")
        # Thousands of lines: too much for the loop's thread.
        return await asyncio.to_thread(_json, kept)

    async def _cancel(self, request: web.Request) -> web.Response:
        snapshot = await self._find(request)
        if snapshot is None:
            return _no_execution()
        if snapshot.status in FINAL or self._present(request) is None:
            return problem(409, f"the execution has ended ({snapshot.status})")
        if self.cancel is None:
            return problem(501, "this server cannot cancel executions")
        self.cancel(snapshot.execution_id)
        return _json({"execution_id": snapshot.execution_id}, HTTPStatus.ACCEPTED)

    async def _start(self, request: web.Request) -> web.Response:
        plans = self.plans
        try:
            name = msgspec.json.decode(await request.read(), type=Order).plan
        except UNREADABLE as error:
            return problem(400, f'send JSON: {{"plan": "<name>"}} ({error})')
        if name not in plans:
            return problem(422, f"no such plan; registered are: {', '.join(sorted(plans)) or 'none'}")
        try:
            execution_id = plans[name]()
        except NotNow as error:
            return problem(503, str(error), headers={"Retry-After": "10"})
        return _json(
            {"execution_id": execution_id},
            HTTPStatus.CREATED,
            headers={"Location": f"/api/v1/executions/{execution_id}"},
        )

    async def _report(self, request: web.Request) -> web.Response:
        snapshot = await self._find(request)
        if snapshot is None:
            return _no_execution()
        formats = {"json": _state_report, **self.reports}
        wanted = request.query.get("format", "json")
        if wanted not in formats:
            return problem(404, f"no report of that format; there are: {', '.join(sorted(formats))}")
        try:
            content_type, name, body = await asyncio.to_thread(formats[wanted], snapshot)
        except MissingExtra as error:
            return problem(501, str(error))
        headers = {"Content-Type": content_type, "Content-Disposition": f'inline; filename="{name}"'}
        return web.Response(body=body, headers=headers)

    async def _asyncapi(self, request: web.Request) -> web.Response:
        return _json(documents.asyncapi(request.host))

    async def _openapi(self, request: web.Request) -> web.Response:
        return _json(documents.openapi(f"{request.scheme}://{request.host}"))

    async def _devices(self, _: web.Request) -> web.Response:
        return _json(
            {
                "devices": [
                    {"device_id": s.device_id, "status": s.status, "last_seen": s.last_seen}
                    for s in self.devices.statuses().values()
                ]
            }
        )

    async def _screenshot(self, request: web.Request) -> web.StreamResponse:
        try:
            path = self.artifacts.screenshot(request.match_info["name"])
        except FileNotFoundError:
            return problem(404, "there is no such screenshot")
        return web.FileResponse(path, headers={"Cache-Control": "private, max-age=3600"})

    async def _upgrade_required(self, _: web.Request) -> web.Response:
        return problem(426, "this is a WebSocket endpoint", headers={"Upgrade": "websocket"})

    async def _find(self, request: web.Request) -> ExecutionSnapshot | None:
        present = self._present(request)
        if present is not None or self.archive is None:
            return present
        return await asyncio.to_thread(self.archive.find, request.match_info["id"].lower())

    def _present(self, request: web.Request) -> ExecutionSnapshot | None:
        try:
            return self.hub.snapshot(request.match_info["id"].lower())
        except UnknownExecution:
            return None


def metrics_route(room: Room) -> web.RouteDef:
    """Make the route that gives out what a server counts."""

    async def metrics(_: web.Request) -> web.Response:
        try:
            from .metrics import exposition
        except ImportError:
            return problem(501, "metrics need the extra: pip install 'execmon-lab[metrics]'")
        return web.Response(body=exposition(room), headers={"Content-Type": METRICS_TYPE})

    return web.get("/metrics", metrics)


def _what_to_do(error: web.HTTPException) -> str:
    match error:
        case web.HTTPNotFound() if error.text == "404: Not Found":  # the router's, no handler's
            return "there is nothing at this address; /openapi.json says what there is"
        case web.HTTPMethodNotAllowed():
            return f"use {' or '.join(sorted(error.allowed_methods))} here"
        case _:
            return error.text or error.reason


def _state_report(snapshot: ExecutionSnapshot) -> tuple[str, str, bytes]:
    return "application/json", f"{snapshot.execution_id}.json", msgspec.json.encode(snapshot)


def _no_execution() -> web.Response:
    return problem(404, "there is no such execution")


def _json(
    content: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(content),
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
