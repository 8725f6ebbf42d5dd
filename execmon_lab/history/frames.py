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
            present = sorted({value for value in values if value is not None})
            return pd.Categorical(list(values), categories=pd.Index(present, dtype="str"))
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


def to_pandas(frame: Any) -> Any:
    """Make a frame of pandas of one of polars', column by column: their own conversion needs pyarrow."""
    import pandas as pd

    return pd.DataFrame({series.name: _converted(series) for series in frame})


def _converted(series: Any) -> Any:
    import pandas as pd
    import polars as pl

    dtype = series.dtype
    if dtype == pl.Categorical:
        # The categories of a frame are shared with others; only those that occur are pandas'.
        present = series.drop_nulls().cast(pl.String).unique().sort().to_list()
        codes = series.cast(pl.String).replace_strict(
            present, list(range(len(present))), default=None, return_dtype=pl.Int32
        )
        return pd.Categorical.from_codes(
            codes.fill_null(-1).to_numpy(), categories=pd.Index(present, dtype="str")
        )
    if dtype == pl.Datetime:
        return pd.DatetimeIndex(series.dt.replace_time_zone(None).to_numpy()).tz_localize("UTC").as_unit("ms")
    if dtype == pl.Int64:
        missing = series.is_null().to_numpy()
        return pd.arrays.IntegerArray(series.fill_null(0).to_numpy().copy(), missing.copy())
    if dtype == pl.Float64:
        return series.to_numpy()
    if dtype == pl.Boolean:
        return series.to_numpy()
    return pd.array(series.to_list(), dtype="str")
