"""Columns of arrays and of the frames of pandas and polars, behind one interface."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["ArrayColumns", "Columns", "PandasColumns", "PolarsColumns"]


class Columns(ABC):
    """The columns of one table.

    Attributes
    ----------
    names : list or None
    dtypes : list
        Of each column, as its library has it.
    n_rows : int
    """

    names: list | None
    dtypes: list
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
            f"Column {self.label(j)} is of dtype {self.dtypes[j]}, {what}; expected numbers "
            "or levels. Turn it into numbers, dates with .dt.year or the days since a day, "
            "or drop it."
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

    def order(self, j):
        return None

    def values(self, j):
        values = self.X[:, j]
        if values.dtype.kind == "O":
            return values, np.array([v is None or v != v for v in values], dtype=bool)
        holes = (
            np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
        )
        return values, holes

    def missing(self, j):
        return np.nan

    @staticmethod
    def build(names, values, dtypes, missing, index):
        cells = [
            np.where(holes, None, x) if x.dtype == object else x for x, holes in values
        ]
        if all(np.asarray(d).dtype.kind != "O" and np.dtype(d).kind != "O" for d in dtypes):
            return np.column_stack([x.astype(np.float64) for x in cells])
        return np.column_stack([np.asarray(x, dtype=object) for x in cells])


class PandasColumns(Columns):
    """The columns of a pandas DataFrame."""

    def __init__(self, X):
        self.X = X
        self.names, self.dtypes, self.n_rows = list(X.columns), list(X.dtypes), len(X)
        twice = sorted({str(n) for n in self.names if self.names.count(n) > 1})
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
        if dtype == object:
            values, holes = self.values(j)
            kinds = set(map(type, values[~holes]))
            # Numbers alone, Decimal among them, are numbers.
            return not all(hasattr(k, "__float__") and k is not bool for k in kinds)
        if types.is_numeric_dtype(dtype):
            return False
        if types.is_string_dtype(dtype):
            return True
        return self.refuse(j, "dates, times or the like")

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
        if self.dtypes[j] != object:
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
        if index is not None:
            frame.index = index
        return frame


def _as_series(pd, x, holes, dtype, missing):
    if dtype is None:  # of another library
        values = np.where(holes, None, x) if x.dtype == object else x
        return pd.Series(values)
    if isinstance(dtype, np.dtype) and dtype.kind in "iu":
        if not holes.any():
            return pd.Series(_as_integers(x, dtype))
        dtype = np.dtype(np.float64)
    if isinstance(dtype, np.dtype) and dtype.kind == "b" and holes.any():
        dtype = np.dtype(object)
    if x.dtype == object or dtype == object:
        values = x.astype(object)
        values[holes] = missing if dtype == object else None
        return pd.Series(values, dtype=dtype)
    if isinstance(dtype, np.dtype):
        return pd.Series(x.astype(dtype))
    masked = pd.Series(x, dtype="Float64").mask(holes)
    if pd.api.types.is_integer_dtype(dtype):
        whole = _as_integers(np.where(holes, 0, x), np.dtype(np.int64))
        low_high = np.iinfo(getattr(dtype, "numpy_dtype", np.int64))
        masked = pd.Series(whole.clip(low_high.min, low_high.max), dtype="Int64").mask(
            holes
        )
    if hasattr(dtype, "categories"):
        masked = pd.Series(np.where(holes, None, x.astype(object)), dtype=object)
    return masked.astype(dtype)


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

    def values(self, j):
        series = self.X.get_column(self.names[j])
        holes = series.is_null().to_numpy().copy()
        if series.dtype.is_float():
            holes |= series.is_nan().fill_null(False).to_numpy()
        return np.array([*series.to_list(), None], dtype=object)[:-1], holes

    def missing(self, j):
        return None

    @staticmethod
    def build(names, values, dtypes, missing, index):
        import polars as pl

        columns = []
        for j, ((x, holes), dtype) in enumerate(zip(values, dtypes, strict=True)):
            if dtype is not None and dtype.is_integer():
                x = _as_integers(np.where(holes, 0, x), np.dtype(str(dtype).lower()))
            cells = [None if hole else v for v, hole in zip(x.tolist(), holes, strict=True)]
            name = str(j) if names is None else str(names[j])
            series = pl.Series(name, cells)
            columns.append(series if dtype is None else series.cast(dtype))
        return pl.DataFrame(columns)
