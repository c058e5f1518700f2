"""Cells of columns: their kinds, which are missing, and numbers as a dtype has them."""

import math
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["MISSING", "MOST_COLLISIONS", "as_type", "is_missing", "kind_of", "n_collisions"]

# Names of types; of pandas, which need not be there.
MISSING = "NAType", "NaTType", "NoneType"

MOST_COLLISIONS = 100  # -1 and -2 have the same hash, and few others by chance


def kind_of(cell: type) -> str:
    """Return "text", "flag" or "number", or the name of another type of cells."""
    if issubclass(cell, str):
        return "text"
    if issubclass(cell, (bool, np.bool_)):
        return "flag"
    return "number" if issubclass(cell, (Real, Decimal)) else cell.__name__


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


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, NA or NaT."""
    if type(cell).__name__ in MISSING:
        return True
    return isinstance(cell, (float, np.floating, Decimal)) and math.isnan(cell)


def n_collisions(values: Iterable[Any]) -> int:
    """Return how many values have the hash of another one, and differ from it.

    Numbers can be chosen so, and to make a set or a dictionary of them takes the square of
    their number in time. This takes their number.
    """
    first: dict[int, Any] = {}
    count = 0
    for value in values:
        try:
            other = first.setdefault(hash(value), value)
        except TypeError:  # no dictionary takes it
            continue
        count += bool(value is not other and value != other)
    return count
