"""Columns of arrays and of the frames of pandas and polars, behind one interface."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["ArrayColumns", "Columns", "PandasColumns", "PolarsColumns"]

_HALF = 0.5  # from which on a number is closer to True


class Columns(ABC):
    """The columns of one table.

    Attributes
    ----------
    names : list or None
    dtypes : list
        Of each column, as its library has it.
    n_rows : int
    """

    names: list[Any] | None
    dtypes: list[Any]
    n_rows: int

    @abstractmethod
    def are_plain(self) -> bool:
        """Return whether all dtypes are numpy's numbers."""

    @abstractmethod
    def is_level(self, j: int) -> bool:
        """Return whether the dtype of a column is one of levels; ValueError for dates."""

    @abstractmethod
    def order(self, j: int) -> list | None:
        """Return the levels of a column in the order of its dtype, None if it has none."""

    @abstractmethod
    def values(self, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of a column, and which are missing."""

    @abstractmethod
    def is_whole(self, j: int) -> bool:
        """Return whether the dtype of a column is one of integers."""

    @abstractmethod
    def missing(self, j: int) -> Any:
        """Return what stands for a missing cell."""

    @staticmethod
    @abstractmethod
    def build(
        names: list | None,
        values: Sequence[tuple[np.ndarray, np.ndarray]],
        dtypes: list,
        missing: list,
        index: Any,
    ) -> Any:
        """Return a table of columns, each as its cells and which are missing."""

    def label(self, j: int) -> str:
        """Return what errors call a column."""
        return str(j) if self.names is None else repr(self.names[j])

    def refuse(self, j: int, what: str) -> None:
        """Raise ValueError for a column of dates or the like."""
        raise ValueError(
            f"Column {self.label(j)} is of dtype {self.dtypes[j]}, {what}; expected "
            "numbers or levels. Turn it into numbers, dates with .dt.year or the days "
            "since a day, or drop it."
        )


def _as_integers(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return ``x`` rounded, and clipped to the range of ``dtype``."""
    range_ = np.iinfo(dtype)
    rounded = np.rint(np.asarray(x, dtype=np.float64))
    # The largest int64 is no float64, which would be rounded up, beyond it.
    most = np.nextafter(float(range_.max), 0) if range_.bits == 64 else range_.max
    return rounded.clip(range_.min, most).astype(dtype)


class ArrayColumns(Columns):
    """The columns of an array, which have no names."""

    def __init__(self, X):
        self.X = np.asarray(X)
        if self.X.dtype.kind in "US" and isinstance(X, (list, tuple)):
            self.X = np.asarray(X, dtype=object)  # its numbers were no text
        self.names = None
        if self.X.ndim != 2:
            raise ValueError(
                f"X has shape {self.X.shape}; expected two dimensions, (n_samples, "
                "n_features). Use X.reshape(-1, 1) for a single feature."
            )
        self.n_rows = len(self.X)
        self.dtypes = [self.X.dtype] * self.X.shape[1]

    def are_plain(self):
        return self.X.dtype.kind in "fiub"

    def is_level(self, j):
        return False

    def is_whole(self, j):
        return self.X.dtype.kind in "iu"

    def order(self, j):
        return None

    def values(self, j):
        values = self.X[:, j]
        if values.dtype.kind == "f":
            return values, np.isnan(values)
        if values.dtype.kind in "OUS":
            values = values.astype(object)
            return values, np.array([_is_missing(v) for v in values], dtype=bool)
        return values, np.zeros(len(values), dtype=bool)

    def missing(self, j):
        values, holes = self.values(j)
        return values[holes][0] if values.dtype == object and holes.any() else np.nan

    @staticmethod
    def build(names, values, dtypes, missing, index):
        if all(dtype.kind in "fiub" for dtype in dtypes):
            return np.column_stack([x.astype(np.float64) for x, _ in values])
        columns = [x.astype(object) for x, _ in values]
        for j, (_, holes) in enumerate(values):
            columns[j][holes] = missing[j]
        return np.column_stack(columns)


def _is_missing(cell: Any) -> bool:
    # By type: pandas.NA compares with nothing, and pandas may not be there.
    is_nan = isinstance(cell, (float, np.floating)) and bool(np.isnan(cell))
    return cell is None or is_nan or type(cell).__name__ in ("NAType", "NaTType")


class PandasColumns(Columns):
    """The columns of a pandas DataFrame."""

    def __init__(self, X):
        self.X = X
        self.names, self.dtypes, self.n_rows = list(X.columns), list(X.dtypes), len(X)
        twice = sorted(map(repr, X.columns[X.columns.duplicated()].unique()))
        if twice:
            raise ValueError(
                f"X has more than one column of the name {', '.join(twice)}; expected a "
                "name per column. Rename or drop them."
            )

    def are_plain(self):
        return all(isinstance(d, np.dtype) and d.kind in "fiu" for d in self.dtypes)

    def is_level(self, j):
        from pandas.api import types

        dtype = self.dtypes[j]
        if isinstance(dtype, np.dtype) and dtype.kind in "mMc":
            self.refuse(j, "complex numbers" if dtype.kind == "c" else "dates or times")
        if types.is_bool_dtype(dtype) or hasattr(dtype, "categories"):
            return True
        if _is_object(dtype):
            values, holes = self.values(j)
            kinds = set(map(type, values[~holes]))
            # Numbers alone, Decimal among them, are numbers.
            flags = bool, np.bool_
            return not all(hasattr(k, "__float__") and k not in flags for k in kinds)
        if types.is_numeric_dtype(dtype):
            return False
        if types.is_string_dtype(dtype):
            return True
        return self.refuse(j, "dates, times or the like")

    def is_whole(self, j):
        from pandas.api import types

        return types.is_integer_dtype(self.dtypes[j])

    def order(self, j):
        categories = getattr(self.dtypes[j], "categories", None)
        return None if categories is None else list(categories)

    def values(self, j):
        series = self.X.iloc[:, j]
        holes = series.isna().to_numpy(dtype=bool)
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiu":
            return series.to_numpy(), holes
        return series.astype(object).to_numpy(dtype=object), holes

    def missing(self, j):
        if not _is_object(self.dtypes[j]):
            return None
        series = self.X.iloc[:, j]
        gone = series[series.isna()]
        return gone.iloc[0] if len(gone) else None

    @staticmethod
    def build(names, values, dtypes, missing, index):
        import pandas as pd

        columns = {}
        for j, ((x, holes), dtype) in enumerate(zip(values, dtypes, strict=True)):
            name = j if names is None else names[j]
            columns[name] = _as_series(pd, x, holes, dtype, missing[j])
        frame = pd.DataFrame(columns, copy=False)
        if isinstance(index, pd.Index):  # a list has an attribute of this name too
            frame.index = index
        return frame


def _is_object(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _as_series(pd, x, holes, dtype, missing):
    """Return the cells of a column as a Series, in ``dtype`` unless holes rule it out."""
    is_numpy = isinstance(dtype, np.dtype)
    if is_numpy and dtype.kind in "iub" and holes.any():
        dtype = np.dtype(object if dtype.kind == "b" else np.float64)
    if _is_object(x.dtype) or _is_object(dtype) or holes.all():
        values = x.astype(object)
        values[holes] = missing if _is_object(dtype) else None
        return pd.Series(values, dtype=dtype)
    # Of numbers, which are no more than close to integers, to flags, or to categories.
    if dtype is None or hasattr(dtype, "categories"):
        return pd.Series(x, dtype=np.float64)
    if pd.api.types.is_integer_dtype(dtype):
        x = _as_integers(np.where(holes, 0, x), getattr(dtype, "numpy_dtype", dtype))
    elif pd.api.types.is_bool_dtype(dtype):
        x = x >= _HALF
    if is_numpy:
        return pd.Series(x.astype(dtype))
    if not holes.any():
        return pd.Series(x).astype(dtype)
    return pd.Series(np.where(holes, None, x), dtype=object).astype(dtype)


class PolarsColumns(Columns):
    """The columns of a polars DataFrame."""

    def __init__(self, X):
        self.X = X
        self.names, self.dtypes, self.n_rows = list(X.columns), list(X.dtypes), len(X)

    def are_plain(self):
        return all(d.is_numeric() and not d.is_decimal() for d in self.dtypes)

    def is_level(self, j):
        dtype = self.dtypes[j]
        name = str(dtype.base_type())
        if name in ("String", "Categorical", "Enum", "Boolean"):
            return True
        if dtype.is_numeric() or name == "Null":
            return False
        return self.refuse(j, "dates, times, lists or the like")

    def order(self, j):
        dtype = self.dtypes[j]
        if str(dtype.base_type()) == "Enum":
            return list(dtype.categories)
        return None

    def is_whole(self, j):
        return self.dtypes[j].is_integer()

    def values(self, j):
        series = self.X.to_series(j)
        holes = series.is_null().to_numpy().copy()
        if series.dtype.is_float() or series.dtype.is_integer():
            values = series.to_numpy()
            return values, holes | np.isnan(values)
        cells = np.empty(len(series), dtype=object)
        cells[:] = series.to_list()
        return cells, holes

    def missing(self, j):
        series = self.X.to_series(j)
        is_nan = series.dtype.is_float() and series.is_nan().any()
        return np.nan if is_nan and not series.null_count() else None

    @staticmethod
    def build(names, values, dtypes, missing, index):
        import polars as pl

        columns = []
        for j, ((x, holes), dtype) in enumerate(zip(values, dtypes, strict=True)):
            name = str(j) if names is None else str(names[j])
            columns.append(_as_column(pl, x, holes, dtype, missing[j]).alias(name))
        return pl.DataFrame(columns)


def _as_column(pl, x, holes, dtype, missing):
    """Return the cells of a column as a polars Series in ``dtype``."""
    if isinstance(dtype, np.dtype):  # of another library
        dtype = pl.Int64
    if x.dtype != object and dtype is not None:
        if dtype.is_integer():
            size = str(dtype).lower()
            size = size.replace("128", "64")
            x = _as_integers(np.where(holes, 0, x), np.dtype(size))
        elif dtype == pl.Boolean:
            x = x >= _HALF
        elif not dtype.is_numeric() and not holes.all():
            dtype = pl.Float64  # between categories, which it was not taken for
    gone = missing if dtype is not None and dtype.is_float() else None
    cells = [gone if hole else v for v, hole in zip(x.tolist(), holes, strict=True)]
    series = pl.Series(cells)
    return series if dtype is None else series.cast(dtype)
