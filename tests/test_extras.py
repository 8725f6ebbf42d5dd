"""Without an optional part, whoever asks for what it does is told which extra brings it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MAKE = """
from execmon_lab.reports import Material, make
from execmon_lab.state import planned
make({format!r}, Material(planned("550e8400-e29b-41d4-a716-446655440000")))
"""
CHART = """
from execmon_lab.analysis import charts
charts.Chart({"title": "nothing"}, "nothing").svg()
"""
VIDEO = """
from pathlib import Path
from execmon_lab.preview.recording.video import make_video
make_video(None, Path("film.mp4"), 0.0, 1.0)
"""
LAB = """
from execmon_lab.cli import app
app(["lab"])
"""


@pytest.mark.parametrize(
    ("missing", "use", "extra"),
    [
        ("numpy", "from execmon_lab import analysis", "analysis"),
        ("narwhals", "from execmon_lab import analysis", "analysis"),
        ("numpy", "from execmon_lab.analysis import charts", "analysis"),
        ("typst", MAKE.format(format="pdf"), "reports"),
        ("jinja2", MAKE.format(format="html"), "reports"),
        ("vl_convert", CHART, "charts"),
        ("av", VIDEO, "video"),
        ("jupyterlab", LAB, "lab"),
    ],
)
def test_the_error_names_the_extra(tmp_path: Path, missing: str, use: str, extra: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None\n{use}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert f"pip install 'execmon-lab[{extra}]'" in done.stderr.splitlines()[-1]
