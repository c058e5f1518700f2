"""Cells of a table as rows of floats, and rows as cells, without pandas and polars."""

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from ._cells import as_type, is_missing, kind_of

__all__ = ["DTYPES", "Table"]

# Names of those that numbers may be rounded to.
DTYPES = {"bool", "float16", "float32", "float64"}
DTYPES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}

_MOST_NAMES = 5  # of columns in an error


class Table:
    """Reads cells as floats, and writes floats as cells, as the estimator does.

    A row that is read has a number, the index of a level, or NaN where a cell is missing
    or its level was not in the fit.

    Parameters
    ----------
    settings : dict
        See _format.
    """

    def __init__(self, settings: Mapping[str, Any]):
        self._names: list[str | int] | None = settings["feature_names"]
        n_columns = settings["n_features"]
        columns = settings.get("columns") or ["float64"] * n_columns
        self._levels = {j: c for j, c in enumerate(columns) if isinstance(c, list)}
        self._index = {
            j: {level: i for i, level in enumerate(levels)}
            for j, levels in self._levels.items()
        }
        self._n_columns = n_columns
        # What has to be rounded, together with all of the same dtype.
        rounded = {c for c in columns if isinstance(c, str)} - {"float64"}
        self._rounded = {
            dtype: [j for j, c in enumerate(columns) if c == dtype] for dtype in rounded
        }
        are_floats = all(map(_is_float, chain.from_iterable(self._levels.values())))
        self._dtype = np.dtype(np.float64 if are_floats else object)
        self._cells = {j: self._cells_of(levels) for j, levels in self._levels.items()}

    def read(self, X: Any) -> np.ndarray:
        """Return rows of floats, (n_rows, n_columns); ValueError for other tables."""
        columns = self._columns_of(X)
        n_rows = {len(cells) for cells in columns}
        if len(n_rows) != 1 or n_rows == {0}:
            raise ValueError(
                f"X has columns of {sorted(n_rows)} cells; expected one sample or more, "
                "and as many cells in every column. Look at what made X."
            )
        rows = np.empty((n_rows.pop(), self._n_columns))
        for j, cells in enumerate(columns):
            read = self._read_levels if j in self._levels else self._read_numbers
            rows[:, j] = read(j, cells)
        return rows

    def write(self, rows: np.ndarray) -> np.ndarray:
        """Return cells, (n_rows, n_columns): floats if all levels are some."""
        rows = rows.astype(np.float64)
        for dtype, columns in self._rounded.items():
            x = rows[:, columns]
            rows[:, columns] = np.where(np.isnan(x), x, as_type(x, np.dtype(dtype)))
        cells = rows.astype(self._dtype)
        for j, levels in self._cells.items():
            # Without any level, a column is missing as a whole.
            level = rows[:, j].astype(np.intp) if len(levels) > 1 else -1
            cells[:, j] = levels[level]
        return cells

    def _cells_of(self, levels: list) -> np.ndarray:
        """Return levels, and what stands for a missing cell."""
        cells = np.empty(len(levels) + 1, dtype=self._dtype)
        cells[:] = [*levels, math.nan]
        return cells

    def _columns_of(self, X: Any) -> list[np.ndarray]:
        """Return the cells of every column of ``X``, each (n_rows,)."""
        if isinstance(X, dict):
            return self._columns_of_dict(X)
        # A LazyFrame warns if it is asked for its columns.
        if type(X).__name__ != "LazyFrame" and hasattr(X, "columns"):
            names = list(X.columns)
            check_names(names, self._names)
            if len(names) == self._n_columns:
                return self._named_columns(X, names)
        rows: Any = None
        try:
            rows = np.asarray(X)
            if rows.dtype.kind in "US" and not isinstance(X, np.ndarray):
                # Else the numbers of lists with text were text too.
                rows = np.asarray(X, dtype=object)
        except Exception:  # of whatever X is
            rows = np.empty(0)
        if rows.ndim != 2 or rows.shape[1] != self._n_columns:
            raise ValueError(
                f"X is a {type(X).__name__} of shape {np.shape(rows)}; expected a table of "
                f"{self._n_columns} columns. Pass a DataFrame, a dict of columns by name, "
                "or an array of shape (n_samples, n_features) and dtype object."
            )
        return list(rows.T)

    def _columns_of_dict(self, X: dict) -> list[np.ndarray]:
        if self._names is None:
            raise ValueError(
                f"X is a dict of columns {some(list(X))}, and the fit had no names of "
                "columns; expected an array. Pass the columns in their order."
            )
        lacks = [name for name in self._names if name not in X]
        extra = [name for name in X if name not in self._names]
        if lacks or extra:
            raise ValueError(
                f"X is a dict that lacks the columns {some(lacks)}, and has {some(extra)} "
                "beside those of the fit; expected the same names. Pass all columns of "
                "the fit by name, or an array of them in their order."
            )
        return self._named_columns(X, self._names)

    def _named_columns(self, X: Any, names: list) -> list[np.ndarray]:
        return [
            _as_column(X[name], repr(name), j in self._levels)
            for j, name in enumerate(names)
        ]

    def _read_numbers(self, j: int, cells: np.ndarray) -> np.ndarray:
        if cells.dtype.kind in "fiub":
            numbers = cells.astype(np.float64)
        else:
            found = cells.tolist()
            types = {type(cell) for cell in found if not is_missing(cell)}
            if {kind_of(kind) for kind in types} - {"number", "flag"}:
                self._refuse(j, types, "numbers, as in the fit")
            numbers = as_floats(found)
        if np.isinf(numbers).any():
            raise ValueError(
                f"Column {self._label(j)} of X holds infinity; expected finite numbers, or "
                "missing cells. Replace it by NaN, or by a large number."
            )
        return numbers

    def _read_levels(self, j: int, cells: np.ndarray) -> np.ndarray:
        index, found = self._index[j], cells.tolist()
        if not index:  # whatever the column holds
            return np.full(len(found), np.nan)
        known = {kind_of(type(level)) for level in index}
        foreign = {kind for kind in {*map(type, found)} if kind_of(kind) not in known}
        # NaN is of a foreign type too, among text.
        foreign = {type(c) for c in found if type(c) in foreign and not is_missing(c)}
        if foreign:
            self._refuse(j, foreign, f"levels such as {next(iter(index))!r}")
        # None, of what is no level, becomes NaN.
        return np.array([*map(index.get, found)], dtype=np.float64)

    def _refuse(self, j: int, types: set[type], expected: str) -> NoReturn:
        names = ", ".join(sorted(kind.__name__ for kind in types))
        raise ValueError(
            f"Column {self._label(j)} of X holds cells of type {names}; "
            f"expected {expected}. Convert it as it was for the fit."
        )

    def _label(self, j: int) -> str:
        return str(j) if self._names is None else repr(self._names[j])


