"""Charts: what they hold, and what shows them."""

from __future__ import annotations

import builtins
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from execmon_lab.analysis import charts, compare, trend
from execmon_lab.analysis.charts import MIME, Chart, live
from execmon_lab.analysis.made_up import made_up

from .frames import Make, attempts, pandas_frame, polars_frame
from .gallery import gallery

HOSTILE = "</script><img src=x onerror=alert(1)>{{datum}}' + alert(1) + '\ud800"


@pytest.fixture(scope="module")
def shown() -> dict[str, Chart]:
    return gallery()


@pytest.mark.parametrize("name", list(gallery(runs=10)))
def test_each_chart_is_drawn(shown: dict[str, Chart], name: str) -> None:
    chart = shown[name]
    data, metadata = chart._repr_mimebundle_()
    assert data[MIME] is chart.spec
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == chart.alt == metadata["image/png"]["alt"]
    assert len(chart.alt) > 20
    assert chart.spec["description"] == chart.alt
    json.dumps(chart.spec, allow_nan=False)


def test_no_chart_asks_for_anything(shown: dict[str, Chart]) -> None:
    for chart in shown.values():
        text = json.dumps({**chart.spec, "$schema": ""})
        assert "http" not in text
        assert not {"url", "href", "expr", "signal", "calculate", "filter"} & _keys(chart.spec)


def _keys(part: Any) -> set[str]:
    if isinstance(part, dict):
        rest = (_keys(value) for name, value in part.items() if name != "values")
        return set(part).union(*rest)
    return set().union(*map(_keys, part)) if isinstance(part, list) else set()


def test_hostile_names_are_data() -> None:
    names = {"sms_test_module": HOSTILE, "R5CT4-MADEUP": HOSTILE + "2", "ASSERTION_FAILED": HOSTILE}
    for name, chart in gallery(names, runs=20).items():
        json.dumps(chart.spec, allow_nan=False).encode()
        assert chart.png(1).startswith(b"\x89PNG"), name
        assert not {"expr", "signal", "calculate", "url", "href"} & _keys(chart.spec), name


def test_the_same_chart_of_any_frame() -> None:
    columns = attempts((1, "call", "failed"), (1, "call", "completed"), (1, "sms", "skipped", 0.1))
    one, other = (charts.gantt(make(columns)) for make in (pandas_frame, polars_frame))
    assert one.spec == other.spec
    assert one.alt == "Gantt chart of 3 attempts at 2 steps on 1 devices; 1 failed."


def test_a_status_is_told_by_more_than_its_colour(make: Make) -> None:
    columns = attempts((1, "call", "failed"), (1, "call", "completed"), (1, "sms", "failed"))
    rows = charts.gantt(make(columns)).spec["data"]["values"]
    assert [(row["mark"], row["shade"]) for row in rows] == [("", 0.45), ("✓", 1.0), ("✗", 1.0)]


def test_a_gantt_chart_is_of_one_run(make: Make) -> None:
    with pytest.raises(ValueError, match="there are 2"):
        charts.gantt(make(attempts((1, "call", "completed"), (2, "call", "completed"))))


def test_charts_of_nothing(make: Make) -> None:
    empty = make(attempts((1, "call", "completed"))).head(0)
    for draw in (charts.gantt, charts.strip, charts.retry_waterfall, charts.heat_map, charts.time_use_chart):
        assert draw(empty).png(1), draw
    assert charts.compare_chart(compare(empty, empty)).png(1)
    with pytest.raises(ValueError, match="no attempt of call passed"):
        charts.ecdf(empty, "call")
    assert charts.trend_chart(trend(make(attempts((1, "call", "completed"))), "call")).png(1)


def test_points_are_thinned_and_it_is_said(make: Make) -> None:
    chart = charts.strip(make(attempts(*((1, "call", "completed") for _ in range(50)))), most=20)
    assert len(chart.spec["layer"][0]["data"]["values"]) == 20
    assert "20 of 50 points shown" in chart.spec["title"]["subtitle"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".json"])
def test_it_is_saved(shown: dict[str, Chart], tmp_path: Path, suffix: str) -> None:
    path = shown["retries"].save(tmp_path / f"chart{suffix}")
    assert path.read_bytes()[:4] in (b"\x89PNG", b"<svg", b'{\n "')
    with pytest.raises(ValueError, match=r"not \.doc"):
        shown["retries"].save(tmp_path / "chart.doc")


def test_altair_knows_it(shown: dict[str, Chart]) -> None:
    for chart in shown.values():
        told = chart.altair()
        assert type(told).__module__.startswith("altair")
        assert told.to_dict()["title"] == chart.spec["title"]


def test_without_the_extra_there_is_no_picture(
    shown: dict[str, Chart], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name in ("vl_convert", "altair"):
            raise ModuleNotFoundError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    chart = Chart(shown["retries"].spec, "words")
    data, metadata = chart._repr_mimebundle_()
    assert set(data) == {MIME, "text/plain"}
    assert metadata == {}
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'execmon-lab\[charts\]'"):
        chart.png()
    with pytest.raises(ModuleNotFoundError, match="pip install altair"):
        chart.altair()


class Going:
    """A run that goes on until it is told to end."""

    def __init__(self) -> None:
        (run,) = made_up(runs=1)
        self.whole = run.state
        self.count = 3
        self.done = False

    @property
    def state(self) -> Any:
        import msgspec

        return msgspec.structs.replace(self.whole, steps=self.whole.steps[: self.count])


class Cell:
    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def display(self, data: dict[str, Any], **_: Any) -> Cell:
        self.shown.append(data)
        return self

    update = display


def test_a_live_chart_follows_its_run_and_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.display

    cell, run = Cell(), Going()
    monkeypatch.setattr(IPython.display, "display", cell.display)
    monkeypatch.setattr("execmon_lab.analysis.charts.livechart.SECONDS", 0.02)
    chart = live(run)
    run.count = 9
    while len(cell.shown) < 2:
        time.sleep(0.01)
    run.count, run.done = 15, True
    assert chart.wait(20)
    chart.close()
    told = [len(data[MIME]["data"]["values"]) for data in cell.shown]
    assert told[0] < told[1] < told[-1]
    assert ["image/png" in data for data in cell.shown] == [False] * (len(cell.shown) - 1) + [True]
    assert not [thread for thread in threading.enumerate() if thread.name == "live-chart"]


def test_a_live_chart_can_be_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.display

    cell = Cell()
    monkeypatch.setattr(IPython.display, "display", cell.display)
    chart = live(Going())
    chart.close()
    chart.close()
    assert len(cell.shown) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "live-chart"]
