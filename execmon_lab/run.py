"""A run: one execution of a plan, as a notebook's user holds it."""

import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .control import ManualControl
from .devices import DevicePool
from .engine import Execution
from .executionlog import ExecutionLog
from .history import History
from .history.lookback import Lookback
from .hub import Hub, execution_subject
from .preview import PreviewService
from .preview.recording import LAST_SECONDS, Keep, Recorder, Recording
from .preview.recording.index import indices
from .protocol import ExecutionCompleted, ExecutionSnapshot, Instant
from .runfacts import RunFacts
from .runframes import RunFrames
from .runlogcat import RunLogcat
from .runpreview import RunPreview
from .server import KeptLog, Server
from .steering import Again, Steering
from .tail import LogTail
from .viewed import Viewed

if TYPE_CHECKING:
    from .reports import Material, Report
    from .widgets import ExecutionView

log = logging.getLogger(__name__)


class Run(Steering, RunFrames, Viewed):
    """One execution; shown in a cell, it is the live view of it.

    Made by `Lab.start` and `Lab.prepare`.

    Attributes
    ----------
    preview : RunPreview
        The live pictures of its devices: their figures and their budget.
    recording : Recording
        Their pictures from its start to its end, by time; empty where the lab does not record.
    """

    def __init__(
        self,
        execution: Execution,
        hub: Hub,
        preview: PreviewService,
        server: Server,
        pool: DevicePool,
        recording: Recording,
        again: Again,
        history: History,
        keep: Keep | None = None,
    ) -> None:
        super().__init__(execution, again)
        self._hub = hub
        self._service = preview
        self._server = server
        self._history = history
        self._manual = ManualControl(pool, hub, execution.execution_id, preview.touches)
        self.preview = RunPreview(preview, self._serials, lambda: self.__dict__.get("view"))
        self._tail = LogTail(hub, execution.execution_id)
        self.recording = recording
        self._facts = RunFacts(execution.execution_id, execution.serials, pool, history)
        self._logcat = RunLogcat(execution, pool, hub)
        self._recorder = self._make_recorder(keep) if keep is not None else None

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        return self._execution.execution_id

    @property
    def serials(self) -> tuple[str, ...]:
        """The serials of its devices."""
        return self._execution.serials

    @property
    def url(self) -> str:
        """The WebSocket address at which anyone on this machine can follow the execution."""
        return self._server.ws_url(self.execution_id)

    @property
    def watch_url(self) -> str:
        """The address of a page that shows the execution in any browser on this machine."""
        return self._server.watch_url(self.execution_id)

    @property
    def kept_log(self) -> KeptLog:
        """The newest lines of the log, as the server gives them to pages that come late."""
        return KeptLog(*self._tail.kept())

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state: status, progress, every step with its attempts."""
        return self._hub.snapshot(self.execution_id)

    @property
    def done(self) -> bool:
        """True once nothing more will run."""
        return self._execution.done

    @property
    def logcat(self) -> str | None:
        """What is read of its devices' own logs, as its plan says."""
        return self._execution.plan.logcat

    @property
    def devices(self) -> dict[str, dict[str, str]]:
        """What was found out of each device, by serial: ``{"model": …, "Android": …, "screen": …}``."""
        return dict(self._facts.known)

    def start(self) -> None:
        """Begin; returns at once."""
        self._execution.start()
        self._logcat.start()
        self._facts.start()
        if self._recorder is not None:
            self._recorder.start()

    def wait(self, timeout: float | None = None, *, or_paused: bool = False) -> ExecutionSnapshot:
        """Wait until the execution has ended; while it is paused, the waiting goes on.

        Parameters
        ----------
        timeout
            Seconds; without end, when absent. Interrupting the wait does not end the execution.
        or_paused
            Return also when one of its devices is paused, at a request or on a failure.

        Raises
        ------
        TimeoutError
            When it has not ended by then; the text tells where it is paused.
        """
        return self._execution.wait(timeout, or_paused=or_paused)

    def cancel(self) -> None:
        """End the running steps and begin no more; returns at once."""
        self._execution.cancel()

    def video(
        self,
        path: str | Path | None = None,
        device_id: str | None = None,
        *,
        begin: Instant | None = None,
        end: Instant | None = None,
    ) -> Path:
        """Make an MP4 of what a device showed so far, in its own time; needs the `video` extra.

        Parameters
        ----------
        path
            The file; one beside the recording, when absent.
        device_id
            The device's serial; may be left out where the run has only one.
        begin, end
            Only this part: seconds since the epoch, or UTC times.

        Returns
        -------
        Path
            The file, for example for ``IPython.display.Video``.

        Raises
        ------
        ModuleNotFoundError
            Without PyAV; the text says how to install it.
        NoRecording
            When there are no pictures, for example with ``Lab(record=False)``.
        ValueError
            When there are several devices and none is named, or nothing lies between `begin` and `end`.
        """
        if self._recorder is not None and self.done:
            self._recorder.wait(LAST_SECONDS * 2)
        return self.recording.video(path, device_id, begin=begin, end=end)

    def report(self, format: str = "html") -> "Report":
        """Write a report of what is known by now; in a notebook, PDF and HTML show themselves.

        Parameters
        ----------
        format
            ``"pdf"``, ``"html"`` (one file, with the recording to scrub), ``"junit"``, ``"csv"``,
            ``"trace"`` (for Perfetto) or ``"json"``.

        Returns
        -------
        Report
            Its `save` writes it to a file.

        Raises
        ------
        UnknownFormat
            When there is no such format.
        MissingExtra
            When PDF or HTML is asked for without the `reports` extra.
        """
        from .reports import make  # only who asks for a report pays for its libraries

        return make(format, self._material())

    def close(self) -> None:
        """Cancel what still runs, and end the view and every thread of the run."""
        self._execution.close()
        self._logcat.close()
        self._facts.close()
        if self._recorder is not None:
            self._recorder.close()
            self._ending.close()
        self._tail.close()
        if "view" in self.__dict__:
            self.view.close()
        self._manual.close()

    def recorded_code(self, device_id: str | None = None) -> str:
        """Return what was done by hand in the view, as lines of code that go into a module.

        A tap or a pick while the device is paused is told by the element that it hit
        (``ctx.device.tap_on("Send")``); one that met a running step, or nothing with a name, by its pixel.

        Parameters
        ----------
        device_id
            Of this device alone; of all, when absent.
        """
        return self._manual.script.text(device_id)

    @cached_property
    def view(self) -> "ExecutionView":
        """The widget: the same one however often it is displayed."""
        from .widgets import ExecutionView  # only notebooks pay for the import of ipywidgets

        return ExecutionView(
            execution_id=self.execution_id,
            hub=self._hub,
            preview=self._service,
            video=self._service,
            cancel=self.cancel,
            steering=self,
            base_url=self._server.url,
            artifacts=self._history.artifacts,
            logs=self._tail.kept,
            kept_log=Lookback(self._history, self.execution_id),
            manual=self._manual,
            budget=self.preview.budget,
            recording=self.recording if self._recorder is not None else None,
        )

    def _make_recorder(self, keep: Keep) -> Recorder:
        say = ExecutionLog(self._hub, self.execution_id, "recording").say
        name = f"recorder-{self.execution_id[:8]}"
        recorder = Recorder(
            self._service, self.serials, self.recording.path, keep, say, name, self._note_recording
        )
        ended = execution_subject(self.execution_id, ExecutionCompleted.type_name())
        self._ending = self._hub.subscribe(ended, lambda _: recorder.finish())
        return recorder

    def _note_recording(self) -> None:
        try:
            self._history.note_recording(self.execution_id, indices(self.recording))
        except (OSError, ValueError) as error:
            log.warning("the recording of execution %s has no index: %s", self.execution_id, error)

    def _material(self) -> "Material":
        """Where the history has nothing, what the process knows has to do: of the log, the newest lines."""
        from .reports import Material, film, kept

        if self._history.trouble is None and self._history.holds(self.execution_id):
            return kept(self._history, self.execution_id)
        return Material(
            state=self.state,
            logs=self._tail.entries(),
            devices=self.devices,
            screenshot=self._screenshot,
            film=film(self.recording),
        )

    def _screenshot(self, url: str) -> bytes | None:
        try:
            return self._history.artifacts.screenshot(url).read_bytes()
        except FileNotFoundError:
            return None

    def _serials(self) -> list[str]:
        return [device.device_id for device in self.state.devices]

    def __repr__(self) -> str:
        state = self.state
        return f"Run({state.status}, {len(state.steps)} steps, {self.execution_id})"
