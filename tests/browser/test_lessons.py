"""The lessons in JupyterLab: every cell runs, nothing complains, and what is shown is worth looking at."""

from __future__ import annotations

import pytest

from .notebook import NotebookPage


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lesson", ["external_consumers", "teaching"])
def test_a_lesson_runs_to_its_end(lab_page: NotebookPage, lesson: str) -> None:
    lab_page.open(f"{lesson}.ipynb")
    lab_page.run_all_and_wait(timeout=240)
    assert lab_page.errors() == []
    assert lab_page.complaints == []
    assert lab_page.page.locator(".jp-RenderedImage img").first.evaluate("image => image.naturalWidth") > 0
