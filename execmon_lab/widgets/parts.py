"""The parts of an execution's view as widgets of their own, to be put together with those of ipywidgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import anywidget
import traitlets

from .view import ExecutionView

_STATIC = Path(__file__).parent / "static"


@runtime_checkable
class Shown(Protocol):
    """What has an execution's view: a `Run`, or what `connect` gives."""

    @property
    def view(self) -> ExecutionView:
        """The execution's widget."""


class Part(anywidget.AnyWidget):
    """What all parts have in common.

    The parts of one execution have no stream and no code of their own: the execution's widget shows each of
    them from its one store, so that any number of them costs as much as one.

    Parameters
    ----------
    run
        The run, or its view.
    layout
        As for every ipywidget, for example ``{"width": "320px"}``.

    Raises
    ------
    TypeError
        When `run` has no view.

    Attributes
    ----------
    view
        The execution's view, which it is a part of.

    Examples
    --------
    >>> HBox([DevicePreview(run), VBox([ExecutionProgress(run), LogTable(run)])])
    """

    _esm = _STATIC / "part.js"
    _css = ""

    PART: ClassVar[str]
    LAYOUT: ClassVar[dict[str, str]] = {"width": "100%", "min_width": "0"}

    execution = anywidget.WidgetTrait().tag(sync=True)
    part = traitlets.Unicode().tag(sync=True)

    def __init__(self, run: Shown | ExecutionView, *, layout: dict[str, str] | None = None) -> None:
        view = run if isinstance(run, ExecutionView) else getattr(run, "view", None)
        if not isinstance(view, ExecutionView):
            raise TypeError(f"{type(self).__name__} shows a run, or its view; this is {run!r}")
        super().__init__(execution=view, part=self.PART, layout={**self.LAYOUT, **(layout or {})})
        self.view = view

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.view!r})"

    def _ipython_display_(self, **_: Any) -> None:
        self.view.display_part(self, *self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self.view.expect_page()
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return {**data, "text/plain": repr(self)}, metadata


class DevicePreview(Part):
    """One device's picture, with the means to choose it, to stop it and to take the device in hand."""

    PART = "preview"
    LAYOUT: ClassVar[dict[str, str]] = {"width": "304px", "flex": "0 0 auto"}


class DeviceGrid(Part):
    """All devices of the execution, side by side."""

    PART = "devices"


class ExecutionProgress(Part):
    """How far the execution is, how it stands, and the means to steer it."""

    PART = "progress"


class Timeline(Part):
    """The course of the execution, and the cursor that all views of it follow."""

    PART = "timeline"


class StepTable(Part):
    """The steps with every attempt."""

    PART = "steps"


class LogTable(Part):
    """The log with its filters."""

    PART = "logs"
    LAYOUT: ClassVar[dict[str, str]] = {"width": "100%", "min_width": "0", "min_height": "320px"}
