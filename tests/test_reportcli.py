"""`execmon-lab report`: every format, to a file or to standard output."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from execmon_lab.cli import app
from execmon_lab.history import History
from execmon_lab.reports import FORMATS
from tests.history.runs import folded

ID = "a50e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    History(tmp_path / "history").add(folded(ID, name="nightly"))
    return tmp_path / "history"


def run(*words: str, folder: Path) -> Result:
    return CliRunner().invoke(app, ["report", *words, "--history", str(folder)])


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_goes_to_standard_output_or_to_a_file(folder: Path, tmp_path: Path, format: str) -> None:
    told = run(ID[:4], "--format", format, folder=folder)
    assert told.exit_code == 0
    assert len(told.stdout_bytes) > 100
    saved = run("last", "--format", format, "-o", str(tmp_path), folder=folder)
    path = Path(saved.stdout.strip())
    assert path == tmp_path / f"{ID}{FORMATS[format].suffix}"
    assert path.read_bytes()[:20] == told.stdout_bytes[:20]


def test_what_is_wrong_is_told(folder: Path, tmp_path: Path) -> None:
    assert "no execution ffff" in run("ffff", "--format", "html", folder=folder).stderr
    missing = str(tmp_path / "nowhere" / "report.html")
    refused = run("last", "--format", "html", "-o", missing, folder=folder)
    assert (refused.exit_code, "nowhere" in refused.stderr) == (2, True)
    assert run("last", "--format", "docx", folder=folder).exit_code == 2
