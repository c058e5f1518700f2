"""Cells of columns: their kinds, their types, and numbers as the types of a column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from .._numpy import MISSING, as_type, is_missing, kind_of

__all__ = [
    "Column",
    "as_type",
    "distinct_cells",
    "holds_objects",
    "is_missing",
    "kind_of",
    "python_numbers",
    "types_of",
]


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


def holds_objects(dtype: Any) -> bool:
    """Return whether a dtype is numpy's of Python objects."""
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


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


def types_of(cells: list) -> set[type]:
    """Return the types of the cells that are not missing."""
    found = {c for c in set(map(type, cells)) if c.__name__ not in MISSING}
    # Of these some cells may be NaN, and some not.
    floats = {c for c in found if issubclass(c, (float, np.floating, Decimal))}
    return (found - floats) | {
        kind for kind in floats if any(type(x) is kind and not math.isnan(x) for x in cells)
    }


def distinct_cells(cells: Sequence) -> tuple[list, np.ndarray]:
    """Return distinct cells in order of appearance, and which each is; missing ones -1."""
    found = [cell for cell in dict.fromkeys(cells) if not is_missing(cell)]
    code = {cell: i for i, cell in enumerate(found)}
    return found, np.array([code.get(cell, -1) for cell in cells], dtype=np.intp)
