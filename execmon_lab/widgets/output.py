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
        self._part: object = None

    def show(self, data: dict[str, Any], metadata: dict[str, Any], html: str, part: object = None) -> None:
        """Display the widget's own output (`data`, `metadata`), and this behind it.

        Behind the parts of an execution (`part` is one of them) once is enough: where none was shown yet, or
        where this one was shown before.
        """
        with self._lock:
            behind = part is None or not self._shown or part is self._part
            if not self._shown:
                self._part = part
            self._shown = True
        shell = get_ipython()
        if shell is not None:
            shell.display_pub.publish(data, metadata)
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
