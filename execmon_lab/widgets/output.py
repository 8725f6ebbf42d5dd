"""What a notebook keeps of an execution for readers without a kernel: an output of plain HTML.

It lies behind the widget's output, which hides it while it lives. JupyterLab says of a widget without its
model that it was not found, and other readers show nothing at all: there the HTML is what remains. It is
written when the execution is displayed, and once more when it has ended.
"""

from __future__ import annotations

import threading
from typing import Any

from IPython.core.getipython import get_ipython

_STYLE = (
    "<style>"
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child [data-execmon]) > .jupyter-widgets:not(:has(*))"
    "{display:none}"
    "</style>"
)
"""Behind a widget that was not found, JupyterLab's words about it say nothing any more."""


class StaticOutput:
    """The output of one execution in the notebook, wherever it was displayed.

    Parameters
    ----------
    execution_id
        The execution.
    """

    def __init__(self, execution_id: str) -> None:
        self._display_id = f"execmon-{execution_id}"
        self._lock = threading.Lock()
        self._shown = False
        self._place: object = None

    def show(self, data: dict[str, Any], metadata: dict[str, Any], html: str, part: object = None) -> None:
        """Display the widget's own output (`data`, `metadata`), and this behind it, as `remain` does."""
        shell = get_ipython()
        if shell is not None:
            shell.display_pub.publish(data, metadata)
        self.remain(html, part)

    def remain(self, html: str, part: object = None) -> None:
        """Display this behind what a cell shows.

        Behind the parts of an execution (`part` is one of them, or a box of them) once is enough: where none
        was shown yet, or in the cell that showed the first and runs again.
        """
        place = _cell() or part
        with self._lock:
            behind = part is None or not self._shown or place == self._place
            if not self._shown:
                self._place = place
            self._shown = True
        if behind:
            self._publish(html, update=False)

    def update(self, html: str) -> None:
        """Put this in its place, from any thread; nothing happens when it was never shown."""
        with self._lock:
            shown = self._shown
        if shown:
            self._publish(html, update=True)

    def _publish(self, html: str, *, update: bool) -> None:
        shell = get_ipython()
        if shell is None:
            return
        data: dict[str, Any] = {"text/html": html + _STYLE}
        shell.display_pub.publish(data, {}, transient={"display_id": self._display_id}, update=update)


def _cell() -> str | None:
    """Tell which cell of the notebook runs; None where the front end does not say."""
    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    found = parent.get("metadata", {}).get("cellId")
    return found if isinstance(found, str) else None
