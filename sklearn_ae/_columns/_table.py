"""The columns of a user's table: read as rows of floats, and written back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np

from ._cells import Column, kind_of
from ._frames import Columns, columns_of
from ._writing import BUILDERS, rounded_to

__all__ = ["Table"]

Categorical = str | Sequence | np.ndarray | None

_MOST_NAMED = 5  # columns in a message


class Table:
    """What the columns of a table are: numbers, or levels, by name, dtype and order.

    Rows that are read are (n_rows, n_columns) in float64: a number, the index of a level,
    or NaN where a cell is missing. A level that the fit has not seen is read as missing.
    Integers beyond 2**53 are rounded, as all floats are.

    Parameters
    ----------
    categorical_features : "from_dtype", None, or array-like of str, int or bool
        Which columns are levels. "from_dtype": those of strings, booleans, categories and
        objects in a DataFrame, unless the objects are numbers; none of an array. Integers
        are positions, also where names are integers.

    Attributes
    ----------
    n_columns : int
    names : list or None
        None of an array.
    n_levels : tuple of int
        Number of levels of each column, 0 for numbers. Levels are those that occur in the
        fit: sorted, or in the order of the dtype of a category.
    levels : list of (ndarray of object, or None)
        None for numbers. Empty where all cells are missing, of any dtype but numbers: the
        column is then read and written as missing, whatever it holds later.
    is_integer : tuple of bool
        Which columns have a dtype of integers.
    has_levels : bool
        Whether any column has levels, or needs more than a conversion to floats.

    Examples
    --------
    >>> import numpy as np
    >>> table = Table([1]).fit(np.array([[0.5, 7.0], [1.5, 3.0]]))
    >>> table.read(np.array([[0.5, 3.0], [0.5, 4.0]]))
    array([[0.5, 0. ],
           [0.5, nan]])
    """

    def __init__(self, categorical_features: Categorical = "from_dtype"):
        self.categorical_features = categorical_features

    @staticmethod
    def is_plain(X: Any, categorical_features: Categorical) -> bool:
        """Return whether ``X`` needs no Table: numbers alone, as far as dtypes say."""
        if categorical_features is not None and not isinstance(categorical_features, str):
            flags = np.asarray(categorical_features)
            return flags.size == 0 or (flags.dtype == bool and not flags.any())
        # A LazyFrame warns if it is asked for its columns.
        if type(X).__name__ == "LazyFrame" or not hasattr(X, "columns"):
            return True
        columns = columns_of(X)
        return columns.library == "array" or columns.are_plain()

    def fit(self, X: Any) -> "Table":
        """Learn names, dtypes and levels from ``X``; return self.

        ValueError for columns that are neither numbers nor levels, and for
        ``categorical_features`` that ``X`` has not.
        """
        columns = columns_of(X)
        n = len(columns.dtypes)
        chosen = _chosen(self.categorical_features, columns)
        self.library, self.names, self.n_columns = columns.library, columns.names, n
        self.has_levels = not columns.are_plain() or bool(
            chosen is not None and any(chosen)
        )
        # As pandas has them: with the names of levels of a MultiIndex, for one.
        self._labels = X.columns if columns.library == "pandas" else columns.names
        if self.has_levels:
            _check_table(columns)
            learnt = [_learn(columns, j, chosen) for j in range(n)]
        else:
            learnt = [_of_dtype(columns, j) for j in range(n)]
        self._columns = learnt
        self.levels = [column.levels for column in learnt]
        self.n_levels = tuple(0 if x is None else len(x) for x in self.levels)
        integers = [column.number.kind in "iu" or column.cell is int for column in learnt]
        self.is_integer = tuple(integers)
        return self

    def read(self, X: Any, name: str = "X") -> np.ndarray:
        """Return the rows of ``X``, (n_rows, n_columns), in float64.

        ``name`` is what errors call ``X``. ValueError if its columns are not those of the
        fit, by number, names, order or kind.
        """
        columns = columns_of(X, name)
        if columns.names is not None and self.names is not None:
            _check_names(columns, self.names)
        if len(columns.dtypes) != self.n_columns:
            raise ValueError(
                f"{name} has {len(columns.dtypes)} columns, and the fit had "
                f"{self.n_columns}; expected the same. Pass the columns of the fit."
            )
        _check_table(columns)
        rows = np.empty((columns.n_rows, self.n_columns))
        for j, levels in enumerate(self.levels):
            if levels is None:
                rows[:, j] = _numbers(columns, j, "as in the fit")
            else:
                rows[:, j] = _indices(columns, j, levels)
        return rows

    def write(self, rows: np.ndarray, library: str | None = None, index: Any = None) -> Any:
        """Return ``rows`` as a table like that of the fit: names, order, dtypes, levels.

        Integers are rounded, and clipped to the range of their dtype. Floats that are no
        index of a level, nor NaN, are an error of the caller.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
        library : {"pandas", "polars"} or None
            Of the DataFrame; None is what the fit had, an array for one. Another has no
            dtypes of its own for text and levels but those of strings.
        index : pandas Index or None
            Of a DataFrame of pandas; anything else is ignored.
        """
        library = self.library if library is None else library
        columns, names = self._columns, self._labels
        if library != self.library:
            columns = [
                Column(None, c.number, _portable(c.levels), None, c.cell) for c in columns
            ]
            names = self.names
        # Limits of wide dtypes are no float32.
        rows = np.asarray(rows, dtype=np.float64)
        return BUILDERS[library](rows, columns, names, index)

    def number_dtypes(self) -> list[np.dtype]:
        """Return what ``write`` rounds the numbers of each column to."""
        return [rounded_to(column, self.library) for column in self._columns]


def _portable(levels: np.ndarray | None) -> np.ndarray | None:
    """Return levels as every library has them: as text, if not numbers or booleans."""
    if levels is None or {kind_of(type(x)) for x in levels} in ({"flag"}, {"number"}):
        return levels
    return np.array([str(level) for level in levels], dtype=object)


def _of_dtype(columns: Columns, j: int) -> Column:
    """Return a column of numbers, of which only the dtype is known."""
    return Column(columns.dtypes[j], columns.number(j), None, columns.missing(j), None)


def _check_table(columns: Columns) -> None:
    """Raise an error for tables without rows, and for names that are none."""
    name, names = columns.name, columns.names or []
    if not columns.n_rows or not columns.dtypes:
        raise ValueError(
            f"{name} has {columns.n_rows} sample(s) and {len(columns.dtypes)} feature(s); "
            f"expected at least one of each. Look at what selects the rows of {name}."
        )
    if len(set(names)) < len(names):
        twice = list(dict.fromkeys(n for n in names if names.count(n) > 1))
        raise ValueError(
            f"{name} has more than one column of the name {_few(twice)}; expected a name "
            f"per column. Rename or drop them: {name}.loc[:, ~{name}.columns.duplicated()]."
        )
    kinds = sorted({type(n).__name__ for n in names})
    if len(kinds) > 1 and "str" in kinds:
        raise TypeError(
            f"{name} has names of columns of the types {', '.join(kinds)}; expected only "
            f"str. Set {name}.columns = {name}.columns.astype(str)."
        )


def _check_names(columns: Columns, names: list) -> None:
    """Raise ValueError if the names are not those of the fit, in their order."""
    name, found = columns.name, columns.names or []
    if found == names:
        return
    ways = f"Pass {name}[columns], with columns = list(X.columns) of the fit."
    known, given = set(names), set(found)
    lacks = [n for n in names if n not in given]
    extra = [n for n in found if n not in known]
    if not lacks and not extra:
        moved = [n for n, old in zip(found, names, strict=False) if n != old]
        raise ValueError(
            f"{name} has the columns of the fit in another order, {_few(moved)} in other "
            f"places; expected their order in the fit. {ways}"
        )
    parts = [f"lacks the columns {_few(lacks)}"] if lacks else []
    parts += [f"has the columns {_few(extra)}, which the fit had not"] if extra else []
    raise ValueError(
        f"{name} {' and '.join(parts)}; expected the columns of the fit. {ways}"
    )


def _few(names: list) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(repr(name) for name in names[:_MOST_NAMED]) + more


def _chosen(categorical: Categorical, columns: Columns) -> list[bool] | None:
    """Return which columns are levels, None if dtypes say so; or raise ValueError."""
    n = len(columns.dtypes)
    if categorical is None:
        return [False] * n
    if isinstance(categorical, str):
        if categorical != "from_dtype":
            raise ValueError(
                f"categorical_features={categorical!r}; expected 'from_dtype', None, or "
                f"names, indices or booleans. Pass [{categorical!r}] for a column."
            )
        return None if columns.library != "array" else [False] * n
    if np.ndim(np.asarray(categorical, dtype=object)) == 0:
        raise ValueError(
            f"categorical_features={categorical!r}; expected 'from_dtype', None, or a list "
            f"of names, indices or booleans. Pass [{categorical!r}] for a column."
        )
    given = list(categorical)
    if given and all(isinstance(value, (bool, np.bool_)) for value in given):
        if len(given) != n:
            raise ValueError(
                f"categorical_features is a mask of {len(given)} values, and X has {n} "
                "columns; expected one value per column. Pass names or indices instead."
            )
        return [bool(value) for value in given]
    return _found(given, columns)


def _found(given: list, columns: Columns) -> list[bool]:
    """Return which columns names or indices stand for, or raise ValueError."""
    n = len(columns.dtypes)
    if all(isinstance(value, (int, np.integer)) for value in given):
        places, what = range(-n, n), f"indices from 0 to {n - 1}"
        wrong = [int(j) for j in given if j not in places]
        named = {int(j) % n for j in given} if not wrong else set()
    else:
        names = columns.names or []
        position = {name: j for j, name in enumerate(names)}
        what = f"names of its {n} columns" if names else "indices, as an array has no names"
        wrong = [value for value in given if value not in position]
        named = {position[value] for value in given if value in position}
        doubled = [value for value in given if names.count(value) > 1]
        if doubled:
            raise ValueError(
                f"categorical_features has {_few(doubled)}, the name of more than one "
                "column of X; expected a name per column. Rename them, or pass indices."
            )
    if wrong:
        where = "list(X.columns)" if columns.names else "X.shape"
        raise ValueError(
            f"categorical_features has {_few(wrong)}, which X has not; expected {what}. "
            f"Look at {where}."
        )
    return [j in named for j in range(n)]


def _learn(columns: Columns, j: int, chosen: list[bool] | None) -> Column:
    """Return what a column is, or raise ValueError if it is neither numbers nor levels."""
    column = _of_dtype(columns, j)
    kind = columns.kind(j)
    types = columns.types(j) if kind == "object" else set()
    kinds = {kind_of(cell) for cell in types}
    if kind == "object" and not types:
        is_level = True  # of no level, as nothing says what the cells would be
    elif chosen is not None:
        is_level = chosen[j]
    else:
        if kinds - {"number"} and kinds - {"text", "flag"}:
            _refuse_cells(columns, j, types)
        is_level = kind == "level" or (kind == "object" and kinds != {"number"})
    if is_level:
        column.levels = _levels(columns, j)
    else:
        way = "as categorical_features leaves the column out" if chosen else "or levels"
        _numbers(columns, j, way)
        if len(types) == 1 and (cell := types.pop()) in (int, Decimal):
            column.cell = cell
    return column


def _levels(columns: Columns, j: int) -> np.ndarray:
    """Return the levels of a column, (n_levels,) of object, or raise ValueError."""
    types = columns.types(j) if columns.kind(j) in ("level", "object", "number") else None
    if types is None:
        _refuse_dtype(columns, j)
    order = columns.order(j)
    kinds = {kind_of(cell) for cell in types}
    if order is None and kinds - {"number"} and kinds - {"text", "flag"}:
        _refuse_cells(columns, j, types)
    found, _ = columns.distinct(j)
    if order is not None:
        present = set(found)
        found = [level for level in order if level in present]
    else:
        # Booleans come before text.
        found = sorted(found, key=lambda level: (isinstance(level, str), level))
    levels = np.empty(len(found), dtype=object)
    levels[:] = found
    return levels


def _indices(columns: Columns, j: int, levels: np.ndarray) -> np.ndarray:
    """Return the indices of a column's levels, (n_rows,), NaN where unknown."""
    if columns.kind(j) not in ("level", "object", "number"):
        _refuse_dtype(columns, j)
    types = columns.types(j)
    known = {kind_of(type(level)) for level in levels}
    if len(levels) and {kind_of(cell) for cell in types} - known:
        names = ", ".join(sorted({cell.__name__ for cell in types}))
        raise ValueError(
            f"{columns.label(j)} is of dtype {columns.dtypes[j]} and holds cells of type "
            f"{names}, and in the fit levels such as {levels[0]!r}; expected the same "
            "kind. Convert it as it was for the fit."
        )
    if not types or not len(levels):
        return np.full(columns.n_rows, np.nan)
    found, codes = columns.distinct(j)
    index = {level: i for i, level in enumerate(levels)}
    places = np.array([*(index.get(level, np.nan) for level in found), np.nan])
    return places[codes]


