"""What the history's tests share: a hub whose messages are kept, and made-up messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from execmon_lab.history import History
from execmon_lab.hub import Hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def history(tmp_path: Path, hub: Hub) -> Iterator[History]:
    """A history that keeps what is published on `hub`."""
    with History(tmp_path / "history") as history:
        history.record(hub)
        yield history
