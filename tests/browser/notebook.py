"""A notebook in JupyterLab, driven from a test."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

from .tab import Tab

_READY = """() => {
    const context = window.panel()?.sessionContext;
    const kernel = context?.isReady && context.session?.kernel;
    return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""

_PANEL = """window.panel = () => [...(window.jupyterapp?.shell?.widgets("main") ?? [])]
    .find(widget => widget.sessionContext && widget.content?.model?.cells);"""

_RUNNING = "() => window.panel().content.widgets.some(({model}) => model.executionState === 'running')"

_EXECUTE = """async (code) => {
    const kernel = window.panel().sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false});
    let told = "";
    future.onIOPub = ({header, content}) => {
        if (header.msg_type === "stream") told += content.text;
        if (header.msg_type === "error") told += content.traceback.join("\\n");
    };
    const reply = await future.done;
    if (reply.content.status !== "ok") throw new Error(told);
    return told;
}"""


def waiting_run(name: str) -> str:
    """Return a cell that begins a run of that name, which waits, and shows it."""
    return f"""
@em.module(timeout=300)
def waiting_module(ctx):
    ctx.sleep(280)

run = lab.start(em.Plan([waiting_module], name="{name}"))
run
"""


@dataclass(frozen=True)
class JupyterServer:
    """A running JupyterLab server."""

    url: str
    token: str
    folder: Path
    pid: int

    def write(self, name: str, *cells: str) -> None:
        """Make a notebook of these code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / name)


class NotebookPage(Tab):
    """A tab that shows one notebook."""

    def __init__(self, server: JupyterServer, page: Page) -> None:
        super().__init__(page)
        self.server = server
        page.add_init_script(_PANEL)

    def open(self, name: str, theme: str = "JupyterLab Light") -> None:
        """Open a notebook and wait until its kernel is idle."""
        workspace = secrets.token_hex(4)  # one of its own, so that nothing another test opened comes back
        address = f"{self.server.url}/lab/workspaces/{workspace}/tree/{name}?token={self.server.token}"
        self.page.goto(address)
        self._wait_for_kernel()
        self.theme(theme)
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")

    def open_in_notebook(self, name: str) -> None:
        """Open a notebook in Notebook 7, which the same server has, and wait until its kernel is idle."""
        self.page.goto(f"{self.server.url}/notebooks/{name}?token={self.server.token}")
        self._wait_for_kernel()

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme."""
        self._command("apputils:change-theme", theme=name)
        self.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=name)

    def reload(self) -> None:
        """Load the page again; the kernel lives on."""
        self.page.reload()
        self._wait_for_kernel()

    def run_all(self) -> None:
        """Start to run all cells; they go on when this returns."""
        self._command("notebook:run-all-cells")

    def run_all_and_wait(self, timeout: float = 120) -> None:
        """Run all cells to the end, `timeout` seconds at most."""
        self.run_all()
        self.wait_for_cells(timeout)

    def wait_for_cells(self, timeout: float = 120) -> None:
        """Wait until every code cell has run."""
        self.page.wait_for_function(
            """() => {
                const notebook = window.panel();
                const cells = [...notebook.content.model.cells].filter(cell => cell.type === "code");
                const idle = notebook.sessionContext.session.kernel.status === "idle";
                return idle && cells.every(cell => cell.executionCount);
            }""",
            timeout=timeout * 1000,
        )

    def select_cell(self, index: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate("index => { window.panel().content.activeCellIndex = index; }", index)

    def begin_cell(self) -> None:
        """Start to run the active cell, and make the next one active."""
        self._command("notebook:run-cell-and-select-next")

    def run_cell(self) -> None:
        """Run the active cell to its end, and make the next one active."""
        self.page.evaluate(
            "async () => await window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
        )

    def clear_output(self, index: int) -> None:
        """Take away a cell's output."""
        self.select_cell(index)
        self._command("notebook:clear-cell-output")

    def save(self) -> None:
        """Write the notebook to its file."""
        self.page.evaluate("async () => await window.panel().context.save()")

    def saved_outputs(self, mime_type: str) -> list[str]:
        """Return what the notebook's file has of one type in its outputs."""
        path = self.page.evaluate("() => window.panel().context.path")
        notebook = nbformat.read(self.server.folder / path, as_version=4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        return [output.data[mime_type] for output in outputs if mime_type in output.get("data", {})]

    def wait_for_python(self, condition: str, seconds: int = 60) -> None:
        """Wait until a Python expression holds in the kernel."""
        self.execute(
            f"import time\nfor _ in range({seconds * 10}):\n    if {condition}: break\n    time.sleep(0.1)\n"
            "else: raise TimeoutError('it never came to hold')"
        )

    def write_cell(self, index: int, source: str) -> None:
        """Put this source into a cell, as an editor would, and make the cell the active one."""
        self.page.evaluate(
            "([at, source]) => window.panel().content.model.cells.get(at).sharedModel.setSource(source)",
            [index, source],
        )
        self.select_cell(index)

    @contextlib.contextmanager
    def busy_kernel(self, index: int) -> Iterator[None]:
        """Let a cell keep the kernel busy for as long as the block lasts."""
        word = self.server.folder / secrets.token_hex(8)
        begun = word.with_suffix(".begun")
        self.write_cell(
            index,
            f"import os, time\nopen({str(begun)!r}, 'w').close()\n"
            f"while not os.path.exists({str(word)!r}):\n    time.sleep(0.05)",
        )
        self.begin_cell()
        self.page.wait_for_function(_RUNNING)
        try:
            deadline = time.monotonic() + 30
            while not begun.exists():
                assert time.monotonic() < deadline, "the cell does not begin"
                self.page.wait_for_timeout(50)
            yield
            assert self.kernel_is_busy(), "it was the blocked kernel that all this came from"
        finally:
            word.touch()

    def kernel_is_busy(self) -> bool:
        """Tell whether a cell runs; the kernel's own status may be that of a message beside it."""
        return bool(self.page.evaluate(_RUNNING))

    def hide(self, hidden: bool = True) -> None:
        """Cover the notebook by another tab, or show it again."""
        if hidden:
            self.page.evaluate("async () => { await window.jupyterapp.commands.execute('launcher:create'); }")
            return
        self.page.locator(".jp-NotebookPanel").first.wait_for(state="attached")
        self.page.locator(".lm-TabBar-tab", has_text=".ipynb").first.click()

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel, beside the notebook; return what it printed."""
        return str(self.page.evaluate(_EXECUTE, code))

    def errors(self) -> list[str]:
        """Return the errors in the cells' outputs."""
        found = self.page.evaluate(
            """() => [...window.panel().content.model.cells]
                .flatMap(cell => cell.type === "code" ? cell.outputs.toJSON() : [])
                .filter(output => output.output_type === "error")
                .map(output => output.ename + ": " + output.evalue)"""
        )
        return [str(error) for error in found]

    def keep_both(self, name: str, view: Locator | None = None) -> None:
        """Keep a screenshot in the light theme and one in the dark; the theme is then what it was."""
        before = str(self.page.evaluate("document.body.dataset.jpThemeName"))
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            self.theme(theme)
            self.keep(f"{name}-{theme.split()[-1].lower()}", view)
        self.theme(before)

    def strangers(self, *allowed: str) -> list[str]:
        """Return the addresses that were asked for outside of the Jupyter server and these origins."""
        return super().strangers(self.server.url, *allowed)

    def json(self, expression: str) -> Any:
        """Return the value of a Python expression in the kernel, by way of JSON."""
        return json.loads(self.execute(f"import json; print(json.dumps({expression}), flush=True)"))

    def shut_down(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate("async () => await window.jupyterapp?.serviceManager.sessions.shutdownAll()")

    def _command(self, name: str, **arguments: str) -> None:
        """Begin one of JupyterLab's commands, once the plugin that has it is there."""
        self.page.wait_for_function("name => window.jupyterapp.commands.hasCommand(name)", arg=name)
        self.page.evaluate(
            "([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, arguments]
        )

    def _wait_for_kernel(self) -> None:
        self.page.wait_for_function(_READY, timeout=90_000)
