"""The server: one port for WebSocket and HTTP, in a thread of its own or in a running loop."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from aiohttp import web

from ..history.artifacts import ArtifactStore
from ..hub import Hub
from ..protocol import CloseCode
from .access import Access
from .connection import Connection
from .entrance import ENDPOINT, Entrance
from .http import Api, KeptLog, Report, metrics_route, silent
from .listing import Archive
from .logparts import Lookback, log_routes
from .patience import new_loop
from .previews import Previews, PreviewSource
from .problem import HttpProtocol
from .recording import recording_routes
from .room import DeviceDirectory, PlannedDevices, Room
from .session import Sessions
from .settings import Settings
from .steering import Find, steering_routes
from .switchboard import Switchboard
from .tally import Tally
from .tokens import Tokens
from .watch import PAGE

log = logging.getLogger(__name__)

_TURNS_TO_ATTACH = 3
"""How many turns of the loop may pass between asyncio's taking a socket and its belonging to the listener."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_address(host: str, port: int, tokens: object) -> None:
    """Make sure that a server can be there, and that only who has a token is let in from elsewhere.

    Raises
    ------
    ValueError
        When there is no such port, or there are no tokens and the host is not the loopback.
    """
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}: give 1 to 65535, or 0 for a free one")
    if tokens is None and host not in LOOPBACK:
        raise ValueError(f"without tokens the server listens on the loopback alone, not on {host!r}")


