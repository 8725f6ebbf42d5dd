"""What the tests of previews share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from execmon_lab.devices import PrivateAdbServer

from .tamper import Tamper


@pytest.fixture
def tamper(adb_server: PrivateAdbServer) -> Iterator[Tamper]:
    """Somebody between the tests and their adb server."""
    with Tamper(adb_server.port) as tamper:
        yield tamper
