"""Levels that a fit has not seen, for tables whose cells are to stay as they are."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from ._frames import columns_of
from ._table import Table

__all__ = ["put_back_cells"]


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
