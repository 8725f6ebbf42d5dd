"""What a test's process leaves: nothing, and when the test fails, where the process stood."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.processes import Child, gone, run

STUCK = """
import subprocess, sys, time

def deep_in_thought():
    print("thinking", flush=True)
    time.sleep(600)

print("a word of warning", file=sys.stderr, flush=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
deep_in_thought()
"""


def test_a_block_that_fails_shows_where_its_process_stood_and_leaves_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., bool]
) -> None:
    monkeypatch.setattr("tests.processes.LEFT", 1.0)
    with pytest.raises(ZeroDivisionError), Child([sys.executable, "-c", STUCK]) as process:  # noqa: PT012
        assert process.stdout.readline() == "thinking\n"
        [child] = psutil.Process(process.pid).children()
        _ = 1 / 0
    told = capfd.readouterr().err
    assert "a word of warning" in told
    assert "in deep_in_thought" in told
    assert f"{child.pid}" in told
    assert "outlived" in told
    assert (process.poll(), process.stdout.closed) == (-6, True)
    assert eventually(lambda: gone(child.pid))


def test_a_block_that_ends_well_says_nothing(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with Child([sys.executable, "-c", "import time; time.sleep(600)"], log=tmp_path / "log") as process:
        pass
    assert process.poll() == -9
    told = run([sys.executable, "-c", "import sys; print('out'); sys.exit('err')"])
    assert told == (1, "out\n", "err\n")
    assert capfd.readouterr().err == ""
