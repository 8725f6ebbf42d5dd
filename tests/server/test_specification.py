"""Every sentence that concerns the endpoint has a test, and every test that is named is there."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.server.decisions import DECISIONS
from tests.server.requirement import Requirement
from tests.server.specification import SPECIFICATION

TESTS = Path(__file__).parents[1]

REQUIREMENTS = [
    requirement
    for document in (SPECIFICATION, DECISIONS)
    for section in document.values()
    for requirement in section
]


@cache
def collected(file: str) -> frozenset[str]:
    """Read which tests pytest collects from a file, without importing it; none where there is no file."""
    path = TESTS / file
    if not (path.name.startswith("test_") and path.is_file()):
        return frozenset()
    return frozenset(_tests(ast.parse(path.read_text("utf-8")), file))


def _tests(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test_"):
            yield f"{prefix}::{child.name}"
        elif isinstance(child, ast.ClassDef) and child.name.startswith("Test"):
            yield from _tests(child, f"{prefix}::{child.name}")


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_a_sentence_has_tests_and_they_are_there(requirement: Requirement) -> None:
    assert requirement.says
    assert requirement.tests, "no test shows it"
    assert [test for test in requirement.tests if test not in collected(test.partition("::")[0])] == []


def test_every_requirement_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(r.id for r in REQUIREMENTS).items() if times > 1] == []


def test_what_is_read_is_what_is_collected(request: pytest.FixtureRequest) -> None:
    """Reading a file must find what pytest found in it."""
    here = Path(__file__).relative_to(TESTS).as_posix()
    found = {item.nodeid.partition("[")[0].removeprefix("tests/") for item in request.session.items}
    assert f"{here}::{request.node.name}" in collected(here)
    for file in {test.partition("::")[0] for requirement in REQUIREMENTS for test in requirement.tests}:
        assert {name for name in found if name.startswith(f"{file}::")} <= collected(file)
