"""Frames of attempts for the tests, in every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

Make = Callable[[dict[str, Any]], Any]

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def pandas_frame(columns: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    for name in ("execution_id", "step_id", "device_id", "module_id"):
        if name in frame:
            frame[name] = frame[name].astype("category")
    return frame


def polars_frame(columns: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    names = ("execution_id", "step_id", "device_id", "module_id")
    return frame.with_columns(pl.col(name).cast(pl.Categorical) for name in names if name in frame.columns)


def rows(frame: Any) -> list[dict[str, Any]]:
    """A frame's rows, whatever made it."""
    if isinstance(frame, pd.DataFrame):
        return [
            {name: None if value is pd.NaT else value for name, value in row.items()}
            for row in frame.to_dict("records")
        ]
    return list(frame.to_dicts())


def attempts(*told: tuple[Any, ...], device: str = "one") -> dict[str, Any]:
    """Columns of attempts: (execution number, module, status[, seconds[, device[, second of its start]]]).

    Attempts of one module that follow each other in one execution after a failure are of one step.
    """
    columns: dict[str, Any] = {
        name: []
        for name in (
            "execution_id",
            "execution_started_at",
            "step_id",
            "device_id",
            "module_id",
            "attempt",
            "status",
            "started_at",
            "duration_s",
            "adb_s",
            "error_code",
        )
    }
    clock: dict[tuple[int, str], float] = {}
    before: tuple[Any, ...] = ()
    step, attempt = 0, 1
    for run, module, status, *rest in told:
        seconds = rest[0] if rest else 1.0
        where = rest[1] if len(rest) > 1 else device
        again = before == (run, module, where, "failed")
        attempt = attempt + 1 if again else 1
        step += not again
        before = (run, module, where, status)
        at = rest[2] if len(rest) > 2 else clock.get((run, where), 0.0)
        clock[run, where] = at + seconds
        begun = BEGIN + timedelta(days=run)
        for name, value in {
            "execution_id": f"run-{run}",
            "execution_started_at": begun,
            "step_id": f"step-{step}",
            "device_id": where,
            "module_id": module,
            "attempt": attempt,
            "status": status,
            "started_at": begun + timedelta(seconds=at),
            "duration_s": float(seconds),
            "adb_s": float(seconds) / 4,
            "error_code": "ADB_TIMEOUT" if status == "failed" else None,
        }.items():
            columns[name].append(value)
    return columns


def timed(seconds: NDArray[np.float64], name: str = "run", first: int = 0) -> dict[str, Any]:
    """Columns of passed first attempts of shape (modules, executions, steps)."""
    executions = seconds.shape[1]
    module, execution, step = (place.ravel() for place in np.indices(seconds.shape))
    times = [BEGIN + timedelta(days=int(first + number)) for number in range(executions)]
    count = len(module)
    return {
        "execution_id": [f"{name}-{number}" for number in execution],
        "execution_started_at": [times[number] for number in execution],
        "step_id": [f"{m}-{s}" for m, s in zip(module, step, strict=True)],
        "device_id": ["one"] * count,
        "module_id": [f"module-{number:04d}" for number in module],
        "attempt": [1] * count,
        "status": ["completed"] * count,
        "duration_s": seconds.ravel(),
    }


def clustered(
    random: np.random.Generator,
    modules: int,
    executions: int,
    steps: int = 4,
    shift: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Log-normal seconds whose steps resemble each other within an execution; `shift` of each execution."""
    between = random.normal(0, 0.1, (modules, executions, 1))
    within = random.normal(0, 0.1, (modules, executions, steps))
    level = np.asarray(shift, dtype=np.float64)
    level = level[..., None] if level.ndim else level
    return np.exp(1 + level + between + within)


def only(values: Sequence[Any]) -> Any:
    assert len(values) == 1
    return values[0]
