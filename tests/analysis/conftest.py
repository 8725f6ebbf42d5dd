"""Every test of frames runs in pandas and in polars."""

from __future__ import annotations

import pytest

from .frames import Make, pandas_frame, polars_frame


@pytest.fixture(params=[pandas_frame, polars_frame], ids=["pandas", "polars"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a frame of columns."""
    made: Make = request.param
    return made
