"""What a notebook shows of a run: its view, whichever the notebook is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .widgets import ExecutionView


class Viewed(ABC):
    """Shows itself as its view, in every notebook that can show one."""

    @property
    @abstractmethod
    def view(self) -> ExecutionView:
        """The widget: the same one however often it is displayed."""

    def _ipython_display_(self) -> None:
        self.view._ipython_display_()

    def _display_(self) -> Any:
        """Show the view in marimo."""
        return self.view

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.view._repr_mimebundle_(**options)
