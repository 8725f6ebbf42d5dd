"""The figures and the budget of a run's pictures."""

from __future__ import annotations

from typing import Any

import pytest

from execmon_lab.preview import StreamStats
from execmon_lab.preview.budget import Budget
from execmon_lab.runpreview import RunPreview
from execmon_lab.widgets.numbers import StreamNumbers


class FakeService:
    """Captures of one device of the run, and of a stranger."""

    def stats(self) -> dict[str, StreamStats]:
        capture = {"watchers": 2, "frames": 9, "frames_per_second": 12.0, "capture_ms": 8.0}
        fields: dict[str, Any] = capture | {"encode_ms": 2.0, "bytes_per_frame": 50.0, "source": "screencap"}
        return {serial: StreamStats(device_id=serial, **fields) for serial in ("R58M", "stranger")}


class FakeView:
    """A widget that shows one stream."""

    def __init__(self) -> None:
        self.budget: Budget | None = None

    def numbers(self) -> dict[tuple[str, str], StreamNumbers]:
        return {
            ("R58M", "low"): StreamNumbers("screencap", "jpeg", 360, 640, 11.0, 550.0, 10.0, 42.0, "same")
        }

    def limit(self, budget: Budget) -> None:
        self.budget = budget


def preview(view: FakeView | None) -> RunPreview:
    return RunPreview(FakeService(), lambda: ["R58M", "idle"], lambda: view)  # type: ignore[arg-type, return-value]


def test_the_stats_are_a_row_for_each_stream_of_the_runs_own_devices() -> None:
    (row,) = preview(FakeView()).stats()
    assert (row.device_id, row.quality, row.source, row.width, row.height) == (
        "R58M",
        "low",
        "screencap",
        360,
        640,
    )
    assert (row.captured_per_second, row.sent_per_second, row.drawn_per_second) == (12.0, 11.0, 10.0)
    assert (row.bytes_per_second, row.latency_ms, row.clock) == (550.0, 42.0, "same")


def test_what_only_others_watch_is_told_without_a_quality() -> None:
    (row,) = preview(None).stats()
    assert (row.device_id, row.quality, row.watchers, row.latency_ms) == ("R58M", None, 2, None)


def test_the_budget_is_kept_for_a_view_that_comes_later_and_told_to_one_that_is_there() -> None:
    later = preview(None)
    assert later.budget == Budget(frames_per_second=30.0)
    later.limit(frames_per_second=None, bytes_per_second=1e6)
    assert later.budget == Budget(None, 1e6)
    view = FakeView()
    preview(view).limit(frames_per_second=10)
    assert view.budget == Budget(10)
    with pytest.raises(ValueError, match="frames_per_second is 0"):
        later.limit(frames_per_second=0)
    assert later.budget == Budget(None, 1e6)
