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
        n = len(chosen)
        self.has_levels = bool(chosen.any()) or not columns.are_plain()
        self.encoders: list[OrdinalEncoder | None] = [None] * n
        self.missing = [columns.missing(j) for j in range(n)]
        self.are_whole = [columns.is_whole(j) for j in range(n)]
        self.are_empty = [False] * n
        for j in range(n if self.has_levels else 0):
            values, holes = columns.values(j)
            if holes.all():
                # Nothing is known of it, so that anything that it holds later is missing.
                self.are_empty[j] = bool(chosen[j])
            elif chosen[j]:
                self.encoders[j] = _encoder(columns, j, values[~holes])
            else:
                _as_numbers(columns, j, values, holes)
        levels = [0 if e is None else len(e.categories_[0]) for e in self.encoders]
        self.n_levels = tuple(levels)
        return self

    def read(self, X: Any, name: str = "X") -> np.ndarray:
        """Return the rows of ``X``, (n_rows, n_columns), in float64.

        ``name`` is what errors call ``X``.
        """
        columns = _columns_of(X)
        self._check_names(columns, name)
        rows = np.full((columns.n_rows, len(self.n_levels)), np.nan)
        for j, encoder in enumerate(self.encoders):
            if self.are_empty[j]:
                continue
            values, holes = columns.values(j)
            if encoder is None:
                rows[:, j] = _as_numbers(columns, j, values, holes)
                continue
            seen = ~holes
            if seen.any():
                levels = encoder.categories_[0]
                _check_kind(columns, j, values[seen], levels)
                rows[seen, j] = encoder.transform(values[seen].reshape(-1, 1))[:, 0]
        return rows

    def _check_names(self, columns: Columns, name: str) -> None:
        """Raise ValueError unless columns are those of the fit, in their order."""
        found, wanted = len(columns.dtypes), len(self.n_levels)
        given, own = columns.names or [], self.names or []
        if given and own and given != own:
            missing = [n for n in own if n not in given]
            extra = [n for n in given if n not in own]
            faults = [f"lacks the columns {missing}"] if missing else []
            faults += [f"has the columns {extra}, unknown to the fit"] if extra else []
            fault = " and ".join(faults) or f"has its columns in the order {given}"
            raise ValueError(
                f"{name} {fault}; expected the columns of the fit in their order. Pass "
                f"{name}[list of the columns of the fit], or fit again."
            )
        if found != wanted:
            raise ValueError(
                f"{name} has {found} columns, and the fit had {wanted}; expected the same. "
                "Pass the columns of the fit."
            )

    def write(self, rows: np.ndarray, library: str | None = None, index: Any = None) -> Any:
        """Return ``rows`` as a table like that of the fit: names, order, dtypes, levels.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
        library : {"pandas", "polars"} or None
            Of the DataFrame; None is that of the fit.
        index : pandas Index or None
            Of the rows of a pandas DataFrame; anything else is ignored.
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
        dtypes = self.dtypes
        if kind is not self.library:  # dtypes of another library say whether it is whole
            dtypes = [np.dtype(int) if whole else None for whole in self.are_whole]
        return kind.build(self.names, values, dtypes, self.missing, index)


def _columns_of(X: Any) -> Columns:
    module = type(X).__module__.partition(".")[0]
    frames = {"pandas": PandasColumns, "polars": PolarsColumns}
    kind = frames.get(module) if hasattr(X, "columns") else None
    return ArrayColumns(X) if kind is None else kind(X)


def _chosen(categorical: Categorical, columns: Columns) -> np.ndarray:
    """Return which columns are levels, (n_columns,), or raise ValueError."""
    n = len(columns.dtypes)
    if categorical is None:
        return np.zeros(n, dtype=bool)
    if isinstance(categorical, str):
        if categorical != "from_dtype":
            raise ValueError(
                f"categorical_features={categorical!r}; expected 'from_dtype', None, or "
                "a list of names, indices or booleans. For a column pass "
                f"[{categorical!r}]."
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
    kinds, order = {_kind(kind) for kind in set(map(type, values))}, columns.order(j)
    # What has categories may be of any kind, such as intervals.
    if len(kinds) > 1 or (None in kinds and order is None):
        names = sorted({type(value).__name__ for value in values})
        raise ValueError(
            f"Column {columns.label(j)} holds values of type {', '.join(names)}; expected "
            "strings, booleans or numbers, of one kind. Turn it into text with "
            ".astype(str), into numbers with pandas.to_numeric, or drop it."
        )
    levels: Any = "auto"
    if order is not None:
        present = set(values.tolist())
        own = [level for level in order if level in present]
        levels = [np.fromiter(own, dtype=object, count=len(own))]
    encoder = OrdinalEncoder(
        categories=levels, handle_unknown="use_encoded_value", unknown_value=np.nan
    )
    return encoder.fit(values.reshape(-1, 1))


def _check_kind(columns: Columns, j: int, values: np.ndarray, levels: np.ndarray) -> None:
    """Raise ValueError if cells are of another kind than the levels of the fit."""
    expected = _kind(type(levels[0])) or type(levels[0])
    for kind in set(map(type, values)):
        if (_kind(kind) or kind) == expected:
            continue
        cell = next(value for value in values if type(value) is kind)
        raise ValueError(
            f"Column {columns.label(j)} holds {kind.__name__} values such as {cell!r}, and "
            f"levels such as {levels[0]!r} in the fit; expected the same kind. Convert it "
            "as it was for the fit."
        )


def _kind(kind: type) -> str | None:
    """Return "text", "flag" or "number"; None for what levels can be as categories only."""
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, (bool, np.bool_)):
        return "flag"
    is_number = issubclass(kind, (int, float, np.number))
    return "number" if is_number and not issubclass(kind, np.timedelta64) else None


def _as_numbers(
    columns: Columns, j: int, values: np.ndarray, holes: np.ndarray
) -> np.ndarray:
    """Return the values of a column of numbers in float64, NaN at holes."""
    numbers, seen = np.full(len(values), np.nan), values[~holes]
    kinds = set(map(type, seen)) if seen.dtype == object else {seen.dtype.type}
    wrong = [kind for kind in kinds if not _is_like_a_float(kind)]
    if wrong:
        cell = next(value for value in seen if isinstance(value, wrong[0]))
        raise ValueError(
            f"Column {columns.label(j)} is of dtype {columns.dtypes[j]} and holds "
            f"{type(cell).__name__} values such as {cell!r}; expected numbers, as the "
            "column has no levels. Turn it into numbers: dates with .dt.year or the days "
            "since a day, text with pandas.to_numeric or categorical_features; or drop it."
        )
    numbers[~holes] = seen.astype(np.float64)
    if np.isinf(numbers).any():
        raise ValueError(
            f"Column {columns.label(j)} holds infinity; expected finite numbers, or "
            "missing cells. Replace it, with NaN for one."
        )
    return numbers


def _is_like_a_float(kind: type) -> bool:
    """Return whether float() takes what it is made for: text and durations are not."""
    is_other = issubclass(kind, (str, np.timedelta64, np.datetime64, np.complexfloating))
    return hasattr(kind, "__float__") and not is_other
