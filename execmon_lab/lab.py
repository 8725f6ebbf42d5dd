"""The face of it all: a `Lab` has devices, runs plans on them, and serves each execution."""

import functools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, get_args, overload

from .devices import AdbServer, DevicePool, NoDevice
from .earlier import EarlierRuns
from .engine import Execution, Plan, PlannedStep
from .executionlog import ExecutionLog
from .history import HistoryError, Retention
from .history.lookback import Lookback
from .history.retention import STANDARD
from .hub import Hub
from .keptrun import History
from .phone.process import PhoneProcess, check_size
from .preview import BestSource, Preference, PreviewService
from .preview.recording import Keep, Recording
from .preview.service import FPS, check_fps
from .protocol import DeviceState, DeviceStatus, ExecutionSnapshot, Level, timestamp
from .run import Run
from .runqueue import RunQueue
from .server import KeptLog, Server, Tokens, check_address

log = logging.getLogger(__name__)

_PHONE_SECONDS = 20.0
_DEVICE_SECONDS = 5.0  # a real device is there or is not; its server may just have started

KEPT_RUNS = 200
"""Runs started over HTTP that are remembered; older ones are forgotten once they have ended."""

AGAIN = " (again)"
"""What the name of an execution ends with that runs a step of another again."""


class LabClosed(RuntimeError):
    """The lab was closed, and can run nothing more."""


