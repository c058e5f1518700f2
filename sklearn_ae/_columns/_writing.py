"""Rows of floats as an array, or as a frame of pandas or polars."""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any

import numpy as np

from ._cells import Column, as_type, holds_objects, python_numbers

__all__ = ["BUILDERS", "rounded_to"]


def _codes(x: np.ndarray, column: Column) -> np.ndarray:
    """Return indices of levels as integers, -1 where they are missing.

    All of them are where the fit saw no level: there is no other cell to write.
    """
    if column.levels is None or not len(column.levels):
        return np.full(len(x), -1)
    return np.where(np.isnan(x), -1, np.nan_to_num(x)).astype(np.intp)


def _within_digits(x: np.ndarray, precision: int | None, scale: int) -> np.ndarray:
    """Return floats clipped to what a decimal of so many digits can hold."""
    bound = 10.0 ** ((precision or 38) - scale)
    most = min(bound - 10.0**-scale, np.nextafter(bound, 0))
    return x.clip(-most, most)


def rounded_to(column: Column, library: str) -> np.dtype:
    """Return the dtype that the numbers of a column are rounded to, decimals aside."""
    if library == "array" and column.number.kind in "iub":
        return np.dtype(np.float64)  # as build_array does
    return np.dtype(np.int64) if column.cell is int else column.number


def _level_cells(x: np.ndarray, column: Column) -> np.ndarray:
    """Return the levels that indices stand for, (n_rows,) of object."""
    known = [] if column.levels is None else list(column.levels)
    levels = np.empty(len(known) + 1, dtype=object)
    levels[:] = [*known, column.missing]
    return levels[_codes(x, column)]


def build_array(
    rows: np.ndarray, columns: Sequence[Column], names: Any, index: Any
) -> np.ndarray:
    """Return an array of floats, of objects if any level is no number."""
    dtype = columns[0].dtype  # of all columns
    if dtype.kind in "fiub":
        table = rows.astype(np.float64)
        for j, column in enumerate(columns):
            if column.levels is not None:
                levels = np.append(column.levels.astype(np.float64), np.nan)
                table[:, j] = levels[_codes(rows[:, j], column)]
        return as_type(table, dtype if dtype.kind == "f" else np.dtype(np.float64))
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
    dtype = columns[0].dtype
    is_float = isinstance(dtype, np.dtype) and dtype.kind == "f"
    if is_float and all(c.levels is None and c.dtype == dtype for c in columns):
        # Many columns at once, such as of spectra.
        return pd.DataFrame(as_type(rows, dtype), columns=names, index=index)
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
    holes, dtype = np.isnan(x), column.dtype
    if dtype is None or hasattr(dtype, "categories"):
        # Categories that were taken for numbers have no place for others.
        dtype = column.number
    values = as_type(x, column.number)
    if holds_objects(dtype) or (dtype == np.bool_ and holes.any()):
        return python_numbers(x, column), object
    if isinstance(dtype, np.dtype) or hasattr(dtype, "subtype"):
        fits = column.number.kind == "f" or not holes.any()
        return (values, dtype) if fits else (x, np.dtype(np.float64))
    scale = getattr(getattr(dtype, "pyarrow_dtype", None), "scale", None)
    cells: Any = values
    if scale is not None:
        digits = _within_digits(x, dtype.pyarrow_dtype.precision, scale)
        cells = [
            None if hole else _decimal(v, scale)
            for v, hole in zip(digits.tolist(), holes, strict=True)
        ]
    array = pd.array(cells, dtype=dtype)
    array[holes] = pd.NA
    return array, dtype


def _decimal(value: float, scale: int) -> Decimal:
    exact = Context(prec=80)  # more digits than any dtype has
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-scale), context=exact)


def _pandas_levels(pd: Any, x: np.ndarray, column: Column) -> tuple[Any, Any]:
    """Return the values of a column of levels, and their dtype."""
    codes, dtype = _codes(x, column), column.dtype
    levels = [] if column.levels is None else column.levels.tolist()
    if dtype is None or not levels:
        return _level_cells(x, column).tolist(), dtype
    if hasattr(dtype, "categories"):
        place = np.append(dtype.categories.get_indexer(levels), -1)
        return pd.Categorical.from_codes(place[codes], dtype=dtype), dtype
    if isinstance(dtype, np.dtype):
        return _numpy_levels(codes, x, column)
    if hasattr(dtype, "subtype"):
        is_whole = column.number.kind != "f" and (codes < 0).any()
        values = np.array([*levels, np.nan], dtype=np.float64)[codes]
        return values, np.dtype(np.float64) if is_whole else dtype
    return pd.array(levels, dtype=dtype).take(codes, allow_fill=True), dtype


def _numpy_levels(codes: np.ndarray, x: np.ndarray, column: Column) -> tuple[Any, Any]:
    """Return the values of a column of levels of numpy's dtypes, and their dtype."""
    holes, dtype, levels = codes < 0, column.dtype, column.levels
    if dtype.kind == "O" or (dtype.kind == "b" and holes.any()):
        return _level_cells(x, column), object
    if dtype.kind in "iu" and holes.any():
        dtype = np.dtype(np.float64)
    blank = [np.nan] if dtype.kind == "f" else [0]
    return np.append(np.asarray(levels, dtype=dtype), np.array(blank, dtype))[codes], dtype


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
    scale = getattr(dtype, "scale", None)
    x = x if scale is None else _within_digits(x, dtype.precision, scale)
    series = pl.Series(name, as_type(x, column.number))
    if column.missing is None:
        series = pl.select(pl.when(~holes).then(series).alias(name)).to_series()
    return series if dtype is None else series.cast(dtype)


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
