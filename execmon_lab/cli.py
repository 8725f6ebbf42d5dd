"""The terminal's face: `execmon-lab`."""

import asyncio
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.table import Table

from . import __version__, historycli, reportcli
from .devices import AdbServer, DevicePool, NoDevice, ServerError
from .hub import Envelope, execution_subject
from .protocol import ExecutionCompleted, ExecutionSnapshot
from .state import FINAL
from .terminal import ExecutionDisplay, PlainConsole

if TYPE_CHECKING:
    from .engine import Plan
    from .lab import Lab
    from .run import Run

PASSED, FAILED, USAGE, NO_DEVICE, INTERRUPTED = 0, 1, 2, 3, 130

_WAKE_SECONDS = 0.5

app = typer.Typer(
    help="Run test executions on Android devices, and watch each one live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"execmon-lab {__version__}")
        raise typer.Exit


def _named(serials: list[str] | None) -> list[str] | None:
    if serials and not all(serials):
        raise typer.BadParameter("a serial is empty; 'execmon-lab devices' lists those there are")
    return serials


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    plan: Annotated[
        str, typer.Argument(help="'demo', a Python file, or package.module:attribute.", metavar="PLAN")
    ],
    device: Annotated[
        list[str] | None,
        typer.Option(callback=_named, help="Serial of a real device; may be given again.", metavar="SERIAL"),
    ] = None,
    phones: Annotated[int, typer.Option(min=1, help="Virtual phones, when no device is named.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The server's port; 0 takes a free one.")] = 0,
    hold: Annotated[float, typer.Option(min=0, help="Seconds to keep the server up after the end.")] = 0.0,
    wait_for_client: Annotated[
        bool, typer.Option("--wait-for-client", help="Begin when the first consumer has connected.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every message, one a line, instead of the progress.")
    ] = False,
) -> None:
    """Run a plan; exit with 0 when every step passed, and 1 when one failed."""
    from . import plans  # the engine and the lab are imported by the command that needs them

    try:
        chosen = plans.load(plan)
    except plans.PlanError as error:
        raise typer.BadParameter(str(error)) from error
    chosen.pause_on_failure = False  # nobody here could let it go on
    try:
        with interruptible(), _open_lab(devices=device or None, phones=phones, port=port) as lab:
            status = _held(lab, lab.prepare(chosen), hold, wait_for_client, as_json)
    except NoDevice as error:
        _fail(str(error), NO_DEVICE)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    raise typer.Exit(status)


def _follow(lab: "Lab", run: "Run", wait_for_client: bool, as_json: bool) -> int:
    """Run it and show it as it goes; return the exit status."""
    typer.echo(f"execution {run.execution_id}")
    typer.echo(run.url)
    if not as_json:
        typer.echo(f"in a browser: {run.watch_url}")
    sys.stdout.flush()
    if wait_for_client:
        lab.server.wait_for_client()
    messages: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
    subject = execution_subject(run.execution_id)
    with lab.hub.subscribe(subject, messages.put, shaped=False, state_of=run.execution_id):
        run.start()
        if as_json:
            _print_json(messages)
        else:
            with ExecutionDisplay(PlainConsole()) as display:
                while not isinstance(message := messages.get().message, ExecutionCompleted):
                    display.show(message)
                display.show(message)
    return _status_of(run.wait())


def _print_json(messages: "queue.SimpleQueue[Envelope]") -> None:
    while True:
        envelope = messages.get()
        sys.stdout.write(envelope.full.decode() + "\n")
        sys.stdout.flush()
        if isinstance(envelope.message, ExecutionCompleted):
            return


def _status_of(state: ExecutionSnapshot) -> int:
    passed = state.status == "completed" and all(s.status in ("completed", "skipped") for s in state.steps)
    return PASSED if passed else FAILED