class Server:
    """Serves the executions of a hub.

    Parameters
    ----------
    hub
        Where the executions are published.
    artifacts
        Screenshots and recorded pictures that may be fetched.
    preview
        Who gives live pictures; without one, `start_preview` is answered with `PREVIEW_UNAVAILABLE`.
    devices
        Who knows the devices; without one, those that the executions name.
    host, port
        Where to listen; port 0 takes a free one.
    tokens
        Token by name: server mode. Without: standalone mode, on the loopback alone.
    cancel
        Stops an execution, by its id; called from the server's thread, so it must return soon.
    steering
        Finds what pauses an execution, lets it go on and runs a step again, by the execution's id.
    plans
        What ``POST /api/v1/executions`` may start: by name, a function that starts it and returns its id, or
        raises `NotNow`.
    archive
        Has the executions of earlier processes, which the hub does not know.
    reports
        What ``GET /api/v1/reports/{id}`` gives besides ``json``: by format, a function that makes the report.
    logs
        Gives the kept lines of an execution's log, by its id; None where there are none.
    lookback
        Gives what has all lines of an execution's log, by its id.
    allowed_origins, allowed_hosts
        Who else may connect in standalone mode (see `Access`).
    routes
        More pages for the same port (aiohttp route definitions).
    on_connect
        Told the execution's id whenever a consumer is served, in the server's thread.
    settings
        Limits and deadlines.

    Raises
    ------
    ValueError
        When there is no such port, or standalone mode shall listen on anything but the loopback.
    """

    def __init__(
        self,
        hub: Hub,
        artifacts: ArtifactStore,
        preview: PreviewSource | None = None,
        *,
        devices: DeviceDirectory | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tokens: Tokens | Mapping[str, str] | None = None,
        cancel: Callable[[str], object] | None = None,
        steering: Find | None = None,
        plans: Mapping[str, Callable[[], str]] | None = None,
        archive: Archive | None = None,
        reports: Mapping[str, Report] | None = None,
        logs: Callable[[str], KeptLog | None] | None = None,
        lookback: Callable[[str], Lookback] | None = None,
        allowed_origins: Iterable[str] = (),
        allowed_hosts: Iterable[str] = (),
        routes: Iterable[web.AbstractRouteDef] = (),
        on_connect: Callable[[str], None] | None = None,
        settings: Settings | None = None,
    ) -> None:
        check_address(host, port, tokens)
        if tokens is not None and not isinstance(tokens, Tokens):
            tokens = Tokens(tokens)
        self._hub = hub
        self._preview = preview
        self._host = host
        self._port = port
        self._settings = settings or Settings()
        self._on_connect = on_connect
        steers = steering_routes(steering, hub, may_cancel=cancel is not None)
        self._routes = (*routes, *steers, *recording_routes(artifacts), *log_routes(lookback))
        self._api = Api(
            hub=hub,
            artifacts=artifacts,
            devices=devices or PlannedDevices(hub),
            access=Access(tokens, allowed_origins, allowed_hosts),
            cancel=cancel,
            plans=plans or {},
            archive=archive,
            reports=reports or {},
            logs=logs,
        )
        self._transports: set[asyncio.BaseTransport] = set()
        self._client_came = threading.Event()
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._stop: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    # Where it is

    @property
    def port(self) -> int:
        """The port it listens on; known once it has started."""
        return self._port

    @property
    def url(self) -> str:
        """The address of its HTTP side, for example ``http://127.0.0.1:25000``."""
        return f"http://{self._netloc}"

    def ws_url(self, execution_id: str) -> str:
        """Return the address of an execution (specification, "Connection Endpoints")."""
        return f"ws://{self._netloc}{ENDPOINT}{execution_id}"

    def watch_url(self, execution_id: str) -> str:
        """Return the address of an execution's page, for a browser; in server mode a token is added to it."""
        return f"{self.url}{PAGE}{execution_id}"

    def __repr__(self) -> str:
        return f"<Server at {self.url}>"

    @property
    def _netloc(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    # In a thread of its own

    def start(self) -> Self:
        """Serve from a thread of its own; returns once the port is open.

        Raises
        ------
        OSError
            When the port cannot be had.
        RuntimeError
            When the server was started before.
        """
        if self._thread is not None:
            raise RuntimeError("a server starts once; make another")
        self._thread = threading.Thread(target=self._run, name="execmon-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def close(self) -> None:
        """Close every connection with 1001 and end the thread; doing so twice is no error."""
        stop, thread = self._stop, self._thread
        if stop is not None:
            loop, event = stop
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def wait_for_client(self, timeout: float | None = None) -> bool:
        """Wait until the first consumer is served.

        Returns
        -------
        bool
            False when none came within `timeout` seconds.
        """
        return self._client_came.wait(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(self.serve())
        except Exception as error:
            if self._started.is_set():
                log.exception("the server failed")
            self._failure = error
        finally:
            self._started.set()

    # In a running loop

    async def serve(self, ready: Callable[[], object] | None = None) -> None:
        """Serve in the running loop, until `close` is called or the task is cancelled.

        Parameters
        ----------
        ready
            Called once the port is open.

        Raises
        ------
        OSError
            When the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        async with self._serving(loop):
            self._stop = (loop, stop)
            self._started.set()
            if ready is not None:
                ready()
            await stop.wait()

    @contextlib.asynccontextmanager
    async def _serving(self, loop: asyncio.AbstractEventLoop) -> AsyncIterator[None]:
        workers = ThreadPoolExecutor(4, "execmon-preview")
        tally = Tally()
        switchboard = Switchboard(self._hub, loop, tally)
        room = Room(
            loop=loop,
            settings=self._settings,
            access=self._api.access,
            switchboard=switchboard,
            previews=Previews(self._preview, switchboard, workers, tally),
            sessions=Sessions(self._settings),
            devices=self._api.devices,
            on_connect=self._connected,
            tally=tally,
        )
        app = self._api.application((*self._routes, metrics_route(room)))
        runner = web.AppRunner(app, handle_signals=False)
        await runner.setup()
        handler = runner.server
        assert handler is not None
        try:
            listener = await loop.create_server(
                lambda: Entrance(
                    self._settings,
                    loop,
                    lambda: Connection(room),
                    lambda: HttpProtocol(handler, loop=loop, logger=silent, access_log=silent),
                    self._admit,
                ),
                self._host,
                self._port,
                backlog=1024,
            )
            self._port = listener.sockets[0].getsockname()[1]
            switchboard.open()
            sweeper = loop.create_task(self._sweep(room))
            try:
                yield
            finally:
                sweeper.cancel()
                await _end(listener)
                await self._close_all(room)
                switchboard.close()
        finally:
            room.previews.close()
            await asyncio.to_thread(workers.shutdown)
            await runner.cleanup()

    def _connected(self, execution_id: str) -> None:
        self._client_came.set()
        if self._on_connect is not None:
            try:
                self._on_connect(execution_id)
            except Exception:
                log.exception("on_connect failed")

    def _admit(self, transport: asyncio.BaseTransport) -> bool:
        if len(self._transports) >= self._settings.sockets:
            self._transports = {known for known in self._transports if not known.is_closing()}
        if len(self._transports) >= self._settings.sockets:
            return False
        self._transports.add(transport)
        return True

    async def _sweep(self, room: Room) -> None:
        pause = min(1.0, self._settings.pong_seconds / 4, self._settings.inactivity_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            room.sweep()

    async def _close_all(self, room: Room) -> None:
        for connection in tuple(room.connections):
            connection.close(CloseCode.GOING_AWAY, "the server is going down")
        if room.connections:
            room.empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(room.empty.wait(), self._settings.shutdown_seconds)
        for transport in self._transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        await asyncio.sleep(0)


async def _end(listener: asyncio.Server) -> None:
    """Take no more sockets, and close the listener once those that were taken belong to it.

    One that was taken in the very turn in which the listener closes would be lost, and stay open: see
    https://github.com/python/cpython/issues/109564.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows has no readers
        for socket in listener.sockets:
            loop.remove_reader(socket.fileno())
    for _ in range(_TURNS_TO_ATTACH):
        await asyncio.sleep(0)
    listener.close()
