"""A run of earlier, out of the history, as a notebook's user holds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from . import history
from .history import StoredExecution, tables
from .history.lookback import Lookback
from .history.tables import Filters
from .hub import Hub
from .preview.recording import Recording
from .preview.recording.still import LastPictures
from .protocol import ExecutionSnapshot, Instant
from .runframes import RunFrames
from .tail import LINES
from .viewed import Viewed

if TYPE_CHECKING:
    from .reports import Report
    from .widgets import ExecutionView


class KeptRun(RunFrames, Viewed):
    """One run out of the history; shown in a cell, it is the view of it, as it ended.

    Made by `History.run` and `History.runs`. It is what was kept when it was asked for: of a run that
    goes on in another process, what that had told by then.

    Attributes
    ----------
    recording : Recording
        What its devices showed, by time; empty where nothing was recorded.
    """

    def __init__(
        self,
        history: history.History,
        stored: StoredExecution,
        shown: Callable[[ExecutionView], None] = lambda _: None,
    ) -> None:
        self._history = history
        self._shown = shown
        self._stored = stored
        self.recording = Recording(history.artifacts.recording(stored.execution_id))

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        return self._stored.execution_id

    @property
    def name(self) -> str | None:
        """The plan's name."""
        return self._stored.name

    @property
    def state(self) -> ExecutionSnapshot:
        """Its last state: status, every step with its attempts."""
        return self._stored.state

    @property
    def status(self) -> str:
        """``completed``, ``failed``, ``cancelled``, or ``interrupted``: its process died."""
        return self._stored.status

    @property
    def passed(self) -> bool:
        """Whether it ran to its end, and no step of it failed."""
        return self._stored.passed

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._stored.ended_at is not None

    @property
    def started_at(self) -> datetime:
        """When it began, UTC."""
        return self._stored.started_at

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, UTC; of an interrupted one, when it was last heard of."""
        return self._stored.ended_at

    @property
    def duration_s(self) -> float | None:
        """How long it took, in seconds."""
        return self._stored.duration_s

    @property
    def devices(self) -> dict[str, dict[str, str]]:
        """What was found out of each device, by serial: ``{"model": …, "Android": …, "screen": …}``."""
        return dict(self._stored.devices)

    @property
    def made_up(self) -> bool:
        """Whether it is an invented example."""
        return self._stored.made_up

    def video(
        self,
        path: str | Path | None = None,
        device_id: str | None = None,
        *,
        begin: Instant | None = None,
        end: Instant | None = None,
    ) -> Path:
        """Make an MP4 of what a device showed; see `Run.video` for the parameters and errors."""
        return self.recording.video(path, device_id, begin=begin, end=end)

    def report(self, format: str = "html") -> Report:
        """Write a report; in a notebook, PDF and HTML show themselves. See `Run.report`.

        Raises
        ------
        UnknownFormat
            When there is no such format.
        MissingExtra
            When PDF or HTML is asked for without the `reports` extra.
        UnknownRun
            When it was deleted in the meantime.
        """
        from .reports import kept, make  # only who asks for a report pays for its libraries

        return make(format, kept(self._history, self.execution_id))

    @cached_property
    def view(self) -> ExecutionView:
        """The widget: the same one however often it is displayed."""
        from .widgets import ExecutionView  # only notebooks pay for the import of ipywidgets

        hub = Hub(shaping=False)
        hub.publish(self._stored.marked)
        recorded = bool(self.recording.devices())
        view = ExecutionView(
            execution_id=self.execution_id,
            hub=hub,
            preview=LastPictures(self.recording) if recorded else None,
            artifacts=self._history.artifacts,
            logs=lambda: self._stored.newest_lines(LINES),
            kept_log=Lookback(self._history, self.execution_id),
            recording=self.recording if recorded else None,
            kept=True,
        )
        self._shown(view)
        return view

    def close(self) -> None:
        """End the view's part in the kernel; what pages show stays there. Closing twice is no error."""
        if "view" in self.__dict__:
            self.view.close()

    def _frame(self, table: tables.Table) -> Any:
        return self._history.frame(table, execution_id=self.execution_id)

    def __repr__(self) -> str:
        name = f"{self.name}, " if self.name else ""
        return f"KeptRun({name}{self.status}, {len(self.state.steps)} steps, {self.execution_id})"


class History(history.History):
    """A history whose runs can be taken out of it, and shown.

    `Lab.history` is one, and ``em.History(folder)``; see `history.History` for its parameters and its frames.

    Examples
    --------
    >>> history = History()
    >>> history.runs(name="nightly", status="failed")[0]  # in a notebook: the view of the newest of them
    """

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__(path)
        self._views: list[ExecutionView] = []

    def run(self, execution_id: str) -> KeptRun:
        """Return one run.

        Raises
        ------
        UnknownRun
            When it is not here.
        """
        return KeptRun(self, self.execution(execution_id), self._views.append)

    def runs(self, limit: int = 20, **filters: Unpack[Filters]) -> list[KeptRun]:
        """Return the newest runs, the newest first.

        Parameters
        ----------
        limit
            How many at most.
        filters
            As for `executions`; errors too.
        """
        return [self.run(brief.state.execution_id) for brief in self.newest(limit, **filters)]

    def close(self) -> None:
        """Close the views of its runs, and keep no more; reading goes on to work."""
        for view in self._views:
            view.close()
        super().close()
