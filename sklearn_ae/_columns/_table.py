"""The columns of a user's table: read as rows of floats, and written back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.preprocessing import OrdinalEncoder

from ._frames import ArrayColumns, Columns, PandasColumns, PolarsColumns

__all__ = ["Table"]

Categorical = str | Sequence | np.ndarray | None


class Table:
    """What the columns of a table are: numbers, or levels, by name, dtype and order.

    Rows that are read are (n_rows, n_columns) in float64: a number, the index of a level,
    or NaN where a cell is missing. So is a level that the fit has not seen.

    Parameters
    ----------
    categorical_features : "from_dtype", None, or array-like of str, int or bool
        Which columns are levels. "from_dtype": those of strings, booleans, categories and
        objects in a DataFrame; none of an array.

    Attributes
    ----------
    n_levels : tuple of int
        Number of levels of each column, 0 for numbers.
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
        """Return whether all columns of ``X`` are numbers, as far as their dtypes say."""
        if categorical_features is not None and not isinstance(categorical_features, str):
            return np.size(categorical_features) == 0
        return not hasattr(X, "columns") or _columns_of(X).are_plain()

    def fit(self, X: Any) -> "Table":
        """Learn names, dtypes and levels from ``X``; return self."""
        columns = _columns_of(X)
        self.names = columns.names
        self.library, self.dtypes = type(columns), columns.dtypes
        chosen = _chosen(self.categorical_features, columns)
        self.has_levels = bool(chosen.any()) or not columns.are_plain()
        self.encoders: list[OrdinalEncoder | None] = []
        self.missing: list[Any] = []
        for j, is_level in enumerate(chosen):
            values, holes = columns.values(j) if self.has_levels else (None, None)
            self.missing.append(columns.missing(j))
            encoder = None
            if is_level and not holes.all():
                encoder = _encoder(columns, j, values[~holes])
            elif self.has_levels:
                _as_numbers(columns, j, values, holes)
            self.encoders.append(encoder)
        levels = [0 if e is None else len(e.categories_[0]) for e in self.encoders]
        self.n_levels = tuple(levels)
        return self

    def read(self, X: Any, name: str = "X") -> np.ndarray:
        """Return the rows of ``X``, (n_rows, n_columns), in float64.

        ``name`` is what errors call ``X``.
        """
        columns = _columns_of(X)
        if len(columns.dtypes) != len(self.n_levels):
            raise ValueError(
                f"{name} has {len(columns.dtypes)} columns, and the fit had "
                f"{len(self.n_levels)}; expected the same. Pass the columns of the fit."
            )
        if self.names is not None and columns.names not in (None, self.names):
            missing = [n for n in self.names if n not in columns.names]
            extra = [n for n in columns.names if n not in self.names]
            raise ValueError(
                f"{name} lacks the columns {missing}, and has {extra} beside those of the "
                "fit, or has them in another order; expected the columns of the fit in "
                f"their order. Pass {name}[list(feature_names_in_)]."
            )
        rows = np.empty((columns.n_rows, len(self.n_levels)))
        for j, encoder in enumerate(self.encoders):
            values, holes = columns.values(j)
            if encoder is None:
                rows[:, j] = _as_numbers(columns, j, values, holes)
                continue
            rows[:, j] = np.nan
            seen = ~holes
            if seen.any():
                _check_kind(columns, j, values[seen], encoder.categories_[0])
                rows[seen, j] = encoder.transform(values[seen].reshape(-1, 1))[:, 0]
        return rows

    def write(self, rows: np.ndarray, library: str | None = None, index: Any = None) -> Any:
        """Return ``rows`` as a table like that of the fit: names, order, dtypes, levels.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
        library : {"pandas", "polars"} or None
            Of the DataFrame; None is that of the fit.
        index : pandas Index or None
        """
        own = {"pandas": PandasColumns, "polars": PolarsColumns}
        kind = self.library if library is None else own[library]
        values = []
        for j, encoder in enumerate(self.encoders):
            x, holes = rows[:, j], np.isnan(rows[:, j])
            if encoder is not None:
                levels = encoder.categories_[0]
                cells = np.empty(len(x), dtype=object)
                cells[~holes] = levels[x[~holes].astype(np.intp)]
                x = cells
            values.append((x, holes))
        dtypes = self.dtypes if kind is self.library else [None] * len(values)
        return kind.build(self.names, values, dtypes, self.missing, index)