def _numbers(columns: Columns, j: int, way: str) -> np.ndarray:
    """Return a column of numbers in float64, NaN where missing; or raise ValueError.

    ``way`` is why numbers are expected.
    """
    kind = columns.kind(j)
    if kind == "number":
        numbers = columns.floats(j)
    elif kind not in ("level", "object"):
        _refuse_dtype(columns, j)
    else:
        types = columns.types(j)
        text = [cell for cell in types if kind_of(cell) not in ("number", "flag")]
        if text:
            names = ", ".join(sorted(cell.__name__ for cell in types))
            raise ValueError(
                f"{columns.label(j)} is of dtype {columns.dtypes[j]} and holds cells of "
                f"type {names}; expected numbers, {way}. Turn it into numbers with "
                "pandas.to_numeric, name it in categorical_features for fit, or drop it."
            )
        found, codes = columns.distinct(j)
        numbers = np.array([*map(_as_float, found), np.nan])[codes]
    if np.isinf(numbers).any():
        raise ValueError(
            f"{columns.label(j)} holds infinity; expected finite numbers, or missing "
            "cells. Replace it by NaN, or by a large number."
        )
    return numbers


def _as_float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:  # an integer of more digits than floats have
        return np.inf


def _refuse_cells(columns: Columns, j: int, types: set[type]) -> NoReturn:
    names = ", ".join(sorted(cell.__name__ for cell in types))
    raise ValueError(
        f"{columns.label(j)} holds cells of type {names}; expected text and booleans, or "
        "numbers alone. Turn it into text with .astype(str), into numbers with "
        "pandas.to_numeric, dates with .dt.year, or drop it."
    )


def _refuse_dtype(columns: Columns, j: int) -> NoReturn:
    name, what = columns.name, columns.kind(j)
    way = f"Turn it into numbers or text, or drop it from {name}."
    if what.startswith("dates"):
        way = "Turn it into numbers, .dt.year or (x - x.min()).dt.days for two; or drop it."
    elif what.startswith("complex"):
        way = "Turn it into its real and imaginary parts, two columns; or drop it."
    raise ValueError(
        f"{columns.label(j)} holds {what}; expected numbers or levels (text, booleans, "
        f"categories). {way}"
    )