def _held(lab: "Lab", run: "Run", hold: float, wait_for_client: bool, as_json: bool) -> int:
    """Follow a run, and keep the server up; an interrupt after its end leaves the run's own exit status."""
    try:
        status = _follow(lab, run, wait_for_client, as_json)
        time.sleep(hold)
    except KeyboardInterrupt:
        if run.state.status not in FINAL:
            raise
        status = _status_of(run.state)
    return status


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The server's port; 0 takes a free one.")] = 0,
    token_file: Annotated[
        Path | None,
        typer.Option(help="A name and a token in each line; read again when it changes.", metavar="FILE"),
    ] = None,
    phones: Annotated[int, typer.Option(min=1, help="Virtual phones, when no device is named.")] = 1,
    host: Annotated[
        str, typer.Option(help="Where to listen; anything but the loopback needs a token file.")
    ] = "127.0.0.1",
    device: Annotated[
        list[str] | None,
        typer.Option(callback=_named, help="Serial of a real device; may be given again.", metavar="SERIAL"),
    ] = None,
    plan: Annotated[
        list[str] | None,
        typer.Option(
            help="A plan that clients may start by this name, found as 'run' finds it; may be given again.",
            metavar="NAME=PLAN",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Another web page that may connect, as https://hub.example; may be given again.",
            metavar="ORIGIN",
        ),
    ] = None,
    view_only: Annotated[
        bool,
        typer.Option(
            "--view-only", help="Clients may watch and start plans, but not cancel, pause or run steps again."
        ),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Another name by which the server may be called, behind a proxy; may be given again.",
            metavar="HOST",
        ),
    ] = None,
) -> None:
    """Serve devices to programs and people elsewhere, until interrupted."""
    from .server import Tokens

    registered = _plans(plan or [])
    try:
        tokens = Tokens.from_file(token_file) if token_file is not None else None
    except OSError as error:
        raise typer.BadParameter(f"{token_file}: {error.strerror}", param_hint="--token-file") from error
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--token-file") from error
    try:
        with (
            interruptible(),
            _open_lab(
                devices=device or None,
                phones=phones,
                host=host,
                port=port,
                tokens=tokens,
                plans=registered,
                allowed_origins=allow_origin or (),
                allowed_hosts=allow_host or (),
                view_only=view_only,
            ) as lab,
        ):
            typer.echo(lab.server.url)
            typer.echo(f"devices: {', '.join(lab.serials)}; plans: {', '.join(registered)}; Ctrl-C ends it")
            typer.echo(f"in a browser: {lab.server.watch_url('<execution_id>')}")
            sys.stdout.flush()
            threading.Event().wait()
    except NoDevice as error:
        _fail(str(error), NO_DEVICE)
    except KeyboardInterrupt:
        raise typer.Exit(PASSED) from None


def _plans(words: list[str]) -> "dict[str, Plan]":
    """Find the plans that a client may start: the demo, and those named as NAME=PLAN."""
    from . import plans

    found = {"demo": plans.load("demo")}
    for word in words:
        name, equals, source = word.partition("=")
        if not (name and equals and source):
            raise typer.BadParameter(f"{word!r} is not NAME=PLAN", param_hint="--plan")
        try:
            found[name] = plans.load(source)
        except plans.PlanError as error:
            raise typer.BadParameter(str(error), param_hint="--plan") from error
    return found


@app.command()
def watch(
    url: Annotated[
        str,
        typer.Argument(help="The execution's address, ws:// or http://…/ws/executions/ID.", metavar="URL"),
    ],
    token: Annotated[
        str | None, typer.Option(help="For a server that asks for one.", envvar="EXECMON_TOKEN")
    ] = None,
    logs: Annotated[
        Literal["DEBUG", "INFO", "WARN", "ERROR"] | None,
        typer.Option(help="Also show the execution's log, from this level on.", case_sensitive=False),
    ] = None,
) -> None:
    """Follow an execution, wherever it runs; exit as the run itself does."""
    from .watching import NotWatched, follow  # the client's libraries take a while to load

    try:
        with interruptible(), ExecutionDisplay(PlainConsole(), logs=logs) as display:
            state = follow(url, token, display)
    except NotWatched as error:
        _fail(str(error), USAGE)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    raise typer.Exit(_status_of(state))


