"""Levels that a fit has not seen, for tables whose cells are to stay as they are."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from ._cells import is_missing
from ._frames import columns_of
from ._table import Table

__all__ = ["keep_digits", "put_back_cells"]


def put_back_cells(table: Table, rows: np.ndarray, X: Any) -> tuple[Table, np.ndarray]:
    """Return rows with all cells that ``X`` has, and a table that can write them.

    Parameters
    ----------
    table : Table
    rows : ndarray of shape (n_rows, n_columns)
        What missing cells of ``X`` become.
    X : array or DataFrame
        With the columns of the fit.
    """
    wider = _with_unseen_levels(table, X)
    cells = wider.read(X)
    return wider, np.where(np.isnan(cells), rows, cells)


def keep_digits(filled: Any, X: Any) -> Any:
    """Return a table whose columns are as in ``X`` where the dtype of the fit loses digits.

    Parameters
    ----------
    filled : array or DataFrame
        ``X`` with holes filled, with the dtypes of the fit.
    X : array or DataFrame
    """
    kind = type(filled).__module__.partition(".")[0]
    if kind != type(X).__module__.partition(".")[0]:
        return filled  # of another library, whose dtypes are not these
    if kind == "pandas":
        for j in range(filled.shape[1]):
            given, there = X.iloc[:, j], X.iloc[:, j].notna()
            column = filled.iloc[:, j].astype(object)
            if not (column[there] == given[there].astype(object)).all():
                # Of wider dtype, which pandas finds.
                whole = given.astype(object).where(there, column)
                filled.isetitem(j, whole.infer_objects())
    elif kind == "polars":
        import polars as pl

        for j, (given, column) in enumerate(zip(X, filled, strict=True)):
            if given.dtype == pl.Object:  # which polars does not compare
                pairs = zip(given.to_list(), column.to_list(), strict=True)
                whole = [b if is_missing(a) else a for a, b in pairs]
                filled.replace_column(j, pl.Series(column.name, whole, dtype=pl.Object))
                continue
            there = given.is_not_null() & (
                given.is_not_nan() if given.dtype.is_float() else True
            )
            if not (column == given).filter(there).all():
                frame = pl.DataFrame({"given": given, "column": column, "there": there})
                both = pl.when("there").then("given").otherwise("column")
                filled.replace_column(j, frame.select(both.alias(column.name)).to_series())
    elif filled.dtype.kind == "O":
        there = np.array(
            [[not is_missing(cell) for cell in row] for row in np.asarray(X, object)]
        )
        filled[there] = np.asarray(X, dtype=object)[there]
    return filled


def _with_unseen_levels(table: Table, X: Any) -> Table:
    """Return ``table`` with the levels of ``X`` too, after those of the fit."""
    columns, wider = columns_of(X), copy(table)
    wider.levels, wider._columns = list(table.levels), list(table._columns)
    for j, levels in enumerate(table.levels):
        if levels is None:
            continue
        known = set(levels)
        new = [level for level in columns.distinct(j)[0] if level not in known]
        if new:
            every = np.empty(len(levels) + len(new), dtype=object)
            every[:] = [*levels, *new]
            column = table._columns[j]
            dtype = _with_categories(column.dtype, new)
            wider.levels[j] = every
            wider._columns[j] = replace(column, levels=every, dtype=dtype)
    return wider


def _with_categories(dtype: Any, new: Sequence) -> Any:
    """Return a dtype of pandas or polars that has the categories ``new``, if it has any."""
    if not hasattr(dtype, "categories"):
        return dtype
    if type(dtype).__name__ == "CategoricalDtype":
        categories = dtype.categories
        added = [level for level in new if level not in categories]
        categories = categories.append(type(categories)(added))
        return type(dtype)(categories, ordered=dtype.ordered)
    if type(dtype).__name__ == "Enum":
        categories = dtype.categories.to_list()
        return type(dtype)(categories + [x for x in new if x not in categories])
    return dtype
