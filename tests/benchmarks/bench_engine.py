"""The engine's own cost per step, beside pytest's per test, for the same functions that do nothing.

Both run in this process, in turns. The engine is timed from making an execution to the end of `wait`, with a
consumer that encodes every message it gets, screenshots off; pytest only in its loop over the tests (not its
start, not its collection), without plugins and with its output thrown away. Run it as
``python tests/benchmarks/bench_engine.py``; it fails when the engine is not ahead.
"""

import contextlib
import gc
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

from execmon_lab.devices import AdbServer, Device, DeviceRecord
from execmon_lab.engine import Execution, Plan, module
from execmon_lab.history.artifacts import ArtifactStore
from execmon_lab.hub import Envelope, Hub, execution_subject

STEPS = 200
ROUNDS = 9
SERIAL = "emulator-5554"


class OneDevice:
    """Stands in for the pool: a device that is there, and that no step of this benchmark speaks to."""

    def __init__(self) -> None:
        self._device = Device(AdbServer("127.0.0.1", 1), SERIAL)
        self._device.attach(1)

    def get(self, serial: str) -> Device:
        return self._device

    def acquire(self, serial: str) -> Device:
        return self._device

    def release(self, serial: str) -> None:
        pass

    def snapshot(self) -> dict[str, DeviceRecord]:
        return {SERIAL: DeviceRecord(SERIAL, "available", None)}


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


def time_engine(plan: Plan, folder: Path) -> float:
    """Run the plan once; return seconds per step."""
    hub = Hub()
    received: list[int] = []

    def consume(envelope: Envelope) -> None:
        received.append(len(envelope.full))

    began = time.perf_counter()
    execution = Execution(plan, [SERIAL], pool=OneDevice(), hub=hub, artifacts=ArtifactStore(folder))
    hub.subscribe(execution_subject(execution.execution_id), consume)
    execution.start()
    state = execution.wait()
    seconds = time.perf_counter() - began
    execution.close()
    assert [step.status for step in state.steps] == ["completed"] * STEPS
    assert len(received) > 2 * STEPS
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
        plan = Plan([module(getattr(loaded, f"test_{n:03}")) for n in range(STEPS)], screenshots=False)
        engine, peer = [], []
        for _ in range(ROUNDS):
            gc.collect()
            engine.append(time_engine(plan, Path(folder)))
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
