"""Run notebooks and store the outputs of the cells that the tests check (tag ``nbval-check-output``).

Usage: python tests/store_outputs.py notebooks/*.ipynb

All other outputs are taken away: they are of one run alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

CHECKED = "nbval-check-output"


def store(path: Path) -> None:
    """Run one notebook in its folder, and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=240,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        store(Path(name))
        print(f"stored the outputs of {name}")
