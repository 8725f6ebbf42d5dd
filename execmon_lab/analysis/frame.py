"""Frames of any kind in, frames of the same kind out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Column = NDArray[Any] | Sequence[Any]


class MissingColumns(ValueError):
    """A frame lacks columns that a question needs; the text names them."""


class Table:
    """A frame's columns as arrays, whatever made the frame.

    Parameters
    ----------
    frame
        A frame that narwhals knows: of pandas, polars (lazy too), pyarrow and others.
    needs
        The columns without which the question has no answer.
    what
        What the rows are, for the error's text.

    Raises
    ------
    TypeError
        When it is no such frame.
    MissingColumns
        When a column of `needs` is not there.
    """

    def __init__(self, frame: Any, needs: Sequence[str], what: str = "attempts") -> None:
        try:
            native = nw.from_native(frame)
        except TypeError:
            raise TypeError(
                f"a data frame of {what} is needed (pandas, polars, or another that narwhals knows), "
                f"not {type(frame).__name__}"
            ) from None
        self._frame = native.collect() if isinstance(native, nw.LazyFrame) else native
        self._what = what
        self.require(*needs)

    def __len__(self) -> int:
        return len(self._frame)

    def __contains__(self, name: str) -> bool:
        return name in self._frame.columns

    def require(self, *names: str) -> None:
        """Raise `MissingColumns` unless all of these are there."""
        missing = [name for name in names if name not in self]
        if missing:
            has = ", ".join(self._frame.columns)
            raise MissingColumns(f"the frame of {self._what} lacks {', '.join(missing)}; it has {has}")

    def texts(self, name: str) -> list[str | None]:
        """Return a column of names; None where it is empty."""
        values = self._frame[name].cast(nw.String).to_list()
        return [value if isinstance(value, str) else None for value in values]

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers; NaN where it is empty."""
        return np.asarray(self._frame[name].cast(nw.Float64).to_numpy(), dtype=np.float64)

    def seconds(self, name: str) -> Floats:
        """Return a column of times as seconds since the epoch; one without a zone is taken as UTC."""
        column = self._frame[name]
        if column.dtype == nw.Datetime:
            return np.asarray(column.dt.timestamp("us").cast(nw.Float64).to_numpy(), dtype=np.float64) / 1e6
        return self.numbers(name)

    def keys(self, name: str) -> Keys:
        """Return a column of names as codes."""
        return Keys.of(self.texts(name))

    def where(self, mask: NDArray[np.bool_]) -> Table:
        """Return the table of some of the rows."""
        part = object.__new__(Table)
        part._what = self._what
        part._frame = self._frame.filter(mask.tolist()) if len(mask) else self._frame
        return part

    def make(self, columns: Mapping[str, Column]) -> Any:
        """Make a frame of the kind that came in."""
        return nw.from_dict(dict(columns), backend=self._frame.implementation).to_native()

    @cached_property
    def statuses(self) -> NDArray[np.str_]:
        """The column `status`."""
        return np.array([status or "" for status in self.texts("status")], dtype=np.str_)


class Keys:
    """Names as codes: `labels` in the order of their first appearance, and each row's place in them."""

    def __init__(self, codes: Codes, labels: list[Any]) -> None:
        self.codes, self.labels = codes, labels

    @classmethod
    def of(cls, values: Sequence[Any]) -> Keys:
        """Number the values."""
        numbers: dict[Any, int] = {}
        codes = [numbers.setdefault(value, len(numbers)) for value in values]
        return cls(np.array(codes, dtype=np.intp), list(numbers))

    @classmethod
    def joined(cls, parts: Sequence[Keys]) -> Keys:
        """Number the combinations of several keys; a label is a tuple."""
        joined = cls(np.zeros(len(parts[0].codes), dtype=np.intp), [()])
        for part in parts:
            pairs = joined.codes * max(len(part.labels), 1) + part.codes
            distinct, first, codes = np.unique(pairs, return_index=True, return_inverse=True)
            order = np.argsort(first, kind="stable")
            place = np.empty(len(order), dtype=np.intp)
            place[order] = np.arange(len(order))
            size = max(len(part.labels), 1)
            labels = [(*joined.labels[pair // size], part.labels[pair % size]) for pair in distinct[order]]
            joined = cls(place[codes], labels)
        return joined

    def groups(self) -> Iterator[tuple[Any, Codes]]:
        """Give each label with the places of its rows, in their order."""
        order = np.argsort(self.codes, kind="stable")
        bounds = np.searchsorted(self.codes[order], np.arange(len(self.labels) + 1))
        for label, begin, end in zip(self.labels, bounds[:-1], bounds[1:], strict=True):
            yield label, order[begin:end]

    def take(self, rows: Codes | NDArray[np.bool_]) -> Keys:
        """Return the keys of some of the rows, with the same labels."""
        return Keys(self.codes[rows], self.labels)


def moments(seconds: Floats) -> list[datetime | None]:
    """Write seconds since the epoch as times in UTC; None where they are unknown."""
    return [None if np.isnan(second) else datetime.fromtimestamp(float(second), UTC) for second in seconds]
