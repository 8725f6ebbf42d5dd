"""The parts as widgets of their own, and what a notebook keeps of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import execmon_lab as em
from execmon_lab.hub import Hub
from execmon_lab.widgets import ExecutionView, cells, output
from execmon_lab.widgets.parts import Part
from tests.strategies import EXECUTION
from tests.widgets.test_view import finish

PARTS = {
    "DeviceGrid": "devices",
    "DevicePreview": "preview",
    "ExecutionProgress": "progress",
    "LogTable": "logs",
    "StepTable": "steps",
    "Timeline": "timeline",
}


@pytest.fixture
def view(hub: Hub) -> Iterator[ExecutionView]:
    """The view of one execution."""
    view = ExecutionView(execution_id=EXECUTION, hub=hub)
    yield view
    view.close()


class Shell:
    """As much of IPython's shell as an output needs."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any], bool]] = []
        self.display_pub = self
        self.cell: str | None = None

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {"cellId": self.cell} if self.cell else {}}

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        *,
        transient: dict[str, str] | None = None,
        update: bool = False,
    ) -> None:
        self.published.append(((transient or {}).get("display_id", ""), data, update))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """IPython, as far as outputs know it."""
    shell = Shell()
    monkeypatch.setattr(output, "get_ipython", lambda: shell)
    return shell


@pytest.mark.parametrize(("name", "part"), PARTS.items())
def test_a_part_refers_to_its_executions_widget(view: ExecutionView, name: str, part: str) -> None:
    widget: Part = getattr(em.widgets, name)(view)
    assert widget.get_state()["execution"] == f"anywidget:{view.model_id}"
    assert widget.part == part
    assert repr(widget) == f"{name}(ExecutionView(None))"
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget)
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id


def test_parts_carry_no_code(view: ExecutionView) -> None:
    part = em.widgets.LogTable(view)
    assert len(part._esm) < 1000
    assert part._css == ""


def test_parts_are_put_together_with_ipywidgets(view: ExecutionView) -> None:
    log = em.widgets.LogTable(view, layout={"width": "400px"})
    box = ipywidgets.HBox([em.widgets.DevicePreview(view), log])
    assert log.layout.width == "400px"
    assert len(box.children) == 2


def test_what_has_no_view_is_refused() -> None:
    with pytest.raises(TypeError, match="LogTable shows a run"):
        em.widgets.LogTable("run")


def test_the_static_output_is_written_again_when_the_execution_has_ended(hub: Hub, shell: Shell) -> None:
    view = ExecutionView(execution_id=EXECUTION, hub=hub)
    view._ipython_display_()
    finish(hub)
    view.close()
    (_, widget, _), (place, first, _), (same, last, update) = shell.published
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert "text/html" not in widget
    assert place == same
    assert update
    assert "Not ended yet" in first["text/html"]
    assert "Ended at" in last["text/html"]
    assert "text/plain" not in first, "it has nothing to say beside the widget's"


def test_behind_the_parts_of_an_execution_the_static_output_lies_once(
    view: ExecutionView, shell: Shell
) -> None:
    steps, log = em.widgets.StepTable(view), em.widgets.LogTable(view)
    for part in (steps, log, steps):
        part._ipython_display_()
    shown = ["text/html" if "text/html" in data else data["text/plain"] for _, data, _ in shell.published]
    assert shown == [repr(steps), "text/html", repr(log), repr(steps), "text/html"]


def is_html(published: tuple[str, dict[str, Any], bool]) -> bool:
    return "text/html" in published[1]


def test_a_cell_that_runs_again_has_it_again_and_another_has_not(view: ExecutionView, shell: Shell) -> None:
    for cell in ("first", "second", "first"):
        shell.cell = cell
        em.widgets.StepTable(view)._ipython_display_()
    assert [is_html(shown) for shown in shell.published] == [False, True, False, False, True]


class TestABox:
    @pytest.fixture
    def run_cell(self, hub: Hub, shell: Shell) -> Iterator[Callable[[str], None]]:
        """A cell in a real IPython, in which `view` and `ipywidgets` are known."""
        ipython = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cells, "get_ipython", lambda: ipython)
            view = ExecutionView(execution_id=EXECUTION, hub=hub)
        ipython.push({"view": view, "ipywidgets": ipywidgets, "w": em.widgets})
        yield lambda code: ipython.run_cell(code).raise_error()
        view.close()

    def test_of_parts_has_the_static_output_behind_it(
        self, run_cell: Callable[[str], None], shell: Shell
    ) -> None:
        run_cell("ipywidgets.HBox([ipywidgets.Label('steps'), ipywidgets.VBox([w.StepTable(view)])])")
        [(_, data, update)] = shell.published
        assert "Not ended yet" in data["text/html"]
        assert not update

    @pytest.mark.parametrize(
        "code",
        [
            "ipywidgets.HBox([ipywidgets.Label('nothing of ours')])",
            "ipywidgets.HBox([w.StepTable(view)]);",
            "box = ipywidgets.HBox([w.StepTable(view)])",
            "raise_it = 1",
        ],
    )
    def test_that_is_not_shown_or_has_none_leaves_nothing(
        self, run_cell: Callable[[str], None], shell: Shell, code: str
    ) -> None:
        run_cell(code)
        assert shell.published == []


def test_what_was_not_displayed_is_not_written(hub: Hub, shell: Shell) -> None:
    view = ExecutionView(execution_id=EXECUTION, hub=hub)
    finish(hub)
    view.close()
    assert shell.published == []