def _columns_of(X: Any) -> Columns:
    module = type(X).__module__.partition(".")[0]
    if module == "pandas" and hasattr(X, "columns"):
        return PandasColumns(X)
    if module == "polars":
        return PolarsColumns(X)
    return ArrayColumns(X)


def _chosen(categorical: Categorical, columns: Columns) -> np.ndarray:
    """Return which columns are levels, (n_columns,), or raise ValueError."""
    n = len(columns.dtypes)
    if categorical is None:
        return np.zeros(n, dtype=bool)
    if isinstance(categorical, str):
        if categorical != "from_dtype":
            raise ValueError(
                f"categorical_features={categorical!r}; expected 'from_dtype', None, or "
                f"a list of names, indices or booleans. Pass [{categorical!r}] for a column."
            )
        return np.array([columns.is_level(j) for j in range(n)])
    given = np.asarray(categorical)
    chosen = np.zeros(n, dtype=bool)
    if given.dtype == bool:
        if given.shape != (n,):
            raise ValueError(
                f"categorical_features is a mask of {given.size} values, and X has {n} "
                "columns; expected one value per column. Pass names or indices instead."
            )
        return given.copy()
    if given.dtype.kind in "iu":
        wrong = [int(j) for j in given.ravel() if not -n <= j < n]
        chosen[[j for j in given.ravel() if -n <= j < n]] = True
    else:
        names = list(columns.names or [])
        wrong = [name for name in given.ravel().tolist() if name not in names]
        chosen[[names.index(x) for x in given.ravel().tolist() if x in names]] = True
    if wrong:
        raise ValueError(
            f"categorical_features names {wrong}, which X has not; expected names or "
            f"indices of its {n} columns. Look at list(X.columns)."
        )
    return chosen


def _encoder(columns: Columns, j: int, values: np.ndarray) -> OrdinalEncoder:
    """Return an encoder of the levels that occur, or raise ValueError."""
    kinds = {_kind(type(value)) for value in values[:1000]}
    kinds |= {_kind(kind) for kind in set(map(type, values))}
    order = columns.order(j)
    levels: Any = "auto"
    if len(kinds) > 1 or None in kinds:
        names = sorted({type(value).__name__ for value in values})
        raise ValueError(
            f"Column {columns.label(j)} holds values of type {', '.join(names)}; expected "
            "strings, booleans or numbers, of one kind. Turn it into text with "
            ".astype(str), into numbers with pandas.to_numeric, or drop it."
        )
    if order is not None:
        present = set(values.tolist())
        levels = [np.array([level for level in order if level in present], dtype=object)]
    encoder = OrdinalEncoder(
        categories=levels, handle_unknown="use_encoded_value", unknown_value=np.nan
    )
    return encoder.fit(values.reshape(-1, 1))


def _check_kind(columns: Columns, j: int, values: np.ndarray, levels: np.ndarray) -> None:
    """Raise ValueError if cells are of another kind than the levels of the fit."""
    expected = _kind(type(levels[0]))
    found = {_kind(kind) for kind in set(map(type, values))}
    if found != {expected}:
        raise ValueError(
            f"Column {columns.label(j)} holds {type(values[0]).__name__} values, and levels "
            f"such as {levels[0]!r} in the fit; expected the same kind. Convert it as it "
            "was for the fit."
        )


def _kind(kind: type) -> str | None:
    """Return "text", "flag" or "number"; None for what levels cannot be."""
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, (bool, np.bool_)):
        return "flag"
    return "number" if issubclass(kind, (int, float, np.number)) else None


def _as_numbers(
    columns: Columns, j: int, values: np.ndarray, holes: np.ndarray
) -> np.ndarray:
    """Return the values of a column of numbers in float64, NaN at holes."""
    numbers = np.full(len(values), np.nan)
    try:
        if any(issubclass(kind, str) for kind in set(map(type, values[~holes][:1000]))):
            raise TypeError("text")
        numbers[~holes] = values[~holes].astype(np.float64)
    except (TypeError, ValueError) as error:
        cell = values[~holes][0]
        raise ValueError(
            f"Column {columns.label(j)} is of dtype {columns.dtypes[j]} and holds "
            f"{type(cell).__name__} values such as {cell!r}; expected numbers, as the "
            "column has no levels. Turn it into numbers: dates with .dt.year or the days "
            "since a day, text with pandas.to_numeric or categorical_features; or drop it."
        ) from error
    if np.isinf(numbers).any():
        raise ValueError(
            f"Column {columns.label(j)} holds infinity; expected finite numbers, or "
            "missing cells. Replace it, with NaN for one."
        )
    return numbers