@app.command()
def devices() -> None:
    """List the devices that the user's adb server knows."""
    with AdbServer.user() as server, DevicePool(server) as pool:
        time.sleep(0.5)
        known = pool.snapshot().values()
    if not known:
        _fail(
            "no device: connect one with USB debugging on, or run a virtual one with 'execmon-lab phone'",
            NO_DEVICE,
        )
    table = Table("serial", "status", "last seen", box=None)
    for one in known:
        table.add_row(one.serial, one.status, f"{one.last_seen:%H:%M:%S}" if one.last_seen else "never")
    PlainConsole().print(table)


@app.command()
def phone(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its adb port, odd; 0 takes a free one.")] = 0,
    size: Annotated[str, typer.Option(help="The screen in pixels, as 720x1280.")] = "720x1280",
    secure: Annotated[
        bool, typer.Option("--secure", help="Ask on the screen before a host may debug.")
    ] = False,
) -> None:
    """Run a virtual phone, for your own adb server, until interrupted."""
    from .phone import __main__ as phone_process

    try:
        screen = phone_process.parse_size(size)
        server = AdbServer.user()
        asyncio.run(
            phone_process.run(
                port=port, adb_ports=[server.port], size=screen, secure=secure, ready=_tell_phone
            )
        )
    except (ValueError, OSError, ServerError) as error:
        _fail(str(error), USAGE)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option(help="Where the notebooks are copied to; yours are never overwritten.")
    ] = Path("execmon-lab-notebooks"),
) -> None:
    """Open JupyterLab on a copy of the lessons; further options go to JupyterLab."""
    from . import notebooks

    try:
        command = notebooks.command(sys.executable, folder.resolve(), context.args)
        fresh = notebooks.copy(folder)
    except (OSError, ImportError) as error:
        _fail(str(error), USAGE)
    typer.echo(f"{len(fresh)} notebooks copied to {folder}" if fresh else f"the notebooks are in {folder}")
    sys.stdout.flush()
    os.execve(command[0], command, notebooks.environment())


@app.command()
def api(
    document: Annotated[
        Literal["asyncapi", "openapi"],
        typer.Argument(help="'asyncapi' describes the WebSocket, 'openapi' the HTTP side."),
    ] = "asyncapi",
) -> None:
    """Print a document that describes the server, as it gives it at /asyncapi.json and /openapi.json."""
    from .server import documents

    typer.echo(documents.as_text({"asyncapi": documents.asyncapi, "openapi": documents.openapi}[document]()))


app.add_typer(historycli.app, name="history")
app.command()(reportcli.report)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have what ends the process (Ctrl-C, a service manager, a CI system) end its runs and phones with it.

    Python runs a handler between two steps of the main thread. A signal that comes just before that thread
    blocks does not wake it, and would wait as long as it does: a timer's signal wakes it again and again.
    """
    before = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGTERM, signal.default_int_handler),
            (signal.SIGALRM, lambda *_: None),
        )
    }
    signal.setitimer(signal.ITIMER_REAL, _WAKE_SECONDS, _WAKE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_lab(*, port: int, host: str = "127.0.0.1", **options: Any) -> "Lab":
    """Open a lab; what fails later is not told as if its port were taken."""
    from .lab import Lab

    try:
        return Lab(host=host, port=port, **options)
    except OSError as error:
        _fail(f"cannot serve on {host}, port {port}: {_why(error)}", USAGE)
    except ValueError as error:
        _fail(str(error), USAGE)


def _why(error: OSError) -> str:
    """The system's own words; asyncio's say the address again."""
    return os.strerror(error.errno) if error.errno else str(error)


def _tell_phone(port: int, serial: str) -> None:
    typer.echo(f"phone {serial} on 127.0.0.1:{port}; end it with Ctrl-C")
    typer.echo(f"try: adb -s {serial} shell getprop ro.product.model")
    sys.stdout.flush()


def _fail(text: str, status: int) -> NoReturn:
    PlainConsole(stderr=True).print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(status)
