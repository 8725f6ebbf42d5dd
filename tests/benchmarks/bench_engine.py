"""The engine's own cost per step, beside pytest's per test, for the same functions that do nothing.

Both run in this process, in turns. The engine is timed from `start` to the end of `wait`, in a real lab with
its server and a WebSocket client in another process that reads every message, screenshots off; pytest only in
its loop over the tests (not its start, not its collection), without plugins and with its output thrown away.
Run it as ``python tests/benchmarks/bench_engine.py``; it fails when the engine is not ahead.
"""

import contextlib
import gc
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

import execmon_lab as em

STEPS = 200
ROUNDS = 9


FOLLOW = """
import sys
from execmon_lab.client import sync
with sync.connect(sys.argv[1]) as execution:
    print("connected", flush=True)
    print(sum(message.type_name() == "step_completed" for message in execution), flush=True)
"""
"""A client in a process of its own, which reads every message and counts the steps."""


class Stopwatch:
    """A pytest plugin that times the loop over the tests."""

    seconds = 0.0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds = time.perf_counter() - began


def functions(path: Path) -> ModuleType:
    """Write the functions that do nothing, and import them."""
    path.write_text("\n".join(f"def test_{n:03}(ctx=None):\n    pass\n" for n in range(STEPS)))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def time_engine(lab: em.Lab, plan: em.Plan) -> float:
    """Run the plan once, a client connected; return seconds per step."""
    run = lab.prepare(plan)
    follow = [sys.executable, "-c", FOLLOW, run.url]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "connected\n"
        began = time.perf_counter()
        run.start()
        state = run.wait()
        seconds = time.perf_counter() - began
        assert client.stdout.readline() == f"{STEPS}\n"
    assert [step.status for step in state.steps] == ["completed"] * STEPS
    return seconds / STEPS


def time_pytest(path: Path) -> float:
    """Run the same functions under pytest once; return seconds per test."""
    stopwatch = Stopwatch()
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(path.parent), str(path)]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        code = pytest.main(options, plugins=[stopwatch])
    sys.modules.pop(path.stem, None)
    assert code == pytest.ExitCode.OK, code
    return stopwatch.seconds / STEPS


def main() -> int:
    """Print both costs and their ratio; 1 when the engine is not ahead."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_nothing.py"
        loaded = functions(path)
        plan = em.Plan([em.module(getattr(loaded, f"test_{n:03}")) for n in range(STEPS)], screenshots=False)
        engine, peer = [], []
        with em.Lab(history=folder) as lab:
            for _ in range(ROUNDS):
                gc.collect()
                engine.append(time_engine(lab, plan))
                gc.collect()
                peer.append(time_pytest(path))
    ours, theirs = statistics.median(engine), statistics.median(peer)
    ratios = [a / b for a, b in zip(engine, peer, strict=True)]
    print(f"{STEPS} steps that do nothing, {ROUNDS} rounds in turns; microseconds per step, median")
    print(f"  engine  {ours * 1e6:7.1f}  (best {min(engine) * 1e6:.1f}, worst {max(engine) * 1e6:.1f})")
    print(f"  pytest  {theirs * 1e6:7.1f}  (best {min(peer) * 1e6:.1f}, worst {max(peer) * 1e6:.1f})")
    print(f"  ratio   {ours / theirs:7.3f}  (by round: best {min(ratios):.3f}, worst {max(ratios):.3f})")
    return 0 if ours < theirs else 1


if __name__ == "__main__":
    sys.exit(main())
