"""A chart of a run that changes while the run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from ...history import live as frames
from ...history.tables import ATTEMPTS
from ...protocol import ExecutionSnapshot
from .chart import Chart
from .gantt import gantt

SECONDS = 1.0
"""Between two pictures of a live chart."""


class Watched(Protocol):
    """What a live chart asks of a run."""

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state."""

    @property
    def done(self) -> bool:
        """True once nothing more will run."""


class LiveChart:
    """A chart in a cell, drawn anew each second until its run has ended; then its thread ends too.

    Parameters
    ----------
    run
        A run of a lab.
    chart
        Makes the chart of a frame of the run's attempts.
    """

    def __init__(self, run: Watched, chart: Callable[[Any], Chart] = gantt) -> None:
        from IPython.display import display  # only a notebook has a cell to show it in

        self._run = run
        self._chart = chart
        self._closed = threading.Event()
        self._shown = run.state
        data, metadata = self._drawn().bundle(picture=run.done)
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._thread = threading.Thread(target=self._follow, name="live-chart", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the chart as it is; twice is no error."""
        self._closed.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the chart shows the run's end; tell whether it does."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _drawn(self) -> Chart:
        return self._chart(frames.frame(ATTEMPTS, self._shown))

    def _follow(self) -> None:
        done = False
        while not done and not self._closed.is_set():
            self._closed.wait(SECONDS)
            done = self._run.done
            state = self._run.state
            if state != self._shown or done:
                self._shown = state
                data, metadata = self._drawn().bundle(picture=done)
                self._handle.update(data, metadata=metadata, raw=True)


def live(run: Watched, chart: Callable[[Any], Chart] = gantt) -> LiveChart:
    """Show a chart of a run in this cell, and keep it up to date until the run has ended.

    Parameters
    ----------
    run
        A run of a lab, begun or not.
    chart
        Makes the chart of a frame of the run's attempts; `gantt`, when absent.
    """
    return LiveChart(run, chart)
