"""Cells of columns: their kinds, their types, and numbers as the types of a column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

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


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, NA or NaT."""
    if type(cell).__name__ in _MISSING:
        return True
    return isinstance(cell, (float, np.floating, Decimal)) and math.isnan(cell)


def types_of(cells: list) -> set[type]:
    """Return the types of the cells that are not missing."""
    found = {c for c in set(map(type, cells)) if c.__name__ not in _MISSING}
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
