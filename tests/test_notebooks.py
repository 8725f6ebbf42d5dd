"""What holds for every notebook, besides that it runs (``make test-notebooks``)."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from .store_outputs import CHECKED

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> NotebookNode:
    return nbformat.read(request.param, as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_a_valid_notebook_that_begins_with_a_title(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.cells[0].source.startswith("# ")


def test_it_checks_something_that_it_says(notebook: NotebookNode) -> None:
    checked = [cell for cell in code(notebook) if CHECKED in cell.metadata.get("tags", [])]
    assert checked
    # nbval compares nothing where a cell was never run.
    assert [cell.source for cell in checked if not cell.outputs or cell.execution_count is None] == []


def test_it_keeps_no_output_of_one_run_alone(notebook: NotebookNode) -> None:
    kept = [cell for cell in code(notebook) if cell.outputs and CHECKED not in cell.metadata.get("tags", [])]
    assert [cell.source for cell in kept] == []
