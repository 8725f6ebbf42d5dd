"""What reports cost: Chrome trace beside json.dumps, PDF beside WeasyPrint of the same page.

    python tests/benchmarks/bench_reports.py

Each side's median of several runs in turn, and their ratio. Ends with 1 when a target is missed.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[2]))

from execmon_lab.reports import Material, make
from tests.reports import executions

ROUNDS = 9


def many_steps(count: int) -> Material:
    """An execution of `count` steps, each with an action."""
    first = executions.state().steps[0]
    steps = tuple(
        replace(
            first,
            step_id=f"550e8400-e29b-41d4-a716-{number:012d}",
            attempts=(
                replace(
                    first.attempts[0], started_at=executions.at(number), ended_at=executions.at(number + 1)
                ),
            ),
        )
        for number in range(count)
    )
    return Material(replace(executions.state(), steps=steps))


def with_pictures(count: int) -> Material:
    """An execution of `count` steps with a screenshot each; no recording, which paper cannot show."""
    material = many_steps(count)
    shown = tuple(
        replace(step, attempts=(replace(step.attempts[0], screenshot_url=f"/{number}.png"),))
        for number, step in enumerate(material.state.steps)
    )
    files = {
        f"/{number}.png": executions.screenshot(f"hsl({number * 24}, 60%, 40%)") for number in range(count)
    }
    return Material(replace(material.state, steps=shown), screenshot=files.get)


def paired(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds of both sides, and the ratio: medians over rounds in which both ran in turn."""
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        ours()
        middle = time.perf_counter()
        theirs()
        times.append((middle - began, time.perf_counter() - middle))
    counted = times[1:]  # the first fills caches
    return (
        statistics.median(our for our, _ in counted),
        statistics.median(their for _, their in counted),
        statistics.median(our / their for our, their in counted),
    )


def report(what: str, other: str, target: float, times: tuple[float, float, float]) -> bool:
    ours, theirs, ratio = times
    met = ratio <= target
    print(
        f"{what:<34} {ours * 1000:8.1f} ms   {other:<22} {theirs * 1000:8.1f} ms   "
        f"ratio {ratio:.2f}, wanted at most {target:.2f}: {'met' if met else 'MISSED'}"
    )
    return met


def main() -> int:
    from weasyprint import HTML

    logging.disable(logging.WARNING)  # WeasyPrint tells of every style that paper has not
    thousand = many_steps(1000)
    events = json.loads(make("trace", thousand).content)
    trace = paired(lambda: make("trace", thousand), lambda: json.dumps(events))
    pictures = with_pictures(15)
    paper = paired(
        lambda: make("pdf", pictures),
        lambda: HTML(string=make("html", pictures).content.decode()).write_pdf(pdf_variant="pdf/ua-1"),
    )
    met = [
        report("Chrome trace, 1,000 steps", "json.dumps", 2.0, trace),
        report("PDF, 15 steps, 15 screenshots", "WeasyPrint", 1 / 3, paper),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