def check_names(names: list, wanted: list[str | int] | None) -> None:
    """Raise ValueError if columns have other names than in the fit, or another order."""
    # Columns in another order would give codes of another table, in silence.
    if wanted is not None and names != wanted:
        raise ValueError(
            f"X has columns {some(names)} and the fit had {some(wanted)}; "
            "expected the same names in the same order. Pass X[names], with the names "
            "of the fit."
        )


def some(names: list) -> str:
    """Return the first names, in words."""
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return f"[{', '.join(map(repr, names[:_MOST_NAMES]))}{more}]"


def as_floats(cells: list) -> np.ndarray:
    """Return cells of numbers in float64, NaN where they are missing."""
    try:
        return np.array([math.nan if is_missing(c) else c for c in cells], np.float64)
    except OverflowError:  # an integer of more digits than floats have
        return np.array([math.inf])


def _is_float(level: Any) -> bool:
    """Return whether a level is a float, or an integer that floats have exactly."""
    return type(level) is float or (type(level) is int and abs(level) <= 2**53)


def _as_column(cells: Any, name: str, has_levels: bool) -> np.ndarray:
    """Return the cells of one column, (n_rows,), or raise ValueError."""
    dtype = getattr(cells, "dtype", None)
    if dtype is None:
        # Lists as objects: else the numbers beside text were text too.
        column = np.array(cells, dtype=object)
    elif _needs_objects(cells, dtype, has_levels):
        found = cells.to_list() if hasattr(cells, "to_list") else cells.tolist()
        column = np.empty(len(found), dtype=object)
        column[:] = found
    else:
        column = np.asarray(cells)
    if column.ndim != 1:
        raise ValueError(
            f"Column {name} of X has shape {column.shape}; expected (n_samples,). Pass a "
            "list or an array of its cells, [cell] for one sample."
        )
    return column


def _needs_objects(cells: Any, dtype: Any, has_levels: bool) -> bool:
    """Return whether cells are of a dtype that numpy has not, and would be changed by it.

    Beside a missing cell pandas and polars give integers as floats, which have not all of
    their digits; numpy has no integers of 128 bits at all.
    """
    if isinstance(dtype, np.dtype) or len(getattr(cells, "shape", ())) != 1:
        return False
    return has_levels or str(dtype).endswith("Int128")
