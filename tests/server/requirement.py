"""How a sentence of the specification is told together with the tests that show it."""

from typing import NamedTuple


class Requirement(NamedTuple):
    """One thing that is asked of the endpoint.

    `tests` are node ids without parameters, from the folder of the tests: each of them fails when the
    requirement is not met.
    """

    id: str
    says: str
    tests: tuple[str, ...]


def ask(id: str, says: str, *tests: str) -> Requirement:
    """Make a requirement."""
    return Requirement(id, says, tests)
