"""The rooms of the package: each imports only from the floors below it, and no module in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "execmon_lab"

FLOORS = (
    {"protocol"},
    {"state", "shaping"},
    {"hub"},
    {"executionlog", "tail"},
    {"devices", "phone", "history"},
    {"preview", "control", "engine", "analysis"},
    {"reports"},
    {"server", "client"},
    {"widgets", "adapters"},
    # What a lab, a terminal and a follower from afar are put together from.
    {
        "earlier",
        "runfacts",
        "runframes",
        "runlogcat",
        "runpreview",
        "runqueue",
        "steering",
        "terminal",
        "demo",
        "viewed",
    },
    {"keptrun", "run", "remote", "watching", "plans", "notebooks"},
    {"lab", "historycli"},
    {"reportcli"},
    {"cli"},
    {"__main__", "__init__"},
)
HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

Name = tuple[str, ...]


def name_of(file: Path) -> Name:
    """A module's name inside the package: ``("devices", "pool")``."""
    return (*file.parts[:-1], *([] if file.stem == "__init__" else [file.stem]))


MODULES = {name_of(file): file for file in FILES}


def imports(file: Path, *, at_run_time: bool = False) -> Iterator[Name]:
    """The package's own modules that a file names, wherever in it; `at_run_time`: as it is loaded."""
    home = file.parts[:-1]
    for statement in statements(ast.parse((PACKAGE / file).read_text()), at_run_time):
        if not isinstance(statement, ast.ImportFrom):
            continue
        said = tuple((statement.module or "").split(".")) if statement.module else ()
        if statement.level:
            base = (*home[: len(home) - statement.level + 1], *said)
        elif said[:1] == (PACKAGE.name,):
            base = said[1:]
        else:
            continue
        for alias in statement.names:
            named = (*base, alias.name)
            if named in MODULES:
                yield named
            elif base and base in MODULES:
                yield base


def statements(node: ast.AST, at_run_time: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if at_run_time and (
            isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            or (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING")
        ):
            continue
        yield child
        yield from statements(child, at_run_time)


def room(name: Name) -> str:
    return name[0] if name else "__init__"


def test_every_room_has_its_floor() -> None:
    homeless = {room(name) for name in MODULES} - set(HEIGHT)
    assert not homeless, "say in FLOORS which floor they are on"


@pytest.mark.parametrize("floor", range(len(FLOORS)), ids=lambda floor: " ".join(sorted(FLOORS[floor])))
def test_a_room_imports_only_from_below(floor: int) -> None:
    upward = {
        f"{file} imports {'.'.join(named)}"
        for name, file in MODULES.items()
        if HEIGHT.get(room(name)) == floor
        for named in imports(file)
        if room(named) != room(name) and HEIGHT.get(room(named), len(FLOORS)) >= floor
    }
    assert not upward, sorted(upward)


def test_no_module_waits_for_one_that_waits_for_it() -> None:
    """Nor does an `__init__` close a circle: it gathers what is in its room, which imports it not."""
    graph = {name: set(imports(file, at_run_time=True)) - {name} for name, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" ← ".join(".".join(name) or PACKAGE.name for name in circle.args[1]))
