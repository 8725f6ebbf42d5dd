"""The parts as widgets of their own, and what a notebook keeps of them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

import execmon_lab as em
from execmon_lab.hub import Hub
from execmon_lab.widgets import ExecutionView, output
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


def test_what_was_not_displayed_is_not_written(hub: Hub, shell: Shell) -> None:
    view = ExecutionView(execution_id=EXECUTION, hub=hub)
    finish(hub)
    view.close()
    assert shell.published == []