class Lab:
    """Devices, and all that is needed to run plans on them and to watch.

    Without `devices`, the lab starts an adb server of its own and virtual phones, so that nothing it does
    can reach a real phone. With `devices`, it uses the user's adb server.

    Parameters
    ----------
    devices
        Serials of real devices, as ``adb devices`` lists them.
    phones
        How many virtual phones to start, when no devices are named.
    size
        The virtual phones' screens: width and height in pixels.
    host, port
        Where the server listens; port 0 takes a free one. Without tokens it is the loopback alone.
    tokens
        Who may connect: token by name, or `Tokens.from_file`. Without: everybody on this machine alone.
    plans
        What ``POST /api/v1/executions`` may start, by name: a plan, or a function that makes one. It runs on
        all of the lab's devices, as soon as they are free.
    allowed_origins, allowed_hosts
        Without tokens: other web pages (``"https://hub.example"``) that may connect, and other names
        (``"hub.example"``) by which the server may be called, for example behind a Jupyter proxy.
    view_only
        Whether the server's clients may only look, and start what is in `plans`: not cancel, pause, resume or
        run steps again.
    history
        The folder where every run is kept: steps, log, screenshots, recording; the user's data folder, when
        absent. Where nothing can be kept, the runs' logs say why, and all else works.
    retention
        For how long, and in how much room; None keeps all. What is too old is deleted as the lab starts.
    source
        What the devices' pictures come from: ``screencap``, ``scrcpy`` (where it works), or ``auto``: a real
        phone's by what its first pictures tell, a virtual one's by screencap, which is cheaper there. Who
        wants video (`PreviewService.watch_video`) is given scrcpy's in any case.
    fps
        Frames a second of each device's pictures, 10 to 15; video comes at up to 30.
    record
        Whether runs keep what their devices showed (`Run.recording`), or how, as a `Keep`.
    heartbeat
        Seconds between two signs of life asked of each device.

    Raises
    ------
    ValueError
        When the arguments contradict each other, or one is out of its bounds.
    TypeError
        When a plan is none.
    NoDevice
        When a named device is not there; the message lists those that are.
    OSError
        When the port is taken.

    Examples
    --------
    >>> with Lab() as lab:
    ...     run = lab.start(plan)
    ...     run.wait()
    """

    def __init__(
        self,
        devices: Sequence[str] | None = None,
        *,
        phones: int = 1,
        size: tuple[int, int] = (720, 1280),
        host: str = "127.0.0.1",
        port: int = 0,
        tokens: Tokens | Mapping[str, str] | None = None,
        plans: Mapping[str, Plan | Callable[[], Plan]] | None = None,
        allowed_origins: Iterable[str] = (),
        allowed_hosts: Iterable[str] = (),
        view_only: bool = False,
        history: str | Path | None = None,
        retention: Retention | None = STANDARD,
        source: Preference = "auto",
        fps: float = FPS,
        record: bool | Keep = True,
        heartbeat: float = 2.0,
    ) -> None:
        devices = _several(devices)
        if devices is not None and not all(devices or [""]):
            raise ValueError(
                "devices is empty: name at least one serial, or leave it out for a virtual phone"
            )
        if devices is None and phones < 1:
            raise ValueError("phones must be 1 or more, or devices named")
        check_address(host, port, tokens)
        if devices is None:
            check_size(size)
        if heartbeat <= 0:
            raise ValueError(f"heartbeat is {heartbeat:g}: give seconds, more than 0")
        for name, plan in (plans or {}).items():
            if not (isinstance(plan, Plan) or callable(plan)):
                raise TypeError(f"plan {name!r} is {plan!r}: give a Plan, or a function that makes one")
        if source not in get_args(Preference):
            raise ValueError(f"source is {source!r}; there are {', '.join(get_args(Preference))}")
        check_fps(fps)
        self.hub = Hub()
        self.phones: list[PhoneProcess] = []
        self.runs: list[Run] = []
        self._queue = RunQueue()
        self._served: deque[Run] = deque()
        self._closed = False
        self._keep = (Keep() if record else None) if isinstance(record, bool) else record
        self.history = History(history)
        self._artifacts = self.history.artifacts
        self._earlier = EarlierRuns(self.history)
        with ExitStack() as stack:
            stack.callback(self.hub.close)
            stack.callback(self.history.close)
            self._keep_history(retention)
            if devices is None:
                adb: AdbServer = stack.enter_context(AdbServer.private())
                for _ in range(phones):
                    phone = PhoneProcess(size=size, adb_ports=[adb.port])
                    self.phones.append(stack.enter_context(phone))
                serials = [phone.serial for phone in self.phones]
            else:
                adb = stack.enter_context(AdbServer.user())
                serials = list(devices)
            self.pool = DevicePool(adb, serials, on_status=self._tell_status, heartbeat=heartbeat)
            stack.callback(self.pool.close)
            self.pool.wait(serials=serials, timeout=_PHONE_SECONDS if self.phones else _DEVICE_SECONDS)
            self.serials = tuple(serials)
            # A virtual phone is always quick enough; of a real one its first pictures tell.
            prefer: Preference = "screencap" if source == "auto" and self.phones else source
            make_source = functools.partial(BestSource, prefer=prefer, tell=self._tell_runs)
            self.preview = PreviewService(self.pool, fps=fps, source=make_source)
            stack.callback(self.preview.close)
            self.server = Server(
                self.hub,
                self._artifacts,
                self.preview,
                devices=self,
                host=host,
                port=port,
                tokens=tokens,
                cancel=None if view_only else self._cancel,
                archive=self._earlier,
                steering=None if view_only else self._run,
                reports={
                    name: functools.partial(self._report, name)
                    for name in ("pdf", "html", "junit", "csv", "trace")
                },
                logs=self._kept_log,
                lookback=functools.partial(Lookback, self.history),
                plans={name: functools.partial(self._serve, plan) for name, plan in (plans or {}).items()},
                allowed_origins=allowed_origins,
                allowed_hosts=allowed_hosts,
            )
            self.server.start()
            stack.callback(self.server.close)
            stack.callback(self._close_runs)
            stack.callback(self._queue.close)
            self._stack = stack.pop_all()
        _OPEN.add(self)

    def prepare(self, plan: Plan, devices: Sequence[str] | None = None) -> Run:
        """Make a run that can be watched already, and begins with `Run.start`.

        Parameters
        ----------
        plan
            What to run.
        devices
            Serials of some of the lab's devices; all of them, when absent.

        Raises
        ------
        LabClosed
            After `close`.
        TypeError
            When it is no plan.
        ValueError
            When a serial is none of the lab's.
        """
        if self._closed:
            raise LabClosed("this lab was closed: make a new one with Lab()")
        if not isinstance(plan, Plan):
            raise TypeError(f"a lab runs a plan, not {plan!r}: make one with Plan([…])")
        serials = tuple(self.serials if devices is None else _several(devices))
        strangers = [serial for serial in serials if serial not in self.serials]
        if strangers or not serials:
            known = ", ".join(self.serials)
            raise ValueError(
                f"no such device in this lab: {', '.join(strangers) or 'none named'}; it has {known}"
            )
        return self._make(plan, serials)

    def _make(self, plan: Plan, serials: Sequence[str], continues: str | None = None) -> Run:
        execution = Execution(
            plan,
            serials,
            pool=self.pool,
            hub=self.hub,
            artifacts=self._artifacts,
            continues=continues,
            expected=self.history.expected_seconds(plan.name),
        )
        recording = Recording(self._artifacts.recording(execution.execution_id))
        run = Run(
            execution,
            self.hub,
            self.preview,
            self.server,
            self.pool,
            recording,
            self._run_again,
            self.history,
            self._keep,
        )
        self.runs.append(run)
        if self.history.trouble is not None:
            ExecutionLog(self.hub, run.execution_id, "history").say(serials[0], "WARN", self.history.trouble)
        return run

    def _run_again(self, planned: PlannedStep, serial: str, continues: str) -> Run:
        """Run one step of an execution that has ended, in a new one."""
        if self._closed:
            raise LabClosed("this lab was closed: make a new one with Lab()")
        name = (self.hub.snapshot(continues).name or "Run").removesuffix(AGAIN)
        before = self._run(continues)
        waits = before is not None and before.pause_on_failure
        logcat = before.logcat if before is not None else None
        plan = Plan([planned.module], name=name + AGAIN, pause_on_failure=waits, logcat=logcat)
        serial = serial or self.serials[0]
        # What cannot begin now leaves no execution that never will.
        with self.pool.held(serial):
            pass
        run = self._make(plan, [serial], continues)
        run.start()
        return run

    def start(self, plan: Plan, devices: Sequence[str] | None = None) -> Run:
        """Run a plan, and return at once; see `prepare` for the parameters and errors.

        Raises
        ------
        NoDevice
            When a device is away, or at work for another run: `enqueue` waits for it.
        """
        run = self.prepare(plan, devices)
        try:
            run.start()
        except NoDevice:
            self._forget(run)
            raise
        return run

    def enqueue(self, plan: Plan, devices: Sequence[str] | None = None) -> Run:
        """Run a plan as soon as its devices are free; returns at once.

        See `prepare` for the parameters and errors.

        Raises
        ------
        QueueFull
            When too many runs wait already.
        """
        self._queue.check()
        run = self.prepare(plan, devices)
        self._queue.put(run)
        return run

    def statuses(self) -> dict[str, DeviceStatus]:
        """Return each device's present status, by serial."""
        return {serial: _status(*record) for serial, record in self.pool.snapshot().items()}

    def close(self) -> None:
        """End all that the lab started: runs, server, previews, devices, phones, adb; twice is no error."""
        if not self._closed:
            self._closed = True
            _OPEN.discard(self)
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._closed:
            return "Lab(closed)"
        devices = ", ".join(f"{known.serial} {known.status}" for known in self.pool.snapshot().values())
        return f"Lab({devices})"

    def _keep_history(self, retention: Retention | None) -> None:
        try:
            self.history.record(self.hub, retention)
        except HistoryError as error:
            log.warning("%s", error)

    def _tell_status(self, serial: str, status: DeviceState, last_seen: datetime | None) -> None:
        self.hub.publish(_status(serial, status, last_seen))

    def _tell_runs(self, serial: str, level: Level, text: str) -> None:
        """Tell of a device's picture in the log of what runs there."""
        log.log(logging.getLevelNamesMapping()[level], "%s: %s", serial, text)
        for run in list(self.runs):
            if not run.done and serial in {device.device_id for device in run.state.devices}:
                ExecutionLog(self.hub, run.execution_id, "preview").say(serial, level, text)

    def _cancel(self, execution_id: str) -> bool:
        run = self._run(execution_id)
        if run is not None:
            run.cancel()
        return run is not None

    def _report(self, format: str, execution: ExecutionSnapshot) -> tuple[str, str, bytes]:
        from .reports import kept, make

        run = self._run(execution.execution_id)
        if run is not None:
            report = run.report(format)
        else:
            report = make(format, kept(self.history, execution.execution_id))
        return report.media_type, report.name, report.content

    def _kept_log(self, execution_id: str) -> KeptLog | None:
        run = self._run(execution_id)
        return run.kept_log if run is not None else self._earlier.log(execution_id)

    def _run(self, execution_id: str) -> Run | None:
        return next((run for run in list(self.runs) if run.execution_id == execution_id), None)

    def _serve(self, plan: Plan | Callable[[], Plan]) -> str:
        """Start a registered plan for a client of the server."""
        run = self.enqueue(plan if isinstance(plan, Plan) else plan())
        run.pause_on_failure = False  # nobody here could let it go on
        self._served.append(run)
        while len(self._served) > KEPT_RUNS and self._served[0].done:
            self._forget(self._served.popleft())
        return run.execution_id

    def _forget(self, run: Run) -> None:
        self.runs.remove(run)
        run.close()
        self.hub.forget(run.execution_id)

    def _close_runs(self) -> None:
        for run in list(self.runs):
            run.close()


def _status(serial: str, status: DeviceState, last_seen: datetime | None) -> DeviceStatus:
    """A device that was never there was last seen when the lab began to look."""
    return DeviceStatus(device_id=serial, status=status, last_seen=timestamp(last_seen))


@overload
def _several(devices: None) -> None: ...


@overload
def _several(devices: Sequence[str]) -> Sequence[str]: ...


def _several(devices: Sequence[str] | None) -> Sequence[str] | None:
    """One serial may stand for itself."""
    return [devices] if isinstance(devices, str) else devices


# Weak, so that a lab that is forgotten may go; what is still open when the interpreter ends is closed.
_OPEN: weakref.WeakSet[Lab] = weakref.WeakSet()


def _close_open_labs() -> None:
    for lab in list(_OPEN):
        lab.close()


# Not `atexit`: by then executors take no work any more, and closing needs them.
threading._register_atexit(_close_open_labs)  # type: ignore[attr-defined]
