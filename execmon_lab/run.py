"""A run: one execution of a plan, as a notebook's user holds it."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .control import ManualControl
from .devices import DevicePool
from .engine import Execution
from .hub import Hub
from .preview import PreviewService
from .protocol import ExecutionSnapshot
from .runpreview import RunPreview
from .server import Server
from .tail import LogTail

if TYPE_CHECKING:
    from .widgets import ExecutionView


class Run:
    """One execution; shown in a cell, it is the live view of it.

    Made by `Lab.start` and `Lab.prepare`.

    Attributes
    ----------
    preview : RunPreview
        The live pictures of its devices: their figures and their budget.
    """

    def __init__(
        self, execution: Execution, hub: Hub, preview: PreviewService, server: Server, pool: DevicePool
    ) -> None:
        self._execution = execution
        self._hub = hub
        self._service = preview
        self._server = server
        self._manual = ManualControl(pool, hub, execution.execution_id)
        self.preview = RunPreview(preview, self._serials, lambda: self.__dict__.get("view"))
        self._tail = LogTail(hub, execution.execution_id)

    @property
    def execution_id(self) -> str:
        """The execution's UUID."""
        return self._execution.execution_id

    @property
    def url(self) -> str:
        """The WebSocket address at which anyone on this machine can follow the execution."""
        return self._server.ws_url(self.execution_id)

    @property
    def state(self) -> ExecutionSnapshot:
        """The present state: status, progress, every step with its attempts."""
        return self._hub.snapshot(self.execution_id)

    @property
    def done(self) -> bool:
        """True once nothing more will run."""
        return self._execution.done

    def start(self) -> None:
        """Begin; returns at once."""
        self._execution.start()

    def wait(self, timeout: float | None = None) -> ExecutionSnapshot:
        """Wait until the execution has ended.

        Parameters
        ----------
        timeout
            Seconds; without end, when absent. Interrupting the wait does not end the execution.

        Raises
        ------
        TimeoutError
            When it has not ended by then.
        """
        return self._execution.wait(timeout)

    def cancel(self) -> None:
        """End the running steps and begin no more; returns at once."""
        self._execution.cancel()

    def close(self) -> None:
        """Cancel what still runs, and end the view and every thread of the run."""
        self._execution.close()
        self._tail.close()
        if "view" in self.__dict__:
            self.view.close()
        self._manual.close()

    @cached_property
    def view(self) -> "ExecutionView":
        """The widget: the same one however often it is displayed."""
        from .widgets import ExecutionView  # only notebooks pay for the import of ipywidgets

        return ExecutionView(
            execution_id=self.execution_id,
            hub=self._hub,
            preview=self._service,
            cancel=self.cancel,
            base_url=self._server.url,
            logs=self._tail.entries,
            manual=self._manual,
            budget=self.preview.budget,
        )

    def _serials(self) -> list[str]:
        return [device.device_id for device in self.state.devices]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.view._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        state = self.state
        return f"Run({state.status}, {len(state.steps)} steps, {self.execution_id})"
