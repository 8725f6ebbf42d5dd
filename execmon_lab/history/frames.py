"""Columns to data frames: of pandas, or of polars."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Literal

from .tables import Column

Backend = Literal["pandas", "polars"]


def choose(backend: Backend | None) -> Backend:
    """Return the backend that is wanted; without a wish pandas where it is installed, else polars.

    Raises
    ------
    ValueError
        When there is no such backend.
    ModuleNotFoundError
        When it, or any, is not installed; the text says how to install it.
    """
    if backend is None:
        found = next((b for b in ("pandas", "polars") if importlib.util.find_spec(b)), None)
        if found is None:
            raise ModuleNotFoundError(
                "data frames need pandas or polars: pip install pandas, or pip install polars"
            )
        return found  # type: ignore[return-value]
    if backend not in ("pandas", "polars"):
        raise ValueError(f"backend is {backend!r}; there are 'pandas' and 'polars'")
    if importlib.util.find_spec(backend) is None:
        raise ModuleNotFoundError(f"{backend} is not installed: pip install {backend}", name=backend)
    return backend


def build(columns: Sequence[Column], rows: Sequence[Sequence[Any]], backend: Backend) -> Any:
    """Make a frame of rows.

    Times are UTC to the millisecond, seconds floats, counts integers that may be missing.
    """
    values: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    maker = _pandas if backend == "pandas" else _polars
    return maker(columns, values)


def _polars(columns: Sequence[Column], values: Sequence[Sequence[Any]]) -> Any:
    import polars as pl

    types: dict[str, Any] = {
        "text": pl.String,
        "category": pl.Categorical,
        "time": pl.Datetime("ms", "UTC"),
        "seconds": pl.Float64,
        "count": pl.Int64,
        "flag": pl.Boolean,
    }
    raw: dict[str, Any] = {"time": pl.Int64, "category": pl.String, "flag": pl.Int64}
    return pl.DataFrame(
        [
            pl.Series(c.name, v, dtype=raw.get(c.kind, types[c.kind])).cast(types[c.kind])
            for c, v in zip(columns, values, strict=True)
        ]
    )


def _pandas(columns: Sequence[Column], values: Sequence[Sequence[Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame({c.name: _pandas_column(c, v) for c, v in zip(columns, values, strict=True)})


def _pandas_column(column: Column, values: Sequence[Any]) -> Any:
    import pandas as pd

    match column.kind:
        case "category":
            return pd.Categorical(list(values))
        case "time":
            return pd.to_datetime(pd.array(list(values), dtype="Int64"), unit="ms", utc=True).as_unit("ms")
        case "seconds":
            return pd.array(list(values), dtype="float64")
        case "count":
            return pd.array(list(values), dtype="Int64")
        case "flag":
            return pd.array([bool(value) for value in values], dtype="bool")
        case _:
            return pd.array(list(values), dtype="str")
