"""Every sentence that concerns the endpoint has a test, and every test that is named is there."""

import subprocess
import sys
from collections import Counter
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


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """What is collected in the files that are named: node ids from the tests' folder, without parameters."""
    files = sorted({test.partition("::")[0] for requirement in REQUIREMENTS for test in requirement.tests})
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
    )
    assert said.returncode == 0, said.stdout
    return {line.partition("[")[0].removeprefix("tests/") for line in said.stdout.splitlines()}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_a_sentence_has_tests_and_they_are_there(requirement: Requirement, collected: set[str]) -> None:
    assert requirement.says
    assert requirement.tests, "no test shows it"
    assert not set(requirement.tests) - collected, "named, but not there"


def test_every_requirement_has_a_name_of_its_own() -> None:
    assert [id for id, times in Counter(r.id for r in REQUIREMENTS).items() if times > 1] == []
