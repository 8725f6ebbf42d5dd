"""Plans from a name: the demo, a file, a package; and what is said when there is none."""

import sys
from pathlib import Path

import pytest

from execmon_lab import plans

MODULES = """
from execmon_lab.engine import Plan, module

@module
def call_test_module(ctx):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write plans in, from which packages can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    return tmp_path


def test_the_demo_has_fifteen_steps_over_four_modules() -> None:
    demo = plans.load("demo")
    steps = demo.steps_for(["emulator-5554"])
    assert len(steps) == 15
    assert {planned.step.module_id for planned in steps} == {
        "call_test_module",
        "sms_test_module",
        "data_test_module",
        "ui_interaction_module",
    }


def test_a_file_with_one_plan(folder: Path) -> None:
    path = folder / "smoke.py"
    path.write_text(MODULES + "smoke = Plan([call_test_module], name='smoke')\n")
    assert plans.load(str(path)).name == "smoke"


def test_a_file_with_several_plans_gives_the_one_called_plan(folder: Path) -> None:
    path = folder / "several.py"
    path.write_text(
        MODULES + "a = Plan([call_test_module])\nplan = Plan([call_test_module], name='chosen')\n"
    )
    assert plans.load(str(path)).name == "chosen"


def test_a_package_with_an_attribute_or_a_function(folder: Path) -> None:
    (folder / "suite_for_plans.py").write_text(
        MODULES + "nightly = Plan([call_test_module], name='nightly')\ndef made(): return nightly\n"
    )
    assert plans.load("suite_for_plans:nightly").name == "nightly"
    assert plans.load("suite_for_plans:made").name == "nightly"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n", "has no Plan in it"),
        (MODULES + "a = Plan([call_test_module]); b = Plan([call_test_module])\n", "name one of them 'plan'"),
        ("x = 1\n1 / 0\n", r"ZeroDivisionError: .* \(line 2\)"),
        ("import sys\nsys.exit(4)\n", r"SystemExit: 4 \(line 2\)"),
        ("def broken(:\n", r"SyntaxError: .*line 1\)"),
    ],
)
def test_a_file_without_a_plan_is_told_why(folder: Path, text: str, complaint: str) -> None:
    path = folder / "broken.py"
    path.write_text(text)
    with pytest.raises(plans.PlanError, match=complaint):
        plans.load(str(path))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1 / 0\n", r"cannot import suite_that_fails: ZeroDivisionError: .*suite_that_fails.py, line 1\)"),
        ("def plan(:\n", r"cannot import suite_that_fails: SyntaxError: .*line 1\)"),
        ("import sys\nsys.exit(4)\n", r"cannot import suite_that_fails: SystemExit: 4 .*line 2\)"),
        (
            "def plan():\n    return {}['x']\n",
            r"suite_that_fails:plan makes no plan: KeyError: 'x' .*line 2\)",
        ),
    ],
)
def test_a_package_whose_code_fails_is_told_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    monkeypatch.delitem(sys.modules, "suite_that_fails", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the next text may be as long, in the same second
    (folder / "suite_that_fails.py").write_text(text)
    with pytest.raises(plans.PlanError, match=complaint):
        plans.load("suite_that_fails:plan")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (":plan", "use 'demo', a Python file"),
        ("package:", "use 'demo', a Python file"),
        ("nothing", "use 'demo', a Python file"),
        ("missing.py", "no file missing.py"),
        ("no_such_package:plan", "cannot import no_such_package"),
        ("execmon_lab.plans:nothing", "has no 'nothing'"),
        ("execmon_lab.plans:PlanError", "not a Plan"),
    ],
)
def test_no_plan_of_that_name(name: str, complaint: str) -> None:
    with pytest.raises(plans.PlanError, match=complaint):
        plans.load(name)
