"""Columns of arrays and of the frames of pandas and polars, behind one interface."""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

__all__ = [
    "Column",
    "Columns",
    "as_type",
    "columns_of",
    "holds_objects",
    "kind_of",
    "python_numbers",
]

# Of pandas, which need not be imported.
_MISSING = "NAType", "NaTType", "NoneType"


@dataclass
class Column:
    """What the fit has learnt of a column.

    Attributes
    ----------
    dtype : dtype of the library, or None for another library
    number : numpy dtype
        Of its cells if they are numbers or booleans, else float64.
    levels : ndarray of object, or None
        In the order of their indices; empty if all cells are missing.
    missing : None, NaN, NA or NaT
        What stands for a missing cell.
    cell : type or None
        Of all numbers in a column of objects.
    """

    dtype: Any
    number: np.dtype
    levels: np.ndarray | None
    missing: Any
    cell: type | None


def kind_of(cell: type) -> str:
    """Return "text", "flag" or "number", or the name of another type of cells."""
    if issubclass(cell, str):
        return "text"
    if issubclass(cell, (bool, np.bool_)):
        return "flag"
    return "number" if issubclass(cell, (Real, Decimal)) else cell.__name__


def holds_objects(dtype: Any) -> bool:
    """Return whether a dtype is numpy's of Python objects."""
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def as_type(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return floats in a dtype of numbers: rounded for integers, within its range.

    NaN becomes 0 where the dtype has none.
    """
    if dtype.kind == "f":
        range_ = np.finfo(dtype)
        return x.clip(float(range_.min), float(range_.max)).astype(dtype)
    whole = np.nan_to_num(x)
    if dtype.kind == "b":
        return whole >= 0.5
    limits = np.iinfo(dtype)
    # As a float the largest of 64 bits is rounded up, beyond the range.
    most = np.nextafter(float(limits.max), 0) if limits.bits == 64 else float(limits.max)
    return np.rint(whole).clip(float(limits.min), most).astype(dtype)


def python_numbers(x: np.ndarray, column: Column) -> np.ndarray:
    """Return floats as the Python numbers of a column of objects, (n_rows,) of object."""
    holes = np.isnan(x)
    cells = as_type(x, column.number).astype(object)
    if column.cell is int:
        cells = as_type(x, np.dtype(np.int64)).astype(object)
    elif column.cell is Decimal:
        cells[~holes] = [Decimal(repr(value)) for value in x[~holes].tolist()]
    cells[holes] = column.missing
    return cells


class Columns(ABC):
    """The columns of one table.

    Parameters
    ----------
    X : the table
    name : str
        What errors call it.

    Attributes
    ----------
    library : {"array", "pandas", "polars"}
    names : list or None
    dtypes : list
        Of each column, as its library has it.
    n_rows : int
    """

    library: str
    names: list | None
    dtypes: list
    n_rows: int

    def __init__(self, X: Any, name: str):
        self.X, self.name = X, name
        self._last: tuple[int, tuple[list, np.ndarray]] | None = None

    @abstractmethod
    def are_plain(self) -> bool:
        """Return whether all dtypes are numpy's numbers."""

    @abstractmethod
    def kind(self, j: int) -> str:
        """Return what the dtype of a column says.

        "number", "level", "object" if only its cells tell, or what is neither, in words.
        """

    @abstractmethod
    def number(self, j: int) -> np.dtype:
        """Return the numpy dtype of a column of numbers or booleans, float64 if none."""

    @abstractmethod
    def order(self, j: int) -> list | None:
        """Return the levels of a column in the order of its dtype, None if it has none."""

    @abstractmethod
    def floats(self, j: int) -> np.ndarray:
        """Return a column whose dtype is one of numbers in float64, NaN where missing."""

    @abstractmethod
    def _find_distinct(self, j: int) -> tuple[list, np.ndarray]:
        """Return what ``distinct`` does."""

    def distinct(self, j: int) -> tuple[list, np.ndarray]:
        """Return the distinct cells of a column, and for each row which it is.

        The second is -1 where the cell is missing.
        """
        # Of the column last asked for, whose types are looked at before.
        if self._last is None or self._last[0] != j:
            self._last = j, self._find_distinct(j)
        return self._last[1]

    @abstractmethod
    def missing(self, j: int) -> Any:
        """Return what stands for a missing cell."""

    def types(self, j: int) -> set[type]:
        """Return the types of the cells of a column that are not missing."""
        return set(map(type, self.distinct(j)[0]))

    def label(self, j: int) -> str:
        """Return what errors call a column."""
        column = j if self.names is None else repr(self.names[j])
        return f"Column {column} of {self.name}"


class ArrayColumns(Columns):
    """The columns of an array, which have no names."""

    library = "array"

    def __init__(self, X, name):
        array = np.asarray(X)
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            # Else the numbers of lists with text were text too.
            array = np.asarray(X, dtype=object)
        super().__init__(array, name)
        if self.X.ndim != 2:
            raise ValueError(
                f"{name} has shape {self.X.shape}; expected two dimensions, (n_samples, "
                f"n_features). Use {name}.reshape(-1, 1) for a single feature."
            )
        self.names, self.n_rows = None, len(self.X)
        self.dtypes = [self.X.dtype] * self.X.shape[1]

    def are_plain(self):
        return self.X.dtype.kind in "fiub"

    def kind(self, j):
        kinds = dict.fromkeys("fiub", "number") | {"O": "object", "U": "level"}
        return kinds.get(self.X.dtype.kind, f"dtype {self.X.dtype}")

    def number(self, j):
        return self.X.dtype if self.X.dtype.kind in "fiub" else np.dtype(np.float64)

    def order(self, j):
        return None

    def floats(self, j):
        return self.X[:, j].astype(np.float64)

    def _find_distinct(self, j):
        values = self.X[:, j]
        if values.dtype.kind == "f":
            found, codes = np.unique(values, return_inverse=True)
            n_seen = int((~np.isnan(found)).sum())
            return found[:n_seen].tolist(), np.where(codes < n_seen, codes, -1)
        return _distinct(values.tolist())

    def types(self, j):
        if self.X.dtype.kind != "O":
            return super().types(j)
        return _types(self.X[:, j].tolist())

    def missing(self, j):
        if self.X.dtype.kind != "O":
            return np.nan
        return next((cell for cell in self.X[:, j] if _is_missing(cell)), None)


def _is_missing(cell: Any) -> bool:
    if type(cell).__name__ in _MISSING:
        return True
    return isinstance(cell, (float, np.floating, Decimal)) and math.isnan(cell)


def _types(cells: list) -> set[type]:
    """Return the types of the cells that are not missing."""
    found = {c for c in set(map(type, cells)) if c.__name__ not in _MISSING}
    # Of these some cells may be NaN, and some not.
    floats = {c for c in found if issubclass(c, (float, np.floating, Decimal))}
    return (found - floats) | {
        kind for kind in floats if any(type(x) is kind and not math.isnan(x) for x in cells)
    }


def _distinct(cells: Sequence) -> tuple[list, np.ndarray]:
    """Return distinct cells in order of appearance, and which each is; missing ones -1."""
    found = [cell for cell in dict.fromkeys(cells) if not _is_missing(cell)]
    code = {cell: i for i, cell in enumerate(found)}
    return found, np.array([code.get(cell, -1) for cell in cells], dtype=np.intp)


class PandasColumns(Columns):
    """The columns of a pandas DataFrame."""

    library = "pandas"

    def __init__(self, X, name):
        super().__init__(X, name)
        self.names, self.dtypes, self.n_rows = list(X.columns), list(X.dtypes), len(X)

    def are_plain(self):
        return all(isinstance(d, np.dtype) and d.kind in "fiu" for d in set(self.dtypes))

    def kind(self, j):
        import pandas as pd

        dtype = self.dtypes[j]
        if isinstance(dtype, np.dtype):
            known = {"b": "level", "O": "object", "c": "complex numbers"}
            known |= dict.fromkeys("fiu", "number")
            return known.get(dtype.kind) or _words(str(dtype))
        if hasattr(dtype, "categories") or pd.api.types.is_bool_dtype(dtype):
            return "level"
        if pd.api.types.is_numeric_dtype(dtype) or str(dtype) == "null[pyarrow]":
            return "number"
        # Of the dtypes of Arrow, pandas takes lists for strings.
        is_text = _is_arrow_text(dtype) or isinstance(dtype, pd.StringDtype)
        return "level" if is_text else _words(str(dtype))

    def number(self, j):
        dtype = getattr(self.dtypes[j], "subtype", self.dtypes[j])  # of a sparse one
        dtype = getattr(dtype, "numpy_dtype", dtype)
        is_one = isinstance(dtype, np.dtype) and dtype.kind in "fiub"
        return dtype if is_one else np.dtype(np.float64)

    def order(self, j):
        categories = getattr(self.dtypes[j], "categories", None)
        return None if categories is None else list(categories)

    def floats(self, j):
        series = self.X.iloc[:, j]
        if str(series.dtype) == "null[pyarrow]":
            return np.full(len(series), np.nan)
        if isinstance(series.dtype, np.dtype) or hasattr(series.dtype, "subtype"):
            return np.array(series, dtype=np.float64)
        return series.to_numpy(dtype=np.float64, na_value=np.nan)

    def _find_distinct(self, j):
        import pandas as pd

        series = self.X.iloc[:, j]
        if hasattr(series.dtype, "categories"):
            codes = series.cat.codes.to_numpy()
            used, place = np.unique(codes, return_inverse=True)
            n_holes = int((used < 0).sum())
            found = series.dtype.categories[used[n_holes:]].tolist()
            return found, place - n_holes
        if hasattr(series.dtype, "subtype"):
            series = series.sparse.to_dense()
        codes, found = pd.factorize(series)
        return found.tolist(), codes

    def types(self, j):
        if not holds_objects(self.dtypes[j]):
            return super().types(j)
        series = self.X.iloc[:, j]
        return set(map(type, series.to_numpy()[~series.isna().to_numpy()]))

    def missing(self, j):
        if not holds_objects(self.dtypes[j]):
            return None
        series = self.X.iloc[:, j]
        gone = series[series.isna()]
        return gone.iloc[0] if len(gone) else None


def _is_arrow_text(dtype: Any) -> bool:
    text = str(dtype)
    return text in ("string[pyarrow]", "large_string[pyarrow]") or text.startswith(
        "dictionary<values=string"
    )


def _words(dtype: str) -> str:
    """Return what a column of a dtype holds that is neither numbers nor levels."""
    text = dtype.lower()
    if text.startswith(("date", "time", "duration", "period")):
        return f"dates or times ({dtype})"
    return f"cells of dtype {dtype}"


class PolarsColumns(Columns):
    """The columns of a polars DataFrame."""

    library = "polars"

    def __init__(self, X, name):
        super().__init__(X, name)
        self.names, self.dtypes, self.n_rows = list(X.columns), list(X.dtypes), len(X)

    def are_plain(self):
        return all(_numpy_dtype(dtype) is not None for dtype in set(self.dtypes))

    def kind(self, j):
        dtype = self.dtypes[j]
        base = str(dtype.base_type())
        if base in ("String", "Categorical", "Enum", "Boolean"):
            return "level"
        if base == "Object":
            return "object"
        return "number" if dtype.is_numeric() or base == "Null" else _words(str(dtype))

    def number(self, j):
        dtype = self.dtypes[j]
        if str(dtype) == "Boolean":
            return np.dtype(bool)
        wide = np.int64 if dtype.is_integer() else np.float64
        return _numpy_dtype(dtype) or np.dtype(wide)

    def order(self, j):
        dtype = self.dtypes[j]
        return list(dtype.categories) if str(dtype.base_type()) == "Enum" else None

    def floats(self, j):
        import polars as pl

        return self.X.to_series(j).cast(pl.Float64).to_numpy().copy()

    def _find_distinct(self, j):
        return _distinct(self.X.to_series(j).to_list())

    def types(self, j):
        if self.kind(j) != "object":
            return super().types(j)
        return _types(self.X.to_series(j).to_list())

    def missing(self, j):
        series = self.X.to_series(j)
        has_nan = series.dtype.is_float() and bool(series.is_nan().any())
        return np.nan if has_nan and not series.null_count() else None


def _numpy_dtype(dtype: Any) -> np.dtype | None:
    """Return the numpy dtype of a polars dtype of numbers, None if numpy has none."""
    name = str(dtype).lower()
    sizes = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    return np.dtype(name) if name in (*sizes, "float16", "float32", "float64") else None


def columns_of(X: Any, name: str = "X") -> Columns:
    """Return the columns of an array-like or a frame; ValueError or TypeError if none."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if isinstance(X, getattr(pandas, "DataFrame", ())):
        return PandasColumns(X, name)
    if isinstance(X, getattr(polars, "DataFrame", ())):
        return PolarsColumns(X, name)
    if type(X).__name__ == "LazyFrame":
        raise ValueError(
            f"{name} is a LazyFrame, whose rows are not there yet; expected a table in "
            f"memory. Pass {name}.collect()."
        )
    if hasattr(X, "tocsr"):
        raise TypeError(
            f"{name} is a sparse {type(X).__name__} of shape {X.shape}, but dense data is "
            f"required. Pass {name}.toarray()."
        )
    return ArrayColumns(X, name)
