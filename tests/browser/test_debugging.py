"""The debugging notebook in JupyterLab: the reader finds, mends and retries as it tells."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .notebook import NotebookPage

_SOURCES = "[...window.panel().content.model.cells].map(cell => cell.sharedModel.source)"


@pytest.mark.timeout(300)
def test_the_lesson_on_a_failing_step_is_true(lab_page: NotebookPage) -> None:
    lab_page.open("debugging.ipynb")
    sources: list[str] = lab_page.page.evaluate(_SOURCES)
    looked_at = next(i for i, source in enumerate(sources) if source.startswith("phone = run.device"))
    closing = next(i for i, source in enumerate(sources) if source.startswith("lab.close()"))

    def run(first: int, end: int) -> None:
        lab_page.select_cell(first)
        for _ in range(first, end):
            lab_page.run_cell()
        assert lab_page.errors() == []

    run(0, looked_at + 1)
    view = lab_page.view()
    view.scroll_into_view_if_needed()
    expect(view.locator(".xm-pause-row")).to_contain_text("Paused on the failure of step 2: message_module")
    row = view.locator(".xm-step-group").nth(1)
    expect(row.locator(".xm-traceback").last).to_be_visible()
    lab_page.keep_both("debugging-paused", view)

    run(looked_at + 1, closing)
    view.scroll_into_view_if_needed()
    expect(view.locator(".xm-pill")).to_have_text("Passed")
    expect(row).to_contain_text("passed after 2 failed attempts")
    expect(row.locator(".xm-attempt")).to_have_count(3)
    lab_page.keep_both("debugging-passed", view)
    assert lab_page.complaints == []
    run(closing, closing + 1)
