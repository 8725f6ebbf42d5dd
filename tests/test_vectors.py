"""The fold against the vectors that the TypeScript fold is held to as well (``js/test/vectors.test.ts``).

A vector is a file with a `name`, the `start` (an `execution_state`), the `messages`, and the state that is
`expected`. A field that is null and one that is absent say the same.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from execmon_lab.protocol import decode_server, encode
from execmon_lab.state import ExecutionState

VECTORS = sorted((Path(__file__).parent / "vectors").glob("*.json"))


def known(value: Any) -> Any:
    """Leave out what is null or empty where it may be absent."""
    if isinstance(value, dict):
        return {key: known(part) for key, part in value.items() if part is not None and part != []}
    return [known(part) for part in value] if isinstance(value, list) else value


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 15


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_fold_gives_the_expected_state(path: Path) -> None:
    vector = json.loads(path.read_text())
    start = decode_server(json.dumps(vector["start"]))
    state = ExecutionState(start)
    for message in vector["messages"]:
        state.fold(decode_server(json.dumps(message)))
    assert known(json.loads(encode(state.snapshot()))) == known(vector["expected"])
