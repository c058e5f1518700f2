"""Columns of arrays and of the frames of pandas and polars, behind one interface."""

import sys
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ._cells import distinct_cells, holds_objects, is_missing, types_of

__all__ = ["Columns", "columns_of"]


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
    def objects(self, j: int) -> list:
        """Return the cells of a column of objects."""

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
        if self.kind(j) == "object":
            return types_of(self.objects(j))
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
        return kinds.get(self.X.dtype.kind) or _words(str(self.X.dtype))

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
        return distinct_cells(values.tolist())

    def objects(self, j):
        return self.X[:, j].tolist()

    def missing(self, j):
        if self.X.dtype.kind != "O":
            return np.nan
        return next((cell for cell in self.X[:, j] if is_missing(cell)), None)


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
            known = {"b": "level", "O": "object"}
            known |= dict.fromkeys("fiu", "number")
            return known.get(dtype.kind) or _words(str(dtype))
        if hasattr(dtype, "categories") or pd.api.types.is_bool_dtype(dtype):
            return "level"
        if str(dtype) == "null[pyarrow]":
            return "object"
        if pd.api.types.is_numeric_dtype(dtype):
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

    def objects(self, j):
        return self.X.iloc[:, j].tolist()

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
    if text.startswith("complex"):
        return "complex numbers"
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
        if base in ("Object", "Null"):
            return "object"
        return "number" if dtype.is_numeric() else _words(str(dtype))

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
        return distinct_cells(self.X.to_series(j).to_list())

    def objects(self, j):
        return self.X.to_series(j).to_list()

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
