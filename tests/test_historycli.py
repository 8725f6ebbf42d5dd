"""`execmon-lab history`: what it shows of what was kept, to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from execmon_lab.cli import app
from execmon_lab.history import History
from execmon_lab.protocol import ExecutionSnapshot, LogEntry
from tests.history.runs import folded
from tests.strategies import DEVICES

IDS = [f"{letter}50e8400-e29b-41d4-a716-44665544000{n}" for n, letter in enumerate("abb")]
FACTS = {"model": "Pixel 8", "Android": "14"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history of three runs, two of them of one plan."""
    history = History(tmp_path / "history")
    for number, execution_id in enumerate(IDS):
        state = folded(execution_id, name="smoke" if number else "[nightly] 夜")
        began = f"2025-01-2{number}T10:00:01.000Z"
        line = LogEntry(
            execution_id=execution_id,
            device_id=DEVICES[0],
            level="WARN",
            message="[red]as it is[/red]",
            module_id="sms_test_module",
            timestamp=began,
        )
        facts = {DEVICES[0]: FACTS}
        history.add(replace(state, started_at=began), [line], devices=facts, made_up=number == 2)
    return tmp_path / "history"


def run(*words: str, folder: Path) -> Result:
    return CliRunner().invoke(
        app, ["history", *words, "--history", str(folder)], env={"COLUMNS": "160", "NO_COLOR": "1"}
    )


def test_the_newest_come_first(folder: Path) -> None:
    told = run("list", folder=folder)
    lines = [line.split() for line in told.stdout.splitlines() if "smoke" in line or "nightly" in line]
    assert [line[1] for line in lines] == [IDS[2][:8], IDS[1][:8], IDS[0][:8]]
    assert "smoke (made up)" in told.stdout
    assert "[nightly] 夜" in told.stdout
    assert "2/3 passed, 1 failed" in told.stdout
    assert told.exit_code == 0


def test_a_list_is_limited_and_filtered(folder: Path) -> None:
    assert "2 older ones: --limit 0 shows all" in run("list", "--limit", "1", folder=folder).stdout
    chosen = run("list", "--name", "smoke", "--since", "2025-01-22", "--json", folder=folder)
    assert [row["execution_id"] for row in json.loads(chosen.stdout)] == [IDS[2]]
    assert "nothing that fits is kept" in run("list", "--status", "cancelled", folder=folder).stdout
    assert "nothing is kept in" in run("list", folder=folder / "elsewhere").stdout
    assert run("list", "--since", "yesterday", folder=folder / "empty").exit_code == 2
    wrong = run("list", "--since", "yesterday", folder=folder)
    assert (wrong.exit_code, "'yesterday' is no time: write 2026-11-01" in wrong.stderr) == (2, True)
    wrong = run("list", "--status", "broken", folder=folder)
    assert (wrong.exit_code, "cancelled, completed, failed" in wrong.stderr) == (2, True)
    (folder / "file").touch()
    wrong = run("list", folder=folder / "file")
    assert (wrong.exit_code, "is a file" in wrong.stderr) == (2, True)


def test_one_is_shown_by_its_first_letters_or_as_the_last(folder: Path) -> None:
    told = run("show", "a", "--logs", "info", folder=folder)
    assert told.exit_code == 0
    assert f"[nightly] 夜  {IDS[0]}" in told.stdout
    assert "Pixel 8 · Android 14" in told.stdout
    assert "ASSERTION_FAILED: no" in told.stdout
    assert "WARN  sms_test_module: [red]as it is[/red]" in told.stdout
    assert IDS[2] in run("show", "last", folder=folder).stdout


def test_one_as_json_is_its_state_and_its_log(folder: Path) -> None:
    told = json.loads(run("show", IDS[0], "--json", "--logs", "debug", folder=folder).stdout)
    assert told["state"]["steps"][1]["attempts"][0]["status"] == "failed"
    assert told["devices"] == {DEVICES[0]: FACTS}
    assert [line["message"] for line in told["logs"]] == ["[red]as it is[/red]"]
    assert json.loads(run("show", IDS[0], "--json", folder=folder).stdout)["logs"] == []


@pytest.mark.parametrize(
    ("word", "complaint"),
    [("zzz", "no execution zzz in"), ("b", "b is the beginning of 2 executions: b50e8400")],
)
def test_what_is_unclear_is_told(folder: Path, word: str, complaint: str) -> None:
    told = run("show", word, folder=folder)
    assert (told.exit_code, complaint in told.stderr) == (2, True)


def test_two_are_compared(folder: Path) -> None:
    told = run("compare", "a", "2025-01-21..", folder=folder)
    assert told.exit_code == 0, told.stderr
    assert "Too few runs to tell in 3: at least 5 a side are needed." in told.stdout
    assert "1 / 2" in told.stdout
    nothing = run("compare", "2019-01-01..2020-01-01", "last", folder=folder)
    assert (nothing.exit_code, nothing.stderr) == (2, "no execution began in 2019-01-01..2020-01-01\n")
    found = json.loads(run("compare", "a", "last", "--json", folder=folder).stdout)
    assert [row["verdict"] for row in found["modules"]] == ["too few runs"] * 3


def test_one_goes_to_another_history(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.zip"
    assert run("export", "a", "-o", str(file), folder=folder).stdout.strip() == str(file)
    other = tmp_path / "other"
    assert run("import", str(file), folder=other).stdout.split() == [IDS[0]]
    assert _state(other) == _state(folder)
    again = run("import", str(file), folder=other)
    assert (again.exit_code, "in the history already" in again.stderr) == (2, True)
    nowhere = run("export", "a", "-o", str(tmp_path / "nowhere" / "run.zip"), folder=folder)
    assert (nowhere.exit_code, nowhere.stderr) == (2, f"{tmp_path / 'nowhere'}: there is no such folder\n")
    missing = run("import", str(tmp_path / "nothing.zip"), folder=other)
    assert (missing.exit_code, "nothing.zip" in missing.stderr) == (2, True)


def _state(folder: Path) -> ExecutionSnapshot:
    return History(folder).execution(IDS[0]).state


def test_old_ones_are_deleted_when_it_is_said_what_to_keep(folder: Path) -> None:
    assert run("prune", folder=folder).exit_code == 2
    assert run("prune", "--max-size", "much", folder=folder).exit_code == 2
    assert run("prune", "--days", "-1", folder=folder).exit_code == 2
    kept = run("prune", "--days", "1", "--json", folder=folder)
    assert json.loads(kept.stdout) == {"deleted": [], "bytes": 0, "dry_run": False}
    dry = run("prune", "--max-size", "1KB", "--dry-run", folder=folder)
    assert "3 executions would be deleted" in dry.stdout
    assert len(History(folder).executions()) == 3
    assert "3 executions deleted" in run("prune", "--max-size", "1KB", folder=folder).stdout
    assert len(History(folder).executions()) == 0
