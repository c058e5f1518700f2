"""Rows of floats as an array, or as a frame of pandas or polars."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from ._frames import Column, as_type, python_numbers

__all__ = ["BUILDERS"]


def _codes(x: np.ndarray) -> np.ndarray:
    """Return indices of levels as integers, -1 where they are missing."""
    return np.where(np.isnan(x), -1, np.nan_to_num(x)).astype(np.intp)


def _level_cells(x: np.ndarray, column: Column) -> np.ndarray:
    """Return the levels that indices stand for, (n_rows,) of object."""
    levels = np.empty(len(column.levels if column.levels is not None else ()) + 1, object)
    levels[:-1], levels[-1] = column.levels, column.missing
    return levels[_codes(x)]


def build_array(
    rows: np.ndarray, columns: Sequence[Column], names: Any, index: Any
) -> np.ndarray:
    """Return an array of floats, of objects if any level is no number."""
    floats = np.result_type(np.float32, *{np.dtype(c.number) for c in columns})
    if all(c.number.kind == "f" for c in columns):
        floats = np.result_type(*{c.number for c in columns})
    if all(column.dtype.kind in "fiub" for column in columns):
        table = rows.astype(np.float64)
        for j, column in enumerate(columns):
            if column.levels is not None and len(column.levels):
                levels = np.append(column.levels.astype(np.float64), np.nan)
                table[:, j] = levels[_codes(rows[:, j])]
        return as_type(table, floats)
    table = np.empty(rows.shape, dtype=object)
    for j, column in enumerate(columns):
        cells = python_numbers if column.levels is None else _level_cells
        table[:, j] = cells(rows[:, j], column)
    return table


def build_pandas(
    rows: np.ndarray, columns: Sequence[Column], names: Any, index: Any
) -> Any:
    """Return a DataFrame with the dtypes of the columns.

    Where a dtype of numpy has no missing value, and one is needed: float64 in place of
    integers, object in place of booleans.
    """
    import pandas as pd

    index = index if isinstance(index, pd.Index) else pd.RangeIndex(len(rows))
    data = {}
    for j, column in enumerate(columns):
        write = _pandas_numbers if column.levels is None else _pandas_levels
        values, dtype = write(pd, rows[:, j], column)
        data[j] = pd.Series(values, dtype=dtype, index=index)
    frame = pd.DataFrame(data, index=index)
    if names is not None:
        frame.columns = names
    return frame


def _pandas_numbers(pd: Any, x: np.ndarray, column: Column) -> tuple[Any, Any]:
    """Return the values of a column of numbers, and their dtype."""
    holes, dtype = np.isnan(x), column.number if column.dtype is None else column.dtype
    values = as_type(x, column.number)
    if dtype == object or (dtype == bool and holes.any()):
        return python_numbers(x, column), object
    if isinstance(dtype, np.dtype) or hasattr(dtype, "subtype"):
        fits = column.number.kind == "f" or not holes.any()
        return (values, dtype) if fits else (x, np.dtype(np.float64))
    scale = getattr(getattr(dtype, "pyarrow_dtype", None), "scale", None)
    cells: Any = values
    if scale is not None:
        unit = Decimal(1).scaleb(-scale)
        cells = [None if v != v else Decimal(repr(v)).quantize(unit) for v in x.tolist()]
    elif str(dtype) == "null[pyarrow]":
        return (x, np.dtype(np.float64)) if not holes.all() else ([None] * len(x), dtype)
    array = pd.array(cells, dtype=dtype)
    array[holes] = pd.NA
    return array, dtype


def _pandas_levels(pd: Any, x: np.ndarray, column: Column) -> tuple[Any, Any]:
    """Return the values of a column of levels, and their dtype."""
    codes, dtype, levels = _codes(x), column.dtype, column.levels
    if levels is None or not len(levels):
        # All cells were missing in the fit, and a column of no levels has no other.
        return [column.missing] * len(x), dtype
    if hasattr(dtype, "categories"):
        place = np.append(dtype.categories.get_indexer(list(levels)), -1)
        return pd.Categorical.from_codes(place[codes], dtype=dtype), dtype
    if dtype is None:
        return pd.array(levels.tolist()).take(codes, allow_fill=True), None
    if dtype == object:
        return _level_cells(x, column), object
    if isinstance(dtype, np.dtype):
        holes = codes < 0
        if dtype.kind == "b" and holes.any():
            return _level_cells(x, column), object
        dtype = np.dtype(np.float64) if dtype.kind in "iu" and holes.any() else dtype
        values = levels.astype(dtype)[codes]
        values[holes] = np.nan if holes.any() else 0
        return values, dtype
    if hasattr(dtype, "subtype"):
        return levels.astype(np.float64)[codes], dtype
    return pd.array(levels.tolist(), dtype=dtype).take(codes, allow_fill=True), dtype


def build_polars(
    rows: np.ndarray, columns: Sequence[Column], names: Any, index: Any
) -> Any:
    """Return a polars DataFrame with the dtypes of the columns."""
    import polars as pl

    series = []
    for j, column in enumerate(columns):
        name = f"x{j}" if names is None else str(names[j])
        write = _polars_numbers if column.levels is None else _polars_levels
        series.append(write(pl, name, rows[:, j], column))
    return pl.DataFrame(series)


def _polars_numbers(pl: Any, name: str, x: np.ndarray, column: Column) -> Any:
    dtype, holes = column.dtype, pl.Series(np.isnan(x))
    if dtype == pl.Object:
        return pl.Series(name, python_numbers(x, column).tolist(), dtype=dtype)
    if dtype == pl.Null and np.isnan(x).all():
        return pl.Series(name, [None] * len(x))
    series = pl.Series(name, as_type(x, column.number))
    if column.missing is None:
        series = pl.select(pl.when(~holes).then(series).alias(name)).to_series()
    # A decimal beyond the digits of its dtype is missing.
    return series if dtype in (None, pl.Null) else series.cast(dtype, strict=False)


def _polars_levels(pl: Any, name: str, x: np.ndarray, column: Column) -> Any:
    cells = _level_cells(x, column).tolist()
    if column.dtype == pl.Object:
        return pl.Series(name, cells, dtype=pl.Object)
    series = pl.Series(name, cells, strict=False)
    return series if column.dtype is None else series.cast(column.dtype)


BUILDERS: dict[str, Callable[..., Any]] = {
    "array": build_array,
    "pandas": build_pandas,
    "polars": build_polars,
}
